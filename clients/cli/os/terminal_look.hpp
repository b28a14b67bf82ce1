// What the terminal that a user reads our lines on can show. A pipe, a file, a log of a build: no
// colours, 80 columns.
#pragma once

#include <fil.h>

#include <cstdint>
#include <functional>
#include <string>

namespace fil::cli {

inline constexpr unsigned usual_columns = 80;

struct terminal_look {
    unsigned columns;  // at least 20
    std::uint32_t is;  // of fil_answer_look, added up
};

// Colours: on a terminal, unless NO_COLOR says otherwise or TERM names one that has none.
// Lines of ours are short, at most 80; of a terminal, a table may take `most`.
terminal_look look_of_terminal(int descriptor, unsigned most = usual_columns);

// The same, of what was found. `columns`: 0 if not known. `variable` reads the environment (empty:
// not set). Pure.
terminal_look look_of(bool is_terminal, unsigned columns,
                      const std::function<std::string(const std::string&)>& variable,
                      unsigned most = usual_columns);

}  // namespace fil::cli
