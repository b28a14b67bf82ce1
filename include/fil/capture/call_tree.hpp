#pragma once
// The call tree: callstacks as (caller, function, line), interned to small integers.
//
// Nodes live in the recording and never change once published, so a reader needs no lock. They are
// found through a private hash of chains that run through the nodes (`next_in_bucket`):
//
//     buckets[hash] ──► node 812 ──► node 37 ──► 0        newest first
//
// A stack that is new makes nodes one after the other, and they are looked up one after the other
// again. So a node's bucket is near its caller's number, as the node itself mostly is: the cache
// has both. Where many are called from one place, the bucket is crowded, and what comes then goes
// to one anywhere in the array.
//
// Finding is lock-free. Inserting, and doubling the buckets when nodes outnumber them, happen under
// one lock. Doubling re-links nodes into a new bucket array, one by one, each in front of nodes
// moved before it: a concurrent finder may be led from an old chain into a new one and miss, but it
// always ends (it moves to nodes re-linked earlier and earlier), and a miss is looked up again
// under the lock. Old arrays stay mapped, for the finder that still reads one.
//
// Hot path: no allocation, no throw. callstack_id::unknown when there is no room.

#include "fil/base/hash.hpp"
#include "fil/base/spin_lock.hpp"
#include "fil/base/system.hpp"
#include "fil/recording/memory.hpp"

namespace fil {

template <system_below System>
class call_tree {
  public:
    explicit call_tree(recording_memory& memory) : memory_(memory) {}

    callstack_id child(callstack_id caller, function_id function, std::uint32_t line) {
        const key wanted{caller, function, line};
        if (callstack_id found = find(wanted); found != callstack_id::none) return found;
        return insert(wanted);
    }

    function_id function_of(callstack_id id) const { return record_of(id)->function; }
    // Of an id that was given out: caller, function and line.
    const callstack_record& at(callstack_id id) const { return *record_of(id); }

  private:
    using head = std::atomic<callstack_id>;
    struct bucket_array {
        std::uint32_t log2;
        head heads[];
    };
    struct key {
        callstack_id caller;
        function_id function;
        std::uint32_t line;
        bool names(const callstack_record& node) const {
            return node.caller == caller && node.function == function && node.line == line;
        }
    };
    static constexpr std::uint32_t first_log2 = 10;

    static constexpr std::size_t crowd = 8;

    static head& near_head(bucket_array& array, const key& k) {
        constexpr int near = 4;  // bits: a cache line of buckets
        const std::uint64_t callee = std::uint64_t{to_index(k.function)} << 32 | k.line;
        const std::uint64_t index = to_index(k.caller) + (mix(callee) >> (64 - near));
        return array.heads[index & ((std::uint64_t{1} << array.log2) - 1)];
    }
    static head& far_head(bucket_array& array, const key& k) {
        return array.heads[hash_bytes(&k, sizeof k) >> (64 - array.log2)];
    }

    callstack_record* record_of(callstack_id id) const {
        const std::uint32_t index = to_index(id);
        auto* directory = memory_.at<page_directory_entry>(memory_.header().callstacks_page);
        auto page = directory[callstack_chunk::chunk_of(index)].load(std::memory_order_acquire);
        return memory_.at<callstack_record>(page) + callstack_chunk::slot_of(index);
    }

    callstack_id find(const key& wanted) const {
        bucket_array* array = buckets_.load(std::memory_order_acquire);
        if (array == nullptr) return callstack_id::none;
        std::size_t seen = 0;
        const callstack_id found = find_from(near_head(*array, wanted), wanted, seen);
        if (found != callstack_id::none || seen < crowd) [[likely]]
            return found;
        return find_from(far_head(*array, wanted), wanted, seen);
    }
    callstack_id find_from(const head& first, const key& wanted, std::size_t& seen) const {
        callstack_id id = first.load(std::memory_order_acquire);
        for (; id != callstack_id::none; ++seen) {
            callstack_record* node = record_of(id);
            if (wanted.names(*node)) return id;
            id = std::atomic_ref(node->next_in_bucket).load(std::memory_order_acquire);
        }
        return callstack_id::none;
    }

    // Where a new node goes. Under the lock.
    head& head_for(bucket_array& array, const key& k) const {
        head& near = near_head(array, k);
        std::size_t seen = 0;
        for (callstack_id id = near.load(std::memory_order_relaxed); id != callstack_id::none;
             id = record_of(id)->next_in_bucket)
            if (++seen == crowd) return far_head(array, k);
        return near;
    }

    callstack_id insert(const key& wanted) {
        const locked<System> hold(lock_);
        if (callstack_id found = find(wanted); found != callstack_id::none) return found;
        recording_header& header = memory_.header();
        const std::uint32_t index = header.callstacks.load(std::memory_order_relaxed);
        bucket_array* array = roomy_buckets(index);
        auto* directory = memory_.at<page_directory_entry>(header.callstacks_page);
        if (index == max_callstacks || array == nullptr) return callstack_id::unknown;
        auto* chunk = memory_.chunk<callstack_record>(directory[callstack_chunk::chunk_of(index)],
                                                      callstack_chunk::pages);
        if (chunk == nullptr) return callstack_id::unknown;
        head& first = head_for(*array, wanted);
        chunk[callstack_chunk::slot_of(index)] = {wanted.caller, wanted.function, wanted.line,
                                                  first.load(std::memory_order_relaxed)};
        header.callstacks.store(index + 1, std::memory_order_release);
        first.store(callstack_id{index}, std::memory_order_release);
        return callstack_id{index};
    }

    // The bucket array, doubled if `nodes` outnumber it; the old one where there is no memory.
    bucket_array* roomy_buckets(std::uint32_t nodes) {
        bucket_array* old = buckets_.load(std::memory_order_relaxed);
        if (old != nullptr && nodes < 1u << old->log2) return old;
        const std::uint32_t log2 = old == nullptr ? first_log2 : old->log2 + 1;
        auto* fresh =
            static_cast<bucket_array*>(System::map(sizeof(bucket_array) + (sizeof(head) << log2)));
        if (fresh == nullptr) return old;
        fresh->log2 = log2;
        for (std::uint32_t index = 2; index < nodes; ++index) {
            callstack_record* node = record_of(callstack_id{index});
            head& first = head_for(*fresh, {node->caller, node->function, node->line});
            std::atomic_ref(node->next_in_bucket)
                .store(first.load(std::memory_order_relaxed), std::memory_order_release);
            first.store(callstack_id{index}, std::memory_order_relaxed);
        }
        buckets_.store(fresh, std::memory_order_release);
        return fresh;
    }

    recording_memory& memory_;
    std::atomic<bucket_array*> buckets_{nullptr};
    spin_lock lock_;
};

}  // namespace fil
