#pragma once
// Who hears of every event of this process's recorder: nobody, or, in the library that
// `fil-profile record` loads (FIL_TRACE), a trace. Chosen by the build, so that whoever is not
// traced pays nothing.

#ifdef FIL_TRACE

#include "process/trace_observer.hpp"

namespace fil {

using process_observer = trace_observer;
inline constexpr bool process_is_traced = true;

}  // namespace fil

#else

#include "fil/track/event_observer.hpp"
#include "process/trace_rings.hpp"

namespace fil {

inline constexpr bool process_is_traced = false;

// As trace_observer's.
struct process_observer : null_observer {
    static void begin(auto&) {}
    static void threads_will_be_several() {}
    static void arena_came(thread_state&, const memory_extent&) {}
    static void range_went(thread_state&, const memory_extent&) {}
    static void not_moved(thread_state&) {}
    static void will_be_asked(bool, std::size_t) {}
};
struct asked_as {
    constexpr explicit asked_as(unsigned) {}
};

}  // namespace fil

#endif
