#include "memory_left.hpp"

#include <gtest/gtest.h>

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
    void memory(int total, int available, int swapped) const {
        const auto line = [](const char* name, long long mebibytes) {
            return std::string(name) + ":  " + std::to_string(mebibytes * 1024) + " kB\n";
        };
        write("/proc/meminfo", line("MemTotal", total) + line("MemFree", 1) +
                                   line("MemAvailable", available) + line("SwapTotal", 100'000) +
                                   line("SwapFree", 100'000 - swapped));
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
    bool is_short(std::vector<pid_t> pids = {}) const {
        return memory_left(root()).shortage(pids).has_value();
    }
};

TEST(memory_left, the_reserve_is_100_mib_or_2_percent_but_never_most_of_it) {
    EXPECT_EQ(reserve_of(1024 * mib), 100 * mib);
    EXPECT_EQ(reserve_of(50'000 * mib), 1000 * mib);
    EXPECT_EQ(reserve_of(200 * mib), 50 * mib);
}

TEST(memory_left, of_the_machine_is_what_the_kernel_calls_available) {
    const machine computer;
    EXPECT_FALSE(computer.is_short());
    computer.memory(16384, 328, 0);  // 2 % are 327.7
    EXPECT_FALSE(computer.is_short());
    computer.memory(16384, 327, 0);
    EXPECT_TRUE(computer.is_short());
    computer.write("/proc/meminfo", "MemTotal: 1000000 kB\nMemFree: 80000 kB\nCached: 30000 kB\n");
    EXPECT_FALSE(computer.is_short());  // an old kernel
    computer.write("/proc/meminfo", "nonsense");
    EXPECT_FALSE(computer.is_short());
    EXPECT_FALSE(memory_left("/nowhere").shortage({}).has_value());
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

TEST(memory_left, is_that_of_the_tightest_group_around) {
    const machine computer;
    computer.write("/proc/self/cgroup", "0::/outer/inner\n");
    computer.version_2("/outer/inner", "max", mib, 0);
    computer.version_2("/outer", "536870912", 500 * mib, 0);
    const auto why = memory_left(computer.root()).shortage({});
    ASSERT_TRUE(why.has_value());
    EXPECT_NE(why->find("control group /outer may use"), std::string::npos) << *why;
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
    computer.write("/proc/77/status", "Name: x\nVmSwap:\t 1048576 kB\n");
    computer.write("/proc/78/status", "Name: x\nVmSwap:\t 524288 kB\n");
    computer.memory(16384, 1200, 5000);
    EXPECT_FALSE(computer.is_short({77}));
    EXPECT_TRUE(computer.is_short({77, 78}));
    computer.memory(16384, 6000, 5000);
    EXPECT_FALSE(computer.is_short({77, 78}));
}

TEST(memory_left, is_looked_at_often_where_little_is_left) {
    const machine computer;
    memory_left left(computer.root());
    left.shortage({});
    EXPECT_FALSE(left.is_near());
    computer.memory(16384, 1500, 0);
    memory_left later(computer.root());
    later.shortage({});
    EXPECT_TRUE(later.is_near());
}

}  // namespace
}  // namespace fil::cli
