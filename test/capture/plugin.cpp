// A shared library for tests: somebody else's module, and a module that captures by itself.

#include "plugin.hpp"

extern "C" [[gnu::visibility("default")]] void plugin_call(void (*callback)(void*), void* context) {
    callback(context);
    asm volatile("");  // not a tail call: this frame is to be seen
}

extern "C" [[gnu::visibility("default")]] fil::callstack_id plugin_capture(source_type& source,
                                                                           void* thread_memory) {
    const fil::callstack_id result = source.capture(thread_memory);
    asm volatile("");
    return result;
}

extern "C" [[gnu::visibility("default")]] fil::callstack_id plugin_capture_fast(
    fast_source& source, void* thread_memory) {
    const fil::callstack_id result = source.capture(thread_memory);
    asm volatile("");
    return result;
}

extern "C" [[gnu::visibility("default")]] int plugin_compare(compared_source& source,
                                                             void* thread_memory) {
    const int before = stacks_compared::different;
    source.capture(thread_memory);
    return stacks_compared::different - before;
}
