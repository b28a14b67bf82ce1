#pragma once
// What is written into a box of the graph: "function  path:line", cut to the box's width.
//
// The path gives way first and from its front, by whole folders, then goes altogether; then a long
// name loses its front by whole parts; what is left of a function, and a line number, is shown
// whole or not at all; what has no place, a process say, loses its end. The page and the SVG's
// script cut in the same way (text.js) when they know the reader's window; this is for pictures
// that run no script, and test/report/cases.json holds both to it. Widths are cells of a
// fixed-width font. Cold code, pure functions.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/characters.hpp"
#include "fil/report/utf8.hpp"

namespace fil::report {

struct box_label {
    std::string function;  // "" if nobody knows: then the place is its name
    std::string path;      // "" if there is none
    std::uint32_t line = 0;
    std::string joined = {};                   // how many frames it stands for: " ×20,000"
    std::vector<std::string> short_name = {};  // parts of its name; the first may be left out
};

// As many of the last parts as there is room for; "" if there is none for the last.
inline std::string short_name(std::span<const std::string> parts, std::size_t room) {
    for (; !parts.empty(); parts = parts.subspan(1)) {
        std::string name;
        for (const std::string& part : parts) name += part;
        if (cells(name) <= room) return name;
    }
    return {};
}

// "/home/a/pandas/io/parsers/readers.py" -> "…/io/parsers/readers.py"; "" if not even the file's
// name fits.
inline std::string cut_folders(std::string_view path, std::size_t room) {
    if (cells(path) <= room) return std::string(path);
    for (std::size_t slash; (slash = path.find('/')) != path.npos;) {
        path.remove_prefix(slash + 1);
        if (cells(path) + 2 <= room) return "…/" + std::string(path);
    }
    return {};
}

// The beginning of a text, with a mark where it is cut; nothing where hardly anything is left.
inline std::string cut_end(std::string_view text, std::size_t room) {
    constexpr std::size_t least = 4;
    if (cells(text) <= room) return std::string(text);
    if (room < least) return {};
    std::size_t used = 0, bytes = 0;
    while (true) {
        const utf8_step next = next_utf8(text.substr(bytes));
        used += next.valid ? cell_width(next.code) : 1;
        if (used >= room) return std::string(text.substr(0, bytes)) + "…";
        bytes += next.bytes;
    }
}

inline std::string cut_label(const box_label& label, std::size_t room) {
    const bool is_named = !label.function.empty();
    const std::string name = (is_named ? label.function : label.path) + label.joined;
    const std::string line = label.line > 0 ? ":" + std::to_string(label.line) : "";
    const std::size_t fixed = cells(name) + 2 + line.size();
    if (fixed <= room) {
        const std::string where =
            (is_named ? cut_folders(label.path, room - fixed) : std::string()) + line;
        return where.empty() ? name : name + "  " + where;
    }
    if (cells(name) <= room) return name;
    const std::string alone[] = {is_named ? label.function : label.path};
    const std::span<const std::string> parts =
        label.short_name.empty() ? std::span(alone) : std::span(label.short_name);
    const std::string bare = short_name(parts, room);
    const bool has_place = line.size() > 0 || (is_named && !label.path.empty());
    if (bare.empty() && !has_place) return cut_end(name, room);
    const bool has_room = !bare.empty() && cells(bare) + 1 + line.size() <= room;
    return has_room && !line.empty() ? bare + " " + line : bare;
}

}  // namespace fil::report
