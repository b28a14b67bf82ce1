#include "sample/copied_memory.hpp"

#include <gtest/gtest.h>

namespace fil::cli {
namespace {

constexpr std::uint64_t at = 0x10000000, mib = 1 << 20;

kernel_mapping mapping(std::uint64_t low, std::uint64_t bytes, std::int64_t written) {
    return {.low = low,
            .high = low + bytes,
            .access = "rw-p",
            .name = {},
            .flags = {},
            .written = written,
            .kind = FIL_RESIDENT_PROGRAM};
}

std::int64_t copied_bytes(std::span<const kernel_mapping> its, const known_memory& known,
                          std::span<const kernel_mapping> parents) {
    std::int64_t sum = 0;
    for (const kernel_mapping& one : its) sum += cli::copied_bytes(one, known, parents);
    return sum;
}

TEST(copied_memory, is_what_was_written_where_the_parent_has_memory_too) {
    const kernel_mapping parents[] = {mapping(at, 8 * mib, 0)};
    const kernel_mapping its[] = {mapping(at, 8 * mib, 3 * mib), mapping(at + 100 * mib, mib, mib)};
    EXPECT_EQ(copied_bytes(its, {}, parents), 3 * mib);
    EXPECT_EQ(copied_bytes(its, {}, {}), 0);
}

TEST(copied_memory, is_less_by_what_the_process_asked_for_itself) {
    const kernel_mapping parents[] = {mapping(at, 8 * mib, 0)};
    const kernel_mapping its[] = {mapping(at, 8 * mib, 3 * mib)};
    known_memory known;
    known.claim({at + mib, at + 2 * mib});
    EXPECT_EQ(copied_bytes(its, known, parents), 2 * mib);
    known.claim({at + 2 * mib, at + 8 * mib});
    EXPECT_EQ(copied_bytes(its, known, parents), 0);
}

TEST(copied_memory, is_none_of_a_heap_that_only_the_child_has_made_longer) {
    const kernel_mapping parents[] = {mapping(at, mib, 0)};
    const kernel_mapping its[] = {mapping(at, 9 * mib, 8 * mib)};
    EXPECT_EQ(copied_bytes(its, {}, parents), mib);
}

TEST(copied_memory, is_none_that_was_shared_or_is_ours) {
    kernel_mapping shared = mapping(at, mib, mib), ours = mapping(at + mib, mib, mib);
    shared.access = "rw-s";
    ours.kind = FIL_RESIDENT_PROFILER;
    const kernel_mapping all[] = {shared, ours};
    EXPECT_EQ(copied_bytes(all, {}, all), 0);
}

}  // namespace
}  // namespace fil::cli
