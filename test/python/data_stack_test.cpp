// Which frames need not be looked at because the piece of the data stack that they begin still
// stands: the remembered chain over random programs whose frames lie in pieces of memory, which
// come and go.

#include "data_stack.hpp"

#include <gtest/gtest.h>

#include <random>

#include "scripted_stack.hpp"

using namespace fil::test;

namespace {

using one = thread<256, 64, ordinary_pages, false, fil::python::data_stack_anchors>;

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

TEST(data_stack, agrees_where_frames_lie_in_pieces) {
    for (unsigned seed = 0; seed < 60; ++seed) random_deep_program(seed, seed % 2 != 0);
}

TEST(data_stack, a_call_looks_at_the_newest_pieces_alone) {
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

TEST(data_stack, a_piece_from_elsewhere_proves_nothing) {
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
