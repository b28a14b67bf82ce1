#pragma once
// The seam of waiting: what does a thread do while another holds a lock?
//
// Concept `waiting`, a type with
//
//     yield()        a static function that lets other threads run: the holder of the lock is not
//                    running. May return at once; then the lock spins.
//     uninterrupted  a type: while an object of it lives, no signal handler of the program's runs
//     on
//                    this thread. Only mapping events make one.
//
// Called in the middle of an event: no malloc, no throw, errno kept.

#include <concepts>

namespace fil {

template <typename Waiting>
concept waiting = requires {
    Waiting::yield();
}
&&std::default_initializable<typename Waiting::uninterrupted>;

// Spins; for threads that never wait long, and no signal handlers that leave by a jump.
struct null_waiting {
    static void yield() {}
    struct uninterrupted {
        uninterrupted() {}
        ~uninterrupted() {}
    };
};
static_assert(waiting<null_waiting>);

}  // namespace fil
