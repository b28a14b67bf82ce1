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
    is_shared_.store(false, std::memory_order_relaxed);
    root_ = root;
}

// Most threads are announced by who starts them. Of one that was not, the other may be in the
// middle of an event, and the two take the same number: wait for longer than that takes.
void trace_observer::number_thread() {
    this_trace.thread = root_->threads.fetch_add(1) + 1;
    if (this_trace.thread == 1 || is_shared_.exchange(true)) return;
    const os::keep_errno keep;
    if (linux_system::may_yield()) os::sleep_for(1'000'000);
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
    ring->mask = entries_of_ring(number) - 1;
    ring->room_until = entries_of_ring(number);
    set_ring(set, ring);
    root_->ring[number].store(page, std::memory_order_release);
    return ring;
}

// The supervisor takes an entry in some 100 ns: who waits for less than a part of the ring
// is woken for nothing, which costs more than many events do.
bool trace_observer::wait_for_room(trace_ring& ring) {
    constexpr std::int64_t patience_ns = 10'000'000'000, entry_ns = 64;
    const std::int64_t nap_ns = std::max<std::int64_t>(100'000, ring.mask * entry_ns);
    const os::keep_errno keep;
    std::int64_t until = 0;
    std::uint64_t seen = ring.room_until;
    // In a sandbox that lets nobody wait or ask for the time, by turns: half a minute or so.
    std::uint32_t turns = 1u << 30;
    for (;;) {
        ring.room_until = ring.taken.load(std::memory_order_acquire) + ring.mask + 1;
        if (has_room(ring)) return true;
        if (root_->gave_up.load(std::memory_order_relaxed) != 0) return false;
        if (!linux_system::may_yield()) {
            spin_lock::pause();
            if (ring.room_until != seen) turns = 1u << 30;
            seen = ring.room_until;
            if (--turns == 0) {
                root_->gave_up.store(1);
                return false;
            }
            continue;
        }
        const std::int64_t now = os::monotonic_ns();
        if (until == 0 || ring.room_until != seen) until = now + patience_ns;
        seen = ring.room_until;
        if (now > until) {
            root_->gave_up.store(1);
            return false;
        }
        os::sleep_for(nap_ns);
    }
}

void trace_observer::put_touched(thread_state& thread, std::uintptr_t address, std::uint64_t bytes,
                                 unsigned about) {
    if (root_ == nullptr || !sandbox::allows(sandbox::of_residence)) return;
    constexpr std::uintptr_t page = 4096;
    const std::uintptr_t begin = address & ~(page - 1);
    const std::uintptr_t end = (address + bytes + page - 1) & ~(page - 1);
    const std::uint64_t touched = linux_system::resident_bytes(begin, end - begin);
    if (trace_ring* ring = prepare(thread, 0))
        append(*ring, about << 3 | std::uint64_t(trace_entry_kind::size), address,
               std::min(touched, bytes));
}

void trace_observer::put(thread_state& thread, std::uint64_t about, std::uint64_t place,
                         const memory_extent& extent) {
    if (root_ == nullptr) return;
    memory_extent entry = extent;
    entry.bytes = std::min<std::uint64_t>(extent.bytes, trace_size_apart);
    if (trace_ring* ring = prepare(thread, extent.bytes))
        append(*ring, about, place, what_of(entry));
}

trace_ring* trace_observer::prepare(thread_state& thread, std::uint64_t bytes) {
    const auto lose = [&] {
        root_->lost.fetch_add(1);
        return nullptr;
    };
    if (root_->gave_up.load(std::memory_order_relaxed) != 0) return lose();
    if (this_trace.thread == 0) number_thread();
    trace_ring* ring = ring_of(*thread.set);
    if (ring == nullptr) ring = make_ring(*thread.set);
    if (ring == nullptr) return lose();
    if (ring->thread != this_trace.thread) {
        if (!has_room(*ring) && !wait_for_room(*ring)) return lose();
        ring->thread = this_trace.thread;
        append(*ring, std::uint64_t(trace_entry_kind::thread), this_trace.thread, 0);
    }
    if (bytes >= trace_size_apart) {
        if (!has_room(*ring) && !wait_for_room(*ring)) return lose();
        append(*ring, std::uint64_t(trace_entry_kind::size), 0, bytes);
    }
    return has_room(*ring) || wait_for_room(*ring) ? ring : lose();
}

}  // namespace fil
