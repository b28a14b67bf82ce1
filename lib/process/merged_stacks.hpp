#pragma once
// Native frames among those of a runtime: Python -> C -> Python -> C -> malloc, as one callstack.
//
// A runtime's source and the native one each know their stack, each at the price of a comparison.
// So the two callstacks together are the key to the merged one, which is made once, in the call
// tree that all callstacks are in:
//
//     native     main  run  EVAL  call  map_rows  call  EVAL  call  grow     (EVAL: the runner,
//     crossings             1st                         2nd                  which runs frames)
//     runtime                f  g                        h
//     merged                 f  g       map_rows         h           grow
//
// The runtime's source says where its runner was called: by a place in the runner's own frame on
// the machine's stack, so that no symbol is needed to find it, and by the runtime's callstack that
// stood then. What is in the runner's module is the runtime's machinery and is left out, and so is
// what stands outside of the outermost crossing, which started the runtime. Where the two do not
// fit together, from there outwards the runtime's frames stand alone.
//
// While the runtime's newest call is the same as last time, at the same place (as its source can
// tell for nothing), nothing outside of it has moved: neither the runtime's frames nor the native
// ones that led to its runner. All that is to be proved then are the frames within:
//
//     base, what stands up to the newest call  +  call  grow, remembered as whole native stacks are
//
// The same inner frames stand on many bases: they are remembered once, and a pair of a base and of
// inner frames is what one callstack is.
//
// The key does not say which frames of the runtime a crossing runs. Two stacks with the same lines
// and the same native calls, divided otherwise among them, are taken for one.
//
// One object a thread, in zeroed memory. Hot path: no malloc, no throw.

#include <cstddef>
#include <cstdint>

#include "fil.h"
#include "fil/base/hash.hpp"
#include "fil/capture/call_tree.hpp"
#include "fil/capture/stack_frames.hpp"

namespace fil {

// What a native source must know for it: the frames that stand now, with their places.
template <typename Native>
concept knows_places = requires(Native& native, void* memory, std::uintptr_t code) {
    { native.frames_now(memory) } -> std::same_as<const walked_frames&>;
    { native.is_of_function(code, memory) } -> std::same_as<bool>;
};

class merged_stacks {
  public:
    // The merged callstack of this thread, whose source has just said that `runtimes` is its own.
    template <typename Native, typename Tree>
    FIL_HOT callstack_id merged(const fil_source& source, void* source_memory, Native& native,
                                void* native_memory, Tree& tree, callstack_id runtimes) {
        newest_ = {};
        const callstack_id natives = native.capture(native_memory);
        if (natives <= callstack_id::unknown) [[unlikely]]
            return runtimes;
        const std::uint64_t both = std::uint64_t{to_index(runtimes)} << 32 | to_index(natives);
        pair& known = pairs_[mix(both) >> (64 - pairs_log2)];
        if (known.both != both) [[unlikely]] {
            const result fresh =
                merge(source, source_memory, native, native_memory, tree, runtimes);
            known.both = 0;
            __atomic_signal_fence(__ATOMIC_SEQ_CST);
            known.is = fresh;
            __atomic_signal_fence(__ATOMIC_SEQ_CST);
            known.both = both;
        }
        newest_ = {runtimes, known.is.base};
        return known.is.merged;
    }

    // The same where the source knows that this thread is still in the call of its capture before,
    // which answered `runtimes`; none: merged() is to be asked. `inner` is what
    // native.find_inner() said.
    FIL_HOT bool is_in_call(callstack_id runtimes) const {
        return newest_.runtimes == runtimes && newest_.base != callstack_id::none;
    }
    FIL_HOT callstack_id find_in_call(std::uint32_t inner) const {
        const inner_pair& known = inner_pairs_[place_of(inner)];
        return known.both == both_of(inner) ? known.merged : callstack_id::none;
    }
    // After merged() has answered. `from` is where native.find_inner() was asked.
    template <typename Native>
    [[gnu::noinline]] void keep_in_call(const fil_source& source, void* source_memory,
                                        Native& native, void* native_memory,
                                        const inner_place& from, callstack_id merged) {
        if (newest_.base == callstack_id::none) return;
        std::uint32_t inner = native.find_inner(native_memory, from);
        if (inner == 0) {
            if (source.crossings(source.context, source_memory, crossings_, 1) == 0) return;
            const fil_crossing& newest = crossings_[0];
            const auto is_last = [&](const frame_place& at) {
                return newest.stack != nullptr ? at.sp > address_of(newest.stack)
                                               : native.is_of_function(at.pc - 1, source.runner);
            };
            if (inners_ == most_inners) forget_inners();
            if (!native.keep_inner(native_memory, from, inners_ + 1, is_last)) return;
            inner = ++inners_;
        }
        inner_pair& known = inner_pairs_[place_of(inner)];
        known.both = 0;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        known.merged = merged;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        known.both = both_of(inner);
    }

    // The memory was another thread's.
    void begin_thread() { newest_ = {}; }

  private:
    static constexpr std::size_t pairs_log2 = 14, most_crossings = 1024, path_nodes = 1024;
    static constexpr std::size_t inner_pairs_log2 = 14;
    static constexpr std::uint32_t most_inners = ~std::uint32_t{0};

    struct result {
        callstack_id merged;
        callstack_id base;  // without the native frames within the newest crossing; none: no such
    };
    struct pair {
        std::uint64_t both;  // callstacks: the runtime's, and the native one
        result is;
    };
    struct inner_pair {
        std::uint64_t both;  // the base, and the number of the inner frames
        callstack_id merged;
    };

    std::uint64_t both_of(std::uint32_t inner) const {
        return std::uint64_t{to_index(newest_.base)} << 32 | inner;
    }
    // Those of one base lie side by side.
    std::size_t place_of(std::uint32_t inner) const {
        const std::size_t first = mix(to_index(newest_.base)) >> (64 - inner_pairs_log2);
        return (first + inner) % (std::size_t{1} << inner_pairs_log2);
    }
    // Numbers begin anew; what the native source has kept by older ones is then made a new pair of.
    FIL_RARE void forget_inners() {
        for (inner_pair& each : inner_pairs_) each.both = 0;
        inners_ = 0;
    }

    template <typename Native, typename Tree>
    [[gnu::noinline]] result merge(const fil_source& source, void* source_memory, Native& native,
                                   void* native_memory, Tree& tree, callstack_id runtimes) {
        const result alone{runtimes, callstack_id::none};
        const std::size_t count =
            source.crossings(source.context, source_memory, crossings_, most_crossings);
        const walked_frames& frames = native.frames_now(native_memory);
        std::size_t crossed = 0;
        for (std::size_t frame = 0; crossed < count; ++crossed) {
            frame = runner_of(crossings_[crossed], source, frames, frame, native);
            if (frame == frames.count()) break;
            runners_[crossed] = static_cast<std::uint32_t>(frame++);
        }
        if (crossed == 0) return alone;
        const function_id machinery = frames[runners_[0]].at.function;
        const auto last_of = [&](std::size_t crossing) {  // of the frames that this crossing runs
            return crossing == 0 ? runtimes : callstack_id{crossings_[crossing - 1].caller};
        };
        callstack_id merged = last_of(crossed - 1), base = merged;
        for (std::size_t crossing = crossed; crossing-- > 0;) {
            const std::size_t called = crossing == 0 ? 0 : runners_[crossing - 1] + 1;
            for (std::size_t i = runners_[crossing]; i-- > called;) {
                const code_location at = frames[i].at;
                if (at.function == machinery) continue;
                if (at.function == function_id::none) return alone;
                merged = tree.child(merged, at.function, at.offset);
                if (merged == callstack_id::unknown) return alone;  // no room
            }
            if (crossing == 0) break;
            merged = base = add_path(tree, merged, last_of(crossing), last_of(crossing - 1));
            if (merged == callstack_id::unknown) return alone;
        }
        return {merged, base};
    }

    // The frame, from `first` on, of the function that was crossed; frames.count(): none.
    template <typename Native>
    static std::size_t runner_of(const fil_crossing& crossing, const fil_source& source,
                                 const walked_frames& frames, std::size_t first, Native& native) {
        const std::size_t none = frames.count();
        const std::uintptr_t place = address_of(crossing.stack);
        for (std::size_t i = first; i < none; ++i) {
            if (crossing.stack == nullptr) {
                if (native.is_of_function(frames[i].place.pc - 1, source.runner)) return i;
            } else if (i + 1 == none || place < frames[i].place.sp) {
                return none;
            } else if (place < frames[i + 1].place.sp) {
                return i;
            }
        }
        return none;
    }

    // Those of the runtime's nodes that lead from `from` to `to`, on top of `above`.
    template <typename Tree>
    callstack_id add_path(Tree& tree, callstack_id above, callstack_id from, callstack_id to) {
        if (above == from) return to;  // nothing native stands there
        std::size_t left = 0;
        callstack_id at = to;
        for (; at > from; at = tree.at(at).caller) ++left;
        if (at != from) return callstack_id::unknown;
        // Those nearest to `from` first, as many at a time as there is room for.
        while (left != 0) {
            at = to;
            for (std::size_t i = 0; i < left; ++i, at = tree.at(at).caller)
                path_[i % path_nodes] = at;
            for (std::size_t n = left < path_nodes ? left : path_nodes; n != 0; --n) {
                const callstack_record node = tree.at(path_[--left % path_nodes]);
                above = tree.child(above, node.function, node.line);
                if (above == callstack_id::unknown) return above;
            }
        }
        return above;
    }

    struct {
        callstack_id runtimes, base;
    } newest_;                                // of the newest capture; none: not known
    fil_crossing crossings_[most_crossings];  // innermost first
    std::uint32_t runners_[most_crossings];   // of crossings: the frame
    callstack_id path_[path_nodes];
    pair pairs_[std::size_t{1} << pairs_log2];
    std::uint32_t inners_;  // were kept so far
    inner_pair inner_pairs_[std::size_t{1} << inner_pairs_log2];
};

}  // namespace fil
