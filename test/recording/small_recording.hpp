#pragma once
// A recording of a few functions and callstacks, and a reader of all that a report reads.

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "fil/capture/call_tree.hpp"
#include "fil/capture/function_table.hpp"
#include "fil/recording/view.hpp"
#include "fil/report/snapshot_reader.hpp"
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

inline const std::vector<report::frame>& no_symbols(std::string_view, std::string_view,
                                                    std::uint32_t) {
    static const std::vector<report::frame> none;
    return none;
}

// Everything that a report reads. What it throws is known: the recording is damaged.
inline void read_all(const recording_view& view, const session_page& session) {
    if (view.check() != recording_check::good) return;
    try {
        const auto read =
            read_snapshot(view, read_usage(view, session),
                          {callstack_id{0}, callstack_id{40}, callstack_id{9999}}, no_symbols);
        for (int kind = 0; kind < mapping_kinds; ++kind) {
            const std::int64_t total = read.snapshot.total(static_cast<mapping_kind>(kind));
            EXPECT_EQ(total, plausible(total));
        }
    } catch (const damaged_recording&) {
    }
    for (const fact_record& fact : view.facts()) (void)view.text(fact.key);
    (void)view.pending();
}

}  // namespace fil
