// Opens a report in the user's browser: the one that BROWSER names, else, if there is a display,
// what the desktop offers. The browser is on its own: another session, nothing of it in the
// terminal, not waited for.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fil::cli {

// False if there is nothing to open it with.
bool open_in_browser(const std::string& file);

// The command for an address; empty if there is none. `variable` reads the environment (empty: not
// set), `find` looks a name up on PATH (empty: not there). BROWSER is a list separated by colons,
// of commands with the address at %s, or at the end. Pure.
using text_function = std::function<std::string(const std::string&)>;
std::vector<std::string> browser_command(const std::string& address, const text_function& variable,
                                         const text_function& find);

// "/a b/ü" becomes "file:///a%20b/%C3%BC". Pure.
std::string file_address(std::string_view path);

}  // namespace fil::cli
