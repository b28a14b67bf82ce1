#pragma once
// The list of large mappings in a recording, which its process writes while others read it.
//
// A seqlock: a version stands beside the list, odd while it is written. A reader believes what it
// read if the version was even before and is the same after; else it reads again, a few times. A
// writer that was stopped or killed half-way leaves an odd version: then nothing is known now, and
// what a reader knew before stands. So nobody waits for anybody.
//
// One writer at a time (its lock is the mappings'), any number of readers, in any process. Hot
// path: no allocation, no throw.

#include <algorithm>

#include "fil/recording/view.hpp"

namespace fil {

struct large_mapping {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    callstack_id callstack = callstack_id::none;
    mapping_kind kind = mapping_kind::anonymous;
};

class large_mapping_writer {
  public:
    large_mapping_writer(recording_header& header, large_mapping_record* records)
        : header_(header),
          records_(records),
          version_(header.large_mappings_version.load(relaxed) & ~1u) {
        header_.large_mappings_version.store(version_ + 1, relaxed);
        std::atomic_thread_fence(std::memory_order_release);
    }
    ~large_mapping_writer() {
        header_.large_mappings.store(count_, relaxed);
        header_.large_mappings_version.store(version_ + 2, std::memory_order_release);
    }
    large_mapping_writer(const large_mapping_writer&) = delete;
    large_mapping_writer& operator=(const large_mapping_writer&) = delete;

    // False if there is no room.
    bool add(const large_mapping& one) {
        if (count_ == max_large_mappings) return false;
        large_mapping_record& record = records_[count_++];
        record.address.store(one.address, relaxed);
        record.bytes.store(one.bytes, relaxed);
        record.callstack.store(one.callstack, relaxed);
        record.kind.store(one.kind, relaxed);
        return true;
    }
    void start_again() { count_ = 0; }

  private:
    static constexpr auto relaxed = std::memory_order_relaxed;

    recording_header& header_;
    large_mapping_record* records_;
    std::uint32_t version_;
    std::uint32_t count_ = 0;
};

// visit(const large_mapping&) for each, in order of address. Only whole ones are visited, but if
// the list changes meanwhile the answer is false, and what was visited is to be forgotten.
template <typename Visit>
bool visit_large_mappings(const recording_view& recording, Visit&& visit) {
    constexpr auto relaxed = std::memory_order_relaxed;
    const recording_header& header = recording.header();
    const std::uint32_t version = header.large_mappings_version.load(std::memory_order_acquire);
    const auto is_unchanged = [&] {
        std::atomic_thread_fence(std::memory_order_acquire);
        return version % 2 == 0 && header.large_mappings_version.load(relaxed) == version;
    };
    const std::uint32_t count = std::min(header.large_mappings.load(relaxed), max_large_mappings);
    const large_mapping_record* records = recording.large_mappings();
    for (std::uint32_t i = 0; records != nullptr && i < count; ++i) {
        const large_mapping one{records[i].address.load(relaxed), records[i].bytes.load(relaxed),
                                records[i].callstack.load(relaxed), records[i].kind.load(relaxed)};
        if (!is_unchanged()) return false;
        visit(one);
    }
    return is_unchanged();
}

// The same, a few times if need be; `begin()` before each.
template <typename Begin, typename Visit>
bool read_large_mappings(const recording_view& recording, Begin&& begin, Visit&& visit) {
    constexpr int tries = 4;
    for (int i = 0; i < tries; ++i) {
        begin();
        if (visit_large_mappings(recording, visit)) return true;
    }
    return false;
}

}  // namespace fil
