#include "program_began.hpp"

namespace fil {
namespace {

// `python -m`, and directories and archives, are run by a module of Python's own.
bool runs_a_module(const recording_view& recording, const function_record& function) {
    const std::string_view file = recording.text(function.file);
    return recording.text(function.name) == "_run_code" &&
           (file == "<frozen runpy>" || file.ends_with("/runpy.py"));
}

}  // namespace

bool program_began(const recording_view& recording) {
    bool is_python = false;
    const std::uint32_t count = recording.callstack_count();
    for (std::uint32_t i = to_index(callstack_id::unknown) + 1; i < count; ++i) {
        const callstack_record* callstack = recording.callstack(callstack_id{i});
        if (callstack == nullptr) return true;
        const function_record* function = recording.function(callstack->function);
        if (function == nullptr || function->kind != function_kind::python) continue;
        is_python = true;
        const callstack_record* caller = recording.callstack(callstack->caller);
        if (caller == nullptr) {
            // What the interpreter imports for itself stands below its importer.
            if (recording.text(function->name) == "<module>" &&
                !recording.text(function->file).starts_with("<frozen "))
                return true;
        } else if (const function_record* calls = recording.function(caller->function)) {
            if (runs_a_module(recording, *calls)) return true;
        }
    }
    return !is_python;
}

}  // namespace fil
