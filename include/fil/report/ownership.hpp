#pragma once
// Whose code a frame is, and what it is folded into: "pandas", "json", "libstdc++".

#include <cstdint>
#include <string>

namespace fil::report {

enum class frame_owner : std::uint8_t {
    user,
    library,
    standard_library,
    native,
    threads,
    process,  // no code: what a process is called
    errand,   // nor this: a thread that works for what stands above
};

struct ownership {
    frame_owner owner;
    std::string package = {};  // "" for the user's own code

    bool operator==(const ownership&) const = default;
};

}  // namespace fil::report
