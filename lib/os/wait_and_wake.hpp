#pragma once
// Waiting for other threads and processes, waking them, and the end of this one.
//
// By system calls directly: libc's are points of cancellation, or hooks of ours. Everything here
// may run inside a malloc hook: no malloc, no throw. Whether the program's sandbox allows it is the
// caller's to ask.

#include <atomic>
#include <cstdint>

namespace fil::os {

void sleep_for(std::int64_t nanoseconds);

// Until the word, which several processes may share, is another than `value`, it was woken, or that
// much time has passed; or earlier.
void wait_while(std::atomic<std::uint32_t>& word, std::uint32_t value, std::int64_t nanoseconds);
void wake_all(std::atomic<std::uint32_t>& word);

// No process has this pid.
bool is_gone(std::int32_t pid);

[[noreturn]] void exit_at_once(int status);

// Writes out the C library's buffers, for at most so long: another thread may hold a stream's lock
// for ever, or a write may block. Then, and whatever is wrong with a stream that was interrupted in
// its middle, the process ends with `status`. It shall end anyway: its timer and handlers are ours.
void flush_streams_or_exit(std::int64_t seconds, int status);

}  // namespace fil::os
