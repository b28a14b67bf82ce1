#include "process/trace_observer.hpp"

#include <charconv>

#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "os/sandbox.hpp"
#include "os/wait_and_wake.hpp"

namespace fil {

constinit thread_local trace_words this_trace{};

// Of a forked child this is the first and only thread.
void trace_observer::begin(recording_memory& memory) {
    this_trace = {};
    const page_number page = memory.take(trace_root_pages);
    if (page == page_number::none) return;
    char digits[12];
    char* const end = std::to_chars(digits, digits + sizeof digits, to_index(page)).ptr;
    auto* root = memory.at<trace_root>(page);
    root->magic = trace_magic;
    memory.add_fact<linux_system>(trace_fact, {digits, static_cast<std::size_t>(end - digits)});
    memory_ = &memory;
    root_ = root;
}

trace_ring* trace_observer::make_ring(usage_set_record& set) {
    const std::uint32_t number = root_->rings.fetch_add(1);
    if (number >= max_trace_rings) {
        root_->rings.store(max_trace_rings);
        return nullptr;
    }
    const page_number page = memory_->take(pages_of_ring(number));
    if (page == page_number::none) return nullptr;
    auto* ring = memory_->at<trace_ring>(page);
    ring->entries = entries_of_ring(number);
    set_ring(set, page);
    root_->ring[number].store(page, std::memory_order_release);
    return ring;
}

// The supervisor takes what is there every few milliseconds.
bool trace_observer::wait_for_room(trace_ring& ring) {
    constexpr std::int64_t patience_ns = 10'000'000'000, nap_ns = 200'000;
    const os::keep_errno keep;
    std::int64_t until = 0;
    std::uint64_t seen = ring.taken_seen;
    // In a sandbox that lets nobody wait or ask for the time, by turns: half a minute or so.
    std::uint32_t turns = 1u << 30;
    for (;;) {
        ring.taken_seen = ring.taken.load(std::memory_order_acquire);
        if (has_room(ring)) return true;
        if (root_->gave_up.load(std::memory_order_relaxed) != 0) return false;
        if (!linux_system::may_yield()) {
            spin_lock::pause();
            if (ring.taken_seen != seen) turns = 1u << 30;
            seen = ring.taken_seen;
            if (--turns == 0) {
                root_->gave_up.store(1);
                return false;
            }
            continue;
        }
        const std::int64_t now = os::monotonic_ns();
        if (until == 0 || ring.taken_seen != seen) until = now + patience_ns;
        seen = ring.taken_seen;
        if (now > until) {
            root_->gave_up.store(1);
            return false;
        }
        os::sleep_for(nap_ns);
    }
}

void trace_observer::put_touched(thread_state& thread, const memory_extent& extent,
                                 unsigned about) {
    if (root_ == nullptr || !sandbox::allows(sandbox::of_residence)) return;
    constexpr std::uintptr_t page = 4096;
    const std::uintptr_t begin = extent.address & ~(page - 1);
    const std::uintptr_t end = (extent.address + extent.bytes + page - 1) & ~(page - 1);
    const std::uint64_t touched = linux_system::resident_bytes(begin, end - begin);
    if (trace_ring* ring = prepare(thread, 0))
        append(*ring, trace_entry_kind::size, about, extent.address,
               std::min(touched, extent.bytes));
}

trace_ring* trace_observer::prepare(thread_state& thread, std::uint64_t bytes) {
    const auto lose = [&] {
        root_->lost.fetch_add(1);
        return nullptr;
    };
    if (root_->gave_up.load(std::memory_order_relaxed) != 0) return lose();
    trace_words& words = this_trace;
    if (words.thread == 0) words.thread = root_->threads.fetch_add(1) + 1;
    trace_ring* ring = ring_of(*thread.set) == page_number::none
                           ? make_ring(*thread.set)
                           : memory_->at<trace_ring>(ring_of(*thread.set));
    if (ring == nullptr) return lose();
    if (ring->thread != words.thread) {
        if (!has_room(*ring) && !wait_for_room(*ring)) return lose();
        ring->thread = words.thread;
        append(*ring, trace_entry_kind::thread, 0, words.thread, 0);
    }
    if (bytes >= trace_size_apart) {
        if (!has_room(*ring) && !wait_for_room(*ring)) return lose();
        append(*ring, trace_entry_kind::size, 0, 0, bytes);
    }
    return has_room(*ring) || wait_for_room(*ring) ? ring : lose();
}

}  // namespace fil
