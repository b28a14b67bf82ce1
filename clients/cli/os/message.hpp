// Lines for people, on stderr, each beginning "=fil-profile= ". The program's stdout is its own.
// What a terminal would obey or turn round (a file name may hold any character) is shown as '?'.
// Never fails, never waits: stderr may be closed, or a full pipe that nobody reads.
#pragma once

#include <string>
#include <string_view>

namespace fil::cli {

// What the user wants to know, or must: --quiet leaves errors.
enum class worth { news, error };
void be_quiet();
bool is_being_quiet();

void say(std::string_view text, worth it = worth::error);
// An error, where there may be no memory for a line: nothing is allocated.
void say_without_memory(std::string_view text) noexcept;

// While a view covers the terminal: lines wait, and come when it has gone.
void hold_saying(bool held);
bool is_saying_held();

// Lines that stderr did not take when they were said: tries again; whether any are left. To be
// called now and then; at the end, where a reader has a moment more.
bool go_on_saying();
void finish_saying();

// What a terminal would obey or turn round, as '?'.
std::string harmless(std::string_view text);

// The same as text: what say() writes.
std::string message_line(std::string_view text);

// A line as message_line() makes it; or one of an answer (fil_report_options::answer), which is
// harmless already, and may be coloured.
inline constexpr std::string_view message_prefix = "=fil-profile= ";
std::string answer_line(std::string_view text);
void say_line(std::string line, worth it);

}  // namespace fil::cli
