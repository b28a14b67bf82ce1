// Ways on which something was shown once: the same calls are known again, others are not.

#include "known_ways.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace {

using fil::source_kit::address;
using ways = fil::source_kit::known_ways<64, 12>;

struct asked {
    ways& known;
    address end;
    std::uint32_t about;
    bool may_learn;
};

// Whether the way from `end` was known; if not, it is learnt, as soon as that is done.
[[gnu::noinline]] bool ask(const asked& how) {
    __builtin_unwind_init();
    const auto here = reinterpret_cast<address>(__builtin_dwarf_cfa());
    if (how.known.has(here, how.end, how.about)) return true;
    for (int i = 0; how.may_learn && i < 16; ++i) how.known.learn(here, how.end, how.about);
    return false;
}

// Two ways of equal length that differ in where one function calls.
[[gnu::noinline]] bool ask_at_either(const asked& how, bool first) {
    bool known;
    if (first) {
        known = ask(how);
        asm volatile("" : "+r"(known));
    } else {
        known = ask(how);
        asm volatile("# other" : "+r"(known));
    }
    return known;
}

[[gnu::noinline]] bool ask_deeper(const asked& how, int calls, bool first) {
    if (calls == 0) return ask_at_either(how, first);
    const bool known = ask_deeper(how, calls - 1, first);
    asm volatile("" : : "r"(calls) : "memory");
    return known;
}

// A function whose frame the ways end in.
[[gnu::noinline]] bool begin(ways& known, int calls, bool first, std::uint32_t about = 0,
                             bool may_learn = true) {
    volatile char jump_buffer[64] = {};
    const asked how{known, reinterpret_cast<address>(&jump_buffer), about, may_learn};
    const bool is_known = ask_deeper(how, calls, first);
    return is_known && jump_buffer[0] == 0;
}

TEST(known_ways, a_way_is_known_after_it_was_learnt) {
    const auto known = std::make_unique<ways>();
    for (int calls = 0; calls < 8; ++calls) {
        EXPECT_FALSE(begin(*known, calls, true));
        EXPECT_TRUE(begin(*known, calls, true));
    }
    for (int calls = 0; calls < 8; ++calls) EXPECT_TRUE(begin(*known, calls, true));
}

TEST(known_ways, one_that_differs_in_a_single_call_is_another) {
    const auto known = std::make_unique<ways>();
    begin(*known, 3, true);
    EXPECT_FALSE(begin(*known, 3, false, 0, false));
    EXPECT_FALSE(begin(*known, 2, true, 0, false));
    EXPECT_FALSE(begin(*known, 4, true, 0, false));
    begin(*known, 3, false);
    EXPECT_TRUE(begin(*known, 3, false));
    EXPECT_TRUE(begin(*known, 3, true));
}

TEST(known_ways, what_it_is_known_for_counts) {
    const auto known = std::make_unique<ways>();
    begin(*known, 3, true, 1);
    EXPECT_FALSE(begin(*known, 3, true, 2, false));
    EXPECT_TRUE(begin(*known, 3, true, 1));
}

TEST(known_ways, too_many_calls_are_not_learnt) {
    const auto known = std::make_unique<ways>();
    for (int turn = 0; turn < 3; ++turn) EXPECT_FALSE(begin(*known, 20, true));
    EXPECT_FALSE(begin(*known, 3, true));
    EXPECT_TRUE(begin(*known, 3, true));
}

}  // namespace
