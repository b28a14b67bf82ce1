#include "fil/capture/unwind_tables.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <random>

#include "fil/capture/unwind_machine.hpp"
#include "fil/capture/unwind_program.hpp"
#include "os/system_modules.hpp"

namespace {

using program = fil::unwind_program<fil::x86_64>;

fil::unwind_tables tables_of(std::uintptr_t code) {
    fil::unwind_tables tables;
    fil::system_modules::find(
        code,
        [](void* to, const fil::loaded_module* found) {
            *static_cast<fil::unwind_tables*>(to) = found->tables;
        },
        &tables);
    return tables;
}

[[gnu::noinline]] void some_function() {
    asm volatile("");
}

TEST(unwind_tables, each_function_of_a_module_is_described) {
    const auto code = reinterpret_cast<std::uintptr_t>(&some_function);
    fil::frame_description found;
    ASSERT_TRUE(fil::description_search(tables_of(code)).find(code, found));
    EXPECT_EQ(found.code, code);
    EXPECT_GT(found.code_bytes, 0);
    program run;
    ASSERT_TRUE(run.run(found, code));
    EXPECT_EQ(run.digest().stack, fil::stack_rule::sp) << "at its first instruction";
    EXPECT_EQ(run.digest().stack_offset, 8);
}

TEST(unwind_tables, what_is_not_code_is_not) {
    static int variable;
    const auto code = reinterpret_cast<std::uintptr_t>(&some_function);
    fil::frame_description found;
    const fil::description_search search(tables_of(code));
    EXPECT_FALSE(search.find(reinterpret_cast<std::uintptr_t>(&variable), found));
    EXPECT_FALSE(search.find(0, found));
    EXPECT_FALSE(search.find(~std::uintptr_t{0}, found));
    EXPECT_FALSE(fil::description_search({}).find(code, found));
}

// A copy with bytes changed, at the end of memory: reading beyond it would crash.
TEST(unwind_tables, damaged_ones_are_read_within_their_bounds) {
    const auto code = reinterpret_cast<std::uintptr_t>(&some_function);
    const fil::unwind_tables real = tables_of(code);
    const std::size_t bytes = real.end - real.begin;
    const std::size_t room = (bytes + 4095) & ~std::size_t{4095};
    auto* pages = static_cast<char*>(
        mmap(nullptr, room + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages, 4096, PROT_NONE);
    mprotect(pages + 4096 + room, 4096, PROT_NONE);
    char* copy = pages + 4096 + room - bytes;
    const auto begin = reinterpret_cast<std::uintptr_t>(copy);
    const fil::unwind_tables damaged{begin, begin + bytes, begin + (real.index - real.begin)};
    std::mt19937 random(1);
    program run;
    int found_and_run = 0;
    for (int i = 0; i < 60; ++i) {
        std::memcpy(copy, reinterpret_cast<const void*>(real.begin), bytes);
        const std::size_t index = real.index - real.begin;
        for (int k = i == 0 ? 0 : 400; k > 0; --k)
            copy[index + random() % (bytes - index)] = static_cast<char>(random());
        if (i % 2 == 1) copy[index + random() % 12] = static_cast<char>(random());
        for (int k = 0; k < 4; ++k) {
            fil::frame_description found;
            const std::uintptr_t pc = code - real.begin + begin + random() % 4000 - 2000;
            if (fil::description_search(damaged).find(pc, found))
                found_and_run += run.run(found, pc);
        }
    }
    EXPECT_GT(found_and_run, 10);
    munmap(pages, room + 8192);
}

}  // namespace
