// The view as lines of text, for a terminal of any size: what stands where. Knows no terminal, and
// makes harmless what it shows.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "live/looks.hpp"

namespace fil::cli {

enum class style : unsigned char { plain, strong, faint, bar, chosen, warning };

struct piece {
    std::string text;
    style how = style::plain;
};
using page_line = std::vector<piece>;

// What the user has chosen, and what he is told.
struct page_state {
    fil_look_list list = FIL_LOOK_LINES;
    row_order order = row_order::by_size;
    std::size_t selected = 0, first = 0;  // rows of the list; `first` is kept within sight of it
    bool shows_help = false, shows_detail = false;
    std::string title;                // "PID 4711"
    std::string told, told_path;      // "report:", and where it is
    std::vector<std::string> output;  // the last lines that the program wrote
    bool keeps_output = false;        // of a program that we started
    bool ascii = false;
};

struct page_size {
    std::size_t columns, rows;
};

// As many lines as there are rows, none wider than the terminal. `state` is corrected where it does
// not fit.
std::vector<page_line> page_of(const looks& seen, page_state& state, page_size size);

// How many rows of the list such a page has.
std::size_t list_rows(const page_state& state, page_size size);

}  // namespace fil::cli
