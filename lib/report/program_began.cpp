#include "report/program_began.hpp"

#include <vector>

#include "fil/report/frame.hpp"

namespace fil {
namespace {

bool is_of_runpy(const recording_view& recording, const function_record& function) {
    const std::string_view file = recording.text(function.file);
    return file == "<frozen runpy>" || file.ends_with("/runpy.py");
}

// `python -m`, and directories and archives, are run by a module of Python's own.
bool runs_a_module(const recording_view& recording, const function_record& function) {
    return recording.text(function.name) == "_run_code" && is_of_runpy(recording, function);
}

// Which imports the packages that it lies in first.
bool finds_a_module(const recording_view& recording, const function_record& function) {
    return recording.text(function.name) == "_get_module_details" &&
           is_of_runpy(recording, function);
}

bool is_module_of_a_file(const recording_view& recording, const function_record& function) {
    return recording.text(function.name) == "<module>" &&
           !recording.text(function.file).starts_with("<frozen ");
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
        const std::uint32_t above = to_index(callstack->caller);
        is_found[i] = (above < i && is_found[above]) || finds_a_module(recording, *function);
        const callstack_record* caller = recording.callstack(callstack->caller);
        const bool is_module = is_module_of_a_file(recording, *function);
        // What the interpreter imports for itself stands below its importer.
        if (is_module && (caller == nullptr || is_found[i])) return true;
        if (caller == nullptr) continue;
        const function_record* calls = recording.function(caller->function);
        if (calls != nullptr && runs_a_module(recording, *calls)) return true;
    }
    return !is_python;
}

}  // namespace fil
