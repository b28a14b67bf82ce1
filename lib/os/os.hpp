#pragma once
// What libfil asks of the operating system, besides pages: one file a system implements it
// (lib/os/os_linux.cpp). Everything here may run inside a malloc hook: no malloc, no throw; errno
// is the caller's to keep.

#include <cstddef>
#include <cstdint>

namespace fil::os {

// How many bytes a recording may grow to: much, but little under RLIMIT_AS.
inline constexpr std::uint64_t share_of_address_space = 16;
std::uint64_t recording_bytes();
std::uint64_t share_of_limited_space();  // under RLIMIT_AS; without it, more than there is

// Sparse memory, private to this process; nullptr if refused.
void* map_private(std::uint64_t bytes);

// `bytes` of memory with free addresses behind it, so that it may grow to `room` bytes in place: of
// a shared file, or private where `descriptor` is -1. Outside core dumps. nullptr if refused; where
// there is no such place, all of it at once.
struct growing_memory {
    void* address = nullptr;
    std::uint64_t bytes = 0;
};
growing_memory map_to_grow(int descriptor, std::uint64_t bytes, std::uint64_t room);
bool extend(void* end, std::uint64_t bytes);           // by so much; false if refused
inline constexpr std::uint64_t first_bytes = 2 << 20;  // of a recording

// A sparse memfd of `bytes`, sealed against shrinking and growing; -1 if refused.
int make_shared_file(const char* name, std::uint64_t bytes);

// Maps a shared file whole, outside core dumps; nullptr if refused.
void* map_shared(int descriptor, std::uint64_t bytes);

// Sparse memory for later; nullptr if refused.
void* map_reserve(std::uint64_t bytes, bool wiped_on_fork);

// Memory for a recording, which the supervisor shares by a memfd, or, where no file may grow so
// large (RLIMIT_FSIZE) or none can be made, by a System V segment. As a last resort the file may be
// smaller, down to `least`.
struct shared_memory {
    void* address = nullptr;  // nullptr if all were refused
    std::uint64_t bytes = 0;  // that it may grow to
    std::uint64_t mapped = 0;
    int descriptor = -1;
    int segment = -1;  // marked to go with the last process that has it
};
shared_memory make_shared_memory(const char* name, std::uint64_t bytes, std::uint64_t least);

// The same in another process; nullptr if refused.
void* map_segment(int segment);

void unmap(void* address, std::uint64_t bytes);

// A page that a forked child finds zeroed, however it was forked.
void* map_wiped_page();

// Of a process, which may be this one: how much could be read, from there on without a gap.
std::size_t read_memory(std::int32_t process, std::uintptr_t from, void* to, std::size_t bytes);

// The pid by the kernel, not by a cache: a vfork child has its own.
std::int32_t process_id();
std::int32_t parent_process_id();

// Whether the calling thread is the one that the process began with.
bool is_first_thread();

// By the system call: libc's close() is a point of cancellation, and malloc must not be one.
void close_descriptor(int descriptor);

// A symbolic link; false where it cannot be made.
bool make_link(const char* target, const char* path);

// CLOCK_MONOTONIC.
std::int64_t monotonic_ns();

// CLOCK_REALTIME.
std::int64_t nanoseconds_since_1970();

// The working directory into `buffer`; 0 if unknown.
std::size_t working_directory(char* buffer, std::size_t capacity);

// Keeps errno over a slow path inside a hook.
class keep_errno {
  public:
    keep_errno();
    ~keep_errno();
    keep_errno(const keep_errno&) = delete;

  private:
    int saved_;
};

}  // namespace fil::os
