#pragma once
// What a process is called: short, as the user thinks of it.
//
//     /usr/bin/python3 -u worker.py --fast                        python worker.py --fast
//     /usr/bin/python3 /usr/local/bin/gunicorn -w 2 app:app       gunicorn -w 2 app:app
//     python -c "from multiprocessing.spawn import ..." ...       multiprocessing worker
//     /usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet x.c             cc1 -quiet x.c
//     gunicorn: worker [app]                                      the same: its title
//
// And which processes are equal: those of one parent that are called the same but for numbers, as
// the workers of a pool are. Commands are without secrets already. Pure functions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/conventions/all.hpp"
#include "fil/report/paths.hpp"
#include "fil/report/utf8.hpp"

namespace fil::report {

inline constexpr std::size_t longest_process_name = 60;

// As the system has it, of a process that joined.
struct started_process {
    std::int32_t pid = 0;
    std::int32_t parent = 0;
    std::vector<std::string> arguments;
    std::string executable;
};

// A script that was started by its own name, as installed ones are: the kernel gives the
// interpreter the path.
inline bool is_command(std::span<const std::string> words) {
    if (words.empty() || words.front().find('/') == std::string::npos) return false;
    return base_name(words.front()).find('.') == std::string_view::npos;
}

// It gave itself a title (setproctitle), in place of its arguments.
inline bool has_title(const started_process& process) {
    const std::vector<std::string>& words = process.arguments;
    if (words.empty()) return false;
    const auto& runtime = conventions::of_interpreter(base_name(process.executable));
    if (!runtime.short_name.empty()) return !runtime.is_interpreter(base_name(words.front()));
    const auto is_padding = [](const std::string& word) { return word.empty(); };
    return words.front().find(": ") != std::string::npos &&
           std::all_of(words.begin() + 1, words.end(), is_padding);
}

struct named_process {
    std::string name;
    bool is_of_pool = false;  // conventions::helper_process
    std::string_view forks = {};
};

inline named_process name_process(const started_process& process) {
    const std::vector<std::string>& words = process.arguments;
    const std::string program(base_name(words.empty() ? process.executable : words.front()));
    std::span<const std::string> rest(words);
    if (!rest.empty()) rest = rest.subspan(1);
    std::string name = program;
    if (has_title(process)) {
        name = words.front();
    } else if (const auto& runtime = conventions::of_interpreter(base_name(process.executable));
               !runtime.short_name.empty()) {
        const conventions::helper_process helper = runtime.helper_of(rest);
        if (!helper.name.empty())
            return {std::string(helper.name), helper.is_of_pool, helper.forks};
        rest = runtime.without_options(rest);
        name = is_command(rest) ? "" : runtime.short_name;
    }
    for (bool is_first = true; const std::string& word : rest) {
        if (word.empty()) continue;
        const bool is_path = is_first && word.find('/') != std::string::npos &&
                             (word.starts_with('/') || name.empty());
        name += (name.empty() ? "" : " ") + (is_path ? std::string(base_name(word)) : word);
        is_first = false;
        if (name.size() > 4 * longest_process_name) break;
    }
    std::ranges::replace(name, '\n', ' ');
    const std::string_view cut = utf8_prefix(name, longest_process_name);
    return {cut.size() == name.size() ? name : std::string(cut) + "…"};
}

inline std::string process_name(const started_process& process) {
    return name_process(process).name;
}

// "worker.py --part 3" -> "worker.py --part #".
inline std::string without_numbers(std::string_view text) {
    std::string plain;
    for (const char c : text) {
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_digit) plain += c;
        if (is_digit && !plain.ends_with('#')) plain += '#';
    }
    return plain;
}

// Names of a session's processes, which know their parents.
class process_names {
  public:
    explicit process_names(const std::vector<started_process>& all) : all_(all) {
        for (std::size_t i = 0; i < all.size(); ++i) last_of_[all[i].pid] = i;
    }

    std::string name_of(std::size_t i) const { return named(i).name; }

    // What it and its equals among `shown` are called together; "" where it has none.
    std::vector<std::string> equals_of(const std::vector<std::size_t>& shown) const {
        std::vector<std::string> texts;
        std::map<std::string, std::size_t> count;
        for (const std::size_t i : shown) {
            texts.push_back(together(i));
            ++count[texts.back()];
        }
        for (std::string& text : texts) {
            if (count[text] < 2) text.clear();
        }
        return texts;
    }

  private:
    // `i` itself: none that we know. (Of a process that replaced itself, its last image.)
    std::size_t parent_of(std::size_t i) const {
        const auto known = last_of_.find(all_[i].parent);
        return known == last_of_.end() ? i : known->second;
    }

    // A fork server's children have its command line.
    named_process named(std::size_t i) const {
        named_process own = name_process(all_[i]);
        const std::size_t above = parent_of(i);
        if (!own.forks.empty() && above != i && process_name(all_[above]) == own.name)
            return {std::string(own.forks), true};
        return own;
    }

    // "workers of train.py", of those that were forked from it or that its pool started.
    std::string together(std::size_t i) const {
        const named_process own = named(i);
        std::size_t above = i;
        for (int steps = 0; steps < 4; ++steps) {
            const named_process here = named(above);
            const std::size_t next = parent_of(above);
            if (next == above || (!here.is_of_pool && name_of(next) != here.name)) break;
            above = next;
        }
        const bool is_worker = above != i && own.forks.empty();
        return is_worker ? "workers of " + script_of(name_of(above))
                         : "× " + without_numbers(own.name);
    }

    // "train.py" of "python train.py --fast", "pytest" of "python -m pytest -n 2".
    static std::string script_of(std::string_view name) {
        const std::string_view first = name.substr(0, name.find(' '));
        if (first.size() < name.size() && conventions::is_short_name(first))
            name.remove_prefix(first.size() + 1);
        if (name.starts_with("-m ")) name.remove_prefix(3);
        return std::string(name.substr(0, name.find(' ')));
    }

    const std::vector<started_process>& all_;
    std::map<std::int32_t, std::size_t> last_of_;
};

}  // namespace fil::report
