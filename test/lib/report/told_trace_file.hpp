#pragma once
// A trace file of a program with two lines, and what it held when.

#include <string>

#include "../trace/trace_events.hpp"
#include "session/told_trace.hpp"

namespace fil::test {

inline trace::event at_ms(trace::event one, callstack_id callstack, std::uint64_t milliseconds) {
    one.callstack = callstack;
    one.milliseconds = milliseconds;
    return one;
}

// load.py:5 asks for 1000 bytes at 10 ms, load.py:5 > draw.py:9 for 500 at 20 ms (the peak); the
// first go at 30 ms, and 100 come at 40 ms, on nobody's account.
inline void write_two_lines(const std::string& path, std::uint32_t sample = 1) {
    trace::file_header header;
    header.sample = sample;
    told_trace told(path, {42, 1, std::string("python3\0load.py\0", 16), "/bin/game"}, header);
    told_callstacks& callstacks = told.callstacks();
    const auto function = [&](const char* name) {
        return callstacks.function(
            {function_kind::announced, name, "/game/" + std::string(name) + ".py", "", 1});
    };
    const callstack_id outer = callstacks.child(callstack_id::unknown, function("load"), 5),
                       inner = callstacks.child(outer, function("draw"), 9);
    told.add(at_ms(trace::came(1, 1000), outer, 10));
    told.add(at_ms(trace::came(2, 500), inner, 20));
    told.add(at_ms(trace::went(1), callstack_id::none, 30));
    told.add(at_ms(trace::came(3, 100), callstack_id::unknown, 40));
    told.finish();
}

}  // namespace fil::test
