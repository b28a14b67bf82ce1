#pragma once
// The source line of each frame, with the two lines before and after it.
//
// Text that the program pushed (a notebook's cell) comes before text on disk. Each file is read
// once, and only the lines that are asked for are kept. Missing, huge or special files (a name may
// be that of a pipe) yield nothing; broken UTF-8 and very long lines are made presentable; tabs
// stay. A file changed after the program began is flagged: its lines may not be those that ran.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "fil/report/paths.hpp"
#include "fil/report/snapshot.hpp"
#include "fil/report/utf8.hpp"

namespace fil::report {

// As it is shown: without what it is indented by, a tab in it as wide as eight blanks.
inline std::string source_text(std::string_view line) {
    constexpr std::string_view blanks = " \t\r";
    const std::size_t begin = std::min(line.find_first_not_of(blanks), line.size());
    const std::size_t end = line.find_last_not_of(blanks) + 1;
    std::string text;
    for (std::size_t i = begin; i < end; ++i)
        text += line[i] == '\t' ? "        " : std::string(1, line[i]);
    return text;
}

struct source_excerpt {
    std::string line;  // "" if not known
    std::vector<std::string> before;
    std::vector<std::string> after;
    bool newer = false;  // the file changed after the program began

    bool operator==(const source_excerpt&) const = default;
};

struct source_limits {
    std::int64_t file_bytes = 32 << 20;
    std::size_t line_bytes = 400;
    std::size_t around_bytes = 160;
};

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

// Without what stands at its end, not longer than `bytes`.
inline std::string presentable_line(std::string_view line, std::size_t bytes) {
    const std::size_t last = line.find_last_not_of(" \t\f\v");
    line = line.substr(0, last + 1);  // npos + 1 is 0
    const std::string_view shown = utf8_prefix(line, bytes);
    return valid_utf8(shown) + (shown.size() < line.size() ? "…" : "");
}

class source_reader {
  public:
    source_reader(const snapshot& from, std::optional<std::int64_t> started, source_limits limits)
        : from_(from), started_(started), limits_(limits), excerpts_(from.frames().size()) {}

    std::vector<source_excerpt> read() {
        std::map<std::string, std::vector<std::size_t>> frames_of;  // by path, or pushed name
        for (std::size_t i = 0; i < from_.frames().size(); ++i) {
            const frame& f = from_.frames()[i];
            if (f.line == 0 || stands_for_no_frame(f)) continue;
            frames_of[from_.texts().contains(f.file) ? f.file : source_path(f)].push_back(i);
        }
        for (const auto& [path, frames] : frames_of) {
            if (const auto pushed = from_.texts().find(path); pushed != from_.texts().end()) {
                quote(pushed->second, frames, false);
            } else if (!is_pseudo_file(path)) {
                quote_file(path, frames);
            }
        }
        return std::move(excerpts_);
    }

  private:
    void quote_file(const std::string& path, const std::vector<std::size_t>& frames) {
        std::error_code unknown;
        if (!std::filesystem::is_regular_file(path, unknown)) return;
        const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, unknown));
        if (unknown || bytes > limits_.file_bytes) return;
        std::ifstream in(path, std::ios::binary);
        std::string text(static_cast<std::size_t>(bytes), '\0');
        in.read(text.data(), bytes);
        text.resize(static_cast<std::size_t>(in.gcount()));
        quote(text, frames, started_ && changed_at(path) > *started_);
    }

    // In seconds since 1970; 0: nobody knows.
    static std::int64_t changed_at(const std::string& path) {
        std::error_code unknown;
        const auto at = std::filesystem::last_write_time(path, unknown);
        if (unknown) return 0;
        using namespace std::chrono;
        return floor<seconds>(file_clock::to_sys(at)).time_since_epoch().count();
    }

    void quote(std::string_view text, const std::vector<std::size_t>& frames, bool newer) {
        const std::vector<std::string_view> lines = source_lines(text);
        auto around = [&](std::size_t first, std::size_t end) {
            std::vector<std::string> shown;
            for (std::size_t i = first; i < std::min(end, lines.size()); ++i) {
                shown.push_back(presentable_line(lines[i], limits_.around_bytes));
            }
            return shown;
        };
        for (const std::size_t i : frames) {
            const std::size_t at = from_.frames()[i].line - 1;
            if (at >= lines.size()) continue;
            excerpts_[i] = {presentable_line(lines[at], limits_.line_bytes),
                            around(at - std::min<std::size_t>(at, 2), at), around(at + 1, at + 3),
                            newer};
        }
    }

    const snapshot& from_;
    std::optional<std::int64_t> started_;
    source_limits limits_;
    std::vector<source_excerpt> excerpts_;
};

// One for each frame. `started`: when the program began, seconds since 1970.
inline std::vector<source_excerpt> read_sources(const snapshot& from,
                                                std::optional<std::int64_t> started,
                                                const source_limits& limits = {}) {
    return source_reader(from, started, limits).read();
}

}  // namespace fil::report
