// Lines for people, on stderr, each beginning "=fil-profile= ". The program's stdout is its own.
// Control characters (a file name may hold any) are shown as '?'. Never fails, never waits: stderr
// may be closed, or a full pipe that nobody reads.
#pragma once

#include <string>
#include <string_view>

namespace fil::cli {

void say(std::string_view text);

// Lines that stderr did not take when they were said: tries again; whether any are left. To be
// called now and then; at the end, where a reader has a moment more.
bool go_on_saying();
void finish_saying();

// The same as text: what say() writes.
std::string message_line(std::string_view text);

// As everywhere in a report: "648.5 MiB", with one decimal; what would be 0.0, or more than people
// read, in another unit (fil/report/mib_text.hpp).
std::string size_text(long long bytes);

// "3.2 s"; below a second "12 ms".
std::string seconds_text(double seconds);

}  // namespace fil::cli
