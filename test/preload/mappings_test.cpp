// The order of bookkeeping around mmap and its family, and what kind each mapping is.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "anonymous_memory.hpp"
#include "fake_recorder.hpp"
#include "replaced.hpp"

using fil::preload::real;

namespace {

constexpr std::size_t page = 4096, large = 16 * page;
constexpr int both = PROT_READ | PROT_WRITE;

fil_pieces* pieces() {
    return reinterpret_cast<fil_pieces*>(0x1234);
}

void* reserve() {
    return mmap(nullptr, large, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

std::string kind_of(int access, int flags, int file = -1) {
    fake::start();
    void* range = mmap(nullptr, page, access, flags, file, 0);
    std::string names = fake::names();
    EXPECT_NE(range, MAP_FAILED);
    munmap(range, page);
    return names;
}

TEST(mprotect, of_a_large_range_for_code_makes_an_arena) {
    using fil::preload::access_of;
    constexpr std::size_t mib = 1 << 20;
    EXPECT_EQ(access_of(512 * mib, both | PROT_EXEC), FIL_ACCESS_ARENA);
    EXPECT_EQ(access_of(510 * mib + 4096, both | PROT_EXEC), FIL_ACCESS_ARENA);
    EXPECT_EQ(access_of(512 * mib, both), FIL_ACCESS_YES);
    EXPECT_EQ(access_of(mib, both | PROT_EXEC), FIL_ACCESS_YES);
    EXPECT_EQ(access_of(512 * mib, PROT_NONE), FIL_ACCESS_NONE);
}

TEST(mmap, a_writable_arena_is_reserved_a_block_of_an_allocator_is_not) {
    using fil::preload::kind_of_anonymous;
    constexpr int arena = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    constexpr std::size_t mib = 1 << 20;
    for (const std::size_t bytes :
         {64 * mib, 100 * mib, 200 * mib, 512 * mib, 1536 * mib, 3072 * mib, 65536 * mib}) {
        EXPECT_EQ(kind_of_anonymous(bytes, both, arena), FIL_MAPPING_ARENA);
        EXPECT_EQ(kind_of_anonymous(bytes, both, MAP_PRIVATE | MAP_ANONYMOUS),
                  FIL_MAPPING_ANONYMOUS);
        EXPECT_EQ(kind_of_anonymous(bytes, PROT_NONE, arena), FIL_MAPPING_RESERVED);
        EXPECT_EQ(kind_of_anonymous(bytes, both, arena | MAP_FIXED), FIL_MAPPING_ANONYMOUS);
        EXPECT_EQ(kind_of_anonymous(bytes, both | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS),
                  FIL_MAPPING_ARENA);
    }
    for (const std::size_t bytes : {4096ul, 2 * mib, 32 * mib, 130 * mib, 64 * mib + 4096}) {
        EXPECT_EQ(kind_of_anonymous(bytes, both, arena), FIL_MAPPING_ANONYMOUS);
    }
}

TEST(mmap, kinds_are_told_apart) {
    EXPECT_EQ(kind_of(both, MAP_PRIVATE | MAP_ANONYMOUS), "map-anonymous");
    EXPECT_EQ(kind_of(both, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK), "map-anonymous");
    EXPECT_EQ(kind_of(PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS), "map-reserved");
    EXPECT_EQ(kind_of(both, MAP_SHARED | MAP_ANONYMOUS), "map-shared-anonymous");
    EXPECT_EQ(kind_of(PROT_NONE, MAP_SHARED | MAP_ANONYMOUS), "map-reserved");
    int file = memfd_create("test", 0);
    ASSERT_EQ(ftruncate(file, page), 0);
    EXPECT_EQ(kind_of(both, MAP_SHARED, file), "map-shared");
    EXPECT_EQ(kind_of(both, MAP_PRIVATE, file), "map-file");
    close(file);
    file = open("/proc/self/exe", O_RDONLY);
    EXPECT_EQ(kind_of(PROT_READ, MAP_SHARED, file), "map-file");
    EXPECT_EQ(kind_of(PROT_READ, MAP_PRIVATE, file), "map-file");
    close(file);
}

TEST(mmap, dev_zero_is_anonymous_memory) {
    int file = open("/dev/zero", O_RDWR);
    EXPECT_EQ(kind_of(both, MAP_PRIVATE, file), "map-anonymous");
    EXPECT_EQ(kind_of(PROT_NONE, MAP_PRIVATE, file), "map-reserved");
    EXPECT_EQ(kind_of(both, MAP_SHARED, file), "map-shared-anonymous");
    close(file);
}

TEST(mmap, asking_what_a_descriptor_is_keeps_errno) {
    errno = 77;
    void* range = mmap(nullptr, page, PROT_READ, MAP_SHARED, -1, 0);
    EXPECT_EQ(range, MAP_FAILED);
    EXPECT_EQ(errno, EBADF);
    errno = 77;
    int file = open("/proc/self/exe", O_RDONLY);
    range = mmap(nullptr, page, PROT_READ, MAP_SHARED, file, 0);
    EXPECT_EQ(errno, 77);
    munmap(range, page);
    close(file);
}

TEST(mmap, mmap64_is_the_same) {
    fake::start();
    void* range = mmap64(nullptr, 1, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_EQ(fake::names(), "map-anonymous");
    EXPECT_EQ(fake::find("map-anonymous").bytes, page);  // whole pages
    munmap(range, 1);
}

TEST(mmap, fixed_forgets_what_it_replaces_first) {
    void* range = reserve();
    fake::start();
    fake::known_pieces = pieces();
    mmap(range, page + 1, both, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    EXPECT_EQ(fake::names(), "forget-range discard map-anonymous");
    EXPECT_EQ(fake::find("forget-range").bytes, 2 * page);
    munmap(range, large);
}

TEST(mmap, fixed_that_fails_restores) {
    void* range = reserve();
    fake::start();
    fake::known_pieces = pieces();
    EXPECT_EQ(mmap(range, page, both, MAP_PRIVATE | MAP_FIXED, -1, 0), MAP_FAILED);  // no file
    EXPECT_EQ(fake::names(), "forget-range restore");
    munmap(range, large);
}

TEST(mmap, fixed_noreplace_forgets_nothing) {
    void* range = reserve();
    fake::start();
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    EXPECT_EQ(mmap(range, page, both, flags, -1, 0), MAP_FAILED);
    EXPECT_EQ(fake::names(), "");
    munmap(range, large);
}

TEST(munmap, is_forgotten_before_the_real_call) {
    replaced here(
        real.munmap, +[](void*, std::size_t) {
            fake::note("real");
            return 0;
        });
    fake::start();
    fake::known_pieces = pieces();
    munmap(reinterpret_cast<void*>(16 * page), 1);
    EXPECT_EQ(fake::names(), "forget-range real discard");
    EXPECT_EQ(fake::find("forget-range").bytes, page);
}

TEST(munmap, that_fails_restores) {
    replaced here(
        real.munmap, +[](void*, std::size_t) { return -1; });
    fake::start();
    fake::known_pieces = pieces();
    munmap(reinterpret_cast<void*>(16 * page), page);
    EXPECT_EQ(fake::names(), "forget-range restore");
}

TEST(munmap, of_no_page_start_is_left_alone) {
    fake::start();
    EXPECT_EQ(munmap(reinterpret_cast<void*>(16 * page + 1), page), -1);
    EXPECT_EQ(fake::names(), "");
}

TEST(mremap, growth_moves_the_pieces) {
    void* range = mmap(nullptr, page, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fake::start();
    fake::known_pieces = pieces();
    void* moved = mremap(range, page, large, MREMAP_MAYMOVE);
    ASSERT_NE(moved, MAP_FAILED);
    EXPECT_EQ(fake::names(), "forget-range move");
    EXPECT_EQ(fake::find("move").address, moved);
    EXPECT_EQ(fake::find("move").bytes, large);
    munmap(moved, large);
}

TEST(mremap, onto_a_fixed_place_discards_what_was_there) {
    void* range = mmap(nullptr, page, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void* place = reserve();
    fake::start();
    fake::known_pieces = pieces();
    ASSERT_EQ(mremap(range, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, place), place);
    EXPECT_EQ(fake::names(), "forget-range forget-range discard move");
    munmap(place, large);
}

TEST(mremap, that_fails_restores_both) {
    void* range = mmap(nullptr, page, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fake::start();
    fake::known_pieces = pieces();
    void* overlapping = static_cast<char*>(range);
    EXPECT_EQ(mremap(range, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, overlapping), MAP_FAILED);
    EXPECT_EQ(fake::names(), "forget-range forget-range restore restore");
    munmap(range, page);
}

TEST(mremap, dontunmap_keeps_the_old_range) {
    void* range = mmap(nullptr, page, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fake::start();
    void* moved = mremap(range, page, page, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr);
    if (moved == MAP_FAILED) GTEST_SKIP() << "the kernel cannot";
    EXPECT_EQ(fake::names(), "copy");  // of memory that nobody knows, new memory; no shared one
    EXPECT_EQ(fake::find("copy").address, moved);
    munmap(moved, page);
    munmap(range, page);
}

TEST(mprotect, only_writable_and_none_change_what_counts) {
    void* range = reserve();
    fake::start();
    mprotect(range, 1, both);
    EXPECT_EQ(fake::names(), "accessible");
    EXPECT_EQ(fake::find("accessible").bytes, page);
    fake::start();
    mprotect(range, page, PROT_READ);
    EXPECT_EQ(fake::names(), "");
    fake::start();
    mprotect(range, page, PROT_NONE);
    EXPECT_EQ(fake::names(), "inaccessible");
    fake::start();
    EXPECT_EQ(mprotect(static_cast<char*>(range) + 1, page, both), -1);
    EXPECT_EQ(fake::names(), "");
    munmap(range, large);
}

TEST(pkey_mprotect, counts_as_mprotect_does) {
    void* range = reserve();
    fake::start();
    if (pkey_mprotect(range, 1, both, -1) != 0) GTEST_SKIP() << "the kernel cannot";
    EXPECT_EQ(fake::names(), "accessible");
    munmap(range, large);
}

TEST(mlockall, folds_the_recording_meanwhile) {
    fake::start();
    const bool locked = mlockall(MCL_CURRENT) == 0;
    EXPECT_EQ(fake::names(), locked ? "fold unfold" : "fold unfold shrink");
    munlockall();
    fake::start();
    mlockall(MCL_FUTURE);
    EXPECT_EQ(fake::names(), "");
    munlockall();
}

// More than a process has addresses for.
constexpr std::size_t too_much = std::size_t{1} << 50;

std::string failure_of(int access, int flags) {
    fake::start();
    EXPECT_EQ(mmap(nullptr, too_much, access, flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
              MAP_FAILED);
    return fake::names();
}

TEST(mmap, that_fails_is_its_callers_to_see_to) {
    EXPECT_EQ(failure_of(both, 0), "");
    EXPECT_EQ(failure_of(both, MAP_32BIT), "");
    EXPECT_EQ(failure_of(PROT_NONE, MAP_NORESERVE), "");
}

TEST(mremap, that_fails_is_its_callers_to_see_to) {
    constexpr std::size_t terabytes = std::size_t{64} << 40;  // addresses there are, memory not
    void* range = mmap(nullptr, page, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fake::start();
    EXPECT_EQ(mremap(range, page, terabytes, MREMAP_MAYMOVE), MAP_FAILED);
    EXPECT_EQ(fake::names(), "forget-range");
    munmap(range, page);
}

}  // namespace
