#pragma once
// File names of frames as paths: absolute, compared by their components. Nothing here touches a
// disk.

#include <filesystem>
#include <string>
#include <string_view>

#include "fil/report/frame.hpp"

namespace fil::report {

// "/a/./b/../c" -> "/a/c"; symbolic links stay what they are.
inline std::string normal_path(std::string_view path) {
    if (path.find("/.") == path.npos && path.find("//") == path.npos && !path.starts_with("./")) {
        return std::string(path);
    }
    return std::filesystem::path(path).lexically_normal().string();
}

inline std::string absolute_path(std::string_view file, std::string_view directory) {
    if (file.empty() || file.front() == '/' || directory.empty()) return normal_path(file);
    return normal_path(std::string(directory) + "/" + std::string(file));
}

// Where the source of a frame would be.
inline std::string source_path(const frame& f) {
    return absolute_path(f.file, f.directory);
}

// "<stdin>", "<frozen runpy>": no file at all.
inline bool is_pseudo_file(std::string_view file) {
    return file.size() > 1 && file.front() == '<' && file.back() == '>';
}

inline std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// What of `path` lies below `directory`: "io/x.py"; "" if it lies elsewhere.
inline std::string_view below(std::string_view path, std::string_view directory) {
    while (directory.size() > 1 && directory.ends_with('/')) directory.remove_suffix(1);
    if (directory.empty() || !path.starts_with(directory)) return {};
    path.remove_prefix(directory.size());
    if (directory == "/") return path;
    return path.starts_with('/') ? path.substr(1) : std::string_view{};
}

// What a path inside of a library belongs to: "io/x.py" -> "io"; "six.py" -> "six".
inline std::string module_name(std::string_view inside) {
    std::string_view first = inside.substr(0, inside.find('/'));
    if (first.size() != inside.size()) return std::string(first);
    return std::string(first.substr(0, first.find('.')));
}

}  // namespace fil::report
