#include "os/saved_terminal.hpp"

#include <string_view>

#include "os/transfer.hpp"

namespace fil::cli {

saved_terminal::saved_terminal(int terminal)
    : terminal_(terminal), is_known_(::tcgetattr(terminal, &settings_) == 0) {}

// The other screen goes, the cursor and plain characters come back: what xterm and all that are
// like it obey. (ncurses, which knows others, has died.)
void saved_terminal::restore(bool was_covered) const {
    if (is_known_) ::tcsetattr(terminal_, TCSANOW, &settings_);
    if (was_covered) write_all(terminal_, std::string_view("\033[?1049l\033[?25h\033[0m\r"));
}

}  // namespace fil::cli
