#pragma once
#include "fil/capture/boost_source.hpp"
#include "fil/capture/verified_source.hpp"
#include "os/linux_system.hpp"
#include "os/system_modules.hpp"
#include "os/system_signal_stacks.hpp"
#include "os/system_stack_ends.hpp"

using source_type =
    fil::boost_source<fil::system_modules, fil::linux_system, fil::system_signal_stacks>;

// Counts what the fast and the portable source do not agree in.
struct stacks_compared {
    static inline int different = 0;
    static void same() {}
    static void differs(fil::callstack_id, fil::callstack_id) { ++different; }
};
using fast_source =
    fil::unwind_source<fil::system_modules, fil::linux_system, fil::system_stack_ends>;
using compared_source =
    fil::verified_source<fil::system_modules, fil::linux_system, fil::system_stack_ends,
                         fil::system_signal_stacks, stacks_compared>;

extern "C" {
void plugin_call(void (*callback)(void*), void* context);
fil::callstack_id plugin_capture(source_type& source, void* thread_memory);
fil::callstack_id plugin_capture_fast(fast_source& source, void* thread_memory);
// The difference, if there is one: 1, and 0 where the two agree.
int plugin_compare(compared_source& source, void* thread_memory);
}
