#pragma once
// A recorder that remembers what the hooks told it, in order, together with the real calls that a
// test replaced. Only between start() and stop(), and only on the thread that called start(): the
// test program itself allocates through the hooks too.

#include <atomic>
#include <cstddef>
#include <string>

#include "fil_hooks.h"

namespace fake {

struct event {
    const char* name;
    const void* address;
    std::size_t bytes;
};

void start();
void stop();
void note(const char* name, const void* address = nullptr, std::size_t bytes = 0);

std::string names();                  // all events, joined by spaces; implies stop()
const event& find(const char* name);  // the first of that name; fails the test if there is none

// What fil_block_forget() and fil_mapping_forget() are to answer.
extern fil_block known_block;
extern fil_pieces* known_pieces;
extern bool running;
extern bool allowed;  // what a sandbox says of any call
extern int programs_started;

extern std::atomic<fil_callstack> inherited;  // the last that fil_thread_inherit() was told

}  // namespace fake
