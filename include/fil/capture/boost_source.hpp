#pragma once
// Native frames, by Boost.Stacktrace: the portable source. Right before fast.
//
// safe_dump_to() yields return addresses, innermost first. Each becomes (module, offset of the
// call, that is address - 1); the callstack grows from the outermost frame inwards, and what equals
// the thread's previous stack is not looked up again. Frames of the module that this code is in are
// ours and are left out, except where it is linked into the program itself: there nothing tells
// them apart.
//
// A stack deeper than `deepest` frames loses its outer frames: then only the innermost
// `kept_of_deep` are kept, so that a long recursion does not make a new path for each depth.
//
// Answers none on an alternate signal stack (the unwinder needs several KiB), see
// ordinary_stack.hpp. Hot path: no malloc, no throw; no lock of ours unless an address is new to
// the thread.

#include <atomic>
#include <boost/stacktrace/safe_dump_to.hpp>
#include <cstddef>
#include <cstdint>

#include "fil/base/hash.hpp"
#include "fil/base/plain_word.hpp"
#include "fil/capture/call_tree.hpp"
#include "fil/capture/callstack_source.hpp"
#include "fil/capture/modules.hpp"
#include "fil/capture/ordinary_stack.hpp"
#include "fil/capture/own_module.hpp"

namespace fil {

template <module_finder Finder, system_below System, signal_stacks Stacks = null_signal_stacks>
class boost_source {
  public:
    static constexpr std::size_t deepest = 1000;
    static constexpr std::size_t kept_of_deep = 100;

  private:
    struct cached_code {
        std::uintptr_t pc;
        code_location location;
    };
    struct remembered_frame {
        std::uintptr_t pc;
        callstack_id callstack;
    };
    struct thread {
        std::uint64_t generation;  // of the modules; 0 in fresh memory
        ordinary_stack<Stacks> stack;
        std::size_t depth;                   // of the previous stack
        std::uintptr_t pcs[deepest + 2];     // innermost first, and a final zero
        remembered_frame previous[deepest];  // outermost first
        cached_code code[256];
    };

  public:
    // What another thread remembered is proved again.
    void begin_thread(void*) {}

    static constexpr std::size_t thread_bytes = sizeof(thread);

    // `own_code` is an address in the module whose frames are ours; 0: leave nothing out.
    boost_source(function_table<System>& functions, call_tree<System>& tree,
                 modules<Finder, System>& modules, std::uintptr_t own_code)
        : tree_(tree), modules_(modules), own_(own_module::around<Finder>(own_code)) {
        deep_ = functions.intern({function_kind::announced, "[more than 1000 frames]", {}, {}, 0});
    }

    // Every callstack begins at `root` from now on. What threads remember of others must be dropped
    // by the modules' generation.
    void begin_at(callstack_id root) { root_ = root; }

    // Called with the re-entry guard raised. Without thread memory: none.
    [[gnu::noinline]] callstack_id capture(void* thread_memory) {
        if (thread_memory == nullptr) return callstack_id::none;
        auto& t = *static_cast<thread*>(thread_memory);
        if (!t.stack.holds(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)))) {
            return callstack_id::none;
        }
        if (const std::uint64_t now = modules_.generation(); t.generation != now) {
            for (cached_code& entry : t.code) entry.pc = 0;
            t.depth = 0;
            t.generation = now;
        }
        std::size_t count = boost::stacktrace::safe_dump_to(t.pcs, sizeof t.pcs);
        count -= count != 0;  // the final zero
        std::size_t innermost = 0;
        while (innermost < count && own_.holds(t.pcs[innermost])) ++innermost;
        return callstack_of(t, innermost, count);
    }

  private:
    callstack_id callstack_of(thread& t, std::size_t innermost, std::size_t count) {
        callstack_id callstack = root_;
        const bool deep = count > deepest;
        if (deep) {
            if (count > innermost + kept_of_deep) count = innermost + kept_of_deep;
            callstack = tree_.child(callstack, deep_, 0);
        }
        const std::size_t depth = count - innermost;
        const std::size_t known = deep ? 0 : t.depth;
        std::size_t frame = 0;
        while (frame < depth && frame < known && t.previous[frame].pc == t.pcs[count - 1 - frame]) {
            callstack = t.previous[frame++].callstack;
        }
        t.depth = 0;
        for (; frame < depth; ++frame) {
            const std::uintptr_t pc = t.pcs[count - 1 - frame];
            const code_location at = locate(t, pc - 1);
            if (at.function == function_id::none) return callstack_id::unknown;
            callstack = tree_.child(callstack, at.function, at.offset);
            if (callstack == callstack_id::unknown) return callstack;  // no room
            t.previous[frame] = {pc, callstack};
        }
        if (!deep) t.depth = depth;
        return callstack;
    }

    code_location locate(thread& t, std::uintptr_t pc) {
        cached_code& entry = t.code[mix(pc) >> 56];
        if (entry.pc != pc) {
            const code_location found = modules_.locate(pc);
            if (found.function == function_id::none) return found;
            entry = {pc, found};
        }
        return entry.location;
    }

    call_tree<System>& tree_;
    modules<Finder, System>& modules_;
    own_module own_;
    function_id deep_;
    seldom_written<callstack_id> root_ = callstack_id::unknown;
};

static_assert(callstack_source<boost_source<null_modules, null_system>>);

}  // namespace fil
