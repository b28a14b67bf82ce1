#include "sample/memory_parts.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include "sample/process_memory.hpp"

namespace fil::cli {
namespace {

std::string mapping(const std::string& head, int resident, int anonymous,
                    const std::string& flags = "rd wr", int proportional = -1) {
    return head + "\nSize: 9 kB\nRss: " + std::to_string(resident) +
           " kB\nPss: " + std::to_string(proportional < 0 ? resident : proportional) +
           " kB\nAnonymous: " + std::to_string(anonymous) + " kB\nVmFlags: " + flags + " \n";
}

const counter_of_pages nobody_asks = [](address_range) { return std::nullopt; };

TEST(memory_parts, each_resident_byte_is_in_one) {
    const std::string smaps =
        mapping("400000-500000 r-xp 00000000 08:01 1 /bin/job", 100, 0) +
        mapping("500000-600000 rw-p 00000000 08:01 1 /bin/job", 20, 15) +
        mapping("600000-700000 rw-p 00000000 00:00 0 ", 7, 7) +  // its bss
        mapping("800000-900000 rw-p 00000000 00:00 0                          [heap]", 50, 50) +
        mapping("7f0000000000-7f0000001000 ---p 00000000 00:00 0 ", 0, 0) +
        mapping("7f0000001000-7f0000801000 rw-p 00000000 00:00 0 ", 8, 8) +
        mapping("7f0001000000-7f0002000000 rw-p 00000000 00:00 0 ", 4, 4, "rd wr nr wf dd") +
        mapping("7f0003000000-7f0004000000 rw-s 00000000 00:01 2 /memfd:fil-recording (deleted)", 3,
                0) +
        mapping("7f0005000000-7f0006000000 rw-s 00000000 00:01 2 /dev/shm/x", 6, 0) +
        mapping("7f0007000000-7f0008000000 rw-p 00000000 00:00 0 ", 200, 200) +
        mapping("7ff000000000-7ff000010000 rw-p 00000000 00:00 0    [stack]", 2, 2);
    const auto parts = parts_of_smaps(smaps, {}, shared_pages::wholly, nobody_asks);
    EXPECT_EQ(sum_of(parts), 400 << 10);
    const auto bytes = [&](fil_resident_kind kind) {
        for (const memory_part& one : parts)
            if (one.kind == kind) return one.bytes >> 10;
        return std::int64_t{0};
    };
    EXPECT_EQ(bytes(FIL_RESIDENT_FILES), 105);
    EXPECT_EQ(bytes(FIL_RESIDENT_DATA), 22);
    EXPECT_EQ(bytes(FIL_RESIDENT_PROGRAM), 250);
    EXPECT_EQ(bytes(FIL_RESIDENT_STACKS), 10);
    EXPECT_EQ(bytes(FIL_RESIDENT_PROFILER), 7);
    EXPECT_EQ(bytes(FIL_RESIDENT_SHARED), 6);
}

TEST(memory_parts, the_ground_of_an_allocator_is_taken_out_of_what_the_program_maps) {
    const std::string smaps = mapping("700000000000-700000100000 rw-p 00000000 00:00 0 ", 900, 900);
    const fil_ground grounds[] = {{"libx.so", 100 << 10, 0x700000000000, 256 << 10},
                                  {"libx.so", 100 << 10, 0x700000080000, 256 << 10},
                                  {"liby.so", 50 << 10, 0, 0}};
    const auto present = [](address_range) { return std::optional<std::uint64_t>(200 << 10); };
    EXPECT_EQ(parts_of_smaps(smaps, grounds, shared_pages::wholly, present),
              (std::vector<memory_part>{{FIL_RESIDENT_PROGRAM, "", 500 << 10, 0},
                                        {FIL_RESIDENT_GROUND, "libx.so", 400 << 10, 100 << 10},
                                        {FIL_RESIDENT_GROUND, "liby.so", 0, 50 << 10}}));
}

TEST(memory_parts, of_pages_that_processes_share_each_has_its_part) {
    const std::string smaps =
        mapping("700000000000-700000100000 rw-p 00000000 00:00 0 ", 900, 900, "rd wr", 300);
    EXPECT_EQ(sum_of(parts_of_smaps(smaps, {}, shared_pages::in_parts, nobody_asks)), 300 << 10);
}

TEST(memory_parts, of_a_process_they_add_up_to_what_is_resident) {
    std::vector<memory_part> parts;
    add_parts_of_process(parts, nullptr, getpid(), shared_pages::wholly);
    const auto resident = process_memory(getpid(), false).parts();
    ASSERT_TRUE(resident);
    EXPECT_NEAR(static_cast<double>(sum_of(parts)), static_cast<double>(resident->total()),
                2 << 20);
}

}  // namespace
}  // namespace fil::cli
