#include "os/terminal_screen.hpp"

#define NCURSES_NOMACROS  // names that are everybody's
#include <curses.h>
#include <langinfo.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <term.h>
#undef columns  // of its names, these are ours
#undef tab
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "os/refusal.hpp"

namespace fil::cli {
namespace {

bool is_utf8() {
    return std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0;
}

// What ncurses takes bytes for is the locale's affair. Where it is "C" and names no characters,
// people read UTF-8 all the same (terminal_look.hpp).
bool take_locale() {
    std::setlocale(LC_CTYPE, "");
    const std::string found = std::setlocale(LC_CTYPE, nullptr);
    if (!is_utf8() && (found == "C" || found == "POSIX")) std::setlocale(LC_CTYPE, "C.UTF-8");
    return is_utf8();
}

// ncurses leaves an action alone that is not the usual one. Its own would ignore Ctrl-Z while the
// screen is left, by which the kernel drops one that is blocked and waits to be read
// (signals.hpp).
void keep_stops_from_ncurses() {
    struct sigaction ours {};
    ours.sa_handler = [](int) {};
    sigaction(SIGTSTP, &ours, nullptr);
}

chtype attributes(terminal_screen::look how) {
    switch (how) {
        case terminal_screen::strong:
            return A_BOLD;
        case terminal_screen::faint:
            return A_DIM;
        case terminal_screen::bar:
            return COLOR_PAIR(1);
        case terminal_screen::chosen:
            return A_REVERSE;
        case terminal_screen::warning:
            return COLOR_PAIR(2);
        default:
            return A_NORMAL;
    }
}

}  // namespace

descriptor open_own_terminal() {
    for (const int standard : {STDOUT_FILENO, STDERR_FILENO}) {
        char name[200] = "";
        if (::isatty(standard) != 1 || ::ttyname_r(standard, name, sizeof name) != 0) continue;
        descriptor opened(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
        if (opened) return opened;
    }
    return descriptor();
}

std::string why_no_screen(int terminal) {
    if (terminal < 0) return "neither stdout nor stderr is a terminal";
    const char* const kind = std::getenv("TERM");
    if (kind == nullptr || *kind == 0) return "TERM is not set";
    int error = 0;
    if (::setupterm(kind, terminal, &error) != OK)
        return std::string("TERM is '") + kind + "', of which nothing is known here";
    const char* const move = ::tigetstr("cup");
    const bool can = move != nullptr && move != reinterpret_cast<const char*>(-1);
    ::del_curterm(::cur_term);
    if (!can) return std::string("TERM is '") + kind + "', on which nothing can be placed";
    return {};
}

terminal_screen::terminal_screen(int terminal) : terminal_(terminal), is_ascii_(!take_locale()) {
    in_ = ::fdopen(::fcntl(terminal, F_DUPFD_CLOEXEC, 3), "r");
    out_ = ::fdopen(::fcntl(terminal, F_DUPFD_CLOEXEC, 3), "w");
    keep_stops_from_ncurses();
    ::use_tioctl(TRUE);  // the terminal knows its size; COLUMNS and LINES may be of another one
    if (in_ != nullptr && out_ != nullptr) screen_ = ::newterm(nullptr, out_, in_);
    if (screen_ == nullptr) throw refusal("this terminal cannot show a view");
    ::set_term(static_cast<SCREEN*>(screen_));
    ::cbreak();
    ::noecho();
    ::nonl();
    ::curs_set(0);
    ::set_escdelay(50);
    ::keypad(stdscr, TRUE);
    ::nodelay(stdscr, TRUE);
    const char* const none = std::getenv("NO_COLOR");
    if (::has_colors() && (none == nullptr || *none == 0)) {
        ::start_color();
        ::use_default_colors();
        ::init_pair(1, COLOR_RED, -1);
        ::init_pair(2, COLOR_YELLOW, -1);
    }
}

terminal_screen::~terminal_screen() {
    if (screen_ == nullptr) return;
    leave();
    ::delscreen(static_cast<SCREEN*>(screen_));
    std::fclose(in_);
    std::fclose(out_);
}

unsigned terminal_screen::columns() const {
    return static_cast<unsigned>(std::max(::getmaxx(stdscr), 1));
}

unsigned terminal_screen::rows() const {
    return static_cast<unsigned>(std::max(::getmaxy(stdscr), 1));
}

void terminal_screen::begin() {
    ::erase();
}

void terminal_screen::put(unsigned row, unsigned column, const std::string& text, look how) {
    ::attrset(attributes(how));
    ::mvaddstr(static_cast<int>(row), static_cast<int>(column), text.c_str());
    ::attrset(A_NORMAL);
}

void terminal_screen::show() {
    ::refresh();
}

key terminal_screen::take(char& letter) {
    const int code = ::getch();
    switch (code) {
        case ERR:
            return key::none;
        case KEY_UP:
            return key::up;
        case KEY_DOWN:
            return key::down;
        case KEY_PPAGE:
            return key::page_up;
        case KEY_NPAGE:
            return key::page_down;
        case KEY_HOME:
            return key::home;
        case KEY_END:
            return key::end;
        case KEY_ENTER:
        case '\r':
        case '\n':
            return key::enter;
        case '\t':
            return key::tab;
        default:
            letter = code > 0 && code < 128 ? static_cast<char>(code) : '\0';
            return key::other;
    }
}

void terminal_screen::resize() {
    winsize window{};
    if (::ioctl(terminal_, TIOCGWINSZ, &window) == 0 && window.ws_row > 0 && window.ws_col > 0)
        ::resizeterm(window.ws_row, window.ws_col);
    ::clear();
}

void terminal_screen::leave() {
    ::endwin();
}

void terminal_screen::come_back() {
    ::refresh();
    resize();
}

}  // namespace fil::cli
