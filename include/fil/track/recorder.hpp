#pragma once
// The recorder: the path of one event, written once, as a list of stages.
//
//     record_alloc    capture -> registry.insert -> usage grows -> live grows -> observer
//     record_free     registry.take -> live before it decreases -> usage shrinks -> live shrinks
//                     -> observer
//
// Templates choose the source of callstacks, where live and peak stand, what the recorder stands on
// and who observes; lib/process/process_recorder.cpp instantiates the process's one recorder. Every
// function takes the calling thread's own state and is called with that thread's re-entry guard
// raised.
//
// Hot path: no allocation, no throw; what cannot be recorded is counted in the recording's header.
// Locks: none on the path of a block; mapping events take the mappings' lock.

#include "fil/base/plain_word.hpp"
#include "fil/capture/call_tree.hpp"
#include "fil/capture/callstack_source.hpp"
#include "fil/capture/function_table.hpp"
#include "fil/recording/view.hpp"
#include "fil/track/event_observer.hpp"
#include "fil/track/mapping_recorder.hpp"
#include "fil/track/registry.hpp"
#include "fil/track/thread_leases.hpp"

namespace fil {

template <callstack_source Source, peak_words Words, system_below System,
          typename Registry = registry<System>, event_observer Observer = null_observer>
class alignas(64) recorder {
  public:
    // `base` is a formatted recording of `bytes`.
    recorder(void* base, std::uint64_t bytes, Words words, Registry& blocks, Source& source,
             std::atomic<std::uint64_t>* generation = nullptr)
        : memory_(base, bytes),
          peak_(words),
          registry_(blocks),
          source_(source),
          functions_(memory_),
          tree_(memory_),
          leases_(memory_, Source::thread_bytes),
          generation_(generation),
          mappings_(memory_, peak_, observer_) {}

    // What must exist before the first event. False if the recording is too small even for that.
    bool prepare() {
        if (!mappings_.prepare(leases_)) return false;
        shared_ = leases_.make();
        return shared_ != nullptr;
    }

    // ---- blocks ----

    FIL_HOT void record_alloc(thread_state& thread, std::uintptr_t address, std::uint64_t bytes,
                              spacing from_next = spacing::close) {
        record_alloc_at(thread, address, bytes, capture(thread), false, from_next);
    }

    FIL_HOT void record_alloc_at(thread_state& thread, std::uintptr_t address, std::uint64_t bytes,
                                 callstack_id callstack, bool watched = false,
                                 spacing from_next = spacing::close) {
        usage_record& usage = usage_for(memory_, *thread.set, callstack);
        const auto forgotten = [&](std::uintptr_t place, const registered_block& old) {
            forget_unfreed(thread, place, old);
        };
        if (!registry_.insert(address, callstack, bytes, watched, forgotten, from_next)) {
            count(header().dropped_events);
            return;
        }
        count_allocation(usage);
        change_usage(usage, peak_.peak(), static_cast<std::int64_t>(bytes));
        change_live(thread, static_cast<std::int64_t>(bytes));
        observer_.block_came(thread, {address, bytes, callstack});
    }

    FIL_HOT registered_block record_free(thread_state& thread, std::uintptr_t address) {
        const registered_block block = registry_.take(address);
        if (block.callstack != callstack_id::none) forget(thread, address, block);
        return block;
    }

    FIL_HOT static bool is_leaf_cached(const thread_state& thread, std::uintptr_t address) {
        return Registry::is_cached(thread.leaf, address);
    }
    // False where the slow path is needed: there is no leaf yet, or a free waits for an event's end
    // (no leaf is cached then, so who finds one cached need not ask).
    FIL_HOT bool cache_leaf(thread_state& thread, std::uintptr_t address) const {
        return registry_.cache_leaf(thread.leaf, address) && !thread.has_deferred();
    }

    // The fast path of the same two. The caller has seen that the block's leaf is the cached one
    // (cache_leaf()). They do all of it if nothing unusual is about: the counters exist, the block
    // is a plain one, nothing is to be published, no free waits for the event's end, and the
    // observer has room. Otherwise they return false and have changed nothing (a usage may be
    // settled, which is no change). Few values live at a time, each word is loaded once: this is
    // where the time of a program goes that allocates much.
    FIL_HOT bool record_alloc_fast(thread_state& thread, std::uintptr_t address,
                                   std::uint64_t bytes, callstack_id callstack,
                                   spacing from_next = spacing::close) {
        usage_set_record& set = *thread.set;
        usage_record* usage = known_usage_of(memory_, set, callstack);
        if (usage == nullptr || !observer_.has_room(thread)) [[unlikely]]
            return false;
        settle(*usage, peak_.peak());
        const std::int64_t pending =
            set.pending.load(std::memory_order_relaxed) + static_cast<std::int64_t>(bytes);
        if (!peak_.may_stay_pending(pending) ||
            !Registry::insert_plain(Registry::cached_slot(thread.leaf, address), address, callstack,
                                    bytes, from_next)) [[unlikely]]
            return false;
        set.pending.store(pending, std::memory_order_relaxed);
        count_allocation(*usage);
        add_owned(usage->now, static_cast<std::int64_t>(bytes));
        observer_.came_at_once(thread, {address, bytes, callstack});
        return true;
    }

    FIL_HOT bool record_free_fast(thread_state& thread, std::uintptr_t address) {
        return Registry::take_plain(
            Registry::cached_slot(thread.leaf, address), address,
            [&](callstack_id callstack, std::uint64_t bytes) FIL_INLINED {
                usage_set_record& set = *thread.set;
                usage_record* usage = known_usage_of(memory_, set, callstack);
                if (usage == nullptr || !observer_.has_room_to_go(thread, bytes)) [[unlikely]]
                    return false;
                const std::int64_t peak = peak_.peak();
                settle(*usage, peak);
                std::int64_t pending = set.pending.load(std::memory_order_relaxed);
                if (peak_.live() + pending > peak) [[unlikely]]
                    return false;
                pending -= static_cast<std::int64_t>(bytes);
                if (!peak_.may_stay_pending(pending)) [[unlikely]]
                    return false;
                set.pending.store(pending, std::memory_order_relaxed);
                add_owned(usage->now, -static_cast<std::int64_t>(bytes));
                observer_.went_at_once(thread, {address, bytes, callstack});
                return true;
            });
    }

    Registry& blocks() { return registry_; }
    Observer& observer() { return observer_; }

    void record_free_range(thread_state& thread, std::uintptr_t address, std::uint64_t bytes) {
        registry_.take_range(address, bytes,
                             [&](std::uintptr_t place, const registered_block& old) {
                                 forget_unfreed(thread, place, old);
                             });
    }

    // The block that starts at `from` starts at `to` from now on: who holds what stays as it is.
    void record_moved(thread_state& thread, std::uintptr_t from, std::uintptr_t to) {
        const registered_block block = registry_.take(from);
        if (block.callstack == callstack_id::none) return;
        const auto forgotten = [&](std::uintptr_t place, const registered_block& old) {
            forget_unfreed(thread, place, old);
        };
        if (!registry_.insert(to, block.callstack, block.bytes, block.watched, forgotten)) {
            count(header().dropped_events);
            return forget(thread, from, block);
        }
        if (block.watched) raise_generation();
        observer_.block_went(thread, {from, block.bytes, block.callstack});
        observer_.block_came(thread, {to, block.bytes, block.callstack});
    }

    // A free inside an event of the same thread: taken out now, accounted for when the event ends.
    registered_block record_nested_free(thread_state* thread, std::uintptr_t address) {
        const registered_block block = registry_.take(address);
        if (block.callstack == callstack_id::none) return block;
        if (thread == nullptr || !thread->defer({address, block})) count(header().dropped_events);
        return block;
    }

    FIL_HOT void end_event(thread_state& thread) {
        if (thread.has_deferred()) [[unlikely]]
            forget_deferred(thread);
    }

    // Whether taking the block out will say `watched`. Of blocks that came before a run nothing is
    // known; those get a mark of no bytes.
    bool watch(std::uintptr_t address) {
        if (registry_.watch(address)) return true;
        return root_ != callstack_id::unknown && registry_.watch_unknown(address, root_);
    }

    // The live block that starts there, if one does.
    registered_block look(std::uintptr_t address) const { return registry_.look(address); }

    // ---- mappings (mapping_recorder.hpp) ----

    void record_map(thread_state& thread, std::uintptr_t start, std::uint64_t bytes,
                    mapping_kind kind) {
        mappings_.map(thread, start, bytes, kind, capture(thread));
    }
    void record_view(thread_state& thread, std::uintptr_t of, std::uintptr_t start,
                     std::uint64_t bytes, mapping_kind kind) {
        mappings_.view(thread, of, start, bytes, kind, capture(thread));
    }
    void move_mapping(thread_state& thread, mapping* pieces, std::uintptr_t old_start,
                      std::uintptr_t new_start, std::uint64_t bytes) {
        mappings_.move(thread, pieces, old_start, new_start, bytes, capture(thread));
    }
    mapping_recorder<Words, System, Observer>& mapped() { return mappings_; }

    // ---- pools ----

    // A block of a pool: memory around it that was counted becomes the pool's reserve. `around`
    // remembers, for the thread, what is known not to be counted.
    void record_pool_alloc(thread_state& thread, std::uintptr_t address, std::uint64_t bytes,
                           uncounted_range& around) {
        if (!around.range.holds(address) || around.changes != mappings_.changes())
            around = mappings_.become_reserve(thread, address);
        record_alloc(thread, address, bytes);
    }

    // ---- callstacks ----

    FIL_HOT callstack_id capture(thread_state& thread) {
        const callstack_id found = source_.capture(thread.source_memory);
        if (found != callstack_id::none) [[likely]]
            return found;
        if (thread.is_librarys) return errand_of(thread);
        return inherited(thread);
    }

    // What a thread without frames is charged with where its source finds nobody to work for.
    void inherit(thread_state& thread, callstack_id callstack) {
        thread.inherited = callstack;
        thread.asker = {};
        thread.errand_function = function_id::none;
        const bool is_known = callstack > callstack_id::unknown && callstack != root_;
        const function_id innermost = is_known ? tree_.function_of(callstack) : function_id::none;
        thread.is_librarys = innermost != function_id::none &&
                             functions_.kind_of(innermost) == function_kind::threads;
    }
    // What was inherited in an earlier run has no part in this one; its id is a smaller one.
    callstack_id inherited(const thread_state& thread) const {
        return thread.inherited >= root_ ? thread.inherited : root_.get();
    }
    callstack_id root() const { return root_; }

    // Starts over: what was known of blocks and mappings is forgotten, so what came before has no
    // part in what follows, and live and peak are those of `words`, which are zero. The counters so
    // far stay, under the roots they had. Nothing is recorded while this is called: other threads
    // find the recorder again afterwards.
    void start_over(Words words, callstack_id root) {
        forget_everything();
        leases_.drop_pendings();
        peak_.use(words);
        root_ = root;
    }

    void forget_everything() {
        registry_.clear();
        mappings_.forget_everything();
    }

    // ---- the process ----

    thread_state* lease() {
        thread_state* thread = leases_.take(peak_);
        if (thread != nullptr) source_.begin_thread(thread->source_memory);
        return thread;
    }
    void give_back(thread_state& thread) {
        end_event(thread);
        observer_.thread_ends(thread);
        leases_.give_back(thread, peak_);
    }

    // For events of threads without a lease: one at a time, published at once.
    template <typename Event>
    void with_shared_state(Event&& event) {
        const locked<System> hold(shared_lock_);
        event(*shared_);
        peak_.publish(shared_->set->pending);
    }

    recording_header& header() const { return memory_.header(); }
    const Words& words() const { return peak_.words(); }
    recording_memory& memory() { return memory_; }
    recording_view view() const { return {memory_.base(), memory_.bytes()}; }
    function_table<System>& functions() { return functions_; }
    call_tree<System>& tree() { return tree_; }

    static void count(std::atomic<std::uint64_t>& counter) {
        counter.fetch_add(1, std::memory_order_relaxed);
    }

  private:
    // Of a thread that a library made: it works for the one thread that is in a library's code.
    FIL_RARE callstack_id errand_of(thread_state& thread) {
        asked_by asker;
        if constexpr (requires { source_.asker(); }) asker = source_.asker();
        if (asker.callstack <= root_ || thread.inherited <= root_) return inherited(thread);
        return asker == thread.asker ? thread.errand : begin_errand(thread, asker);
    }

    FIL_RARE callstack_id begin_errand(thread_state& thread, asked_by asker) {
        if (thread.errand_function == function_id::none) {
            function_text whose = functions_.text_of(tree_.function_of(thread.inherited));
            whose.kind = function_kind::errand;
            thread.errand_function = functions_.intern(whose);
            if (thread.errand_function == function_id::none) return inherited(thread);
        }
        const auto how = static_cast<std::uint32_t>(asker.how);
        const callstack_id found = tree_.child(asker.callstack, thread.errand_function, how);
        if (found == callstack_id::unknown) return inherited(thread);
        thread.asker = asker;
        return thread.errand = found;
    }

    FIL_RARE void forget_deferred(thread_state& thread) {
        deferred_free one;
        while (thread.take_deferred(one)) forget(thread, one.address, one.block);
    }

    FIL_HOT void forget(thread_state& thread, std::uintptr_t address,
                        const registered_block& block) {
        const auto bytes = -static_cast<std::int64_t>(block.bytes);
        callstack_id callstack = block.callstack;
        peak_.before_decrease(thread.set->pending);
        change_usage(usage_for(memory_, *thread.set, callstack), peak_.peak(), bytes);
        change_live(thread, bytes);
        observer_.block_went(thread, {address, block.bytes, block.callstack});
    }

    // A block that goes without a free of its own. Whoever keyed a cache by its address must hear.
    FIL_RARE void forget_unfreed(thread_state& thread, std::uintptr_t address,
                                 const registered_block& block) {
        forget(thread, address, block);
        if (block.watched) raise_generation();
    }
    FIL_RARE void raise_generation() {
        if (generation_ != nullptr) generation_->fetch_add(1, std::memory_order_acq_rel);
    }

    FIL_HOT void change_live(thread_state& thread, std::int64_t bytes) {
        peak_.change(thread.set->pending, bytes);
    }

    static constexpr auto relaxed = std::memory_order_relaxed;

    // What every event reads stands in one cache line.
    recording_memory memory_;
    peak_tracker<Words> peak_;
    Registry& registry_;
    Source& source_;

    function_table<System> functions_;
    call_tree<System> tree_;
    thread_leases<System> leases_;
    std::atomic<std::uint64_t>* generation_;  // raised when a watched block goes unfreed
    thread_state* shared_ = nullptr;
    seldom_written<callstack_id> root_ = callstack_id::unknown;  // of this run; the smallest id
    spin_lock shared_lock_;
    [[no_unique_address]] Observer observer_;
    mapping_recorder<Words, System, Observer> mappings_;
};

}  // namespace fil
