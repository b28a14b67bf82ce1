#pragma once
// Whether our library can be loaded into a program that is about to be started.
//
// Judged from the file itself, as the kernel will (loadable.hpp); of a script that begins with
// `#!`, its interpreter. Only system calls, little stack, errno kept: this runs between fork or
// vfork and exec. Nothing here changes what is started; the real function searches and decides
// again.

namespace fil::preload {

enum class target {
    loads,      // a program of our architecture with the C library's dynamic loader
    passes_on,  // static: it takes no library, and hands LD_PRELOAD on to what it starts
    refuses,    // 32-bit, another C library, or set-user-id: LD_PRELOAD would be harmful
    confined,   // it inherits this process's own sandbox, which refuses a call that we make
    absent,     // there is nothing to start: the call will fail
    unknown     // not readable, or of no kind that we know
};

// Whether such a program is started with our library in its environment, and is recorded.
inline bool is_told_of_us(target kind) {
    return kind != target::refuses && kind != target::confined;
}
inline bool runs_unrecorded(target kind) {
    return kind == target::refuses || kind == target::passes_on;
}

target judge_path(const char* path);
target judge_descriptor(int file);
target judge_at(int directory, const char* path, int flags);

// As execvp and posix_spawnp find it.
target judge_on_path(const char* file);

}  // namespace fil::preload
