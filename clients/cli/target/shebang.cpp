#include "target/shebang.hpp"

#include "os/search_path.hpp"

namespace fil::cli {
namespace {

// The last ends the lines of a script that was written on Windows: Python reads such a one, though
// the kernel does not start it.
constexpr std::string_view blanks = " \t\r";

std::string_view next_word(std::string_view& line) {
    const std::size_t begin = std::min(line.find_first_not_of(blanks), line.size());
    const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
    const std::string_view word = line.substr(begin, end - begin);
    line.remove_prefix(end);
    return word;
}

// env [-S] [-i] [-u NAME] [-C DIR] [NAME=value]... command: the options that take a word of their
// own are skipped with it.
std::string_view command_of_env(std::string_view line) {
    for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
        if (word == "-u" || word == "-C") {
            next_word(line);
        } else if (word.starts_with("-S") && word.size() > 2) {
            return word.substr(2);
        } else if (!word.starts_with('-') && word.find('=') == std::string_view::npos) {
            return word;
        }
    }
    return {};
}

}  // namespace

std::optional<shebang> parse_shebang(std::string_view head) {
    if (!head.starts_with("#!")) return std::nullopt;
    std::string_view line = head.substr(2, head.find('\n') - 2);
    const std::string_view interpreter = next_word(line);
    if (interpreter.empty()) return std::nullopt;
    std::string_view command = interpreter;
    if (base_name(interpreter) == "env") command = command_of_env(line);
    return shebang{std::string(interpreter), std::string(command)};
}

bool is_python(std::string_view command) {
    std::string name = base_name(command);
    if (!name.starts_with("python")) return false;
    std::string_view rest = std::string_view(name).substr(6);
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789."), rest.size()));
    return rest.empty() || rest == "d" || rest == "t" || rest == "td" || rest == "m" ||
           rest == "-dbg";
}

}  // namespace fil::cli
