#pragma once
// The fast source and the portable one, compared at every capture: for builds that prove the first.
//
// Answers what the fast one does. `Report::differs(fast, portable)` hears of callstacks that are
// not the same, `Report::same()` of those that are. Captures that the portable source does not
// answer (on alternate signal stacks) are not compared. Slow; not part of a product.

#include "fil/capture/boost_source.hpp"
#include "fil/capture/unwind_source.hpp"

namespace fil {

template <module_finder Finder, system_below System, stack_ends Ends, signal_stacks Stacks,
          typename Report>
class verified_source {
    using fast_source = unwind_source<Finder, System, Ends>;
    using portable_source = boost_source<Finder, System, Stacks>;

  public:
    static constexpr std::size_t thread_bytes =
        fast_source::thread_bytes + portable_source::thread_bytes;

    verified_source(function_table<System>& functions, call_tree<System>& tree,
                    modules<Finder, System>& modules, std::uintptr_t own_code)
        : fast_(functions, tree, modules, own_code),
          portable_(functions, tree, modules, own_code) {}

    void begin_at(callstack_id root) {
        fast_.begin_at(root);
        portable_.begin_at(root);
    }
    void begin_thread(void* thread_memory) { fast_.begin_thread(thread_memory); }

    [[gnu::noinline]] callstack_id capture(void* thread_memory) {
        const callstack_id fast = fast_.capture(thread_memory);
        if (thread_memory == nullptr) return fast;
        const callstack_id portable =
            portable_.capture(static_cast<std::byte*>(thread_memory) + fast_source::thread_bytes);
        if (portable == callstack_id::none) return fast;
        if (fast == portable) {
            Report::same();
        } else {
            Report::differs(fast, portable);
        }
        return fast;
    }

    const walked_frames& frames_now(void* thread_memory) { return fast_.frames_now(thread_memory); }
    std::uint32_t find_inner(void* thread_memory, const inner_place& from) {
        return fast_.find_inner(thread_memory, from);
    }
    std::uint32_t find_inner_here(void* thread_memory, inner_place& from) {
        return fast_.find_inner_here(thread_memory, from);
    }
    template <typename IsLast>
    bool keep_inner(void* thread_memory, const inner_place& from, std::uint32_t value,
                    IsLast is_last) {
        return fast_.keep_inner(thread_memory, from, value, is_last);
    }
    bool is_of_function(std::uintptr_t code, const void* function) const {
        return fast_.is_of_function(code, function);
    }

  private:
    fast_source fast_;
    portable_source portable_;
};

}  // namespace fil
