#pragma once
// One frame of a callstack, in words: which function, in which file, at which line.
//
// Everything is kept as the program had it (a file name verbatim, relative if it was compiled from
// a relative name), in bytes that need not be UTF-8. What the reader sees is decided later
// (frame_text.hpp, frame_owner.hpp). Cold code; plain values, no locks.

#include <cstdint>
#include <string>

#include "fil/base/ids.hpp"

namespace fil::report {

// What runs it, by the number that functions of its runtime have (fil_function_kind); then what
// stands for no frame. Of other numbers a report knows nothing but their texts.
enum class frame_kind : std::uint8_t {
    announced = 0,  // by a runtime of its own, through fil.h
    python = 1,
    native = 2,
    threads = 3,  // no frame: stands for the threads that a library, `module`, started
    lua = 4,
    errand = 5,  // no frame: a thread, `function`, that works for its caller; `first_line` says how
                 //   that is known (errand_kind)
    process = 253,      // no frame: what all below it belongs to, where there are several processes
    placeholder = 254,  // stands for no frame: only `function` is text, "[No Python stack]"
    compiling = 255,    // so does this, while the main script is read: "compiling flights.py";
                        //   `first_line` is the kind of the runtime that reads it
};

// Of a function in a recording, whatever number is there.
constexpr frame_kind frame_kind_of(std::uint32_t function_kind) {
    const bool is_frame = function_kind < static_cast<std::uint32_t>(frame_kind::placeholder);
    return is_frame ? static_cast<frame_kind>(function_kind) : frame_kind::announced;
}

struct frame {
    std::string function = {};     // co_name; a demangled name; "" if nobody knows
    std::string file = {};         // co_filename; the source file, or "libx.so+0x1234" with line 0
    std::uint32_t line = 0;        // where the function stood; 0: not known
    std::uint32_t first_line = 0;  // where it begins
    frame_kind kind = frame_kind::python;
    std::string directory = {};  // the program's working directory when it first ran this
    std::string module = {};     // native: the object file that holds the code

    bool operator==(const frame&) const = default;
};

inline bool stands_for_no_frame(const frame& f) {
    return f.kind == frame_kind::placeholder || f.kind == frame_kind::compiling ||
           f.kind == frame_kind::threads || f.kind == frame_kind::process ||
           f.kind == frame_kind::errand;
}

// 0: of a snapshot from before this was told, when there was one.
inline frame_kind compiler_of(const frame& f) {
    return f.first_line == 0 ? frame_kind::python : frame_kind_of(f.first_line);
}

inline errand_kind errand_of(const frame& f) {
    if (f.kind != frame_kind::errand) return errand_kind::none;
    const bool is_known = f.first_line > 0 && f.first_line <= 5;
    return is_known ? static_cast<errand_kind>(f.first_line) : errand_kind::guessed;
}

}  // namespace fil::report
