#pragma once
// Small recordings with facts, of processes that held 4,900 bytes when they ended or now.

#include <cstring>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "report/recording_file.hpp"
#include "small_recording.hpp"

namespace fil::test {

inline constexpr std::int64_t made_holds = 4900;

// Damaged: its counters hold more than an address space does.
inline void spoil(const recording_view& recording) {
    recording.for_each_usage(recording.callstacks_there(),
                             [](const usage_set_record&, callstack_id, const usage_record& usage) {
                                 auto& ours = const_cast<usage_record&>(usage);
                                 ours.now = ours.at_peak = most_bytes;
                             });
}

using told_facts = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline recording_file made_recording(std::int32_t pid, std::int32_t parent, told_facts facts = {}) {
    constexpr std::uint64_t bytes = 4 << 20;
    const auto small = small_recording();
    void* memory = system_pages::map(bytes);
    std::memcpy(memory, small.data(), small.size());
    recording_memory made(memory, bytes);
    made.header().pid = pid;
    made.header().parent_pid = parent;
    made.header().live = made_holds;
    for (const auto& [key, value] : facts) made.add_fact<linux_system>(key, value);
    return recording_file(shared_mapping::of_memory(memory, bytes));
}

}  // namespace fil::test
