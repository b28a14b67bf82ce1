// What a calling function's register holds, found by functions that lie between: some that save the
// register, some that do not, and some that call deeper before.

#include "caller_registers.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

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

// With much on the stack that is its own.
[[gnu::noinline]] std::uint64_t ask_below_a_large_frame(const asked& how) {
    char large[64 << 10];
    asm volatile("" : : "r"(large) : "memory");
    const std::uint64_t found = ask(how);
    asm volatile("" : : "r"(large) : "memory");
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
    if (way < 0) found = ask_below_a_large_frame(how);
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

// A stack with nothing above it. What the C library keeps at its end is shorter than the large
// frame.
class short_stack {
  public:
    short_stack() {
        memory_ = mmap(nullptr, bytes + guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
        mprotect(static_cast<char*>(memory_) + bytes, guard, PROT_NONE);
    }
    ~short_stack() { munmap(memory_, bytes + guard); }
    short_stack(const short_stack&) = delete;

    void run(void* (*function)(void*), void* argument) {
        pthread_attr_t how;
        pthread_attr_init(&how);
        ASSERT_EQ(pthread_attr_setstack(&how, memory_, bytes), 0);
        pthread_t thread;
        ASSERT_EQ(pthread_create(&thread, &how, function, argument), 0);
        pthread_join(thread, nullptr);
        pthread_attr_destroy(&how);
    }

  private:
    static constexpr std::size_t bytes = 512 << 10, guard = 256 << 10;
    void* memory_;
};

TEST(caller_registers, a_long_way_is_not_gone_beyond_the_end_of_a_stack) {
    const auto registers = std::make_unique<caller_registers>();
    const auto on_this_thread = [](void* known) -> void* {
        const asked how{*static_cast<caller_registers*>(known), first};
        for (std::uint64_t turn = 0; turn < 3; ++turn) {
            EXPECT_EQ(hold(first + turn, how, -1), first + turn);
            EXPECT_EQ(hold(first + turn, how, 0), first + turn);
        }
        return nullptr;
    };
    short_stack one, another;
    one.run(on_this_thread, registers.get());
    another.run(on_this_thread, registers.get());  // that has the memory of one that has ended
    on_this_thread(registers.get());
}

}  // namespace
