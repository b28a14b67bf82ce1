#pragma once
// A recording of a few functions and callstacks.

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "fil/capture/call_tree.hpp"
#include "fil/capture/function_table.hpp"
#include "fil/recording/view.hpp"
#include "fil/track/thread_leases.hpp"
#include "os/linux_system.hpp"
#include "process/session_words.hpp"

namespace fil {

// As bytes.
inline std::vector<std::byte> small_recording() {
    constexpr std::uint64_t bytes = 4 << 20;
    void* base = system_pages::map(bytes);
    EXPECT_TRUE(recording_memory(base, bytes).format(42, 1));
    recording_memory memory(base, bytes);
    function_table<linux_system> functions(memory);
    call_tree<linux_system> tree(memory);
    thread_leases<linux_system> leases(memory, 0);
    session_page session{};
    thread_state* thread = leases.take(peak_tracker(session_words(session, memory.header())));
    callstack_id at = callstack_id::unknown;
    for (std::uint32_t i = 1; i < 50; ++i) {
        const function_id f = functions.intern({function_kind{1}, "f", "f.py", "", i});
        at = tree.child(at, f, i);
        change_usage(*usage_of(memory, *thread->set, at), 0, 100);
    }
    const recording_view view(base, bytes);
    EXPECT_EQ(view.check(), recording_check::good);
    const auto* first = static_cast<const std::byte*>(base);
    std::vector<std::byte> copy(first, first + view.used_bytes());
    system_pages::unmap(base, bytes);
    return copy;
}

}  // namespace fil
