#pragma once
// The process's source of callstacks: those registered through fil.h, newest first, then native
// frames where they were asked for.
//
// Where they are to be merged, a source that has crossings is registered with another capture: its
// own, and the native source's, as one callstack (merged_stacks.hpp). Where not, nothing is
// different.
//
// Each source has memory of its own in every thread: pages made at its first use there, and zeroed
// again for the next thread that gets them, unless the source takes them as they are. Registering
// happens under a lock of the caller's; capturing reads a pointer.
// Hot path: no allocation, no throw.

#include <atomic>
#include <string_view>

#include "fil.h"
#include "fil/track/recorder.hpp"
#include "os/system_modules.hpp"
#include "os/system_stack_ends.hpp"
#include "process/merged_stacks.hpp"
#include "process/native_source.hpp"
#include "process/pool_threads.hpp"
#include "process/session_words.hpp"

namespace fil {

class process_sources {
  public:
    static constexpr std::size_t max_sources = 4;

  private:
    struct registered {
        fil_source source;  // as it is asked
        const registered* older;
        std::size_t slot;
        fil_source own;  // as it was registered
        process_sources* among;
        bool is_merged() const { return source.capture != own.capture; }
    };
    struct thread_slots {
        const registered* newest;  // that this thread asked first last time, and its memory
        void* newest_memory;
        void* memory[max_sources + 1];
        merged_stacks* merged;
    };

  public:
    static constexpr std::size_t thread_bytes = sizeof(thread_slots);

    bool add(const fil_source& source) {
        if (count_ == max_sources) return false;
        registered& fresh = sources_[count_];
        fresh.source = fresh.own = source;
        fresh.among = this;
        if (merges_ && source.crossings != nullptr) {
            fresh.source.capture = capture_merged;
            fresh.source.context = &fresh;
            fresh.source.thread_bytes = place_of_slots(source) + sizeof(thread_slots*);
        }
        fresh.older = newest_.load(std::memory_order_relaxed);
        fresh.slot = count_++;
        newest_.store(&fresh, std::memory_order_release);
        return true;
    }

    // For whom a library's thread works, by the newest source that knows; or none.
    asked_by asker() const {
        const registered* each = newest_.load(std::memory_order_acquire);
        for (; each != nullptr; each = each->older) {
            if (each->own.asking == nullptr) continue;
            const asked_by found = asker_of(each->own);
            if (found.callstack != callstack_id::none) return found;
        }
        return {};
    }

    void waits(const void* caller) const {
        const registered* each = newest_.load(std::memory_order_acquire);
        for (; each != nullptr; each = each->older) {
            if (each->own.waits != nullptr) each->own.waits(each->own.context, caller);
        }
    }

    // Whether a runtime's frames are run by that module.
    bool has_runner_in(std::string_view module) const {
        const registered* each = newest_.load(std::memory_order_acquire);
        for (; each != nullptr; each = each->older) {
            const void* const runner = each->own.runner;
            if (runner != nullptr && module_name(address_of(runner)) == module) return true;
        }
        return false;
    }

    // Whoever wants to know hears that a run begins, or has ended.
    void run_changed(bool is_on) const {
        const registered* each = newest_.load(std::memory_order_acquire);
        for (; each != nullptr; each = each->older) {
            const fil_source& source = each->own;
            if (source.run_changed != nullptr) source.run_changed(source.context, is_on ? 1 : 0);
        }
    }

    // Each process builds its own native source: a forked child has new tables.
    void use_native_frames(function_table<linux_system>& functions, call_tree<linux_system>& tree) {
        const auto here = reinterpret_cast<std::uintptr_t>(&own_code);
        auto* loaded = new (modules_) native_modules(functions);
        native_ = new (native_source_) native_source(functions, tree, *loaded, here);
        tree_ = &tree;
    }

    void use_no_native_frames() { native_ = nullptr; }

    // Used again, or not for now: who is just being asked goes on.
    void ask_for_native_frames(bool is_wanted) { asks_natively_ = is_wanted; }

    // Of sources that are registered from now on.
    void merge_native_frames(bool is_wanted) { merges_ = is_wanted; }
    bool merges_native_frames() const { return merges_; }

    bool knows_native_frames() const { return native_ != nullptr; }
    bool has_native_frames() const { return native_ != nullptr && asks_natively_; }

    // A new run: callstacks hang under another root.
    void begin_at(callstack_id root) {
        if (native_ == nullptr) return;
        native_->begin_at(root);
        forget_unloaded_modules();
    }

    void know_all_modules() {
        if (native_ != nullptr) reinterpret_cast<native_modules*>(modules_)->know_all();
    }

    void forget_unloaded_modules() {
        if (native_ != nullptr) reinterpret_cast<native_modules*>(modules_)->forget_unloaded();
    }

    // By reference: the memory is looked up once more where the newest source does not answer, and
    // need not be kept for it.
    FIL_HOT callstack_id capture(void* const& thread_memory) {
        const auto& slots = *static_cast<const thread_slots*>(thread_memory);
        const registered* newest = newest_.load(std::memory_order_acquire);
        if (newest == nullptr || slots.newest != newest) [[unlikely]] {
            if (newest == nullptr && asks_natively_ && slots.memory[max_sources] != nullptr)
                return native_->capture(slots.memory[max_sources]);
            return ask_all(thread_memory);
        }
        const fil_callstack found =
            newest->source.capture(newest->source.context, slots.newest_memory);
        if (found - 1 >= max_callstacks - 1) [[unlikely]]
            return found == FIL_CALLSTACK_NONE ? ask_older(thread_memory) : callstack_id::unknown;
        return callstack_id{found};
    }

    // For the newest source, where it is merged and knows that this thread is still in the call of
    // its capture before, which answered `runtimes`: what capture() would say, or none. After none,
    // keep_in_call() is told what capture() did say.
    FIL_HOT callstack_id find_in_call(void* thread_memory, callstack_id runtimes,
                                      const inner_place& from) {
        if constexpr (knows_places<native_source>) {
            const auto& slots = *static_cast<const thread_slots*>(thread_memory);
            void* natives = slots.memory[max_sources];
            if (slots.merged == nullptr || native_ == nullptr || natives == nullptr ||
                !slots.merged->is_in_call(runtimes)) [[unlikely]]
                return callstack_id::none;
            const std::uint32_t inner = native_->find_inner(natives, from);
            const callstack_id found =
                inner != 0 ? slots.merged->find_in_call(inner) : callstack_id::none;
#if defined(FIL_VERIFY_FRAMES)
            const callstack_id whole = found != callstack_id::none ? capture(thread_memory) : found;
            if (whole != found) verified_stacks::differs(found, whole);
#endif
            return found;
        }
        return callstack_id::none;
    }
    [[gnu::noinline]] void keep_in_call(void* thread_memory, const inner_place& from,
                                        callstack_id found) {
        if constexpr (knows_places<native_source>) {
            const auto& slots = *static_cast<const thread_slots*>(thread_memory);
            void* natives = slots.memory[max_sources];
            const registered* newest = slots.newest;
            if (slots.merged == nullptr || native_ == nullptr || natives == nullptr ||
                newest == nullptr || !newest->is_merged())
                return;
            slots.merged->keep_in_call(newest->own, slots.newest_memory, *native_, natives, from,
                                       found);
        }
    }

    // The memory was another thread's.
    void begin_thread(void* thread_memory) {
        auto& slots = *static_cast<thread_slots*>(thread_memory);
        if (native_ != nullptr) native_->begin_thread(slots.memory[max_sources]);
        if (slots.merged != nullptr) slots.merged->begin_thread();
        const registered* each = newest_.load(std::memory_order_acquire);
        for (; each != nullptr; each = each->older) {
            const fil_source& source = each->own;
            if ((source.flags & FIL_SOURCE_MEMORY_PASSED_ON) != 0) continue;
            void* memory = slots.memory[each->slot];
            if (memory != nullptr && source.thread_bytes != 0) {
                system_pages::clear(memory, source.thread_bytes);
            }
        }
    }

  private:
    FIL_RARE static asked_by asker_of(const fil_source& source) {
        fil_asking_thread threads[asking_threads::most];
        const std::size_t count = source.asking(source.context, threads, asking_threads::most);
        if (count == 0 || count > asking_threads::most) return {};
        asking_threads asking;
        for (std::size_t i = 0; i != count; ++i) {
            const fil_asking_thread& each = threads[i];
            if (each.callstack >= max_callstacks) return {};
            asking.add(
                {callstack_id{each.callstack}, (each.flags & FIL_ASKING_OUTSIDE) != 0,
                 (each.flags & FIL_ASKING_ENGAGED) != 0, address_of(each.thread),
                 system_stack_ends::end_of(address_of(each.place), address_of(each.thread))});
        }
        return pool_threads::asker(asking);
    }

    // A source that wants no memory is given some that nobody uses.
    static void* memory_of(thread_slots& slots, std::size_t slot, std::size_t bytes) {
        void*& memory = slots.memory[slot];
        if (memory == nullptr) memory = bytes == 0 ? &slots : system_pages::map(bytes);
        return memory;
    }
    static void* memory_of(thread_slots& slots, const registered& each) {
        void* memory = memory_of(slots, each.slot, each.source.thread_bytes);
        if (each.is_merged() && memory != nullptr) slots_behind(each, memory) = &slots;
        return memory;
    }

    // ---- merged: behind the source's own memory stands where the thread's other memory is ----

    static std::size_t place_of_slots(const fil_source& source) {
        return (source.thread_bytes + alignof(thread_slots*) - 1) & -alignof(thread_slots*);
    }
    static thread_slots*& slots_behind(const registered& each, void* memory) {
        return *reinterpret_cast<thread_slots**>(static_cast<std::byte*>(memory) +
                                                 place_of_slots(each.own));
    }

    // fil_source::capture of a source that is merged.
    static fil_callstack capture_merged(void* context, void* memory) {
        const auto& each = *static_cast<const registered*>(context);
        thread_slots& slots = *slots_behind(each, memory);
        inner_place from{};
        if constexpr (knows_places<native_source>) {
            const callstack_id known = each.among->find_in_same_call(each, memory, slots, from);
            if (known != callstack_id::none) return to_index(known);
        }
        const fil_callstack runtimes = each.own.capture(each.own.context, memory);
        if (runtimes <= FIL_CALLSTACK_UNKNOWN || runtimes >= max_callstacks) return runtimes;
        return to_index(each.among->merged(each, memory, slots, callstack_id{runtimes}, from));
    }

    // Where the source itself says that it is still in the call of its capture before. `from`
    // becomes the program's innermost frame, if it does.
    callstack_id find_in_same_call(const registered& each, void* memory, thread_slots& slots,
                                   inner_place& from) {
        void* natives = slots.memory[max_sources];
        if (each.own.same_call == nullptr || slots.merged == nullptr || native_ == nullptr ||
            natives == nullptr)
            return callstack_id::none;
        const callstack_id runtimes{each.own.same_call(each.own.context, memory)};
        if (!slots.merged->is_in_call(runtimes)) return callstack_id::none;
        const std::uint32_t inner = native_->find_inner_here(natives, from);
        const callstack_id found =
            inner != 0 ? slots.merged->find_in_call(inner) : callstack_id::none;
#if defined(FIL_VERIFY_FRAMES)
        if (found != callstack_id::none) {
            const callstack_id whole = merged(each, memory, slots, runtimes, {});
            if (whole != found) verified_stacks::differs(found, whole);
        }
#endif
        return found;
    }

    callstack_id merged(const registered& each, void* memory, thread_slots& slots,
                        callstack_id runtimes, const inner_place& from) {
        if constexpr (knows_places<native_source>) {
            void* natives = memory_of(slots, max_sources, native_source::thread_bytes);
            if (slots.merged == nullptr) [[unlikely]]
                slots.merged =
                    static_cast<merged_stacks*>(system_pages::map(sizeof(merged_stacks)));
            if (native_ == nullptr || natives == nullptr || slots.merged == nullptr) [[unlikely]]
                return runtimes;
            const callstack_id whole =
                slots.merged->merged(each.own, memory, *native_, natives, *tree_, runtimes);
            if (from.place.sp != 0)
                slots.merged->keep_in_call(each.own, memory, *native_, natives, from, whole);
            return whole;
        }
        return runtimes;
    }

    FIL_RARE callstack_id ask_all(void* thread_memory) {
        auto& slots = *static_cast<thread_slots*>(thread_memory);
        const registered* newest = newest_.load(std::memory_order_acquire);
        if (newest != nullptr) {
            slots.newest_memory = memory_of(slots, *newest);
            slots.newest = slots.newest_memory != nullptr ? newest : nullptr;
        }
        return ask_from(newest, slots);
    }

    FIL_RARE callstack_id ask_older(void* thread_memory) {
        const registered* newest = newest_.load(std::memory_order_acquire);
        return ask_from(newest->older, *static_cast<thread_slots*>(thread_memory));
    }

    callstack_id ask_from(const registered* asked, thread_slots& slots) {
        for (; asked != nullptr; asked = asked->older) {
            void* memory = memory_of(slots, *asked);
            if (memory == nullptr) continue;
            const fil_callstack found = asked->source.capture(asked->source.context, memory);
            if (found == FIL_CALLSTACK_NONE) continue;
            return found < max_callstacks ? callstack_id{found} : callstack_id::unknown;
        }
        return capture_natively(slots);
    }

    callstack_id capture_natively(thread_slots& slots) {
        if (!has_native_frames()) return callstack_id::none;
        return native_->capture(memory_of(slots, max_sources, native_source::thread_bytes));
    }

    std::atomic<const registered*> newest_{nullptr};
    std::size_t count_ = 0;  // under the lock of whoever registers
    registered sources_[max_sources] = {};
    static void own_code() {}

    seldom_written<native_source*> native_ = nullptr;  // of this process, once it was wanted
    seldom_written<bool> asks_natively_ = true;
    seldom_written<bool> merges_ = false;
    call_tree<linux_system>* tree_ = nullptr;
    alignas(native_modules) std::byte modules_[sizeof(native_modules)] = {};
    alignas(native_source) std::byte native_source_[sizeof(native_source)] = {};
};
static_assert(callstack_source<process_sources>);

}  // namespace fil
