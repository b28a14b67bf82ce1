#include "report/trace_lines.hpp"

#include <unordered_map>

#include "fil/report/answer_row.hpp"
#include "fil/report/report_model.hpp"
#include "fil/report/shown_path.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "report/trace_moment.hpp"
#include "symbols/symbols.hpp"

namespace fil {
namespace {

// Of what comes, each once.
std::vector<callstack_id> callstacks_in(const trace::reader& from, std::size_t process,
                                        std::uint32_t there) {
    std::vector<bool> seen(there);
    std::vector<callstack_id> found;
    from.for_each_event(process, [&](const trace::event& one) {
        const std::uint32_t id = to_index(one.callstack);
        const bool comes = one.what == trace::operation::allocate ||
                           one.what == trace::operation::reallocate ||
                           one.what == trace::operation::map;
        if (!comes || id < 2 || id >= there || seen[id]) return true;
        seen[id] = true;
        found.push_back(one.callstack);
        return true;
    });
    return found;
}

std::string name_of(const report::frame& of, const report::ownership& owner,
                    const report::program_facts& program) {
    report::frame shown = of;
    shown.file = report::is_lineless(of) ? std::string(report::base_name(of.module))
                                         : report::shown_path(of, owner.owner, program);
    return report::one_line(report::place_text(shown, 120, {}));
}

}  // namespace

trace_lines lines_of_trace(const std::string& path, const trace::reader& from,
                           std::size_t process) {
    trace_lines lines;
    lines.names.emplace_back("no line of your own");
    if (from.processes()[process].recording.stored.empty()) return lines;  // it was cut, or made up
    // Whose code is whose, a report of the same trace knows.
    const report::session_snapshot known = snapshot_of_trace(path, -1);
    const report::program_facts& program = known.about.program;
    const shared_mapping memory = recording_of_trace(from, process);
    const recording_view recording(memory.base(), memory.bytes());
    symbols names{kept_names(kept_names::users_folder())};
    const read_snapshot_result read =
        read_snapshot(recording, {}, callstacks_in(from, process, recording.callstack_count()),
                      [&](std::string_view module, std::string_view build_id,
                          std::uint32_t offset) -> const std::vector<report::frame>& {
                          return names.resolve(module, build_id, offset);
                      });
    const report::snapshot& all = read.snapshot;
    const auto owners = report::owners_of_frames(all, program);
    const auto texts = report::texts_of_frames(all);
    std::unordered_map<std::string, std::uint32_t> numbers;
    std::vector<std::uint32_t> of_frame(all.frames().size());
    for (std::size_t i = 0; i < of_frame.size(); ++i) {
        const report::frame& frame = all.frames()[i];
        if (owners[i].owner != report::frame_owner::user) continue;
        const auto [number, is_new] = numbers.try_emplace(
            name_of(frame, owners[i], program), static_cast<std::uint32_t>(lines.names.size()));
        if (is_new) lines.names.push_back(number->first);
        of_frame[i] = number->second;
    }
    // As a report has it (your_lines.hpp): code whose text nobody kept is its caller's, if that is
    // the user's; if it has no name either and somebody else's code called it, it is nobody's.
    std::vector<report::callstack_index> innermost(all.callstacks().size(),
                                                   report::callstack_index::empty);
    const auto frame_of = [&](report::callstack_index i) {
        return to_index(all.callstacks()[to_index(i)].frame);
    };
    for (std::size_t i = 1; i < innermost.size(); ++i) {
        const auto [caller, frame] = all.callstacks()[i];
        const report::callstack_index above = innermost[to_index(caller)];
        const report::code_text text = texts[to_index(frame)];
        const bool is_called = above != report::callstack_index::empty &&
                               texts[frame_of(above)] == report::code_text::kept;
        const bool counts = of_frame[to_index(frame)] != 0 &&
                            (text == report::code_text::kept ||
                             (!is_called && (text == report::code_text::lost || caller == above)));
        innermost[i] = counts ? report::callstack_index(i) : above;
    }
    lines.line_of.resize(read.index_of.size());
    for (std::size_t id = 0; id < read.index_of.size(); ++id) {
        const report::callstack_index at = innermost[to_index(read.index_of[id])];
        if (at != report::callstack_index::empty) lines.line_of[id] = of_frame[frame_of(at)];
    }
    return lines;
}

}  // namespace fil
