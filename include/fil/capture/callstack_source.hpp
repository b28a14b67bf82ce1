#pragma once
// The seam of capture: who allocates, on the calling thread, now?
//
// A source is asked inside an event, with the re-entry guard raised. It answers with a callstack of
// the recording's call tree, or with callstack_id::none: "I do not know, ask the next one". It is
// given memory of the calling thread's own for what it remembers: zeroed before its first use,
// then, once that thread has ended, given to another, of which it is told. Hot path: no allocation,
// no throw, no lock on its common path.
//
// A source may have asker() as well: for whom does a library's thread work that has no answer of
// its own (asked_by)?

#include <concepts>

#include "fil/base/ids.hpp"

namespace fil {

template <typename Source>
concept callstack_source = requires(Source& source, void* thread_memory) {
    { source.capture(thread_memory) } -> std::same_as<callstack_id>;
    source.begin_thread(thread_memory);
    { Source::thread_bytes } -> std::convertible_to<std::size_t>;
};

// Knows nothing, costs nothing.
struct null_source {
    static constexpr std::size_t thread_bytes = 0;
    callstack_id capture(void*) { return callstack_id::none; }
    void begin_thread(void*) {}
};
static_assert(callstack_source<null_source>);

}  // namespace fil
