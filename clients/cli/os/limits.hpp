// What this process may use (ulimit), raised or lowered: for itself and what it starts from now on.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace fil::cli {

// A descriptor and a mapping for each process of the program, and for what else is watched: as many
// as we may have. The program, started before, has the limits it inherited.
void take_all_that_is_allowed();
// Where a file may not grow, that is an error to tell from now on, and no signal to die by.
void allow_large_files();

// So much memory beyond what we have. Files that are only read do not count.
void limit_memory(std::uint64_t bytes);
// SIGALRM then, whose action is to die.
void limit_time(unsigned seconds);
// Whatever happens, it leaves no core file in a user's directory.
void leave_no_core_file();

// Of this process, or of another; nothing: none, or it is not known.
std::optional<std::uint64_t> limit_of_address_space(pid_t pid = 0);

}  // namespace fil::cli
