#pragma once
// The text exporter: a report as a table for a terminal, a log or a build's output.
//
//     flights.py --year 2013
//     Peak memory was 648.5 MiB, 3.2 s after the start.
//     CPython 3.12.1, started 2026-11-23 16:28:03, ran 5.1 s, exit 0
//
//     Your lines that held the peak
//       418.2 MiB  64.5 %  flights.py:11 wide  x = np.hstack([x, x**2, np.sqrt(np…
//        84.1 MiB  13.0 %  flights.py:10 wide  x = t.select_dtypes('number').to_nu…
//        12.0 MiB   1.9 %  not below any line of yours
//
//     The heaviest callstacks
//       502.3 MiB  77.5 %  flights.py:15 main
//       418.2 MiB  64.5 %    flights.py:11 wide
//                            numpy/_core/shape_base.py:358 hstack
//        84.1 MiB  13.0 %    flights.py:10 wide
//
// The numbers are the page's. In the tree a callee is indented where it holds less than its caller;
// a row without a number holds what the one above it holds. No row is wider than the look says, but
// for a column that is narrower than a size and a short name. Texts of the program are harmless
// (answer_look.hpp). Pure functions.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/answer.hpp"
#include "fil/report/facts_text.hpp"
#include "fil/report/frame_label.hpp"
#include "fil/report/line_rests.hpp"
#include "fil/report/moment_text.hpp"
#include "fil/report/report_model.hpp"
#include "fil/report/resident_lines.hpp"
#include "fil/report/small_graph.hpp"
#include "fil/report/svg_picture.hpp"

namespace fil::report {

// At spaces, into lines of at most `columns` cells; a longer word has a line of its own.
inline std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines;
    std::size_t used = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t width = shown_cells(word);
        if (lines.empty() || used + 1 + width > columns) {
            lines.emplace_back(word);
            used = width;
        } else {
            lines.back().append(" ").append(word);
            used += 1 + width;
        }
    }
    return lines;
}

class text_report_writer {
  public:
    text_report_writer(const report_model& report, const answer_look& look)
        : report_(report),
          about_(report.about),
          answer_(report, look),
          look_(look),
          whole_(report.all_bytes()) {}

    std::string written() {
        write_head();
        write_processes();
        write_lines();
        write_tree();
        write_foot();
        return std::move(text_);
    }

  private:
    static constexpr std::size_t most_lines = 20, most_processes = 12, most_threads = 5,
                                 most_nodes = 40, least_room = 12;
    static constexpr double least_share = 0.01;

    const moment_text& moment() const { return text_of_moment(about_.kind); }

    void line(std::string_view text) { text_.append(text).append("\n"); }

    void paragraph(std::string_view text) {
        for (const std::string& part : wrapped(harmless(text, look_), look_.columns)) line(part);
    }

    void heading(std::string_view text) {
        line("\n" + shaded(std::string(text), shade::bold, look_));
    }

    void write_head() {
        const std::string command = command_text(about_);
        if (!command.empty()) line(harmless(command, look_.columns, look_));
        write_headline();
        std::string about;
        const auto add = [&](const std::string& text) {
            if (!text.empty()) about += (about.empty() ? "" : ", ") + text;
        };
        add(about_.runtime);
        add(about_.started ? "started " + start_text(about_) : "");
        add(about_.duration > 0 ? "ran " + seconds_text(about_.duration) : "");
        add(ending_text(about_.ending));
        add(about_.resident.total > 0 ? "resident then " + size_text(about_.resident.total) : "");
        if (about_.limit.bytes > 0)
            add("limit " + size_text(about_.limit.bytes) + " (" + about_.limit.name + ")");
        paragraph(about);
        const auto explain = [&](const std::string& what, const std::vector<resident_line>& parts) {
            std::string why;
            for (const resident_line& part : parts)
                why += (why.empty() ? what : ", ") + size_text(part.bytes) + " " + part.text;
            if (!why.empty()) paragraph(why);
        };
        const bool is_explained = !about_.resident.parts.empty();
        explain("Of what was resident: ",
                is_explained ? resident_lines(report_) : std::vector<resident_line>());
        write_sparse(report_.sparse);
        explain("What stayed resident, " + seconds_text(about_.resident.last_seconds) +
                    " after the start: ",
                last_resident_lines(report_));
        write_sparse(report_.last_sparse);
        if (!about_.notes.empty()) line("");
        for (const std::string& note : about_.notes) paragraph(note);
    }

    void write_sparse(const sparse_lines& sparse) {
        constexpr std::size_t most = 3;
        if (sparse.bytes == 0) return;
        std::string text = "Of that, " + size_text(sparse.bytes) +
                           " are what half-empty pages and arenas lack, which blocks keep";
        for (std::size_t i = 0; i < std::min(most, sparse.lines.size()); ++i) {
            const frame_index at = sparse.lines[i].frame;
            const frame& f = report_.frame_at(at);
            text += (i > 0 ? ", " : ": ") + size_text(sparse.lines[i].bytes) + " " +
                    report_.shown_file(at) + (f.line > 0 ? ":" + std::to_string(f.line) : "") +
                    " " + f.function;
        }
        paragraph(text);
    }

    // Where it must be wrapped, without a colour.
    void write_headline() {
        answer_look plain = look_;
        plain.colours = false;
        const std::string text = answer_writer(report_, plain).headline();
        if (shown_cells(text) <= look_.columns)
            line(answer_.headline());
        else
            paragraph(text);
    }

    // Size, share, what: as rows of lines are.
    void row(std::int64_t bytes, std::size_t size_width, std::string_view rest) {
        line("  " + padded(size_text(bytes), size_width) + " " + padded_share(bytes, whole_) +
             "  " + std::string(rest));
    }

    void write_processes() {
        if (!is_of_several(about_)) return;
        std::vector<processes_together> all = equal_processes_together(about_);
        if (about_.processes.size() <= most_processes) {
            all.clear();
            for (const process_facts& one : about_.processes)
                all.push_back({process_frame(one).function, one.bytes, one.peak, 0, one.note});
        }
        heading("Processes " + std::string(moment().at));
        std::size_t width = 0, peak_width = 0;
        for (const processes_together& one : all) {
            width = std::max(width, size_text(one.bytes).size());
            peak_width = std::max(peak_width, size_text(one.peak).size());
        }
        std::int64_t rest = 0;
        for (std::size_t i = most_processes; i < all.size(); ++i) rest += all[i].bytes;
        all.resize(std::min(all.size(), most_processes));
        const std::size_t taken = 2 + width + 1 + share_cells + 2 + 9 + peak_width + 2;
        for (const processes_together& one : all) {
            const std::string own = "own peak " + padded(size_text(one.peak), peak_width) + "  ";
            row(one.bytes, width, own + harmless(one.name, room_beside(taken), look_));
            if (!one.note.empty()) paragraph("  " + one.note + ".");
        }
        if (rest > 0) row(rest, width, "in more processes");
        if (about_.others.count > 0) paragraph("  " + others_text());
    }

    std::string others_text() const {
        return number_of(about_.others.count, "other", "others") + " held nothing at that moment" +
               (about_.others.most > 0
                    ? ", and at most " + size_text(about_.others.most) + " before or after."
                    : ".");
    }

    std::size_t room_beside(std::size_t taken) const {
        return std::max(look_.columns, taken + least_room) - taken;
    }

    void write_lines() {
        const held_by_lines& held = report_.held;
        const std::vector<line_row> all = rows_of_lines(held);
        const std::span listed = std::span(all).first(std::min(most_lines, all.size()));
        std::vector<answer_row> rows;
        std::int64_t more_threads = 0;
        if (const callstack_usage* asked = report_.request())
            rows.push_back(answer_.row_of(*asked));
        const std::size_t before = rows.size();
        for (const threads_usage& some : held.threads) {
            if (rows.size() < before + most_threads)
                rows.push_back({some.bytes, place_of_threads(report_, some), ""});
            else
                more_threads += some.bytes;
        }
        for (const line_row& one : listed) rows.push_back(row_of_line(report_, one));
        std::vector<line_rest> rests =
            rests_of_lines(report_, std::span(all).subspan(listed.size()));
        if (more_threads > 0) rests.push_back({more_threads, "in more threads of libraries"});
        std::ranges::stable_sort(rests, std::greater(), &line_rest::bytes);
        for (const line_rest& rest : rests)
            rows.push_back({rest.bytes, {.function = rest.text}, ""});
        heading("Your lines " + std::string(moment().lines));
        if (whole_ <= 0) return line("  Nothing was allocated while it was recorded.");
        const answer_rows written(rows, whole_, look_, answer_measure::share);
        for (const std::string& row_text : written.lines()) line(row_text);
        const std::string hint = lines_hint(report_);
        if (!hint.empty()) paragraph(hint);
    }

    void write_tree() {
        layout boxes = small_layout(report_.graph, report_.owners, {least_share, most_nodes});
        if (boxes.size() < 2) return;
        heading("The heaviest callstacks");
        std::vector<std::uint32_t> indent(boxes.size());
        std::size_t width = 0;
        for (std::size_t i = 1; i < boxes.size(); ++i) {
            const std::uint32_t above = boxes[i].parent;
            indent[i] = above == 0 ? 0 : indent[above] + (holds_the_same(boxes, i) ? 0 : 1);
            width = std::max(width, size_text(boxes[i].bytes).size());
        }
        std::vector<std::uint32_t> order;
        for (std::uint32_t i = 1; i < boxes.size(); ++i) order.push_back(i);
        std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
            return boxes[a].start != boxes[b].start ? boxes[a].start < boxes[b].start
                                                    : boxes[a].depth < boxes[b].depth;
        });
        const std::size_t taken = 2 + width + 1 + share_cells + 2;
        std::int64_t shown = 0;
        for (const std::uint32_t i : order) {
            const box& drawn = boxes[i];
            const std::size_t in = 2 * std::min(indent[i], most_indent());
            const std::string label =
                std::string(in, ' ') + label_of_box(drawn, room_beside(taken + in));
            if (drawn.parent == 0) shown += drawn.bytes;
            if (holds_the_same(boxes, i))
                line(std::string(taken, ' ') + label);
            else
                row(drawn.bytes, width, label);
        }
        if (whole_ > shown) row(whole_ - shown, width, "in small callstacks");
    }

    // As its caller, which has a row.
    static bool holds_the_same(const layout& boxes, std::size_t i) {
        return boxes[i].parent != 0 && boxes[boxes[i].parent].bytes == boxes[i].bytes;
    }

    // A quarter of the width at most.
    std::uint32_t most_indent() const { return static_cast<std::uint32_t>(look_.columns / 8); }

    std::string label_of_box(const box& drawn, std::size_t room) const {
        frame f = report_.frame_at(drawn.frame);
        const frame_owner owner = report_.owner_of(drawn.frame).owner;
        f.file = owner == frame_owner::user ? report_.shown_file(drawn.frame)
                                            : std::string(path_inside(f, owner));
        const std::string joined = joined_text(drawn, f, report_.frame_at(drawn.next));
        const std::size_t width = joined.empty() ? 0 : cells(joined);
        return place_text(f, room > width + least_room ? room - width : least_room, look_) +
               harmless(joined, look_);
    }

    void write_foot() {
        std::vector<std::string> texts = unrecorded_texts(about_.exact.unrecorded);
        if (about_.exact.dropped > 0)
            texts.push_back(number_of(about_.exact.dropped, "event", "events") +
                            " dropped for want of memory.");
        if (!texts.empty()) line("");
        for (const std::string& text : texts) paragraph(text);
    }

    const report_model& report_;
    const facts& about_;
    answer_writer answer_;
    const answer_look& look_;
    std::int64_t whole_;
    std::string text_;
};

// Lines end with "\n".
inline std::string text_report(const report_model& report, const answer_look& look = {}) {
    return text_report_writer(report, look).written();
}

}  // namespace fil::report
