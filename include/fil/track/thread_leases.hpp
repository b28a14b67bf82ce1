#pragma once
// What each recording thread has to itself: a set of usage counters and a few words.
//
// A thread leases its state at its first event and gives it back when it ends; the next thread goes
// on with the same counters (only sums matter to a reader). So no two threads write one line, and
// counters outlive their threads. States are kept in a Boost.Intrusive list under a lock.
//
// Hot path (uncommon part): no malloc, no throw; nullptr when there is no room: such events go
// through one shared state, under its lock.

#include <boost/intrusive/slist.hpp>

#include "fil/base/arena.hpp"
#include "fil/base/spin_lock.hpp"
#include "fil/base/system.hpp"
#include "fil/track/peak.hpp"
#include "fil/track/registry.hpp"
#include "fil/track/usage.hpp"

namespace fil {

struct deferred_free {
    std::uintptr_t address;
    registered_block block;
};

struct thread_state : boost::intrusive::slist_base_hook<
                          boost::intrusive::link_mode<boost::intrusive::normal_link>> {
    usage_set_record* set = nullptr;
    leaf_cache leaf;                              // of the registry
    callstack_id inherited = callstack_id::none;  // the creator's, for a thread without frames
    void* source_memory = nullptr;                // the source's thread_bytes

    // Of a thread that a library made: for whom it worked last, and its own callstack then.
    bool is_librarys = false;
    asked_by asker;
    callstack_id errand = callstack_id::none;
    function_id errand_function = function_id::none;  // names the thread; none: not asked for yet

    // Frees seen inside an event (a signal handler's): the event's end accounts for them.
    static constexpr std::uint32_t max_deferred = 16;
    std::uint32_t deferred_count = 0;
    deferred_free deferred[max_deferred];

    bool has_deferred() const { return __atomic_load_n(&deferred_count, __ATOMIC_RELAXED) != 0; }

    // Signal handlers nest: a place is reserved before it is filled. No leaf is cached from then
    // on: the thread's next event takes a way on which it is asked for what was deferred.
    bool defer(const deferred_free& one) {
        const std::uint32_t at = __atomic_fetch_add(&deferred_count, 1, __ATOMIC_RELAXED);
        if (at >= max_deferred) {
            __atomic_fetch_sub(&deferred_count, 1, __ATOMIC_RELAXED);
            return false;
        }
        deferred[at] = one;
        leaf.number = leaf_cache::none;
        return true;
    }

    // Takes the last one out, unless a handler put another on top meanwhile: then that one first.
    bool take_deferred(deferred_free& one) {
        std::uint32_t count = __atomic_load_n(&deferred_count, __ATOMIC_RELAXED);
        do {
            if (count == 0) return false;
            one = deferred[count - 1];
        } while (!__atomic_compare_exchange_n(&deferred_count, &count, count - 1, false,
                                              __ATOMIC_RELAXED, __ATOMIC_RELAXED));
        return true;
    }
};

template <system_below System>
class thread_leases {
  public:
    thread_leases(recording_memory& memory, std::size_t source_bytes)
        : memory_(memory), source_bytes_(source_bytes) {}

    template <peak_words Words>
    thread_state* take(const peak_tracker<Words>& peak) {
        const locked<System> hold(lock_);
        thread_state* state = nullptr;
        if (!free_.empty()) {
            state = &free_.front();
            free_.pop_front();
        } else if (!full_) {
            state = make();
            full_ = state == nullptr;
            if (!full_) peak.add_thread();
        }
        if (state == nullptr) return nullptr;
        state->inherited = callstack_id::none;
        state->is_librarys = false;
        state->asker = {};
        memory_.header().threads_ever.fetch_add(1, std::memory_order_relaxed);
        return state;
    }

    template <peak_words Words>
    void give_back(thread_state& state, const peak_tracker<Words>& peak) {
        peak.before_decrease(state.set->pending);
        peak.publish(state.set->pending);
        const locked<System> hold(lock_);
        free_.push_front(state);
    }

    // What threads have not published yet is no longer wanted.
    void drop_pendings() {
        auto* directory = memory_.at<page_directory_entry>(memory_.header().usage_sets_page);
        const std::uint32_t sets = memory_.header().usage_sets.load(std::memory_order_acquire);
        for (std::uint32_t index = 0; index < sets; ++index) {
            const page_number page = directory[index].load(std::memory_order_acquire);
            memory_.at<usage_set_record>(page)->pending.store(0, std::memory_order_relaxed);
        }
    }

    // A state that is no thread's.
    thread_state* make() {
        void* taken = arena_.take(line + state_bytes + source_bytes_);  // of mapped pages: zeroed
        if (taken == nullptr) return nullptr;
        auto* room =
            static_cast<std::byte*>(taken) + (-reinterpret_cast<std::uintptr_t>(taken) % line);
        usage_set_record* set = make_set(mapping_kind::anonymous);
        if (set == nullptr) return nullptr;
        auto* state = new (room) thread_state;
        state->set = set;
        state->source_memory = room + state_bytes;
        return state;
    }

    // A usage set of its own for `kind`, entered into the recording's directory.
    usage_set_record* make_set(mapping_kind kind) {
        recording_header& header = memory_.header();
        const std::uint32_t index = header.usage_sets.load(std::memory_order_relaxed);
        if (index == max_usage_sets) return nullptr;
        const page_number page = memory_.take(usage_set_pages, 1);
        if (page == page_number::none) return nullptr;
        auto* set = memory_.at<usage_set_record>(page);
        set->kind = kind;
        // Its first chunk holds `unknown`, where bytes go when another chunk cannot be made.
        if (usage_of(memory_, *set, callstack_id::unknown) == nullptr) return nullptr;
        auto* directory = memory_.at<page_directory_entry>(header.usage_sets_page);
        directory[index].store(page, std::memory_order_release);
        header.usage_sets.store(index + 1, std::memory_order_release);
        return set;
    }

  private:
    // A state begins a cache line, its source's memory another.
    static constexpr std::size_t line = 64;
    static constexpr std::size_t state_bytes = (sizeof(thread_state) + line - 1) & ~(line - 1);

    recording_memory& memory_;
    std::size_t source_bytes_;
    arena<System> arena_;
    boost::intrusive::slist<thread_state, boost::intrusive::cache_last<false>> free_;
    bool full_ = false;  // there was no room once: asking again would cost each event a mapping
    spin_lock lock_;
};

}  // namespace fil
