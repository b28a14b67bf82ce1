// A terminal that is drawn on as a whole, by ncurses, and read key by key. What stood on it comes
// back when this is closed, however that comes: whoever has one blocks signals (signals.hpp) and
// closes it when one asks it to end.
#pragma once

#include <cstdio>
#include <string>

#include "os/descriptor.hpp"

namespace fil::cli {

// The first of stdout and stderr that is a terminal, to be read and written; none: neither is.
descriptor open_own_terminal();

// "" where a view can be shown there; else why not: "TERM is 'dumb'".
std::string why_no_screen(int terminal);

enum class key { none, up, down, page_up, page_down, home, end, enter, tab, other };

class terminal_screen {
  public:
    // `terminal` outlives this. Throws refusal.
    explicit terminal_screen(int terminal);
    ~terminal_screen();
    terminal_screen(const terminal_screen&) = delete;

    bool is_ascii() const { return is_ascii_; }
    unsigned columns() const;
    unsigned rows() const;

    enum look : unsigned char { plain, strong, faint, bar, chosen, warning };
    void begin();
    void put(unsigned row, unsigned column, const std::string& text, look how);
    void show();

    // What was pressed and not yet taken; of a letter `other`, and which.
    key take(char& letter);

    // The terminal has another size by now.
    void resize();
    // As it was, and as we have it again: around a stop, say.
    void leave();
    void come_back();

  private:
    int terminal_;
    bool is_ascii_;
    void* screen_ = nullptr;  // ncurses' own
    std::FILE* in_ = nullptr;
    std::FILE* out_ = nullptr;
};

}  // namespace fil::cli
