#pragma once
// How a file of the user's own is called in the page and in the terminal.
//
// The interpreter knows the main script by the name that was typed, and what the script imports by
// absolute paths. A reader should see one project: what is below the working directory is named
// from there, and what is below the script's directory as the script was. A script that is run in
// its own directory finds the package beside that: "../app/x.py". Lists and titles that
// tools read keep what the program had (frame_text.hpp). Pure functions; nothing touches a disk.

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include "fil/report/facts.hpp"
#include "fil/report/frame_owner.hpp"
#include "fil/report/paths.hpp"

namespace fil::report {

inline std::string_view directory_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == path.npos ? std::string_view{} : path.substr(0, slash);
}

// "../app/x.py" of a file beside or above the working directory, two steps up at most. "" of
// others: what has only / or /home in common with it belongs to somebody else.
inline std::string path_beside(const std::string& path, const std::string& directory) {
    std::string up;
    std::string_view ancestor = directory;
    for (int steps = 0; steps < 2; ++steps) {
        ancestor = directory_of(ancestor);
        up += "../";
        if (std::ranges::count(ancestor, '/') < 2) return {};
        const std::string_view inside = below(path, ancestor);
        if (!inside.empty()) return up + std::string(inside);
    }
    return {};
}

inline std::string shown_path(const frame& f, frame_owner owner, const program_facts& program) {
    if (owner != frame_owner::user || f.file.empty() || is_pseudo_file(f.file)) return f.file;
    const std::string path = source_path(f);
    if (!path.starts_with('/')) return f.file;
    const std::string here = normal_path(program.launch_directory);
    if (here != "/") {
        const std::string_view inside = below(path, here);
        if (!inside.empty()) return std::string(inside);
    }
    const std::string& typed = program.main_script;
    if (typed.empty() || typed.starts_with('/')) return path;
    const std::string script = absolute_path(typed, here);
    const std::string_view inside = below(path, directory_of(script));
    if (inside.empty()) {
        const std::string beside = path_beside(path, here);
        return beside.empty() ? path : beside;
    }
    const std::filesystem::path beside = std::filesystem::path(typed).parent_path() / inside;
    return beside.lexically_normal().string();
}

}  // namespace fil::report
