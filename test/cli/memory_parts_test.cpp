#include "sample/memory_parts.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstring>

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

const counter_of_pages all_there = [](address_range range) { return std::optional(range.bytes); };

constexpr std::uint64_t base = 0x700000000000, mib = 1 << 20;

fil_known_memory part(fil_known_kind kind, std::uint64_t from, std::uint64_t bytes,
                      const char* allocator = "") {
    return {kind, {allocator, std::strlen(allocator)}, base + from, bytes, 0, 0};
}

std::vector<memory_part> parts_of(const std::string& smaps,
                                  const std::vector<fil_known_memory>& told, shared_pages how,
                                  const counter_of_pages& present, pid_t parent = 0) {
    known_memory known;
    for (const fil_known_memory& one : told) known.take(one);
    memory_look look(nullptr, how);
    look.add(1, parent, smaps, known, !told.empty(), present);
    return look.parts();
}

memory_part part_of(const std::vector<memory_part>& parts, fil_resident_kind kind,
                    const std::string& name = "") {
    for (const memory_part& one : parts)
        if (one.kind == kind && one.name == name) return one;
    return {kind, name};
}

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
    const auto parts = parts_of(smaps, {}, shared_pages::wholly, nobody_asks);
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

// A mapping of the kernel's that is five things; all of it is resident but for a part of a block.
TEST(memory_parts, what_a_process_knows_of_its_memory_tells_what_a_mapping_is) {
    const std::string smaps =
        mapping("700000000000-700001000000 rw-p 00000000 00:00 0 ", 14 << 10, 14 << 10);
    const std::vector<fil_known_memory> told = {
        part(FIL_KNOWN_GROUND, 0, 4 * mib, "libx.so"), part(FIL_KNOWN_GROUND, 4 * mib, mib),
        part(FIL_KNOWN_MAPPING, 5 * mib, 3 * mib),     part(FIL_KNOWN_BLOCK, mib, 2 * mib),
        part(FIL_KNOWN_BLOCK, 8 * mib + 16, 4 * mib),  part(FIL_KNOWN_BLOCKS, 0, 4000),
        part(FIL_KNOWN_BLOCKS, 4 * mib, 1000)};
    const auto present = [](address_range range) -> std::optional<std::uint64_t> {
        const bool is_large_block = range.address / mib == base / mib + 8;
        return is_large_block ? 2 * mib : range.bytes;
    };
    const auto parts = parts_of(smaps, told, shared_pages::wholly, present);
    const auto is = [&](fil_resident_kind kind, std::uint64_t bytes, std::uint64_t live,
                        const std::string& name = "") {
        EXPECT_EQ(part_of(parts, kind, name),
                  (memory_part{kind, name, static_cast<std::int64_t>(bytes),
                               static_cast<std::int64_t>(live)}));
    };
    is(FIL_RESIDENT_GROUND, 4 * mib, 2 * mib + 4000, "libx.so");
    is(FIL_RESIDENT_GROUND, mib, 1000);
    is(FIL_RESIDENT_MAPPED, 5 * mib, 5 * mib);
    is(FIL_RESIDENT_UNKNOWN, 4 * mib, 0);
    is(FIL_RESIDENT_ABSENT, 0, 2 * mib);
    EXPECT_EQ(sum_of(parts), 14 * mib);
}

TEST(memory_parts, between_blocks_of_a_heap_is_what_malloc_keeps) {
    const std::string smaps =
        mapping("700000000000-700000400000 rw-p 00000000 00:00 0 ", 4 << 10, 4 << 10);
    const std::vector<fil_known_memory> told = {part(FIL_KNOWN_BLOCK, mib, mib),
                                                part(FIL_KNOWN_BLOCKS, 4096, 3000)};
    const auto present = [](address_range range) { return std::optional(range.bytes); };
    const auto parts = parts_of(smaps, told, shared_pages::wholly, present);
    EXPECT_EQ(part_of(parts, FIL_RESIDENT_HEAP),
              (memory_part{FIL_RESIDENT_HEAP, "", 3 * mib, 3000}));
    EXPECT_EQ(part_of(parts, FIL_RESIDENT_UNKNOWN).bytes, 0);
}

TEST(memory_parts, of_a_malloc_that_is_not_the_c_librarys_the_ground_is_heap_without_small_blocks) {
    const std::string smaps =
        mapping("700000000000-700000400000 rw-p 00000000 00:00 0 ", 4 << 10, 4 << 10);
    const std::vector<fil_known_memory> told = {part(FIL_KNOWN_BLOCK, mib, mib),
                                                part(FIL_KNOWN_HEAP, 0, 3 * mib)};
    const auto parts = parts_of(smaps, told, shared_pages::wholly, all_there);
    EXPECT_EQ(part_of(parts, FIL_RESIDENT_MAPPED),
              (memory_part{FIL_RESIDENT_MAPPED, "", mib, mib}));
    EXPECT_EQ(part_of(parts, FIL_RESIDENT_HEAP), (memory_part{FIL_RESIDENT_HEAP, "", 2 * mib, 0}));
    EXPECT_EQ(part_of(parts, FIL_RESIDENT_UNKNOWN).bytes, mib);
}

TEST(memory_parts, pages_of_a_heap_without_a_block_are_told_apart) {
    const std::string smaps =
        mapping("700000000000-700000400000 rw-p 00000000 00:00 0 ", 4 << 10, 4 << 10);
    std::vector<fil_known_memory> told = {part(FIL_KNOWN_BLOCKS, 4096, 3000),
                                          part(FIL_KNOWN_OCCUPIED, 0, mib)};
    const auto heap = [&](fil_resident_kind kind) {
        return part_of(parts_of(smaps, told, shared_pages::wholly, all_there), kind);
    };
    EXPECT_EQ(part_of(parts_of(smaps, told, shared_pages::wholly, nobody_asks), FIL_RESIDENT_VACANT)
                  .bytes,
              0)
        << "nobody told which pages are there";
    EXPECT_EQ(heap(FIL_RESIDENT_VACANT), (memory_part{FIL_RESIDENT_VACANT, "", 3 * mib, 0}));
    EXPECT_EQ(heap(FIL_RESIDENT_HEAP), (memory_part{FIL_RESIDENT_HEAP, "", mib, 3000}));
    EXPECT_EQ(part_of(parts_of(smaps, told, shared_pages::wholly, all_there, 1 << 30),
                      FIL_RESIDENT_VACANT)
                  .bytes,
              0)
        << "somebody's child, who may have been forked";
    told.back().bytes = 100 * mib;  // it went on meanwhile
    EXPECT_EQ(heap(FIL_RESIDENT_VACANT).bytes, 0);
    told.back().bytes = 0;
    EXPECT_EQ(heap(FIL_RESIDENT_VACANT).bytes, 4 * mib - 3000) << "blocks are there";
}

// Its place tells what it is: at a multiple of 64 MiB, and hidden up to the next one.
TEST(memory_parts, a_heap_of_which_all_blocks_are_freed_is_kept_by_malloc) {
    const auto heap_in = [](const std::string& low, const std::string& high,
                            const std::string& hidden) {
        const std::string smaps =
            mapping(low + '-' + high + " rw-p 00000000 00:00 0 ", 2 << 10, 2 << 10) +
            mapping(high + '-' + hidden + " ---p 00000000 00:00 0 ", 0, 0);
        const std::vector<fil_known_memory> elsewhere = {part(FIL_KNOWN_BLOCK, 4096, mib)};
        return part_of(parts_of(smaps, elsewhere, shared_pages::wholly, nobody_asks),
                       FIL_RESIDENT_HEAP)
            .bytes;
    };
    EXPECT_EQ(heap_in("7f0004000000", "7f0004200000", "7f0008000000"), 2 * mib);
    EXPECT_EQ(heap_in("7f0004000000", "7f0008200000", "7f0010000000"), 2 * mib) << "two of them";
    EXPECT_EQ(heap_in("7f0004000000", "7f0008000000", "7f0008000000"), 2 * mib) << "a full one";
    EXPECT_EQ(heap_in("7f0004000000", "7f0004200000", "7f0004300000"), 0);
    EXPECT_EQ(heap_in("7f0004100000", "7f0004200000", "7f0008000000"), 0);
    EXPECT_EQ(heap_in("00c000000000", "00c000200000", "00c004000000"), 0) << "Go's";
}

// What it has from there is shared: each has half of it.
TEST(memory_parts, what_a_forked_child_has_is_what_its_parent_knows_it_to_be) {
    const std::string stack = mapping("7ff000000000-7ff000010000 rw-p 0 00:00 0 [stack]", 0, 0),
                      other = mapping("7ff000000000-7ff000020000 rw-p 0 00:00 0 [stack]", 0, 0),
                      common = mapping("700000000000-700000200000 rw-p 00000000 00:00 0 ", 2 << 10,
                                       2 << 10, "rd wr", 1 << 10);
    const auto present = [](address_range range) { return std::optional(range.bytes); };
    const auto look_at = [&](const std::string& child) {
        known_memory parents, of_child;
        parents.take(part(FIL_KNOWN_MAPPING, 0, 2 * mib));
        memory_look look(nullptr, shared_pages::in_parts);
        look.add(1, 0, common + stack, parents, true, present);
        look.add(2, 1, common + child, of_child, true, present);
        return look.parts();
    };
    EXPECT_EQ(part_of(look_at(stack), FIL_RESIDENT_MAPPED),
              (memory_part{FIL_RESIDENT_MAPPED, "", 2 * mib, 2 * mib}));
    EXPECT_EQ(part_of(look_at(other), FIL_RESIDENT_UNKNOWN).bytes, 1 << 20) << "not forked";
}

TEST(memory_parts, what_a_forked_child_has_copied_is_nobodys_reserve) {
    const std::string stack = mapping("7ff000000000-7ff000010000 rw-p 0 00:00 0 [stack]", 0, 0),
                      range = "700000000000-700000400000 rw-p 00000000 00:00 0 ",
                      parents = mapping(range, 4 << 10, 4 << 10, "rd wr", 3 << 9),
                      of_fork = mapping(range, 4 << 10, 4 << 10, "rd wr", 5 << 9) +
                                "Private_Dirty: 1536 kB\nShared_Clean: 512 kB\n"
                                "Shared_Dirty: 2048 kB\n";
    const auto present = [](address_range asked) { return std::optional(asked.bytes); };
    known_memory of_parent, of_child;
    of_parent.take(part(FIL_KNOWN_MAPPING, 0, 3 * mib));
    of_child.take(part(FIL_KNOWN_BLOCK, 3 * mib, mib));
    memory_look look(nullptr, shared_pages::in_parts);
    look.add(1, 0, parents + stack, of_parent, true, present);
    look.add(2, 1, of_fork + stack, of_child, true, present);
    EXPECT_EQ(part_of(look.parts(), FIL_RESIDENT_COPIED),
              (memory_part{FIL_RESIDENT_COPIED, "", mib / 2, 0}))
        << "all that it wrote, without its own block";
    EXPECT_EQ(sum_of(look.parts()), 4 * mib);
    EXPECT_EQ(look.shared(), (std::map<pid_t, std::int64_t>{{2, 5 * mib / 2}}));
}

TEST(memory_parts, of_pages_that_processes_share_each_has_its_part) {
    const std::string smaps =
        mapping("700000000000-700000100000 rw-p 00000000 00:00 0 ", 900, 900, "rd wr", 300);
    EXPECT_EQ(sum_of(parts_of(smaps, {}, shared_pages::in_parts, nobody_asks)), 300 << 10);
}

TEST(memory_parts, of_a_process_they_add_up_to_what_is_resident) {
    memory_look look(nullptr, shared_pages::wholly);
    look.add(getpid(), getppid());
    const std::vector<memory_part> parts = look.parts();
    const auto resident = process_memory(getpid(), false).parts();
    ASSERT_TRUE(resident);
    EXPECT_NEAR(static_cast<double>(sum_of(parts)), static_cast<double>(resident->total()),
                2 << 20);
}

}  // namespace
}  // namespace fil::cli
