#pragma once
// One of the user's lines as a row of the answer: its bytes, a bar, where it is, its source.
//
//       418.2 MiB ██████▍    flights.py:11 wide  x = np.hstack([x, x**2, np.sq…
//
// A row is never wider than the terminal, unless that is narrower than a size and a short name; a
// narrow one shows no bar. Pure functions.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/answer_look.hpp"
#include "fil/report/box_label.hpp"
#include "fil/report/conventions/all.hpp"
#include "fil/report/frame.hpp"
#include "fil/report/frame_label.hpp"
#include "fil/report/mib_text.hpp"
#include "fil/report/source_lines.hpp"

namespace fil::report {

// How: a number of ECMA-48, where there are colours.
enum class shade { bold = 1, dim = 2, red = 31 };

inline std::string shaded(const std::string& text, shade how, const answer_look& look) {
    if (!look.colours || text.empty()) return text;
    return "\033[" + std::to_string(static_cast<int>(how)) + "m" + text + "\033[0m";
}

constexpr std::size_t bar_cells = 10;

// In eighths of a cell, or in '#'; of what was asked for in vain in hatched cells, or in '/'.
// Something is never nothing.
inline std::string bar_text(std::int64_t part, std::int64_t whole, const answer_look& look,
                            bool is_request = false) {
    constexpr std::string_view eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const std::size_t steps = look.ascii || is_request ? 1 : 8;
    const char* const cell = look.ascii ? (is_request ? "/" : "#") : (is_request ? "░" : "█");
    const auto most = static_cast<double>(bar_cells * steps);
    const double share = static_cast<double>(part) / static_cast<double>(std::max(part, whole));
    const auto filled = static_cast<std::size_t>(std::clamp(share * most + 0.5, 1.0, most));
    std::string bar;
    for (std::size_t i = 0; i < filled / steps; ++i) bar += cell;
    bar += eighths[filled % steps];
    const std::size_t width = (filled + steps - 1) / steps;
    return shaded(bar, shade::red, look) + std::string(bar_cells - width, ' ');
}

constexpr std::size_t share_cells = 6;  // "64.5 %"

// Right-aligned.
inline std::string padded(const std::string& text, std::size_t width) {
    return std::string(width - std::min(width, text.size()), ' ') + text;
}

inline std::string padded_share(std::int64_t part, std::int64_t whole) {
    return padded(share_text(part, whole), share_cells);
}

// "…/io/readers.py:226 read" (without what the runtime calls code that has no name), in `room`
// cells: the path gives way first and from its front, then a long name by whole parts from its
// front, then the function goes; what is still too long is cut at its end. A place without a line
// is known by its function only: there the file goes and the function stays.
inline std::string place_text(const frame& f, std::size_t room, const answer_look& look) {
    const bool is_named =
        !conventions::of(f).is_anonymous(f) && !f.function.empty() && !f.file.empty();
    const std::string line = f.line > 0 ? ":" + std::to_string(f.line) : "";
    const std::string path = harmless(f.file.empty() ? f.function : f.file, look);
    constexpr auto unlimited = static_cast<std::size_t>(-1);
    std::vector<std::string> rests;
    const std::vector<std::string> parts = is_named ? name_parts(f) : std::vector<std::string>();
    if (is_named) rests.push_back(line + " " + harmless(f.function, look));
    for (std::span<const std::string> left = parts; !left.empty(); left = left.subspan(1))
        rests.push_back(line + " " + harmless(short_name(left, unlimited), look));
    if (parts.empty() || f.line > 0) rests.push_back(line);
    for (const std::string& rest : rests) {
        if (shown_cells(rest) >= room) continue;
        std::string cut = cut_folders(path, room - shown_cells(rest));
        if (look.ascii && cut.starts_with("…")) cut.replace(0, std::string_view("…").size(), "~");
        if (!cut.empty()) return cut + rest;
    }
    if (line.empty() && !parts.empty()) return harmless(parts.back(), room, look);
    return harmless(path, room > line.size() ? room - line.size() : 1, look) + line;
}

struct answer_row {
    std::int64_t bytes;
    frame where;  // a placeholder: its name is said
    std::string source;
    bool is_request = false;  // nobody holds it: it was asked for in vain
};

// How a row says how much of the whole it is. A full bar is all of it.
enum class answer_measure : std::uint8_t { bar, share };

class answer_rows {
  public:
    answer_rows(const std::vector<answer_row>& rows, std::int64_t whole, const answer_look& look,
                answer_measure measure = answer_measure::bar)
        : look_(look), whole_(whole), measure_(measure) {
        for (const answer_row& row : rows)
            size_width_ = std::max(size_width_, size_text(row.bytes).size());
        const std::size_t taken = indent + size_width_ + 1 + measure_width();
        room_ = look.columns > taken + least_place ? look.columns - taken : least_place;
        for (const answer_row& row : rows) {
            places_.push_back(place_text(row.where, room_, look_));
            const std::size_t width = shown_cells(places_.back());
            if (width <= short_place && !row.source.empty())
                place_width_ = std::max(place_width_, width);
        }
        for (std::size_t i = 0; i < rows.size(); ++i)
            lines_.push_back(line_of(rows[i], places_[i]));
    }

    const std::vector<std::string>& lines() const { return lines_; }

  private:
    static constexpr std::size_t indent = 2, least_place = 8, short_place = 24, short_source = 12;

    bool has_measure() const { return look_.columns >= 45; }

    std::size_t measure_width() const {
        if (!has_measure()) return 0;
        return measure_ == answer_measure::bar ? bar_cells + 1 : share_cells + 2;
    }

    // What was asked for in vain is no share of what was held.
    std::string measure_text(const answer_row& row) const {
        if (measure_ == answer_measure::bar)
            return bar_text(row.bytes, whole_, look_, row.is_request) + " ";
        return (row.is_request ? padded("", share_cells) : padded_share(row.bytes, whole_)) + "  ";
    }

    std::string line_of(const answer_row& row, const std::string& place) const {
        const std::string size = size_text(row.bytes);
        std::string text = std::string(indent + size_width_ - size.size(), ' ') + size + " ";
        if (has_measure()) text += measure_text(row);
        text += place;
        const std::size_t width = shown_cells(place), column = std::max(width, place_width_) + 2;
        const std::size_t left = room_ > column ? room_ - column : 0;
        const std::string source = source_text(row.source), cut = harmless(source, left, look_);
        if (source.empty() || (left < short_source && cut != source)) return text;
        return text + std::string(column - width, ' ') + shaded(cut, shade::dim, look_);
    }

    const answer_look& look_;
    std::int64_t whole_;
    answer_measure measure_;
    std::size_t size_width_ = 0, place_width_ = 0, room_ = 0;
    std::vector<std::string> places_, lines_;
};

}  // namespace fil::report
