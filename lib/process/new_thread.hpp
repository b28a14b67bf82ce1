#pragma once
// What a new thread is charged with where no source answers: its creator's callstack, and below it
// a frame for the library that made it.
//
// Threads of a pool work for whoever comes: what they allocate stands below where the pool was
// made, and the frame says so. There is none where native frames are captured (the thread has
// some), where the program or a runtime makes the thread (it runs frames of its own), nor
// below itself. Hot: no malloc, no lock of the loader's where the C library can do without.

#include "process/process_recorder.hpp"

namespace fil {

// `code` is what calls pthread_create. Called inside an event.
callstack_id callstack_of_new_thread(process_recorder& recorder, callstack_id creator,
                                     std::uintptr_t code);

}  // namespace fil
