#pragma once
// What a frame is called where there is little room, and which parts of that say most: a library's
// path without where it is installed, a long name in parts. Pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "fil/report/box_label.hpp"
#include "fil/report/conventions/all.hpp"
#include "fil/report/frame.hpp"
#include "fil/report/frame_text.hpp"
#include "fil/report/ownership.hpp"

namespace fil::report {

// A library's path from its package on.
inline std::string_view path_inside(const frame& f, frame_owner owner) {
    const std::string_view path = f.file;
    if (owner == frame_owner::user) return path;
    const std::string_view inside = conventions::of(f).inside_library(path);
    return inside.empty() ? path : inside;
}

// Parts of a function's name, of which the first ones may be left out.
inline std::vector<std::string> name_parts(const frame& f) {
    return conventions::of(f).name_parts(one_line(f.function));
}

inline box_label label_of(const frame& f, frame_owner owner, const std::string& joined) {
    return {one_line(f.function), one_line(std::string(path_inside(f, owner))), f.line, joined,
            f.function.empty() ? std::vector<std::string>() : name_parts(f)};
}

}  // namespace fil::report
