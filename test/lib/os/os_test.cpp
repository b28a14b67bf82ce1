#include "os/os.hpp"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <thread>

#include "os/linux_system.hpp"

namespace fil {
namespace {

TEST(os, a_recordings_share_of_limited_address_space_is_small) {
    const std::uint64_t unlimited = os::recording_bytes();
    EXPECT_GE(unlimited, std::uint64_t{1} << 30);
    const pid_t child = fork();
    if (child == 0) {
        const rlimit limit{std::uint64_t{1} << 32, std::uint64_t{1} << 32};
        setrlimit(RLIMIT_AS, &limit);
        _exit(os::recording_bytes() <= (std::uint64_t{1} << 32) / os::share_of_address_space ? 0
                                                                                             : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(os, a_recording_grows_in_place) {
    constexpr std::uint64_t some = 1 << 16, room = 1 << 20;
    const os::growing_memory made = os::map_to_grow(-1, some, room);
    ASSERT_NE(made.address, nullptr);
    EXPECT_EQ(made.bytes, some);
    auto* const bytes = static_cast<char*>(made.address);
    ASSERT_TRUE(os::extend(bytes + some, room - some));
    bytes[room - 1] = 'x';
    os::unmap(bytes, room);
}

// As under an emulator (valgrind).
TEST(os, where_a_recording_cannot_grow_it_has_all_of_its_room_at_once) {
    const pid_t child = fork();
    if (child == 0) {
        sock_filter no_mremap[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mremap, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const sock_fprog filter{std::size(no_mremap), no_mremap};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(2);
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) _exit(3);
        const os::growing_memory made = os::map_to_grow(-1, 1 << 16, 1 << 20);
        if (made.address == nullptr || made.bytes != 1 << 20) _exit(1);
        static_cast<char*>(made.address)[made.bytes - 1] = 'x';
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST(os, shared_memory_is_one_for_two_and_can_be_neither_cut_nor_grown) {
    const os::shared_memory made = os::make_shared_memory("test", 1 << 20, 1 << 16);
    ASSERT_NE(made.address, nullptr);
    EXPECT_EQ(made.bytes, std::uint64_t{1} << 20);
    ASSERT_GE(made.descriptor, 0);
    static_cast<char*>(made.address)[made.bytes - 1] = 'x';
    void* other = os::map_shared(made.descriptor, made.bytes);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(static_cast<char*>(other)[made.bytes - 1], 'x');
    EXPECT_NE(ftruncate(made.descriptor, 1), 0);
    EXPECT_NE(ftruncate(made.descriptor, 1 << 21), 0);
    os::unmap(other, made.bytes);
    os::unmap(made.address, made.bytes);
    close(made.descriptor);
}

TEST(os, memory_that_is_refused_is_none) {
    EXPECT_EQ(os::map_private(std::uint64_t{1} << 60), nullptr);
    EXPECT_EQ(os::map_shared(-1, 4096), nullptr);
    EXPECT_EQ(os::map_segment(-1), nullptr);
}

TEST(os, a_page_and_tables_are_wiped_in_a_forked_child_and_others_are_not) {
    auto* wiped = static_cast<char*>(os::map_wiped_page());
    auto* table = static_cast<char*>(system_pages_wiped_on_fork::map(8192));
    auto* kept = static_cast<char*>(system_pages::map(8192));
    ASSERT_TRUE(wiped != nullptr && table != nullptr && kept != nullptr);
    *wiped = table[5000] = kept[5000] = 'x';
    const pid_t child = fork();
    if (child == 0) _exit(*wiped == 0 && table[5000] == 0 && kept[5000] == 'x' ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(*wiped, 'x');
    system_pages_wiped_on_fork::clear(table, 8192);
    EXPECT_EQ(table[5000], 0);
}

TEST(os, how_much_is_resident_is_counted_in_pages) {
    auto* room = static_cast<char*>(system_pages::map(64 * 4096));
    EXPECT_EQ(system_pages::resident_bytes(reinterpret_cast<std::uintptr_t>(room), 64 * 4096), 0u);
    room[0] = room[40 * 4096] = 1;
    EXPECT_EQ(system_pages::resident_bytes(reinterpret_cast<std::uintptr_t>(room), 64 * 4096),
              2u * 4096);
    system_pages::unmap(room, 64 * 4096);
    EXPECT_EQ(system_pages::resident_bytes(reinterpret_cast<std::uintptr_t>(room), 64 * 4096), 0u);
}

TEST(os, knows_who_and_where_it_is) {
    EXPECT_EQ(os::process_id(), getpid());
    EXPECT_EQ(os::parent_process_id(), getppid());
    EXPECT_TRUE(os::is_first_thread());
    bool other = true;
    std::thread([&] { other = os::is_first_thread(); }).join();
    EXPECT_FALSE(other);
    char directory[4096];
    const std::size_t length = os::working_directory(directory, sizeof directory);
    EXPECT_EQ(std::string(directory, length), std::filesystem::current_path());
    EXPECT_EQ(os::working_directory(directory, 1), 0u);
}

TEST(os, errno_is_kept) {
    errno = 77;
    {
        const os::keep_errno keep;
        errno = 5;
    }
    EXPECT_EQ(errno, 77);
}

}  // namespace
}  // namespace fil
