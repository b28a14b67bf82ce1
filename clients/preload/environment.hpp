#pragma once
// The environment of a child: our two variables put back where the program dropped them, and our
// library taken out of LD_PRELOAD where it cannot be loaded.
//
// A child's environment is not changed in place. Usually nothing has to change at all; else the
// entries are copied to the caller's stack: exec and spawn are also called between fork or vfork
// and exec, where malloc is out of the question. Beyond a bound the environment is passed on as it
// is.

#include <cstddef>

#include "started_program.hpp"

namespace fil::preload {

// What a recorded process found when it started. Called once, before any child.
void remember_for_children(const char* session, const char* library);

// Takes the library out of LD_PRELOAD, in place: what this process starts runs without it.
void leave_children_alone(char** environment, const char* library);

// Whether a program that this process starts can open the library: it may have changed its user or
// its root directory. (A loader that cannot says so on the program's stderr.)
bool library_can_be_opened();

// Whether such a program, started with this environment, is one of our session's.
bool will_join(target kind, char* const* environment);

// How a child's environment has to change.
struct environment_change {
    bool needed = false;
    std::size_t entries = 0;     // of the environment as it is
    std::size_t text_bytes = 0;  // for entries that are written anew
    std::size_t bytes() const { return (entries + 3) * sizeof(char*) + text_bytes; }
};
environment_change plan_environment(char* const* environment, target kind);

// Writes the changed environment to `memory`, change.bytes() bytes of it.
char** write_environment(const environment_change& change, char* const* environment, target kind,
                         void* memory);

// Calls call(environment for such a child) and returns what it returns.
template <typename Call>
int with_environment_for(target kind, char* const* environment, Call call) {
    constexpr std::size_t most = 32 * 1024;
    environment_change change = plan_environment(environment, kind);
    if (!change.needed || change.bytes() > most) return call(environment);
    void* memory = __builtin_alloca(change.bytes());
    return call(write_environment(change, environment, kind, memory));
}

}  // namespace fil::preload
