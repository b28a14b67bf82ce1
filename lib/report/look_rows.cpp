#include "report/look_rows.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "fil/report/answer.hpp"
#include "fil/report/frame_text.hpp"
#include "fil/report/masked_arguments.hpp"
#include "report/report_source.hpp"

namespace fil {
namespace {

constexpr std::size_t most_callstacks = 200, most_frames = 100;

// Those that hold something.
std::vector<drawn_process> processes_of(const look& seen, const session_page& nowhere) {
    std::vector<drawn_process> all;
    for (const looked_process& one : seen.processes) {
        if (one.bytes == 0) continue;
        const recording_view recording = seen.recording_of(one);
        if (recording.check() != recording_check::good) throw damaged_recording();
        drawn_process process{{recording, &nowhere, callstack_id::unknown, failed_request{}},
                              {},
                              one.executable,
                              report::arguments_of(one.command),
                              {.pid = one.pid, .name = one.name, .peak = one.peak},
                              {}};
        process.usage = usage_of(process.drawn);
        if (process.usage.used_bytes() > 0) all.push_back(std::move(process));
    }
    return all;
}

std::string text_of(const report::frame& f) {
    if (report::stands_for_no_frame(f) || f.file.empty()) return f.function;
    const bool is_named = !report::conventions::of(f).is_anonymous(f) && !f.function.empty();
    return f.file + (f.line > 0 ? ":" + std::to_string(f.line) : "") +
           (is_named ? " " + f.function : "");
}

std::vector<look_row> lines_of(const report::report_model& model) {
    std::vector<look_row> rows;
    const auto add = [&](std::int64_t bytes, const report::frame& where,
                         const std::string& source) {
        rows.push_back({bytes, 0, 0, text_of(where), report::source_text(source)});
    };
    for (const report::line_row& row : report::rows_of_lines(model.held)) {
        const report::answer_row line = report::row_of_line(model, row);
        add(line.bytes, line.where, line.source);
    }
    for (const report::threads_usage& some : model.held.threads)
        add(some.bytes, report::place_of_threads(model, some), "");
    if (model.held.others > 0)
        add(model.held.others, {.function = "not below any line of yours"}, "");
    std::ranges::stable_sort(rows, std::greater(), &look_row::bytes);
    return rows;
}

// Of a deep one the innermost frames.
std::vector<look_row> callstacks_of(const report::snapshot& tidy) {
    std::vector<report::callstack_usage> used = tidy.used(mapping_kind::anonymous);
    const std::size_t count = std::min(used.size(), most_callstacks);
    std::ranges::partial_sort(used, used.begin() + static_cast<std::ptrdiff_t>(count),
                              std::greater(), [](const auto& one) { return one.used.bytes; });
    std::vector<look_row> rows;
    for (std::size_t i = 0; i < count && used[i].used.bytes > 0; ++i) {
        std::string text;
        std::size_t frames = 0;
        for (auto at = used[i].callstack; at != report::callstack_index::empty;) {
            const report::callstack& node = tidy.callstacks()[to_index(at)];
            const std::string one = text_of(tidy.frames()[to_index(node.frame)]);
            text = text.empty() ? one : one + " > " + text;
            at = ++frames == most_frames ? report::callstack_index::empty : node.caller;
        }
        rows.push_back({used[i].used.bytes, 0, 0, std::move(text), ""});
    }
    return rows;
}

std::vector<look_row> processes_of(const look& seen, const std::vector<drawn_process>& drawn) {
    std::vector<look_row> rows;
    for (const looked_process& one : seen.processes) {
        const auto holds = std::ranges::find_if(
            drawn, [&](const drawn_process& other) { return other.who.pid == one.pid; });
        const std::int64_t bytes = holds == drawn.end() ? 0 : holds->usage.used_bytes();
        rows.push_back({bytes, std::max(one.peak, bytes), one.pid, one.name, ""});
    }
    std::ranges::stable_sort(rows, std::greater(), &look_row::bytes);
    return rows;
}

}  // namespace

look_rows look_reader::read(const look& seen) {
    const session_page nowhere{};
    std::vector<drawn_process> all = processes_of(seen, nowhere);
    look_rows found;
    report::facts about = seen.about;
    if (!all.empty()) {
        const report::snapshot tidy = read_processes(all, about, names_);
        add_recorded_facts(about, all);
        found.used = about.peak;
        found.lists[0] = lines_of(report::lines_model_of_tidy(tidy, std::move(about)));
        found.lists[2] = callstacks_of(tidy);
    }
    found.lists[1] = processes_of(seen, all);
    return found;
}

}  // namespace fil
