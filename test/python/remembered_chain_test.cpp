// The remembered chain against the obvious thing, a walk from the root each time: random programs
// that call, return, jump, resume generators elsewhere and switch stacks. Frames live in a scripted
// memory that fails the test when a dead one is read.

#include "remembered_chain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "ordinary_pages.hpp"

using fil::python::address;
using fil::python::remembered_chain;
using fil::test::ordinary_pages;

namespace {

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
          bool CallersStayStamped = false>
struct thread {
    using frames = frames_of<CallersStayStamped>;
    using remembered = remembered_chain<First, Scratch, Pages>;
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

stack deep(std::uint32_t depth) {
    stack result;
    for (std::uint32_t i = 1; i <= depth; ++i) result.emplace_back(i * 112, i);
    return result;
}

template <std::uint32_t First, std::uint32_t Scratch, typename Pages = ordinary_pages,
          bool CallersStayStamped = false>
void random_program(unsigned seed, std::size_t longest) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t limit) {
        return static_cast<std::size_t>(random() % limit);
    };
    thread<First, Scratch, Pages, CallersStayStamped> thread;
    std::vector<stack> stacks(3);
    std::vector<stack> generators;  // suspended frames, with what they delegate to
    std::size_t current = 0;
    address fresh = generators_frames;

    for (int step = 0; step < 4000; ++step) {
        stack& now = stacks[current];
        switch (below(10)) {
            case 0:
            case 1:
            case 2:  // call: the data stack reuses addresses, few functions
                for (std::size_t n = below(8) == 0 ? below(longest) : 1; n > 0; --n) {
                    if (now.size() >= longest) break;
                    const address where =
                        (current + 1) * 0x100000 + now.size() * 112 + below(2) * 16;
                    now.emplace_back(where, below(6));
                    thread.call_anew(now, now.size() - 1);
                }
                break;
            case 3:
            case 4:  // return
                for (std::size_t n = below(6) == 0 ? below(longest) : 1; n > 0 && !now.empty();
                     --n) {
                    now.pop_back();
                }
                break;
            case 5:  // the running frame goes on
                if (!now.empty()) now.back().second = below(6);
                break;
            case 6:  // a caller went on meanwhile: back there, and the same calls again
                if (!now.empty()) {
                    const std::size_t which = below(now.size());
                    now[which].second = below(6);
                    thread.call_anew(now, which + 1);
                }
                break;
            case 7:  // suspend the newest frames as a generator
                if (now.size() > 3) {
                    generators.emplace_back(now.end() - 1 - static_cast<long>(below(2)), now.end());
                    now.resize(now.size() - generators.back().size());
                    for (auto& [where, key] : generators.back()) where = fresh += 160;
                }
                break;
            case 8:  // resume one, wherever we are
                if (!generators.empty()) {
                    const std::size_t which = below(generators.size());
                    const stack resumed = generators[which];
                    generators.erase(generators.begin() + static_cast<long>(which));
                    now.insert(now.end(), resumed.begin(), resumed.end());
                    thread.call_anew(resumed);
                }
                break;
            case 9:
                if (below(4) == 0) current = below(stacks.size());
                break;
        }
        if (!stacks[current].empty() && below(3) != 0) thread.check(stacks[current]);
        if (::testing::Test::HasFailure()) FAIL() << "seed " << seed << " step " << step;
    }
}

// A data stack: frames lie in pieces of memory, which come and go as in CPython. Newer interpreters
// keep a piece that is no longer used until the next one goes.
template <typename Thread>
struct data_stack {
    Thread& thread;
    stack now;
    bool keeps_one;
    address highest;
    std::vector<address> pieces = {};
    std::vector<address> ends = {};  // of the frames in each piece
    std::vector<address> unused = {};
    address kept = 0;
    static constexpr address piece_bytes = 1024;

    void call(std::uint64_t key, address bytes) {
        if (pieces.empty() || ends.back() + bytes > pieces.back() + piece_bytes) {
            pieces.push_back(std::exchange(kept, 0));
            if (pieces.back() == 0) pieces.back() = take();
            ends.push_back(pieces.back() + (pieces.size() == 1 ? 32 : 24));
        }
        now.emplace_back(ends.back(), key);
        ends.back() += bytes;
        thread.memory.stamped.erase(now.back().first);
    }
    address take() {
        address piece = highest += piece_bytes;
        if (!unused.empty()) piece = unused.back(), unused.pop_back(), highest -= piece_bytes;
        fil::python::note_new_piece(reinterpret_cast<void*>(piece));
        return piece;
    }
    void check() {
        thread.memory.pieces = pieces;
        thread.check(now);
    }
    void leave() {
        ends.back() = now.back().first;
        now.pop_back();
        if (pieces.size() == 1 || ends.back() != pieces.back() + 24) return;
        address gone = pieces.back();
        pieces.pop_back();
        ends.pop_back();
        if (keeps_one) std::swap(gone, kept);
        if (gone == 0) return;
        fil::python::note_freed_piece(reinterpret_cast<void*>(gone));
        unused.push_back(gone);
    }
};

void random_deep_program(unsigned seed, bool keeps_one) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t limit) {
        return static_cast<std::size_t>(random() % limit);
    };
    using one = thread<256, 64>;
    one thread;
    data_stack<one> stacks[] = {{thread, {}, keeps_one, 0x100000},
                                {thread, {}, keeps_one, 0x400000}};
    for (int step = 0; step < 3000; ++step) {
        data_stack<one>& data = stacks[step / 8 % 8 == 0];  // now and then, another greenlet
        const std::size_t depth = data.now.size();
        const std::size_t wanted = below(4) == 0 ? below(150) : depth + below(9) - 4;
        while (data.now.size() > wanted && data.now.size() > 1) data.leave();
        if (!data.now.empty() && below(3) == 0) data.now.back().second = below(4);
        while (data.now.size() < wanted && wanted < 150) data.call(below(2), 96 + 16 * below(9));
        if (!data.now.empty() && below(3) != 0) data.check();
        if (::testing::Test::HasFailure()) FAIL() << "seed " << seed << " step " << step;
    }
}

}  // namespace

TEST(remembered_chain, agrees_where_frames_lie_in_pieces) {
    for (unsigned seed = 0; seed < 60; ++seed) random_deep_program(seed, seed % 2 != 0);
}

TEST(remembered_chain, a_call_looks_at_the_newest_pieces_alone) {
    using one = thread<256, 64>;
    one thread;
    data_stack<one> data{thread, {}, false, 0x100000};
    thread.memory.loads = 0;
    unsigned long most = 0;
    for (int depth = 0; depth < 1000; ++depth) {
        data.call(7, 112);
        thread.memory.pieces = data.pieces;
        const unsigned long before = thread.memory.loads;
        EXPECT_NE(thread.found(data.now), FIL_CALLSTACK_NONE);
        most = std::max(most, thread.memory.loads - before);
    }
    EXPECT_LT(most, 60u);  // a piece holds nine frames
}

TEST(remembered_chain, a_piece_from_elsewhere_proves_nothing) {
    using one = thread<256, 64>;
    one thread;
    data_stack<one> data{thread, {}, false, 0x100000};
    for (int depth = 0; depth < 100; ++depth) data.call(7, 112);
    for (const address piece : data.pieces) {
        fil::python::news_of(piece).newest.store(0);
    }
    data.check();
    data.now[3].second = 1;  // and nothing was said of the pieces above
    thread.call_anew(data.now, 4);
    data.check();
}

TEST(remembered_chain, agrees_with_a_naive_walk_of_random_programs) {
    for (unsigned seed = 0; seed < 40; ++seed) random_program<256, 64>(seed, 60);
}

TEST(remembered_chain, agrees_where_callers_stay_stamped) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        random_program<256, 64, ordinary_pages, true>(seed, 200);
    }
}

TEST(remembered_chain, a_call_looks_no_further_than_a_stamped_caller) {
    thread<256, 64, ordinary_pages, true> thread;
    stack now = deep(1);
    while (now.size() < 1000) {
        thread.check(now);
        now.emplace_back(now.back().first + 112, 7);
    }
    thread.show(now);
    thread.memory.loads = 0;
    thread.check(now);
    EXPECT_LE(thread.memory.loads, 300u);
    now[990].second = 8;  // a debugger moved a caller, which is near
    now.emplace_back(now.back().first + 112, 7);
    thread.check(now);
}

TEST(remembered_chain, agrees_where_it_grows) {
    for (unsigned seed = 0; seed < 40; ++seed) random_program<2, 4>(seed, 60);
}

TEST(remembered_chain, agrees_where_stacks_outgrow_it_and_there_is_no_memory) {
    for (unsigned seed = 0; seed < 40; ++seed) random_program<10, 4, no_pages>(seed, 60);
}

TEST(remembered_chain, an_unchanged_stack_is_not_interned_again) {
    thread<256, 64> thread;
    thread.check(deep(50));
    thread.tree.interned = 0;
    EXPECT_EQ(thread.found(deep(50)), thread.expected(deep(50)));
    EXPECT_EQ(thread.tree.interned, 50u);  // expected()'s own
}

TEST(remembered_chain, a_call_interns_one_frame) {
    thread<256, 64> thread;
    stack now = deep(50);
    thread.check(now);
    now.emplace_back(9999, 7);
    thread.tree.interned = 0;
    thread.found(now);
    EXPECT_EQ(thread.tree.interned, 1u);
}

TEST(remembered_chain, a_return_interns_nothing_however_far) {
    thread<256, 64> thread;
    thread.check(deep(50));
    thread.tree.interned = 0;
    thread.found(deep(12));
    EXPECT_EQ(thread.tree.interned, 0u);
}

TEST(remembered_chain, what_changed_at_the_root_changes_all_above) {
    thread<256, 64> thread;
    stack now = deep(50);
    const fil_callstack before = thread.found(now);
    now[0].second = 77;
    thread.call_anew(now, 1);
    EXPECT_NE(thread.found(now), before);
    thread.check(now);
}

TEST(remembered_chain, equal_frames_on_another_caller_are_another_stack) {
    thread<256, 64> thread;
    stack now = deep(10);
    thread.check(now);
    now.erase(now.begin() + 4);  // the frames above now stand on frame 3
    thread.call_anew(now, 4);
    thread.check(now);
    now.insert(now.begin() + 2, {5555, 3});
    thread.call_anew(now, 2);
    thread.check(now);
}

TEST(remembered_chain, a_deep_stack_is_interned_once) {
    thread<16, 16> thread;
    thread.check(deep(100000));
    thread.tree.interned = 0;
    stack now = deep(100001);
    now.front().second = 1;
    thread.found(now);
    EXPECT_EQ(thread.tree.interned, 1u);
    EXPECT_EQ(thread.chain->count(), 100001u);
    thread.found(deep(3));
    thread.tree.interned = 0;
    thread.memory.loads = 0;
    thread.found(deep(100000));  // each frame is walked twice, however many there are
    EXPECT_EQ(thread.tree.interned, 99997u);
    EXPECT_LE(thread.memory.loads, 400100u);
}

TEST(remembered_chain, a_stack_deeper_than_memory_is_right_every_time) {
    thread<100, 16, no_pages> thread;
    for (int turn = 0; turn < 3; ++turn) thread.check(deep(1000));
    stack now = deep(1000);
    now.back().second = 3;
    thread.check(now);
    now[500].second = 3;
    thread.call_anew(now, 501);
    thread.check(now);
    thread.check(deep(3));
}

TEST(remembered_chain, the_same_call_is_known_without_a_look_at_its_callers) {
    thread<256, 64> thread;
    thread.check(deep(50));
    thread.memory.loads = 0;
    thread.found(deep(50));
    EXPECT_LE(thread.memory.loads, 3u);
    stack now = deep(50);
    now.back().second = 99;  // it went on
    thread.memory.loads = 0;
    thread.check(now);
    EXPECT_LE(thread.memory.loads, 6u);
    thread.call_anew(now, 49);
    thread.memory.loads = 0;
    thread.check(now);
    EXPECT_GT(thread.memory.loads, 50u);
}

TEST(remembered_chain, a_forgotten_chain_is_walked_anew) {
    thread<256, 64> thread;
    thread.check(deep(5));
    thread.chain->forget();
    thread.tree.interned = 0;
    thread.found(deep(5));
    EXPECT_EQ(thread.tree.interned, 5u);
}

TEST(remembered_chain, what_stands_on_dead_code_is_walked_anew) {
    thread<256, 64> thread;
    thread.check(deep(50));
    thread.chain->forget_keys(30, 1);
    thread.tree.interned = 0;
    thread.found(deep(50));
    EXPECT_EQ(thread.tree.interned, 21u);
    thread.chain->forget_keys(51, 9);
    thread.tree.interned = 0;
    thread.memory.loads = 0;
    thread.found(deep(50));  // the same call still
    EXPECT_EQ(thread.tree.interned, 0u);
    EXPECT_LE(thread.memory.loads, 3u);
    thread.chain->forget_keys(50, 1);
    EXPECT_EQ(thread.chain->same_as_last(50 * 112, frames_of<false>{&thread.memory}),
              FIL_CALLSTACK_NONE);
}
