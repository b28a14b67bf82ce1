// Lines for people, on stderr, each beginning "=fil-profile= ". The program's stdout is its own.
// say() writes one line with one system call, so that lines of the program are not torn; control
// characters (a file name may hold any) are shown as '?'. Never fails: stderr may be closed.
#pragma once

#include <string>
#include <string_view>

namespace fil::cli {

void say(std::string_view text);

// The same as text: what say() writes.
std::string message_line(std::string_view text);

// "648.5 MiB": one decimal, as everywhere in a report.
std::string mebibytes(long long bytes);

}  // namespace fil::cli
