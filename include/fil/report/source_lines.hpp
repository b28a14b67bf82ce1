#pragma once
// The source line of each frame, with the two lines before and after it.
//
// Text that the program pushed (a notebook's cell) comes before text on disk. Each file is read
// once, and only the lines that are asked for are kept. A file that is not what it was when the
// snapshot was made (source_files.hpp) yields nothing; broken UTF-8 and very long lines are made
// presentable; tabs stay. A file changed after the program began is flagged: its lines may not be
// those that ran.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fil/report/paths.hpp"
#include "fil/report/snapshot.hpp"
#include "fil/report/source_files.hpp"
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

// Without what stands at its end, not longer than `bytes`.
inline std::string presentable_line(std::string_view line, std::size_t bytes) {
    const std::size_t last = line.find_last_not_of(" \t\f\v");
    line = line.substr(0, last + 1);  // npos + 1 is 0
    const std::string_view shown = utf8_prefix(line, bytes);
    return valid_utf8(shown) + (shown.size() < line.size() ? "…" : "");
}

class source_reader {
  public:
    source_reader(const snapshot& from, const source_files& files, const source_limits& limits)
        : from_(from), files_(files), limits_(limits), excerpts_(from.frames().size()) {}

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
            } else if (const auto known = files_.find(path); known != files_.end()) {
                quote_file(path, known->second, frames);
            }
        }
        return std::move(excerpts_);
    }

  private:
    void quote_file(const std::string& path, const source_file& file,
                    const std::vector<std::size_t>& frames) {
        if (file.text) return quote(*file.text, frames, file.newer);
        if (file.read) return quote(*file.read, frames, file.newer);
        const auto text = text_of_file(path, limits_.file_bytes);
        if (text && hash_bytes(text->data(), text->size()) == file.hash)
            quote(*text, frames, file.newer);
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
    const source_files& files_;
    source_limits limits_;
    std::vector<source_excerpt> excerpts_;
};

// One for each frame.
inline std::vector<source_excerpt> read_sources(const snapshot& from, const source_files& files,
                                                const source_limits& limits = {}) {
    return source_reader(from, files, limits).read();
}

}  // namespace fil::report
