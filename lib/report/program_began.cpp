#include "report/program_began.hpp"

#include <string_view>
#include <vector>

#include "fil/report/conventions/all.hpp"

namespace fil {
namespace {

const report::conventions::program_start* start_of(const function_record& function) {
    const auto kind = report::frame_kind_of(static_cast<std::uint32_t>(function.kind));
    return report::conventions::of(kind).start;
}

}  // namespace

bool program_began(const recording_view& recording) {
    bool is_told = false;
    const std::uint32_t count = recording.callstacks_there();
    std::vector<bool> is_found(count);  // below what finds the program
    for (std::uint32_t i = to_index(callstack_id::unknown) + 1; i < count; ++i) {
        const callstack_record* callstack = recording.callstack(callstack_id{i});
        if (callstack == nullptr) return true;
        const function_record* function = recording.function(callstack->function);
        if (function == nullptr) continue;
        const auto* const start = start_of(*function);
        if (start == nullptr) continue;
        is_told = true;
        const std::string_view name = recording.text(function->name);
        const std::string_view file = recording.text(function->file);
        const std::uint32_t above = to_index(callstack->caller);
        is_found[i] = (above < i && is_found[above]) || start->finds(name, file);
        const callstack_record* caller = recording.callstack(callstack->caller);
        // What the interpreter imports for itself stands below its importer.
        if (start->is_whole_file(name, file) && (caller == nullptr || is_found[i])) return true;
        if (caller == nullptr) continue;
        const function_record* calls = recording.function(caller->function);
        if (calls != nullptr &&
            start->runs(recording.text(calls->name), recording.text(calls->file)))
            return true;
    }
    return !is_told;
}

}  // namespace fil
