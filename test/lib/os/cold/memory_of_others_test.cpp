#include "os/cold/memory_of_others.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "dead_process.hpp"
#include "os/cold/files.hpp"
#include "os/os.hpp"

namespace fil::os {
namespace {

constexpr std::size_t page = 4096;
constexpr std::uint64_t nowhere = 4096;  // where nothing is ever mapped

std::uint64_t number_of(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address);
}

struct untouched_pages {
    explicit untouched_pages(std::size_t count)
        : bytes(count * page), first(static_cast<char*>(map_private(bytes))) {}
    ~untouched_pages() { unmap(first, bytes); }
    untouched_pages(const untouched_pages&) = delete;

    void touch(std::size_t number) const { first[number * page] = char(number); }
    std::uint64_t address() const { return number_of(first); }

    std::size_t bytes;
    char* first;
};

// What was visited: "0-2 5-6", in pages; checks what came with it.
std::string parts_of(const untouched_pages& all, std::uint64_t offset, std::size_t bytes) {
    memory_of_another memory(getpid());
    std::string found;
    memory.parts(all.address() + offset, bytes,
                 [&](std::uint64_t from, const void* data, std::size_t length) {
                     EXPECT_EQ(std::memcmp(data, all.first + offset + from, length), 0);
                     found += std::to_string(from) + "+" + std::to_string(length) + " ";
                 });
    return found;
}

TEST(memory_of_others, is_read_whole_or_not) {
    const untouched_pages pages(2);
    pages.touch(1);
    const memory_of_another memory(getpid());
    char byte = 7;
    EXPECT_TRUE(memory.read(pages.address() + page, &byte, 1));
    EXPECT_EQ(byte, 1);
    EXPECT_FALSE(memory.read(nowhere, &byte, 1));
    mprotect(pages.first, page, PROT_NONE);
    munmap(pages.first + page, page);
    char two[2 * page];
    EXPECT_FALSE(memory.read(pages.address(), two, sizeof two));
}

TEST(memory_of_others, that_are_gone_is_none) {
    const pid_t dead = test::dead_process();
    memory_of_another memory(dead);
    char byte;
    EXPECT_FALSE(memory.read(number_of(&byte), &byte, 1));
    memory.parts(number_of(&byte), 1, [](auto...) { FAIL(); });
    EXPECT_EQ(memory.resident_bytes(0, 16 * page), 0u);
    EXPECT_FALSE(resident_bytes_of(dead, 0, page));
    EXPECT_EQ(errno, ENOENT);
}

TEST(memory_of_others, is_visited_by_the_parts_that_are_there) {
    const untouched_pages pages(1200);  // the kernel is asked about 512 at a time
    EXPECT_EQ(parts_of(pages, 0, pages.bytes), "");
    for (const std::size_t touched : {0, 1, 511, 512, 1199}) pages.touch(touched);
    EXPECT_EQ(parts_of(pages, 0, pages.bytes), "0+8192 2093056+8192 4911104+4096 ");
    EXPECT_EQ(parts_of(pages, 100, 2 * page), "0+8092 ") << "the page begins before the range";
    EXPECT_EQ(parts_of(pages, 0, 50), "0+50 ");
    EXPECT_EQ(parts_of(pages, 2 * page, 100 * page), "");
    EXPECT_EQ(parts_of(pages, 0, 0), "");
}

TEST(memory_of_others, comes_a_few_mib_at_once) {
    const untouched_pages pages(2000);
    for (std::size_t i = 0; i < 2000; ++i) pages.touch(i);
    EXPECT_EQ(parts_of(pages, 0, pages.bytes), "0+4194304 4194304+3997696 ");
    EXPECT_EQ(parts_of(pages, 10, pages.bytes - 10), "0+4194294 4194294+3997696 ");
}

TEST(memory_of_others, is_counted_in_pages) {
    const untouched_pages pages(1200);
    for (const std::size_t touched : {3, 700, 1199}) pages.touch(touched);
    memory_of_another memory(getpid());
    EXPECT_EQ(memory.resident_bytes(pages.address(), pages.address() + pages.bytes), 3 * page);
    EXPECT_EQ(resident_bytes_of(getpid(), pages.address(), pages.bytes), 3 * page);
    EXPECT_EQ(resident_bytes_of(getpid(), pages.address() + 3 * page + 1, 1), page);
    EXPECT_EQ(resident_bytes_of(getpid(), pages.address() + 3 * page, page), page);
    EXPECT_EQ(resident_bytes_of(getpid(), ~std::uint64_t{0} / page / 2 * page, page), std::nullopt);
}

TEST(memory_of_others, that_is_shared_has_a_length_that_nobody_can_take_back) {
    const file_descriptor sealed(make_shared_file("test", 3 * page));
    EXPECT_EQ(sealed_bytes(sealed.number()), 3 * page);
    EXPECT_FALSE(sealed_bytes(make_file_in_memory().number()));
    EXPECT_EQ(errno, EINVAL);
    EXPECT_FALSE(sealed_bytes(open_to_read("/proc/self/exe").number()));
    EXPECT_FALSE(sealed_bytes(-1));
    const int segment = shmget(IPC_PRIVATE, 5000, 0600);
    ASSERT_GE(segment, 0);
    EXPECT_EQ(segment_bytes(segment), 5000u);
    shmctl(segment, IPC_RMID, nullptr);
    EXPECT_FALSE(segment_bytes(segment));
    EXPECT_TRUE(errno == EINVAL || errno == EIDRM);
}

}  // namespace
}  // namespace fil::os
