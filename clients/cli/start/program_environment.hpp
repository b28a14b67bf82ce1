// The program's environment: the user's, untouched, but for what we set. Our library stands first
// in LD_PRELOAD, before the user's own; FIL_SESSION names the session; libraries that bring
// an allocator of their own are asked, unless the user chose something, to let it be seen
// (mimalloc reserves a gigabyte and touches little; that of polars keeps what was freed). Thread
// pools are held to one thread each, where the user said nothing and the program can still say
// otherwise: what a pool's threads allocate would be charged to whoever made the pool. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/variables.hpp"

namespace fil::cli {

// The value of a variable, if it is there; of several, the first, as getenv has it.
std::optional<std::string> find_variable(std::span<const std::string> all, std::string_view name);

// All of "NAME=value" with the name of `variable` go; it stands in the place of the first of them.
void set_variable(environment& all, const std::string& variable);
void drop_variable(environment& all, std::string_view name);

struct program_environment {
    environment all;
    // For the report: a reader needs no path of our library; the session's name is a secret.
    environment set_by_us;
};

// Those that thread pools read when they are made.
void turn_thread_pools_off(program_environment& variables);

// `library` must be fit for LD_PRELOAD (see preload_library.hpp).
program_environment environment_of_program(const environment& inherited, const std::string& library,
                                           const std::string& session);

}  // namespace fil::cli
