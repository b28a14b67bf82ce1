#pragma once
// What is written into a box of the graph: "function  path:line", cut to the box's width.
//
// The path gives way first and from its front, by whole folders, then goes altogether; a function
// or a line number is shown whole or not at all. The page and the SVG's script cut in the same way
// (text.js) when they know the reader's window; this is for pictures that run no script. Widths are
// cells of a fixed-width font. Cold code, pure functions.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fil/report/cell_width.hpp"
#include "fil/report/utf8.hpp"

namespace fil::report {

struct box_label {
    std::string function;
    std::string path;  // "" if there is none
    std::uint32_t line = 0;
};

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

inline std::string cut_label(const box_label& label, std::size_t room) {
    const std::string line = label.line > 0 ? ":" + std::to_string(label.line) : "";
    const std::size_t fixed = cells(label.function) + 2 + line.size();
    if (fixed <= room) {
        const std::string where = cut_folders(label.path, room - fixed) + line;
        return where.empty() ? label.function : label.function + "  " + where;
    }
    return cells(label.function) <= room ? label.function : std::string();
}

}  // namespace fil::report
