#pragma once
// Native frames at the price of a comparison: the fast source.
//
//     our own frames -> the stack that came next last time -> callstack       (stack_memo.hpp)
//                    -> the first two -> remembered stack -> callstack
//                                     -> walk, until it joins the last stack  (stack_frames.hpp)
//                                        -> the call tree
//
// A walk goes from frame to frame by rows (unwind_row.hpp), which a thread keeps by return address;
// a row comes from the module's unwind tables (unwind_tables.hpp, unwind_program.hpp) when the
// thread meets an address for the first time, and code without tables is believed to keep frame
// pointers. The frames are those of boost_source.hpp, the portable source; verified_source.hpp
// compares the two. Nothing is written to the stack, and nothing outside of it is read
// (stack_reach.hpp), so exceptions, longjmp, fibres and wrong tables do no harm.
//
// A stack deeper than `deepest` frames loses its outer frames: then only the innermost
// `kept_of_deep` are kept, so that a long recursion does not make a new path for each depth.
//
// Hot path: no malloc, no throw; no lock of ours and no system call unless an address is new to the
// thread, or its stack is deeper than before. docs/design/unwinding.md

#include <cstddef>
#include <cstdint>

#include "fil/base/hash.hpp"
#include "fil/base/plain_word.hpp"
#include "fil/capture/call_tree.hpp"
#include "fil/capture/callstack_source.hpp"
#include "fil/capture/careful_walk.hpp"
#include "fil/capture/frame_steps.hpp"
#include "fil/capture/modules.hpp"
#include "fil/capture/own_module.hpp"
#include "fil/capture/stack_frames.hpp"
#include "fil/capture/stack_memo.hpp"
#include "fil/capture/stack_reach.hpp"
#include "fil/capture/way_in.hpp"

namespace fil {

template <module_finder Finder, system_below System, stack_ends Ends = null_stack_ends,
          typename Machine = x86_64>
class unwind_source {
  public:
    static constexpr std::size_t deepest = 1000;
    static constexpr std::size_t kept_of_deep = 100;

  private:
    using reach_type = stack_reach<Ends>;
    using steps = frame_steps<Machine, reach_type>;
    struct known_code {
        std::uintptr_t pc;
        unwind_row row;
        code_location at;
    };
    static constexpr std::size_t codes_log2 = 14;
    struct thread {
        std::uint64_t generation;  // of the modules; 0 in fresh memory
        reach_type reach;
        ways_in ways;
        unwind_program<Machine> program;
        stack_memo memo;
        stack_memo inner;  // of inner frames: what they stand for is no callstack
        last_stack last;
        walked_frames walked;
        known_code codes[std::size_t{1} << codes_log2];
    };

  public:
    static constexpr std::size_t thread_bytes = sizeof(thread);

    // `own_code` is an address in the module whose frames are ours; 0: leave nothing out.
    unwind_source(function_table<System>& functions, call_tree<System>& tree,
                  modules<Finder, System>& modules, std::uintptr_t own_code)
        : tree_(tree), modules_(modules), own_(own_module::around<Finder>(own_code)) {
        deep_ = functions.intern({function_kind::announced, "[more than 1000 frames]", {}, {}, 0});
    }

    // Every callstack begins at `root` from now on. What threads remember of others must be dropped
    // by the modules' generation.
    void begin_at(callstack_id root) { root_ = root; }

    // The memory was another thread's.
    void begin_thread(void* thread_memory) {
        if (thread_memory == nullptr) return;
        auto& t = *static_cast<thread*>(thread_memory);
        t.reach.begin_thread();
        t.memo.forget();
        t.inner.forget();
        t.last.forget();
    }

    // Called with the re-entry guard raised. Without thread memory: none.
    [[gnu::noinline]] callstack_id capture(void* thread_memory) {
        if (thread_memory == nullptr) [[unlikely]]
            return callstack_id::none;
        auto& t = *static_cast<thread*>(thread_memory);
        if (t.generation != modules_.generation()) [[unlikely]]
            forget(t);
        frame_place place = Machine::here();
        if (!t.reach.is_on_own(place.sp) || !t.ways.go_again(place, is_own())) [[unlikely]]
            return capture_by_another_way(t, place.pc, place.sp, place.fp);
        const std::uint64_t hint = stack_memo::hash(place.sp, place.pc);
        const std::uint32_t next = t.memo.find_next(hint, place, t.reach.own());
        if (next != stack_memo::nothing) [[likely]]
            return callstack_id{next};
        t.reach.begin_at(place.sp);
        return find_or_walk(t, place.pc, place.sp, place.fp, hint);
    }

    // The frames that stand now, innermost first, for who must know their places. Nothing is
    // remembered: to be asked once for a callstack that is new.
    [[gnu::noinline]] const walked_frames& frames_now(void* thread_memory) {
        auto& t = *static_cast<thread*>(thread_memory);
        if (t.generation != modules_.generation()) forget(t);
        frame_place place = Machine::here();
        t.reach.begin_at(place.sp);
        t.walked.begin();
        while (!t.walked.is_full()) {
            const known_code code = code_at(t, place.pc);
            if (!own_.holds(place.pc) || t.walked.count() != 0) t.walked.add(place, code.at);
            if (code.row.stack == stack_rule::other) [[unlikely]] {
                gather_carefully(t);
                break;
            }
            if (!steps::step(place, code.row, t.reach).is_possible) break;
        }
        return t.walked;
    }

    // ---- of a stack that is known not to have moved from some frame on (merged_stacks.hpp) ----

    // What was kept for the frames up to that one, or nothing. `place` is the same in both calls,
    // and its function was called from `caller`.
    FIL_HOT std::uint32_t find_inner(void* thread_memory, const inner_place& from) {
        auto& t = *static_cast<thread*>(thread_memory);
        if (t.generation != modules_.generation()) [[unlikely]]
            return stack_memo::nothing;
        t.reach.begin_at(from.place.sp);
        const std::uint64_t hash = stack_memo::hash(from.place.sp, from.caller);
        const std::uint32_t next = t.inner.find_next(hash, from.place, t.reach);
        return next != stack_memo::nothing ? next : search_inner(t, from.place, hash);
    }
    // The same from the program's frame on, which becomes `from`.
    [[gnu::noinline]] std::uint32_t find_inner_here(void* thread_memory, inner_place& from) {
        auto& t = *static_cast<thread*>(thread_memory);
        if (t.generation != modules_.generation()) [[unlikely]]
            forget(t);
        from = {Machine::here(), 0};
        return leave_ours(t, from.place) ? find_inner(thread_memory, from) : stack_memo::nothing;
    }
    // After it was not found. `is_last(frame)` tells whether it is the one that has not moved.
    // False if it is not kept.
    template <typename IsLast>
    [[gnu::noinline]] bool keep_inner(void* thread_memory, const inner_place& from,
                                      std::uint32_t value, IsLast is_last) {
        auto& t = *static_cast<thread*>(thread_memory);
        if (find_inner(thread_memory, from) != stack_memo::nothing || !t.inner.wants())
            return false;
        frame_place place = from.place;
        t.reach.begin_at(place.sp);
        t.walked.begin();
        do {
            if (t.walked.is_full() || add(t, place) != frame_end::none || t.walked.has_handler())
                return false;
        } while (!is_last(place));
        t.walked.add(place, {});
        const auto frame = [&](std::size_t i) -> const stack_frame& { return t.walked[i]; };
        t.inner.keep(t.walked[0], words_of(frame, t.walked.count()), value);
        return true;
    }

    // Whether this code is a part of the function that begins at `function`.
    bool is_of_function(std::uintptr_t code, const void* function) const {
        frame_description description;
        const auto begin = reinterpret_cast<std::uintptr_t>(function);
        return code >= begin &&
               description_search(modules_.find(begin).tables).find(begin, description) &&
               code - description.code < description.code_bytes;
    }

  private:
    FIL_RARE void forget(thread& t) {
        for (known_code& entry : t.codes) entry.pc = 0;
        t.ways.forget();
        t.memo.forget();
        t.inner.forget();
        t.last.forget();
        t.generation = modules_.generation();
    }

    // ---- the walk ----

    // From the source's own place out of our module.
    FIL_HOT bool leave_ours(thread& t, frame_place& place) {
        t.reach.begin_at(place.sp);
        return t.ways.go(place, is_own()) || walk_out(t, place);
    }
    FIL_HOT auto is_own() const {
        return [this](std::uintptr_t pc) FIL_INLINED { return own_.holds(pc); };
    }
    FIL_RARE bool walk_out(thread& t, frame_place& place) {
        ways_in::way way{};
        way.is_plain = true;
        way.fp_slot = ways_in::not_saved;
        const std::uintptr_t from = place.sp;
        while (own_.holds(place.pc)) {
            const unwind_row row = code_at(t, place.pc).row;
            const frame_step step = steps::step(place, row, t.reach);
            if (!step.is_possible) return false;
            way.is_plain = way.is_plain && row.stack == stack_rule::sp && row.fp != fp_rule::lost;
            if (step.changes_fp) way.fp_slot = static_cast<std::uint32_t>(step.fp_slot - from);
            way.add(from, place);
        }
        if (way.frames != 0) t.ways.keep(way);
        return true;
    }

    // A place is passed in registers: one that was just put on the stack is slow to be copied.
    [[gnu::noinline]] callstack_id capture_by_another_way(thread& t, std::uintptr_t pc,
                                                          std::uintptr_t sp, std::uintptr_t fp) {
        frame_place place{pc, sp, fp};
        if (!leave_ours(t, place)) return callstack_id::none;
        const std::uint64_t hint = stack_memo::hash(place.sp, place.pc);
        const std::uint32_t next = t.memo.find_next(hint, place, t.reach);
        return next != stack_memo::nothing ? callstack_id{next}
                                           : find_or_walk(t, place.pc, place.sp, place.fp, hint);
    }

    [[gnu::noinline]] callstack_id find_or_walk(thread& t, std::uintptr_t pc, std::uintptr_t sp,
                                                std::uintptr_t fp, std::uint64_t hint) {
        const frame_place innermost{pc, sp, fp};
        frame_place place = innermost;
        for (int first = 0; first < 2; ++first)
            if (!steps::step(place, code_at(t, place.pc).row, t.reach).is_possible) [[unlikely]]
                return walk(t, innermost, false);
        const std::uint64_t hash = hint ^ stack_memo::hash(place.pc, place.sp);
        const std::uint32_t found = t.memo.find(hash, innermost, t.reach);
        return found != stack_memo::nothing ? callstack_id{found} : walk(t, innermost, true);
    }

    [[gnu::noinline]] std::uint32_t search_inner(thread& t, const frame_place place,
                                                 std::uint64_t hash) {
        return t.inner.find(hash, place, t.reach);
    }

    [[gnu::noinline]] callstack_id walk(thread& t, frame_place place, bool may_keep) {
        t.reach.begin_at(place.sp);  // a handler may have led to another stack
        t.walked.begin();
        t.last.begin_search();
        while (!t.walked.is_full()) {
            if (t.last.joins(place, t.reach)) {
                if (t.last[t.last.joined()].needs_fp) t.walked.need_fp_before(t.walked.count());
                return finish(t, may_keep, true);
            }
            const frame_end end = add(t, place);
            if (end == frame_end::needs_care) return walk_carefully(t);
            if (end == frame_end::outermost) break;
        }
        return finish(t, may_keep, false);
    }

    // Adds the frame, and goes to its caller.
    enum class frame_end { none, outermost, needs_care };
    FIL_HOT frame_end add(thread& t, frame_place& place) {
        const known_code& code = code_at(t, place.pc);
        t.walked.add(place, code.at);
        const unwind_row row = code.row;
        if (row.stack == stack_rule::other) [[unlikely]]
            return frame_end::needs_care;
        if (row.uses_fp() || row.stack == stack_rule::untold) t.walked.note_use_of_fp(row);
        const frame_step step = steps::step(place, row, t.reach);
        if (step.changes_fp) t.walked.note_new_fp(step.fp_slot);
        if (row.stack == stack_rule::handler) [[unlikely]]
            t.walked.note_handler();
        return step.is_possible ? frame_end::none : frame_end::outermost;
    }

    // The stack is the walked frames, and, if they joined it, what is left of the last stack.
    callstack_id finish(thread& t, bool may_keep, bool has_joined) {
        const std::size_t joined = has_joined ? t.last.joined() + 1 : 0;
        const callstack_id callstack = name(t, joined);
        if (callstack == callstack_id::unknown || t.walked.has_handler()) return callstack;
        const bool is_kept = may_keep && is_to_be_kept(t, joined);
        if (t.walked.count() + joined <= deepest) {
            remember(t, joined, is_kept, callstack);
        } else {
            remember_deep(t, joined, is_kept, callstack);
        }
        return callstack;
    }
    // Innermost first; the outer `joined` are the last stack's.
    FIL_HOT static const stack_frame& frame_of(const thread& t, std::size_t joined,
                                               std::size_t index) {
        const std::size_t walked = t.walked.count();
        return index < walked ? t.walked[index] : t.last[joined - 1 - (index - walked)];
    }

    // Unknown if there is no room.
    [[gnu::noinline]] callstack_id name(thread& t, std::size_t joined) {
        callstack_id callstack = root_;
        std::size_t named = t.walked.count();
        if (named + joined > deepest) {
            named = kept_of_deep;
            callstack = tree_.child(callstack, deep_, 0);
        } else if (joined != 0) {
            callstack = t.last[joined - 1].callstack;
        }
        for (std::size_t i = named; i-- > 0;) {
            const code_location at = frame_of(t, joined, i).at;
            if (at.function == function_id::none) return callstack_id::unknown;
            callstack = tree_.child(callstack, at.function, at.offset);
            if (callstack == callstack_id::unknown) return callstack;
            if (i < t.walked.count()) t.walked[i].callstack = callstack;
        }
        return callstack;
    }

    [[gnu::noinline]] static bool is_to_be_kept(thread& t, std::size_t joined) {
        if (joined != 0) t.last.note_origin(joined - 1, t.walked.origin_slot());
        return t.memo.wants();
    }
    [[gnu::noinline]] static void remember(thread& t, std::size_t joined, bool is_kept,
                                           callstack_id callstack) {
        const std::size_t count = t.walked.count() + joined;
        t.last.replace(joined, t.walked, t.walked.count());
        if (is_kept) {
            const auto words = [&t, count](auto visit) FIL_INLINED {
                for (auto* at = t.last.words(count - 1); at != t.last.words_end(); ++at)
                    visit(at->place, at->value);
            };
            t.memo.keep(t.last[count - 1], words, to_index(callstack));
        }
    }
    FIL_RARE static void remember_deep(thread& t, std::size_t joined, bool is_kept,
                                       callstack_id callstack) {
        const auto frame = [&](std::size_t i)
                               FIL_INLINED -> const stack_frame& { return frame_of(t, joined, i); };
        if (is_kept)
            t.memo.keep(frame(0), words_of(frame, t.walked.count() + joined), to_index(callstack));
        t.last.forget();
    }

    // From the beginning, in the rare case; nothing is remembered.
    [[gnu::noinline]] callstack_id walk_carefully(thread& t) {
        gather_carefully(t);
        t.walked.note_handler();
        return finish(t, false, false);
    }

    [[gnu::noinline]] void gather_carefully(thread& t) {
        careful_walk<Machine, reach_type> walk(t.reach, t.program);
        walk.begin_here();
        walked_frames& walked = t.walked;
        walked.begin();
        while (!walked.is_full()) {
            const located_code code = modules_.find(walk.pc() - 1);
            if (!own_.holds(walk.pc()) || walked.count() != 0) walked.add(walk.place(), code.at);
            if (!walk.step(code.tables)) break;
        }
    }

    // ---- code ----

    FIL_HOT const known_code& code_at(thread& t, std::uintptr_t pc) {
        known_code& entry = t.codes[mix(pc) >> (64 - codes_log2)];
        if (entry.pc != pc) [[unlikely]]
            know(t, entry, pc);
        return entry;
    }

    [[gnu::noinline]] void know(thread& t, known_code& entry, std::uintptr_t pc) {
        const std::uintptr_t call = pc - 1;
        const located_code code = modules_.find(call);
        entry.pc = 0;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        entry.row = row_of(t, code.tables, call);
        entry.at = code.at;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        // Without a name, because there was no room, it is asked for again.
        if (code.at.function != function_id::none) entry.pc = pc;
    }

    static unwind_row row_of(thread& t, const unwind_tables& tables, std::uintptr_t call) {
        frame_description description;
        if (!description_search(tables).find(call, description)) return {};
        if (!t.program.run(description, call)) return {0, 0, stack_rule::outermost, fp_rule::kept};
        return t.program.digest();
    }

    call_tree<System>& tree_;
    modules<Finder, System>& modules_;
    own_module own_;
    function_id deep_;
    seldom_written<callstack_id> root_ = callstack_id::unknown;
};

static_assert(callstack_source<unwind_source<null_modules, null_system>>);

}  // namespace fil
