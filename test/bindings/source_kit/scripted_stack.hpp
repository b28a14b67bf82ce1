#pragma once
// A remembered chain, and the stacks that it is shown: frames live in a scripted memory that fails
// the test when a dead one is read.

#include "remembered_chain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ordinary_pages.hpp"

namespace fil::test {

using source_kit::address;

struct frame {
    address previous;
    std::uint64_t key;
};

// Frames of generators lie from there on.
constexpr address generators_frames = 1 << 30;

// One thread's frames: those reachable from the top are alive.
struct scripted_frames {
    std::map<address, frame> live;
    mutable std::set<address> stamped;  // of these calls; whoever calls anew erases it
    mutable unsigned long loads = 0;
    std::vector<address> pieces;  // of a data stack, the newest last

    const frame& at(address where) const {
        ++loads;
        const auto found = live.find(where);
        if (found == live.end()) throw std::logic_error("a dead frame was read");
        return found->second;
    }
    address previous(address where) const { return at(where).previous; }
    std::uint64_t key(address where) const { return at(where).key; }
    bool is_stamped(address where) const {
        at(where);
        return stamped.contains(where);
    }
    void stamp(address where) const {
        at(where);
        stamped.insert(where);
    }
};

// What the chain is given: it copies it.
template <bool CallersStayStamped>
struct frames_of {
    static constexpr bool callers_stay_stamped = CallersStayStamped;
    const scripted_frames* memory;
    address newest_piece() const { return memory->pieces.empty() ? 0 : memory->pieces.back(); }
    address piece_below(address piece) const {
        const auto at = std::find(memory->pieces.begin(), memory->pieces.end(), piece);
        return at == memory->pieces.begin() ? 0 : at[-1];
    }
    static address first_frame(address piece) { return piece + 24; }
    address previous(address where) const { return memory->previous(where); }
    std::uint64_t key(address where) const { return memory->key(where); }
    bool is_stamped(address where) const { return memory->is_stamped(where); }
    void stamp(address where) const {
        const bool is_generators = where >= generators_frames;
        if (!CallersStayStamped || !is_generators) memory->stamp(where);
    }
};

struct call_tree {
    std::map<std::pair<fil_callstack, std::uint64_t>, fil_callstack> ids;
    unsigned long interned = 0;

    fil_callstack child(fil_callstack caller, std::uint64_t key) {
        ++interned;
        return ids.try_emplace({caller, key}, static_cast<fil_callstack>(ids.size() + 2))
            .first->second;
    }
};

// A stack of frames, newest last; several make greenlets.
using stack = std::vector<std::pair<address, std::uint64_t>>;

// A system without memory, for the chain to grow in.
struct no_pages {
    static void* map(std::size_t) { return nullptr; }
    static void unmap(void*, std::size_t) {}
};

template <std::uint32_t First, std::uint32_t Scratch, typename Pages = ordinary_pages,
          bool CallersStayStamped = false, typename Anchors = source_kit::no_anchors>
struct thread {
    using frames = frames_of<CallersStayStamped>;
    using remembered = source_kit::remembered_chain<First, Scratch, Anchors, Pages>;
    std::unique_ptr<remembered> chain = std::make_unique<remembered>();
    call_tree tree;
    scripted_frames memory;

    thread() { chain->forget(); }

    void show(const stack& now) {
        memory.live.clear();
        address previous = 0;
        for (const auto& [where, key] : now) {
            memory.live[where] = {previous, key};
            previous = where;
        }
    }
    fil_callstack expected(const stack& now) {
        fil_callstack callstack = FIL_CALLSTACK_UNKNOWN;
        for (const auto& [where, key] : now) callstack = tree.child(callstack, key);
        return callstack;
    }
    fil_callstack found(const stack& now) {
        show(now);
        const auto child = [this](fil_callstack caller, address where, std::uint64_t key) {
            EXPECT_EQ(memory.live.at(where).key, key);
            return tree.child(caller, key);
        };
        const fil_callstack same = chain->same_as_last(now.back().first, frames{&memory});
        if (same != FIL_CALLSTACK_NONE) return same;
        return chain->follow(now.back().first, frames{&memory}, child);
    }
    // The frames from there on are of new calls.
    void call_anew(const stack& now, std::size_t from = 0) {
        for (; from < now.size(); ++from) memory.stamped.erase(now[from].first);
    }
    void check(const stack& now) { EXPECT_EQ(found(now), expected(now)); }
};

inline stack deep(std::uint32_t depth) {
    stack result;
    for (std::uint32_t i = 1; i <= depth; ++i) result.emplace_back(i * 112, i);
    return result;
}

}  // namespace fil::test
