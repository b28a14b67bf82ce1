#pragma once
// The threads that libraries made, and for whom each works: docs/design/whose-work.md.
//
// Each has an entry while it lives: where its stack ends, how far it was seen to reach, what it
// looked like as the thread waited. Another thread's answer may lead through its stack
// (job_search.hpp); a thread that ends waits for whoever reads there.
//
// Hot path: no malloc, no throw, no lock. Called inside an event, but waits().

#include <cstddef>

#include "fil/capture/threads_that_ask.hpp"

namespace fil::pool_threads {

// The calling thread is a library's, with so long a stack; `creator`: the thread pointer of whoever
// made it.
void begin(std::uintptr_t creator, std::size_t stack_bytes);
// It ends.
void end();
// These bytes are about to be unmapped: a stack among them is read no more. Any thread.
void memory_goes(std::uintptr_t address, std::size_t bytes);
bool is_one();
// One is about to wait for work, perhaps.
void waits();

// For whom the calling thread, which is a library's, works.
asked_by asker(const asking_threads& asking);

// A forked child has none of them.
void forget_parents();

}  // namespace fil::pool_threads
