#pragma once
// The main script's functions that work in other processes: joblib's loky, dask and others send
// them by value, and cloudpickle, which does that, drops the name of the file. What is left is the
// function's name and where it begins. It is the script's if the script begins such a function at
// that very line. Pure.

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/conventions/python.hpp"
#include "fil/report/frame.hpp"

namespace fil::report {

inline bool is_pickled(const frame& f) {
    return f.kind == frame_kind::python && conventions::python::is_pickled_file(f.file);
}

class pickled_code {
  public:
    // Of the script; "" if it is not known.
    explicit pickled_code(std::string_view text) {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            lines_.push_back(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }

    bool is_scripts(const frame& f) const {
        if (!is_pickled(f) || f.first_line == 0 || f.line > lines_.size()) return false;
        std::size_t at = f.first_line - 1;
        while (at < lines_.size() && begins_with(lines_[at], "@")) ++at;  // decorators
        if (at >= lines_.size()) return false;
        if (f.function == "<lambda>") return lines_[at].find("lambda") != std::string_view::npos;
        if (f.function.starts_with('<')) return lines_[at].find(" for ") != std::string_view::npos;
        return begins_with(lines_[at], "def " + f.function + "(") ||
               begins_with(lines_[at], "async def " + f.function + "(") ||
               begins_with(lines_[at], "class " + f.function);
    }

  private:
    static bool begins_with(std::string_view line, std::string_view text) {
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        return line.starts_with(text);
    }

    std::vector<std::string_view> lines_;
};

}  // namespace fil::report
