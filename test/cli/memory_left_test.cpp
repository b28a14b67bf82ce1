#include "sample/memory_left.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fil::cli {
namespace {

constexpr std::int64_t mib = 1 << 20;

// A /proc and a /sys of our own.
struct machine {
    std::string directory = "/tmp/fil-test-XXXXXX";

    machine() {
        EXPECT_NE(::mkdtemp(directory.data()), nullptr);
        memory(16384, 8000, 0);
        write("/proc/self/cgroup", "");
        write("/proc/self/mountinfo", "");
    }
    ~machine() { std::filesystem::remove_all(directory); }
    machine(const machine&) = delete;

    void write(const std::string& path, const std::string& text) const {
        const std::filesystem::path file = root() + path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    std::string root() const { return directory; }

    // In MiB.
    void memory(int total, int available, int swapped, int swap = 100'000) const {
        const auto line = [](const char* name, long long mebibytes) {
            return std::string(name) + ":  " + std::to_string(mebibytes * 1024) + " kB\n";
        };
        write("/proc/meminfo", line("MemTotal", total) + line("MemFree", 1) +
                                   line("MemAvailable", available) + line("SwapTotal", swap) +
                                   line("SwapFree", swap - swapped));
    }
    void holds(pid_t pid, int anonymous, int shared = 0, int swapped = 0) const {
        const auto line = [](const char* name, long long mebibytes) {
            return std::string(name) + ":\t" + std::to_string(mebibytes * 1024) + " kB\n";
        };
        write("/proc/" + std::to_string(pid) + "/status",
              "Name:\tx\n" + line("VmRSS", 90'000) + line("RssAnon", anonymous) +
                  line("RssFile", 80'000) + line("RssShmem", shared) + line("VmSwap", swapped));
    }
    void version_2(const std::string& group, const std::string& limit, std::int64_t usage,
                   std::int64_t cache) const {
        write("/proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        const std::string directory = "/sys/fs/cgroup" + group;
        write(directory + "/memory.max", limit + "\n");
        write(directory + "/memory.current", std::to_string(usage) + "\n");
        write(directory + "/memory.stat",
              "anon 5\nfile 6\nactive_file " + std::to_string(cache) + "\ninactive_file 0\n");
    }
    void version_1(const std::string& group, std::int64_t limit, std::int64_t usage,
                   std::int64_t cache) const {
        write("/proc/self/mountinfo",
              "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n");
        const std::string directory = "/sys/fs/cgroup/memory" + group;
        write(directory + "/memory.limit_in_bytes", std::to_string(limit) + "\n");
        write(directory + "/memory.usage_in_bytes", std::to_string(usage) + "\n");
        write(directory + "/memory.stat",
              "cache 7\ntotal_active_file 0\ntotal_inactive_file " + std::to_string(cache) + "\n");
    }
    std::optional<memory_shortage> look(std::vector<pid_t> pids = {all_of_it},
                                        std::uint64_t callstacks = 0) const {
        holds(all_of_it, 90'000);
        return memory_left(root()).look({pids, 0, callstacks});
    }
    bool is_short() const {
        const auto found = look();
        EXPECT_TRUE(!found || found->is_the_programs) << found->what;
        return found.has_value();
    }
    static constexpr pid_t all_of_it = 55;  // a process that holds whatever is used
};

TEST(memory_left, the_reserve_is_100_mib_and_room_for_the_report_but_never_most_of_it) {
    EXPECT_EQ(reserve_of(1024 * mib, 0), 100 * mib);
    EXPECT_EQ(reserve_of(500'000 * mib, 0), 100 * mib);
    EXPECT_EQ(reserve_of(200 * mib, 0), 50 * mib);
    EXPECT_EQ(reserve_of(16'000 * mib, 1 << 18), 140 * mib);
    EXPECT_EQ(reserve_of(16'000 * mib, 1 << 20), 260 * mib);
    EXPECT_EQ(reserve_of(200 * mib, 1 << 20), 100 * mib);
}

TEST(memory_left, of_the_machine_is_what_the_kernel_calls_available_and_free_swap) {
    const machine computer;
    EXPECT_FALSE(computer.is_short());
    computer.memory(16384, 100, 0, 0);
    EXPECT_FALSE(computer.is_short());
    computer.memory(16384, 99, 0, 0);
    EXPECT_TRUE(computer.is_short());
    computer.memory(16384, 60, 20, 59);
    EXPECT_TRUE(computer.is_short());
    computer.memory(16384, 60, 20, 60);
    EXPECT_FALSE(computer.is_short());
    computer.write("/proc/meminfo", "MemTotal: 1000000 kB\nMemFree: 80000 kB\nCached: 30000 kB\n");
    EXPECT_FALSE(computer.is_short());  // an old kernel
    computer.write("/proc/meminfo", "MemTotal: 1000000 kB\nMemFree: 80000 kB\nCached: 3000 kB\n");
    EXPECT_TRUE(computer.is_short());
    computer.write("/proc/meminfo", "nonsense");
    EXPECT_FALSE(computer.is_short());
    EXPECT_FALSE(memory_left("/nowhere").look({}).has_value());
}

TEST(memory_left, that_others_used_up_is_not_the_programs_fault) {
    const machine computer;
    computer.memory(16384, 84, 0, 0);  // 16,300 are used
    computer.holds(7, 8000, 149);
    const auto others = computer.look({7});
    ASSERT_TRUE(others.has_value());
    EXPECT_FALSE(others->is_the_programs);
    EXPECT_EQ(others->what,
              "only 84.0 MiB of this machine's 16.0 GiB are left, and the program holds "
              "8,149.0 MiB of the 15.9 GiB that are used");
    computer.holds(8, 0, 0, 1);  // swapped out, by a child of the program's
    const auto ours = computer.look({7, 8});
    ASSERT_TRUE(ours.has_value());
    EXPECT_TRUE(ours->is_the_programs);
    EXPECT_NE(ours->what.find("the program's 2 processes hold 8,150.0 MiB"), std::string::npos);
    computer.memory(524'288, 10'240, 0, 0);  // little of much is much
    EXPECT_FALSE(computer.look().has_value());
}

TEST(memory_left, what_processes_share_is_held_once) {
    const machine computer;
    computer.memory(16384, 84, 0, 0);
    for (const pid_t pid : {7, 8}) {
        computer.holds(pid, 9000);
        computer.write("/proc/" + std::to_string(pid) + "/smaps_rollup",
                       "Rss: 9 kB\nPss_Anon: 4096000 kB\nPss_Shmem: 1024 kB\nSwapPss: 0 kB\n");
    }
    EXPECT_FALSE(computer.look({7, 8})->is_the_programs);
    EXPECT_TRUE(computer.look({7})->is_the_programs);
}

TEST(memory_left, of_a_process_that_is_not_in_proc_is_nothing) {
    const machine computer;
    computer.memory(16384, 84, 0, 0);
    EXPECT_FALSE(computer.look({2147483647})->is_the_programs);
    EXPECT_FALSE(computer.look({})->is_the_programs);
}

TEST(memory_left, is_less_where_the_report_needs_more) {
    const machine computer;
    computer.memory(16384, 130, 0, 0);
    EXPECT_FALSE(computer.look({machine::all_of_it}, 1000).has_value());
    EXPECT_TRUE(computer.look({machine::all_of_it}, 1 << 18).has_value());
}

TEST(memory_left, of_a_group_does_not_count_the_page_cache) {
    const machine computer;
    computer.write("/proc/self/cgroup", "0::/box\n");
    computer.version_2("/box", "1073741824", 970 * mib, 500 * mib);
    EXPECT_FALSE(computer.is_short());
    computer.version_2("/box", "1073741824", 970 * mib, 10 * mib);
    EXPECT_TRUE(computer.is_short());
    computer.version_2("/box", "max", 970 * mib, 10 * mib);
    EXPECT_FALSE(computer.is_short());
}

TEST(memory_left, of_a_group_is_used_by_the_program_or_by_its_neighbours) {
    const machine computer;
    computer.write("/proc/self/cgroup", "0::/box\n");
    computer.version_2("/box", "1073741824", 970 * mib, 10 * mib);
    computer.holds(7, 470);
    const auto others = computer.look({7});
    ASSERT_TRUE(others.has_value());
    EXPECT_FALSE(others->is_the_programs);
    EXPECT_NE(others->what.find("holds 470.0 MiB of the 960.0 MiB that are used"),
              std::string::npos)
        << others->what;
    computer.holds(7, 480);
    EXPECT_TRUE(computer.look({7})->is_the_programs);
}

TEST(memory_left, of_a_group_counts_the_swap_that_it_may_use) {
    const machine computer;
    computer.write("/proc/self/cgroup", "0::/box\n");
    computer.version_2("/box", "1073741824", 970 * mib, 10 * mib);
    computer.write("/sys/fs/cgroup/box/memory.swap.max", "max\n");
    computer.write("/sys/fs/cgroup/box/memory.swap.current", "0\n");
    EXPECT_FALSE(computer.is_short());
    computer.memory(16384, 8000, 50, 80);  // of which the machine has little
    EXPECT_TRUE(computer.is_short());
    computer.memory(16384, 8000, 0, 1000);
    computer.write("/sys/fs/cgroup/box/memory.swap.max", "104857600\n");
    EXPECT_FALSE(computer.is_short());
    computer.write("/sys/fs/cgroup/box/memory.swap.current", "94371840\n");
    EXPECT_TRUE(computer.is_short());
    computer.write("/sys/fs/cgroup/box/memory.swap.max", "0\n");
    EXPECT_TRUE(computer.is_short());

    const machine older;
    older.write("/proc/self/cgroup", "9:cpu,memory:/box\n");
    older.version_1("/box", 1024 * mib, 970 * mib, 0);
    EXPECT_TRUE(older.is_short());
    older.write("/sys/fs/cgroup/memory/box/memory.memsw.limit_in_bytes", "2147483648\n");
    older.write("/sys/fs/cgroup/memory/box/memory.memsw.usage_in_bytes",
                std::to_string(1800 * mib) + "\n");
    EXPECT_FALSE(older.is_short());
    older.write("/sys/fs/cgroup/memory/box/memory.memsw.usage_in_bytes",
                std::to_string(1990 * mib) + "\n");
    EXPECT_TRUE(older.is_short());
}

TEST(memory_left, is_that_of_the_tightest_group_around) {
    const machine computer;
    computer.write("/proc/self/cgroup", "0::/outer/inner\n");
    computer.version_2("/outer/inner", "max", mib, 0);
    computer.version_2("/outer", "536870912", 500 * mib, 0);
    const auto why = computer.look();
    ASSERT_TRUE(why.has_value());
    EXPECT_NE(why->what.find("control group /outer may use"), std::string::npos) << why->what;
}

TEST(memory_left, that_the_program_used_up_comes_before_what_others_did) {
    const machine computer;
    computer.write("/proc/self/cgroup", "0::/outer/inner\n");
    computer.version_2("/outer/inner", "536870912", 500 * mib, 0);
    computer.version_2("/outer", "16106127360", 15300 * mib, 0);
    computer.memory(16384, 50, 0, 0);
    computer.holds(7, 490);
    const auto why = computer.look({7});
    ASSERT_TRUE(why.has_value());
    EXPECT_TRUE(why->is_the_programs);
    EXPECT_NE(why->what.find("/outer/inner may use"), std::string::npos) << why->what;
}

TEST(memory_left, is_read_from_version_1_too) {
    const machine computer;
    computer.write("/proc/self/cgroup", "9:cpu,memory:/docker/abc\n0::/\n");
    computer.version_1("/docker/abc", 1024 * mib, 970 * mib, 500 * mib);
    EXPECT_FALSE(computer.is_short());
    computer.version_1("/docker/abc", 1024 * mib, 970 * mib, 0);
    EXPECT_TRUE(computer.is_short());
    computer.version_1("/docker/abc", 0, 970 * mib, 0);  // seen in containers: no limit
    EXPECT_FALSE(computer.is_short());
    computer.version_1("/docker/abc", 9223372036854771712, 970 * mib, 0);
    EXPECT_FALSE(computer.is_short());
}

TEST(memory_left, in_a_container_the_mounted_group_is_ours) {
    const machine computer;
    computer.write("/proc/self/cgroup", "9:memory:/docker/abc\n");
    computer.version_1("", 1024 * mib, 1000 * mib, 0);
    computer.write("/proc/self/mountinfo",
                   "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    EXPECT_TRUE(computer.is_short());
}

TEST(memory_left, is_short_where_more_of_the_program_is_swapped_out_than_is_left) {
    const machine computer;
    const auto swaps = [&](std::vector<pid_t> pids) { return computer.look(pids).has_value(); };
    computer.holds(77, 10, 0, 1024);
    computer.holds(78, 10, 0, 512);
    computer.memory(16384, 1200, 3000);
    EXPECT_FALSE(swaps({77}));
    EXPECT_TRUE(swaps({77, 78}));
    EXPECT_TRUE(computer.look({77, 78})->is_the_programs);
    computer.memory(16384, 1200, 5000);  // others are swapped out more
    EXPECT_FALSE(swaps({77, 78}));
    computer.memory(16384, 6000, 3000);
    EXPECT_FALSE(swaps({77, 78}));
}

TEST(memory_left, is_looked_at_often_where_little_is_left_and_the_program_may_use_it) {
    const machine computer;
    const auto is_near = [&](std::int64_t resident) {
        memory_left left(computer.root());
        left.look({{}, resident, 0});
        return left.is_near();
    };
    EXPECT_FALSE(is_near(8000 * mib));
    computer.memory(16384, 1400, 0, 0);  // 14,984 are used
    EXPECT_TRUE(is_near(8000 * mib));
    EXPECT_TRUE(is_near(6900 * mib));
    EXPECT_FALSE(is_near(6700 * mib));  // with all that is left, it would not hold half
}

// Somebody else's process, in our group: who of ours is killed much later was not killed for that.
TEST(memory_left, a_kill_that_is_long_ago_was_somebody_elses) {
    machine fake;
    fake.version_2("", "max", 0, 0);
    fake.write("/proc/self/cgroup", "0::/\n");
    const auto kills = [&](int count) {
        fake.write("/sys/fs/cgroup/memory.events", "oom 0\noom_kill " + std::to_string(count));
    };
    kills(1);
    memory_left left(fake.root(), 0);
    EXPECT_FALSE(left.kernel_has_killed());
    kills(2);
    const pid_t all[] = {::getpid()};
    left.look({all});
    EXPECT_TRUE(left.kernel_has_killed()) << "it may take a moment to end";
    left.look({all});
    EXPECT_FALSE(left.kernel_has_killed());
    kills(3);
    EXPECT_TRUE(left.kernel_has_killed());
    EXPECT_TRUE(left.take_killed());
    EXPECT_FALSE(left.take_killed());
}

}  // namespace
}  // namespace fil::cli
