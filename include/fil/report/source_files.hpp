#pragma once
// Source files as they were when a snapshot was made: by the hash of their text, or with the text.
//
// A report drawn later shows a line only from a text that is the same still: on another machine, or
// after an edit, the file of that name is another. Files that are missing, huge or special (a name
// may be that of a pipe) are left out. What reads disks is cold, and throws std::bad_alloc only.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "fil/base/hash.hpp"
#include "fil/report/paths.hpp"
#include "fil/report/snapshot.hpp"

namespace fil::report {

struct source_file {
    std::uint64_t hash = 0;             // of its text
    bool newer = false;                 // it changed after the program began
    std::optional<std::string> text{};  // as far as reports show it, if it was embedded
    std::optional<std::string> read{};  // all of it, if it was read just now; kept in no file

    bool operator==(const source_file&) const = default;
};
using source_files = std::map<std::string, source_file>;  // by path (source_path())

// Ends are \n, \r\n or \r, as for Python's own reader.
inline std::vector<std::string_view> source_lines(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end);
        text.remove_prefix(text.starts_with("\r\n") ? 2 : text.empty() ? 0 : 1);
    }
    return lines;
}

inline std::optional<std::string> text_of_file(const std::string& path, std::int64_t longest) {
    std::error_code unknown;
    if (!std::filesystem::is_regular_file(path, unknown)) return {};
    const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, unknown));
    if (unknown || bytes > longest) return {};
    std::ifstream in(path, std::ios::binary);
    std::string text(static_cast<std::size_t>(bytes), '\0');
    in.read(text.data(), bytes);
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

// In seconds since 1970; 0: nobody knows.
inline std::int64_t changed_at(const std::string& path) {
    std::error_code unknown;
    const auto at = std::filesystem::last_write_time(path, unknown);
    if (unknown) return 0;
    using namespace std::chrono;
    return floor<seconds>(file_clock::to_sys(at)).time_since_epoch().count();
}

// Lines that frames stand at, by what their source is known by: the name of a text that the program
// pushed, or else a path.
using lines_of_sources = std::map<std::string, std::vector<std::uint32_t>>;

inline lines_of_sources lines_of_files(const snapshot& of) {
    lines_of_sources lines;
    for (const frame& f : of.frames()) {
        if (f.line == 0 || stands_for_no_frame(f) || of.texts().contains(f.file)) continue;
        std::string path = source_path(f);
        if (!is_pseudo_file(path)) lines[std::move(path)].push_back(f.line);
    }
    return lines;
}

// Only the lines that a report can show, at the places where they are: those of frames, with two
// before and after.
inline std::string shown_of(std::string_view text, const std::vector<std::uint32_t>& shown) {
    const std::vector<std::string_view> lines = source_lines(text);
    std::vector<bool> is_shown(lines.size());
    for (const std::uint32_t line : shown) {
        for (std::size_t i = line < 3 ? 0 : line - 3;
             i < std::min<std::size_t>(lines.size(), line + std::size_t{2}); ++i)
            is_shown[i] = true;
    }
    std::string kept;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (is_shown[i]) kept += lines[i];
        kept += '\n';
    }
    return kept;
}

// Of two such texts of one file.
inline std::string lines_of_both(std::string_view a, std::string_view b) {
    const std::vector<std::string_view> lines = source_lines(a), others = source_lines(b);
    std::string kept;
    for (std::size_t i = 0; i < std::max(lines.size(), others.size()); ++i) {
        const bool is_of_a = i < lines.size() && (!lines[i].empty() || i >= others.size());
        kept.append(is_of_a ? lines[i] : others[i]) += '\n';
    }
    return kept;
}

struct source_search {
    std::optional<std::int64_t> started{};  // when the program began, seconds since 1970
    bool embeds = false;
    std::int64_t longest = 32 << 20;
    std::int64_t at_hand = 64 << 20;  // how much is kept for who draws at once
};

inline source_files find_source_files(const snapshot& of, const source_search& how) {
    source_files found;
    std::int64_t left = how.at_hand;
    for (const auto& [path, lines] : lines_of_files(of)) {
        auto text = text_of_file(path, how.longest);
        if (!text) continue;
        source_file& file = found[path];
        file.hash = hash_bytes(text->data(), text->size());
        file.newer = how.started && changed_at(path) > *how.started;
        if (how.embeds) file.text = shown_of(*text, lines);
        left -= static_cast<std::int64_t>(text->size());
        if (left >= 0) file.read = std::move(text);
    }
    return found;
}

}  // namespace fil::report
