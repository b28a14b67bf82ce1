#pragma once
// A process that joined, with a recording in memory of the test's.

#include <gtest/gtest.h>

#include "fil/recording/memory.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "session/joined_process.hpp"

namespace fil::test {

inline constexpr std::uint64_t made_bytes = 4 << 20;

// Its recording: it may be written to as the process would.
inline recording_memory memory_of(const joined_process& process) {
    return {process.memory.base(), process.memory.bytes()};
}

inline joined_process made_process(std::int32_t pid, std::int64_t live = 0,
                                   std::uint64_t bytes = made_bytes) {
    joined_process made;
    made.pid = pid;
    made.memory = shared_mapping::of_memory(os::map_private(bytes), bytes);
    EXPECT_TRUE(memory_of(made).format(pid, 1));
    made.header().live = live;
    return made;
}

}  // namespace fil::test
