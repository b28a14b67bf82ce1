#include "report/program_began.hpp"

#include <string_view>
#include <vector>

#include "fil/report/conventions/python.hpp"
#include "fil/report/frame.hpp"

namespace fil {
namespace {

namespace python = report::conventions::python;

bool is_module_of_a_file(std::string_view function, std::string_view file) {
    return function == "<module>" && !file.starts_with("<frozen ");
}

report::frame_kind kind_of(const function_record& function) {
    return report::frame_kind_of(static_cast<std::uint32_t>(function.kind));
}

}  // namespace

bool program_began(const recording_view& recording) {
    bool is_python = false;
    const std::uint32_t count = recording.callstacks_there();
    std::vector<bool> is_found(count);  // below what finds the module; callers come first
    for (std::uint32_t i = to_index(callstack_id::unknown) + 1; i < count; ++i) {
        const callstack_record* callstack = recording.callstack(callstack_id{i});
        if (callstack == nullptr) return true;
        const function_record* function = recording.function(callstack->function);
        if (function == nullptr || kind_of(*function) != report::frame_kind::python) continue;
        is_python = true;
        const std::string_view name = recording.text(function->name);
        const std::string_view file = recording.text(function->file);
        const std::uint32_t above = to_index(callstack->caller);
        is_found[i] = (above < i && is_found[above]) || python::finds_a_module(name, file);
        const callstack_record* caller = recording.callstack(callstack->caller);
        const bool is_module = is_module_of_a_file(name, file);
        // What the interpreter imports for itself stands below its importer.
        if (is_module && (caller == nullptr || is_found[i])) return true;
        if (caller == nullptr) continue;
        const function_record* calls = recording.function(caller->function);
        if (calls != nullptr &&
            python::runs_a_module(recording.text(calls->name), recording.text(calls->file)))
            return true;
    }
    return !is_python;
}

}  // namespace fil
