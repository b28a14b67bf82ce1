#pragma once
// A reader of all that a report reads of a recording.

#include <gtest/gtest.h>

#include <vector>

#include "fil/recording/view.hpp"
#include "fil/report/snapshot_reader.hpp"

namespace fil {

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
