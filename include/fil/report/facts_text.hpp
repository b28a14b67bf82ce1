#pragma once
// Facts as the reader sees them: the command line, when it began.

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "fil/report/conventions/all.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/paths.hpp"
#include "fil/report/shell_quoted.hpp"

namespace fil::report {

// As the user thinks of it: "flights.py --year 2013", without the interpreter before it; of a part
// of a program, what its author called it.
inline std::string command_text(const facts& about) {
    if (!about.title.empty()) return about.title;
    std::span<const std::string> shown = about.arguments;
    const auto script = std::ranges::find(about.arguments, about.program.main_script);
    if (!about.program.main_script.empty() && script != about.arguments.end()) {
        shown = shown.subspan(static_cast<std::size_t>(script - about.arguments.begin()));
    }
    return shell_quoted(shown);
}

// What a tab calls it: "flights.py"; the module of -m; of a part, what its author called it.
inline std::string program_text(const facts& about) {
    if (!about.title.empty()) return about.title;
    if (!about.program.main_script.empty())
        return std::string(base_name(about.program.main_script));
    if (about.arguments.empty()) return "";
    const bool is_module = about.arguments[0] == "-m" && about.arguments.size() > 1;
    return std::string(base_name(about.arguments[is_module ? 1 : 0]));
}

// Of a process, by its command line: without the folders of its words, and without the interpreter
// before them. "worker.py --fast".
inline std::string process_text(std::string_view command) {
    std::string text;
    bool is_first = true;
    while (!command.empty()) {
        const std::size_t end = std::min(command.find(' '), command.size());
        const std::string_view word = base_name(command.substr(0, end));
        command.remove_prefix(std::min(end + 1, command.size()));
        const bool is_shown = !std::exchange(is_first, false) || command.empty() ||
                              !conventions::is_interpreter(word);
        if (is_shown) text += (text.empty() ? "" : " ") + std::string(word);
    }
    return text;
}

// Seconds since 1970, as clocks showed them where the program ran.
inline std::optional<std::tm> time_there(const facts& about, std::optional<std::int64_t> moment) {
    std::tm there{};
    if (!moment || __builtin_add_overflow(*moment, about.utc_offset.value_or(0), &*moment))
        return {};
    const std::time_t seconds = *moment;
    const bool is_a_time = about.utc_offset ? gmtime_r(&seconds, &there) != nullptr
                                            : localtime_r(&seconds, &there) != nullptr;
    return is_a_time && there.tm_year < 8100 && there.tm_year >= 0 ? std::optional(there)
                                                                   : std::nullopt;
}

// "2026-11-23 16:28:03".
inline std::string start_text(const facts& about) {
    const auto there = time_there(about, about.started);
    std::array<char, 64> text{};
    if (!there) return "";
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &*there)};
}

// When the report was made: "Mon Nov 23 16:28:03 2026", as ctime() has it.
inline std::string made_text(const facts& about) {
    const auto there = time_there(about, about.made);
    std::array<char, 64> text{};
    if (!there || asctime_r(&*there, text.data()) == nullptr) return "";
    return std::string(text.data()).substr(0, 24);
}

}  // namespace fil::report
