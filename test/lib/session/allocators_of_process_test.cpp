#include "session/allocators_of_process.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>

#include "fil/recording/memory.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "process/allocator_book.hpp"

namespace fil {
namespace {

constexpr std::uint64_t bytes = 4 << 20;

class allocators_of_process_test : public testing::Test {
  protected:
    allocators_of_process_test() : base_(system_pages::map(bytes)), memory(base_, bytes) {
        EXPECT_TRUE(memory.format(42, 1));
    }
    ~allocators_of_process_test() override { system_pages::unmap(base_, bytes); }

    void say_where(std::uintptr_t address) {
        char digits[20];
        std::snprintf(digits, sizeof digits, "%zx", static_cast<std::size_t>(address));
        memory.add_fact<linux_system>("allocators", digits);
    }
    recording_view view() const { return {base_, bytes}; }

  private:
    void* base_;

  protected:
    recording_memory memory;
};

TEST_F(allocators_of_process_test, are_read_from_its_memory) {
    const std::uint32_t one = note_allocator("libx.so");
    note_ground(one, 0x100000, 0x2000);
    for (std::uintptr_t thread = 0; thread < 20; ++thread)
        note_allocators_live(one, 10, thread << 21);
    note_allocators_live(one, -50, 0);
    EXPECT_TRUE(allocators_of_process(view(), os::process_id()).empty()) << "nobody said where";
    say_where(reinterpret_cast<std::uintptr_t>(&allocators_here));
    const auto found = allocators_of_process(view(), os::process_id());
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].name, "libx.so");
    EXPECT_EQ(found[0].live, 150);
    ASSERT_EQ(found[0].grounds.size(), 1u);
    EXPECT_EQ(found[0].grounds[0].address, 0x100000u);
    EXPECT_EQ(found[0].grounds[0].bytes, 0x2000u);
    EXPECT_TRUE(allocators_of_process(view(), 1 << 30).empty()) << "nobody is there";
}

TEST_F(allocators_of_process_test, where_something_else_stands_there_are_none) {
    static const char nothing[sizeof(allocator_book)] = {};
    say_where(reinterpret_cast<std::uintptr_t>(nothing));
    EXPECT_TRUE(allocators_of_process(view(), os::process_id()).empty());
}

}  // namespace
}  // namespace fil
