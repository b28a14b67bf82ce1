#pragma once
// How a file of the user's own is called in the page and in the terminal.
//
// The interpreter knows the main script by the name that was typed, and what the script imports by
// absolute paths. A reader should see one project: what is below the working directory is named
// from there, and what is below the script's directory as the script was. Lists and titles that
// tools read keep what the program had (frame_text.hpp). Pure functions; nothing touches a disk.

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

inline std::string shown_path(const frame& f, frame_owner owner, const program_facts& program) {
    if (owner != frame_owner::user || f.file.empty() || is_pseudo_file(f.file)) return f.file;
    const std::string path = source_path(f);
    if (!path.starts_with('/')) return f.file;
    if (program.launch_directory != "/") {
        const std::string_view inside = below(path, normal_path(program.launch_directory));
        if (!inside.empty()) return std::string(inside);
    }
    const std::string& typed = program.main_script;
    if (typed.empty() || typed.starts_with('/')) return f.file;
    const std::string script = absolute_path(typed, program.launch_directory);
    const std::string_view inside = below(path, directory_of(script));
    if (inside.empty()) return f.file;
    const std::filesystem::path beside = std::filesystem::path(typed).parent_path() / inside;
    return beside.lexically_normal().string();
}

}  // namespace fil::report
