#pragma once
// What the page shows where no script runs: in a mail, a viewer of build artefacts, under a strict
// content policy. The head, the reader's lines and a small graph, as HTML in the places that the
// script draws into; where it runs, it replaces them, and they are never painted (page.html).
//
// Short: some twenty kilobytes at most. Every text of the program is escaped. Pure functions.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/box_label.hpp"
#include "fil/report/box_layout.hpp"
#include "fil/report/facts_text.hpp"
#include "fil/report/line_rests.hpp"
#include "fil/report/markup.hpp"
#include "fil/report/mib_text.hpp"
#include "fil/report/moment_text.hpp"
#include "fil/report/report_model.hpp"
#include "fil/report/small_graph.hpp"
#include "fil/report/svg_picture.hpp"

namespace fil::report {

struct plain_page {
    std::string head;
    std::string lines;
    std::string graph;
};

class plain_writer {
  public:
    explicit plain_writer(const report_model& report) : report_(report) {}

    plain_page written() { return {head(), lines(), graph()}; }

  private:
    static constexpr std::size_t most_lines = 12;
    static constexpr std::size_t most_boxes = 40;
    static constexpr double least_share = 0.01;
    static constexpr int row_height = 20;
    static constexpr double designed_width = 1000;
    static constexpr double cell_width = 7.3;

    const moment_text& moment() const { return text_of_moment(report_.about.kind); }

    std::string head() const {
        const facts& about = report_.about;
        std::string out = "<div class=\"run\"><h1><bdi>" + escaped(command_text(about)) +
                          "</bdi></h1><p class=\"ending\">" + escaped(ending_text(about.ending)) +
                          "</p></div><div class=\"figures\"><p class=\"peak\"><strong>" +
                          size_text(report_.all_bytes()) + "</strong><span> " +
                          std::string(moment().in_use);
        if (const callstack_usage* asked = report_.request())
            out += "<br>and " + size_text(asked->used.bytes) + " more were asked for";
        if (about.duration > 0) {
            out += "<br>at " + seconds_text(about.peak_seconds) + " of " +
                   seconds_text(about.duration);
        }
        out += "</span></p></div><p class=\"quiet\">" + escaped(about.runtime) +
               (about.runtime.empty() ? "" : " · ") + start_text(about) + "</p>";
        for (const std::string& note : about.notes) out += "<p>" + escaped(note) + "</p>";
        return out;
    }

    std::string lines() const {
        const held_by_lines& held = report_.held;
        const std::vector<line_row> all = rows_of_lines(held);
        const std::span rows(all);
        const std::span shown = rows.first(std::min(most_lines, rows.size()));
        std::string out = "<h2>Your lines " + std::string(moment().lines) + "</h2>";
        if (rows.empty() && held.threads.empty() && held.compiling == 0)
            return out + "<p>None of this memory was allocated below a line of your own code.</p>";
        out += "<ol class=\"lines\">";
        for (const threads_usage& some : held.threads) out += threads_row(some);
        for (const line_row& each : shown)
            out += each.line != nullptr ? row(*each.line) : imports_row();
        out += "</ol>";
        for (const line_rest& rest : rests_of_lines(report_, rows.subspan(shown.size())))
            out += "<p>" + size_text(rest.bytes) + " " + escaped(rest.text) + "</p>";
        const std::string hint = lines_hint(report_);
        return hint.empty() ? out : out + "<p class=\"quiet\">" + escaped(hint) + "</p>";
    }

    std::string imports_row() const {
        return "<li><div class=\"line\">" + cells_of(report_.held.importing_bytes) +
               "<span class=\"where\">imports in " +
               with_commas(static_cast<std::int64_t>(report_.held.importing_lines)) +
               " lines</span></div></li>";
    }

    std::string row(const your_line& line) const {
        return "<li><div class=\"line\">" + cells_of(line.bytes) + "<span class=\"where\">" +
               place_of(line.frame) + " <bdi>" + escaped(report_.frame_at(line.frame).function) +
               "</bdi></span> " + escaped(guessed_text(line)) + " <code>" +
               escaped(utf8_prefix(source_text(report_.source_of(line.frame).line), 200)) +
               "</code></div></li>";
    }

    std::string threads_row(const threads_usage& some) const {
        return "<li class=\"threads\"><div class=\"line\">" + cells_of(some.bytes) +
               "<span class=\"by\">" + escaped(possessive(report_.owner_of(some.threads).package)) +
               " threads, started at " + place_of(some.started_at) +
               ", for any later line</span></div></li>";
    }

    std::string cells_of(std::int64_t bytes) const {
        return "<span class=\"bytes\">" + size_text(bytes) + "</span> <span class=\"bar\">" +
               bar_of(bytes) + "</span> <span class=\"share\">" +
               share_text(bytes, report_.all_bytes()) + "</span> ";
    }

    std::string place_of(frame_index at) const {
        const std::uint32_t line = report_.frame_at(at).line;
        return "<bdi>" + escaped(report_.shown_file(at)) + "</bdi>" +
               (line > 0 ? ":" + std::to_string(line) : "");
    }

    std::string bar_of(std::int64_t bytes) const {
        return "<svg width=\"100%\" height=\"12\"><rect height=\"100%\" width=\"" +
               decimal_text(bytes, heaviest_row(report_.held), 1, 100) + "%\"/></svg>";
    }

    std::string graph() const {
        const layout boxes = small_layout(report_.graph, report_.owners, {least_share, most_boxes});
        if (boxes.front().bytes <= 0) return {};
        std::uint32_t deepest = 0;
        for (const box& drawn : boxes) deepest = std::max(deepest, drawn.depth);
        std::string out = "<svg width=\"100%\" height=\"" +
                          std::to_string((deepest + 1) * row_height) +
                          "\" font-family=\"monospace\" font-size=\"12\">";
        for (const box& drawn : boxes) out += box_of(drawn, boxes.front().bytes);
        return out + "</svg>";
    }

    std::string box_of(const box& drawn, std::int64_t whole) const {
        const double share = static_cast<double>(drawn.bytes) / static_cast<double>(whole);
        const std::string pale = std::to_string(std::lround(100 + 150 * (1 - std::sqrt(share))));
        const auto room =
            static_cast<std::size_t>(std::max((share * designed_width - 8) / cell_width, 0.0));
        std::string name = "all";
        std::string label = "all  " + size_text(whole);
        if (drawn.depth > 0) {
            const frame& f = report_.frame_at(drawn.frame);
            const auto owner = report_.owner_of(drawn.frame).owner;
            frame called = f;
            called.file = report_.shown_file(drawn.frame);
            const std::string joined = joined_text(drawn, f, report_.frame_at(drawn.next));
            name = frame_text(called) + joined;
            label = cut_label(label_of(called, owner, joined), room);
        }
        std::string out = "<svg x=\"" + decimal_text(drawn.start, whole, 2, 100) + "%\" y=\"" +
                          std::to_string(drawn.depth * row_height) + "\" width=\"" +
                          decimal_text(drawn.bytes, whole, 2, 100) + "%\" height=\"" +
                          std::to_string(row_height) + "\"><title>" + escaped(name) + " (" +
                          size_text(drawn.bytes) + ")</title><rect width=\"100%\" height=\"" +
                          std::to_string(row_height - 1) + "\" fill=\"rgb(255," + pale + "," +
                          pale + ")\"/><text x=\"4\" y=\"14\" fill=\"#000\">" + escaped(label);
        return out + "</text></svg>";
    }

    const report_model& report_;
};

inline plain_page make_plain_page(const report_model& report) {
    return plain_writer(report).written();
}

}  // namespace fil::report
