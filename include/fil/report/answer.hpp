#pragma once
// The answer: what a report says, in a few lines of text, for a terminal or a log.
//
//     Peak memory was 648.5 MiB, 3.2 s after the start.
//       418.2 MiB ██████▍    flights.py:11 wide  x = np.hstack([x, x**2, np.sq…
//        84.1 MiB █▎         flights.py:10 wide  x = t.select_dtypes('number')…
//
// What libraries' threads took stands before the lines. The numbers are the page's: its head, and
// the first of "your lines". A bar is a line's share of the peak. Lines that import are one row, if
// there are several. Lines are those of all processes; which of these held much follows. Pure.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "fil/report/answer_row.hpp"
#include "fil/report/report_model.hpp"

namespace fil::report {

// What lines that import are called together, or where one of the user's lines is.
inline answer_row row_of_line(const report_model& report, const line_row& row) {
    if (row.line == nullptr) {
        const auto lines = static_cast<std::int64_t>(report.held.importing_lines);
        return {row.bytes, {.function = "imports in " + with_commas(lines) + " lines"}, ""};
    }
    frame where = report.frame_at(row.line->frame);
    where.file = report.shown_file(row.line->frame);
    const std::string guessed = guessed_text(*row.line);
    const std::string& source = report.source_of(row.line->frame).line;
    return {row.bytes, where, guessed.empty() ? source : "(" + guessed + ") " + source};
}

// "polars' threads, started at sales.py:12", of which the line is said whatever is cut.
inline frame place_of_threads(const report_model& report, const threads_usage& some) {
    const std::string file = report.shown_file(some.started_at);
    return {.file = possessive(report.owner_of(some.threads).package) + " threads, started at " +
                    std::string(base_name(file)),
            .line = report.frame_at(some.started_at).line};
}

// Processes that are equal, as one; or one alone.
struct processes_together {
    std::string name;  // "8 workers of train.py", "PID 12: python train.py"
    std::int64_t bytes = 0;
    std::int64_t peak = 0;  // the highest of their own
    std::int64_t count = 0;
    std::string note = {};  // of one alone
};

// The heaviest first.
inline std::vector<processes_together> equal_processes_together(const facts& about) {
    std::vector<processes_together> all;
    for (const process_facts& process : about.processes) {
        auto same = process.equals.empty()
                        ? all.end()
                        : std::ranges::find(all, process.equals, &processes_together::name);
        if (same == all.end()) {
            const std::string alone = "PID " + std::to_string(process.pid) + ": " + process.name;
            same = all.insert(all.end(), {process.equals.empty() ? alone : process.equals});
        }
        same->bytes += process.bytes;
        same->peak = std::max(same->peak, process.peak);
        if (!process.equals.empty()) ++same->count;
    }
    for (processes_together& some : all)
        if (some.count > 0) some.name = with_commas(some.count) + " " + some.name;
    std::ranges::stable_sort(all, std::greater(), &processes_together::bytes);
    return all;
}

class answer_writer {
  public:
    answer_writer(const report_model& report, const answer_look& look)
        : about_(report.about), report_(report), look_(look), whole_(report.all_bytes()) {}

    std::vector<std::string> written() {
        lines_ = {headline()};
        write_rows();
        if (about_.processes.size() > 1) write_processes();
        return std::move(lines_);
    }

    std::string headline() const {
        if (about_.kind == report_kind::out_of_memory) return headline_of_out_of_memory();
        if (about_.kind == report_kind::now) return headline_of_now();
        const std::string peak = shaded(size_text(about_.peak), shade::bold, look_);
        const bool runs_on = about_.ending.kind == ending_facts::how::running;
        const bool is_timed = about_.duration > 0 || about_.peak_seconds > 0;
        return std::string("Peak memory") +
               (is_of_several(about_) ? " of all processes together" : "") +
               (runs_on ? " so far" : "") + " was " + peak +
               (is_timed ? ", " + seconds_text(about_.peak_seconds) + " after the start." : ".");
    }

    answer_row row_of(const callstack_usage& request) const {
        answer_row row{request.used.bytes, {.function = "asked for"}, "", true};
        const auto place = report_.place_of(request.callstack);
        if (!place) return row;
        row.where = report_.frame_at(*place);
        const std::string file = report_.shown_file(*place);
        if (!file.empty()) row.where.file = "asked for at " + std::string(base_name(file));
        row.source = report_.source_of(*place).line;
        return row;
    }

  private:
    static constexpr std::size_t most_rows = 5, most_threads = 2, most_processes = 3,
                                 short_path = 24;

    // A tenth of the peak.
    bool is_much(std::int64_t bytes) const { return bytes >= about_.peak / 10; }

    std::string headline_of_now() const {
        return std::string("In use now") +
               (is_of_several(about_) ? " by all processes together" : "") + ": " +
               shaded(size_text(about_.peak), shade::bold, look_) +
               (about_.duration > 0 ? ", " + seconds_text(about_.duration) + " after the start."
                                    : ".");
    }

    std::string headline_of_out_of_memory() const {
        const callstack_usage* asked = report_.request();
        const std::string used = shaded(size_text(about_.peak), shade::bold, look_);
        return std::string("In use") +
               (about_.processes.size() > 1 ? " by all processes together" : "") +
               " when memory ran out: " + used +
               (asked != nullptr ? ", and " + size_text(asked->used.bytes) + " more were asked for."
                                 : ".");
    }

    void write_rows() {
        const held_by_lines& held = report_.held;
        const std::vector<line_row> of_lines = rows_of_lines(held);
        std::vector<answer_row> rows;
        if (const callstack_usage* asked = report_.request()) rows.push_back(row_of(*asked));
        const std::size_t before = rows.size();
        for (const threads_usage& some : held.threads) {
            if (rows.size() == before + most_threads) break;
            rows.push_back({some.bytes, place_of_threads(report_, some), ""});
        }
        const std::size_t most = rows.size() + most_rows;
        for (const line_row& row : of_lines) {
            const bool is_small = row.bytes < whole_ / 100;
            if (rows.size() == most || (is_small && rows.size() > before)) break;
            rows.push_back(row_of_line(report_, row));
        }
        std::int64_t others = held.others;
        if (held.compiling >= whole_ / 10 && held.compiling > 0) {
            rows.push_back({held.compiling, report_.frame_at(held.compiler), ""});
            others -= held.compiling;
        }
        if (rows.empty()) {
            lines_.push_back(whole_ > 0 ? "None of it was allocated below a line of your own code."
                                        : "Nothing was allocated while it was recorded.");
            return;
        }
        if (others >= whole_ / 10 && others > 0)
            rows.push_back({others, {.function = "not below any line of yours"}, ""});
        const answer_rows written(rows, whole_, look_);
        for (const std::string& line : written.lines()) lines_.push_back(line);
    }

    // The heaviest, equal ones together: "1.9 GiB in 8 workers of train.py".
    void write_processes() {
        std::vector<processes_together> parts = equal_processes_together(about_);
        parts.resize(std::min(parts.size(), std::size_t{most_processes}));
        for (const processes_together& one : parts) {
            if (!is_much(one.bytes)) break;
            const std::string text = size_text(one.bytes) + " in ";
            const std::size_t room = look_.columns > text.size() ? look_.columns - text.size() : 0;
            lines_.push_back(text + harmless(one.name, room, look_));
        }
    }

    const facts& about_;
    const report_model& report_;
    const answer_look& look_;
    std::int64_t whole_;
    std::vector<std::string> lines_;
};

// Without line ends.
inline std::vector<std::string> answer_of(const report_model& report,
                                          const answer_look& look = {}) {
    return answer_writer(report, look).written();
}

}  // namespace fil::report
