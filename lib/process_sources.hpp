#pragma once
// The process's source of callstacks: those registered through fil.h, newest first, then native
// frames where they were asked for.
//
// Each source has memory of its own in every thread: pages made at its first use there. Registering
// happens under a lock of the caller's; capturing reads a count.
// Hot path: no allocation, no throw.

#include <atomic>

#include "fil.h"
#include "fil/capture/boost_source.hpp"

namespace fil {

class process_sources {
  public:
    static constexpr int max_sources = 4;
    static constexpr std::size_t thread_bytes = 4096;  // holds `thread_slots`

    bool add(const fil_source& source) {
        const int count = count_.load(std::memory_order_relaxed);
        if (count == max_sources) return false;
        sources_[count] = source;
        count_.store(count + 1, std::memory_order_release);
        return true;
    }

    // Each process builds its own native source: a forked child has new tables.
    void use_native_frames(function_table<>& functions, call_tree<>& tree) {
        const auto here = reinterpret_cast<std::uintptr_t>(&own_code);
        auto* loaded = new (modules_) modules<>(functions);
        native_ = new (native_source_) boost_source<>(functions, tree, *loaded, here);
    }

    void forget_unloaded_modules() {
        if (native_ != nullptr) reinterpret_cast<modules<>*>(modules_)->forget_unloaded();
    }

    callstack_id capture(void* thread_memory) {
        auto& slots = *static_cast<thread_slots*>(thread_memory);
        for (int i = count_.load(std::memory_order_acquire) - 1; i >= 0; --i) {
            const fil_source& source = sources_[i];
            void* memory = memory_of(slots.memory[i], source.thread_bytes);
            if (memory == nullptr && source.thread_bytes != 0) [[unlikely]]
                continue;
            const fil_callstack found = source.capture(source.context, memory);
            if (found == FIL_CALLSTACK_NONE) continue;
            return found < max_callstacks ? callstack_id{found} : callstack_id::unknown;
        }
        if (native_ == nullptr) return callstack_id::none;
        return native_->capture(memory_of(slots.memory[max_sources], boost_source<>::thread_bytes));
    }

  private:
    struct thread_slots {
        void* memory[max_sources + 1];
    };

    static void* memory_of(void*& slot, std::size_t bytes) {
        if (slot == nullptr && bytes != 0) slot = system_pages::map(bytes);
        return slot;
    }

    fil_source sources_[max_sources] = {};
    std::atomic<int> count_{0};
    static void own_code() {}

    boost_source<>* native_ = nullptr;
    alignas(modules<>) std::byte modules_[sizeof(modules<>)] = {};
    alignas(boost_source<>) std::byte native_source_[sizeof(boost_source<>)] = {};
};
static_assert(callstack_source<process_sources>);

}  // namespace fil
