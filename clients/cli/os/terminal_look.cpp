#include "os/terminal_look.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "os/variables.hpp"

namespace fil::cli {
namespace {

// Of the locale that says what characters are: "de_DE.ISO-8859-1@euro". One that names none ("C",
// and where nobody set any, as in containers) is of people who read UTF-8 all the same.
bool names_another_charset(std::string locale) {
    const std::size_t dot = locale.find('.');
    if (dot == locale.npos) return false;
    locale = locale.substr(dot + 1, locale.find('@', dot) - dot - 1);
    std::erase(locale, '-');
    std::ranges::transform(locale, locale.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return locale != "utf8";
}

}  // namespace

terminal_look look_of(bool is_terminal, unsigned columns,
                      const std::function<std::string(const std::string&)>& variable,
                      unsigned most) {
    constexpr unsigned least = 20;
    terminal_look look{usual_columns, 0};
    if (is_terminal && columns > 0) look.columns = std::clamp(columns, least, most);
    const std::string kind = variable("TERM");
    const bool has_colours = is_terminal && !kind.empty() && kind != "dumb";
    if (has_colours && variable("NO_COLOR").empty()) look.is |= FIL_ANSWER_COLOURED;
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const std::string locale = variable(name);
        if (locale.empty()) continue;
        if (names_another_charset(locale)) look.is |= FIL_ANSWER_ASCII;
        break;
    }
    return look;
}

terminal_look look_of_terminal(int descriptor, unsigned most) {
    winsize window{};
    const bool is_terminal = ::isatty(descriptor) == 1;
    if (is_terminal) ::ioctl(descriptor, TIOCGWINSZ, &window);
    return look_of(is_terminal, window.ws_col, environment_variable, most);
}

}  // namespace fil::cli
