#include "live/page.hpp"

#include <algorithm>
#include <cmath>

#include "fil/report/characters.hpp"
#include "fil/report/mib_text.hpp"
#include "live/curve.hpp"
#include "os/message.hpp"

namespace fil::cli {
namespace {

using report::cells;
using report::size_text;

constexpr std::size_t head_rows = 2, least_for_curve = 14, least_for_output = 12, bar_cells = 10;

std::size_t curve_rows(page_size size) {
    if (size.rows < least_for_curve) return 0;
    return size.rows < 30 ? 3 : 5;
}

std::size_t output_rows(const page_state& state, page_size size) {
    if (!state.keeps_output || size.rows < least_for_output) return 0;
    return size.rows < 24 ? 3 : size.rows < 40 ? 5 : 8;  // with a line above them
}

// The longest beginning that fits, or the longest end of it.
std::string cut(std::string_view text, std::size_t room, bool keeps_end = false,
                bool ascii = false) {
    const std::string whole = harmless(text);
    if (cells(whole) <= room) return whole;
    const std::string mark = ascii ? "~" : "…";
    if (room < 2) return std::string(room, ' ');
    std::string kept;
    if (keeps_end) {
        std::string_view rest = whole;
        while (!rest.empty() && cells(rest) > room - 1)
            rest.remove_prefix(report::next_utf8(rest).bytes);
        return mark + std::string(rest);
    }
    std::size_t used = 0;
    for (std::string_view rest = whole; !rest.empty();) {
        const auto step = report::next_utf8(rest);
        const std::size_t width = cells(rest.substr(0, step.bytes));
        if (used + width > room - 1) break;
        kept += rest.substr(0, step.bytes);
        used += width;
        rest.remove_prefix(step.bytes);
    }
    return kept + mark;
}

std::string padded(const std::string& text, std::size_t width) {
    const std::size_t used = cells(text);
    return used < width ? text + std::string(width - used, ' ') : text;
}

std::string right(const std::string& text, std::size_t width) {
    const std::size_t used = cells(text);
    return used < width ? std::string(width - used, ' ') + text : text;
}

std::string seconds_text(double seconds) {
    const auto whole = static_cast<long long>(seconds);
    if (whole < 60) return report::rounded_text(seconds, 1) + " s";
    char text[40];
    if (whole < 3600)
        std::snprintf(text, sizeof text, "%lld:%02lld min", whole / 60, whole % 60);
    else
        std::snprintf(text, sizeof text, "%lld:%02lld h", whole / 3600, whole / 60 % 60);
    return text;
}

std::string signed_size(std::int64_t bytes) {
    return (bytes > 0 ? "+" : "") + size_text(bytes);
}

class page_writer {
  public:
    page_writer(const looks& seen, page_state& state, page_size size)
        : seen_(seen), state_(state), size_(size) {}

    std::vector<page_line> run() {
        write_head();
        if (state_.shows_help) {
            write_help();
        } else {
            write_curve();
            write_tabs();
            if (state_.shows_detail)
                write_detail();
            else
                write_rows();
            write_output();
        }
        lines_.resize(size_.rows > 0 ? size_.rows - 1 : 0);
        lines_.push_back(foot());
        if (lines_.size() > size_.rows) lines_.resize(size_.rows);
        for (page_line& line : lines_) clip(line);
        return std::move(lines_);
    }

  private:
    void write_head() {
        const fil_look& look = seen_.newest();
        std::string right_part = seconds_text(look.seconds);
        if (look.processes > 1) right_part += "  " + std::to_string(look.processes) + " processes";
        if (seen_.are_none()) right_part = "";
        const std::size_t room =
            size_.columns > right_part.size() + 2 ? size_.columns - right_part.size() - 2 : 0;
        const std::string title = padded(cut(state_.title, room, false, state_.ascii), room);
        lines_.push_back({{title, style::strong}, {"  " + right_part, style::faint}});
        if (seen_.are_none()) {
            lines_.push_back({{"waiting for the first look ..."}});
            return;
        }
        page_line numbers = {{"now "}, {size_text(look.used), style::strong}};
        numbers.push_back({"  peak "});
        numbers.push_back({size_text(look.peak), style::strong});
        const auto rate = static_cast<std::int64_t>(
            growth(seen_.samples(), look.seconds, look.used, looks::remembered));
        numbers.push_back(
            {"  " + signed_size(rate) + "/s", rate > 0 ? style::warning : style::faint});
        numbers.push_back({"  (peak at " + seconds_text(look.peak_seconds) + ")", style::faint});
        lines_.push_back(std::move(numbers));
    }

    void write_curve() {
        const fil_look& look = seen_.newest();
        for (std::string& row : curve(seen_.samples(), look.seconds, look.peak, size_.columns,
                                      curve_rows(size_), state_.ascii))
            lines_.push_back({{std::move(row), style::bar}});
    }

    void write_tabs() {
        constexpr const char* names[] = {"1 lines", "2 processes", "3 callstacks"};
        page_line tabs;
        std::size_t used = 0;
        for (std::size_t i = 0; i < std::size(names); ++i) {
            const bool is_on = i == static_cast<std::size_t>(state_.list);
            tabs.push_back(
                {" " + std::string(names[i]) + " ", is_on ? style::chosen : style::faint});
            used += cells(tabs.back().text);
        }
        const std::string order =
            state_.order == row_order::by_size ? "by size" : "by growth in 10 s";
        if (used + order.size() + 1 <= size_.columns)
            tabs.push_back({right(order, size_.columns - used), style::faint});
        lines_.push_back(std::move(tabs));
    }

    // The selected row is on the page.
    void write_rows() {
        const std::vector<shown_row> rows = seen_.rows(state_.list, state_.order);
        const std::size_t room = list_rows(state_, size_);
        state_.selected = std::min(state_.selected, rows.empty() ? 0 : rows.size() - 1);
        if (state_.selected < state_.first) state_.first = state_.selected;
        if (state_.selected >= state_.first + room) state_.first = state_.selected - room + 1;
        if (rows.size() <= room) state_.first = 0;
        state_.first = std::min(state_.first, rows.size());
        const std::size_t last = std::min(rows.size(), state_.first + room);
        for (std::size_t i = state_.first; i < last; ++i)
            lines_.push_back(row_line(rows[i], i == state_.selected));
        if (rows.empty() && !seen_.are_none())
            lines_.push_back({{"nothing is held", style::faint}});
        while (lines_.size() < head_rows + curve_rows(size_) + 1 + room) lines_.emplace_back();
    }

    page_line row_line(const shown_row& row, bool is_selected) const {
        constexpr std::size_t size_width = 10, growth_width = 11, least_text = 16;
        const fil_look& look = seen_.newest();
        page_line line = {{right(size_text(row.bytes), size_width)}};
        std::size_t used = size_width;
        if (size_.columns >= used + growth_width + least_text) {
            line.push_back({right(row.growth == 0 ? "" : signed_size(row.growth), growth_width),
                            row.growth > 0 ? style::warning : style::faint});
            used += growth_width;
        }
        if (size_.columns >= used + bar_cells + 1 + 2 * least_text && look.used > 0) {
            line.push_back({" " + bar(row.bytes, look.used), style::bar});
            used += bar_cells + 1;
        }
        const std::size_t room = size_.columns > used + 1 ? size_.columns - used - 1 : 0;
        std::string text = row.text;
        if (row.pid > 0) text = std::to_string(row.pid) + " " + text;
        if (row.pid > 0 && room > 50) text += "  (own peak " + size_text(row.peak) + ")";
        const bool keeps_end = state_.list != FIL_LOOK_PROCESSES;
        text = cut(text, room, keeps_end, state_.ascii);
        const std::size_t width = cells(text), column = std::max<std::size_t>(width, 24) + 2;
        line.push_back({" " + text});
        if (!row.source.empty() && room > column + 12) {
            line.push_back({std::string(column - width, ' ') +
                                cut(row.source, room - column, false, state_.ascii),
                            style::faint});
        }
        if (!is_selected) return line;
        std::string whole;
        for (const piece& one : line) whole += one.text;
        return {{padded(whole, size_.columns), style::chosen}};
    }

    std::string bar(std::int64_t part, std::int64_t whole) const {
        constexpr const char* eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
        const std::size_t steps = state_.ascii ? 1 : 8;
        const double share = static_cast<double>(part) / static_cast<double>(std::max(part, whole));
        const auto filled = static_cast<std::size_t>(
            std::lround(std::max(share, 0.0) * static_cast<double>(bar_cells * steps)));
        std::string text;
        for (std::size_t i = 0; i < filled / steps; ++i) text += state_.ascii ? "#" : "█";
        text += eighths[filled % steps];
        return padded(text, bar_cells);
    }

    // All of the selected row.
    void write_detail() {
        const std::vector<shown_row> rows = seen_.rows(state_.list, state_.order);
        if (rows.empty()) return;
        const shown_row& row = rows[std::min(state_.selected, rows.size() - 1)];
        lines_.push_back({{size_text(row.bytes) + " (" + report::with_commas(row.bytes) + " bytes)",
                           style::strong}});
        lines_.push_back({{signed_size(row.growth) + " in the last 10 s", style::faint}});
        if (row.pid > 0)
            lines_.push_back(
                {{"process " + std::to_string(row.pid) + ", own peak " + size_text(row.peak)}});
        std::string_view rest = row.text;
        const std::size_t most = lines_.size() + list_rows(state_, size_);
        for (std::size_t end; !rest.empty() && lines_.size() < most;) {
            end = std::min(rest.find(" > "), rest.size());
            write_wrapped(rest.substr(0, end));
            rest.remove_prefix(std::min(rest.size(), end + 3));
        }
        if (!row.source.empty()) write_wrapped("  " + row.source);
        const std::size_t all = head_rows + curve_rows(size_) + 1 + list_rows(state_, size_);
        lines_.resize(all);
    }

    void write_wrapped(std::string_view text) {
        std::string whole = harmless(text);
        for (std::string_view rest = whole; !rest.empty();) {
            std::size_t bytes = 0, used = 0;
            while (bytes < rest.size()) {
                const auto step = report::next_utf8(rest.substr(bytes));
                const std::size_t width = cells(rest.substr(bytes, step.bytes));
                if (used + width > size_.columns) break;
                used += width;
                bytes += step.bytes;
            }
            if (bytes == 0) return;
            lines_.push_back({{std::string(rest.substr(0, bytes))}});
            rest.remove_prefix(bytes);
        }
    }

    void write_output() {
        const std::size_t rows = output_rows(state_, size_);
        if (rows == 0) return;
        const std::string rule = "what the program wrote";
        lines_.push_back({{cut(rule, size_.columns), style::faint}});
        const auto& output = state_.output;
        const std::size_t count = std::min(rows - 1, output.size());
        for (std::size_t i = output.size() - count; i < output.size(); ++i)
            lines_.push_back({{cut(output[i], size_.columns, false, state_.ascii)}});
    }

    // Where a terminal is narrower than what was laid out for it.
    void clip(page_line& line) const {
        std::size_t left = size_.columns;
        for (piece& one : line) {
            if (cells(one.text) > left) one.text = cut(one.text, left, false, state_.ascii);
            left -= cells(one.text);
        }
    }

    void write_help() {
        const char* const help[] = {
            "",
            "1 2 3, Tab        your lines, processes, callstacks",
            "Up Down PgUp PgDn select a row",
            "Enter             all of the selected row; again: the list",
            "o                 sort by size, or by growth in 10 s",
            "s                 write a report of what is in use now",
            "S                 write a report of the peak so far",
            "q                 close the view; the program goes on",
            "?                 this help; any key: back",
            "",
            "Sizes are of memory in use now. The curve begins with",
            "the program; it is as high as the peak.",
        };
        for (const char* line : help)
            lines_.push_back({{cut(line, size_.columns, false, state_.ascii)}});
    }

    page_line foot() const {
        if (!state_.told.empty()) {
            const std::string told = cut(state_.told, size_.columns, false, state_.ascii);
            const std::size_t left = size_.columns - cells(told);
            return {{told + cut(state_.told_path, left, true, state_.ascii), style::strong}};
        }
        return {{cut("q quit  ? help  s report of now  o order  Enter detail", size_.columns, false,
                     state_.ascii),
                 style::faint}};
    }

    const looks& seen_;
    page_state& state_;
    page_size size_;
    std::vector<page_line> lines_;
};

}  // namespace

std::size_t list_rows(const page_state& state, page_size size) {
    const std::size_t others = head_rows + curve_rows(size) + 1 + output_rows(state, size) + 1;
    return size.rows > others ? size.rows - others : 0;
}

std::vector<page_line> page_of(const looks& seen, page_state& state, page_size size) {
    return page_writer(seen, state, size).run();
}

}  // namespace fil::cli
