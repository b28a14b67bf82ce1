// What a calling function's register holds, found by functions that lie between: some that save the
// register, some that do not, and some that call deeper before.

#include "caller_registers.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace {

using fil::source_kit::caller_registers;

struct asked {
    caller_registers& registers;
    std::uint64_t lowest;
};

// Values from `lowest` on, a few, are looked for.
[[gnu::noinline]] std::uint64_t ask(const asked& how) {
    const std::uint64_t found =
        how.registers.find([&](std::uint64_t value) { return value - how.lowest < 100; });
    asm volatile("");
    return found;
}

// Uses the registers for values of its own.
[[gnu::noinline]] std::uint64_t ask_busily(const asked& how, std::uint64_t a) {
    std::uint64_t b = a * 3, c = a * 5, d = a * 7, e = a * 11, f = a * 13;
    asm volatile("" : "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f) : : "memory");
    const std::uint64_t found = ask(how);
    asm volatile("" : : "r"(b), "r"(c), "r"(d), "r"(e), "r"(f) : "memory");
    return found;
}

[[gnu::noinline]] std::uint64_t ask_deeper(const asked& how, int calls) {
    if (calls == 0) return ask_busily(how, 1);
    const std::uint64_t found = ask_deeper(how, calls - 1);
    asm volatile("" : : "r"(calls) : "memory");
    return found;
}

// Holds `value` in a register that its callees must save, and nowhere else.
[[gnu::noinline]] std::uint64_t hold(std::uint64_t value, const asked& how, int way) {
    std::uint64_t found = 0;
    register std::uint64_t held asm("r12") = value;
    asm volatile("" : "+r"(held));
    if (way == 0) found = ask(how);
    if (way == 1) found = ask_busily(how, 2);
    if (way > 1) found = ask_deeper(how, way);
    asm volatile("" : : "r"(held));
    return found;
}

// Far from values that are about by chance.
constexpr std::uint64_t first = 0x1234'5678'9abc'0000;

TEST(caller_registers, finds_the_value_of_now_on_ways_new_and_known) {
    const auto registers = std::make_unique<caller_registers>();
    const asked how{*registers, first};
    for (std::uint64_t turn = 0; turn < 90; ++turn) {
        for (int way = 0; way < 9; ++way) {
            EXPECT_EQ(hold(first + turn, how, way), first + turn) << way;
        }
    }
}

TEST(caller_registers, finds_nothing_where_no_caller_has_it) {
    const auto registers = std::make_unique<caller_registers>();
    EXPECT_EQ(hold(first, {*registers, first}, 1), first);
    EXPECT_EQ(hold(first, {*registers, first + 500}, 1), 0u);  // on a way that is known
    EXPECT_EQ(ask({*registers, first}), 0u);
}

// Keeps two more copies of the value on the stack between.
[[gnu::noinline]] std::uint64_t hold_beside_copies(std::uint64_t value, const asked& how) {
    volatile std::uint64_t copies[4] = {value, 1, value, 2};
    register std::uint64_t held asm("r12") = value;
    asm volatile("" : "+r"(held));
    const std::uint64_t found = ask_busily(how, copies[1]);
    EXPECT_EQ(copies[0] + copies[2], 2 * value);  // nothing was changed
    asm volatile("" : : "r"(held));
    return found;
}

TEST(caller_registers, a_copy_of_the_value_is_not_taken_for_the_register) {
    const auto registers = std::make_unique<caller_registers>();
    const asked how{*registers, first};
    for (std::uint64_t turn = 0; turn < 90; ++turn) {
        EXPECT_EQ(hold_beside_copies(first + turn / 10, how), first + turn / 10);
    }
}

TEST(caller_registers, the_nearest_caller_counts) {
    const auto registers = std::make_unique<caller_registers>();
    const asked how{*registers, first};
    const auto nested = [&](std::uint64_t value) {
        register std::uint64_t held asm("r12") = first + 50;
        asm volatile("" : "+r"(held));
        const std::uint64_t found = hold(value, how, 1);
        asm volatile("" : : "r"(held));
        return found;
    };
    EXPECT_EQ(nested(first + 1), first + 1);
    EXPECT_EQ(nested(first + 2), first + 2);
}

}  // namespace
