#include "sample/sampler.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "fake_session.hpp"
#include "sample/pace.hpp"

namespace fil::cli {
namespace {

// A process that does nothing until it is killed.
class idle_process {
  public:
    idle_process() {
        int ready[2];
        [[maybe_unused]] const int piped = ::pipe(ready);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(ready[1]);
            ::close(ready[0]);
            for (;;) ::pause();
        }
        ::close(ready[1]);
        char byte;
        while (::read(ready[0], &byte, 1) > 0) {
        }
        ::close(ready[0]);
        while (!is_asleep()) ::usleep(100);
    }
    ~idle_process() { kill(); }
    pid_t pid() const { return pid_; }
    void kill() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

  private:
    // From then on it takes no more memory.
    bool is_asleep() const {
        std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
        std::string text{std::istreambuf_iterator<char>(file), {}};
        return text.find(") S") != text.npos;
    }

    pid_t pid_;
};

struct sampler_test : testing::Test {
    test::fake_session session;
    idle_process program;
    sampler memory{session.handle(), program.pid()};

    void tick(double seconds, std::int64_t live, std::int64_t peak) {
        session.live = live;
        session.peak = peak;
        memory.tick(seconds);
    }
};

TEST_F(sampler_test, the_peak_was_when_it_last_rose) {
    session.processes = {{program.pid()}};
    tick(1, 100, 0);  // the peak itself rises only before a decrease
    tick(2, 300, 0);
    tick(3, 200, 300);
    EXPECT_EQ(memory.peak_seconds(), 2);
    tick(4, 100, 900);  // between two looks
    tick(5, 900, 900);
    EXPECT_EQ(memory.peak_seconds(), 3.5);
    EXPECT_EQ(memory.peak(), 900);
}

TEST_F(sampler_test, a_trickle_after_the_peak_is_no_other_moment) {
    session.processes = {{program.pid()}};
    tick(1, 1'000'000, 0);
    tick(2, 1'000'900, 0);
    EXPECT_EQ(memory.peak_seconds(), 1);
    EXPECT_EQ(memory.peak(), 1'000'900);
    tick(3, 1'001'800, 0);  // but small rises add up
    EXPECT_EQ(memory.peak_seconds(), 3);
}

TEST_F(sampler_test, before_anybody_joined_nothing_is_resident) {
    tick(1, 0, 0);
    EXPECT_FALSE(memory.anybody_joined());
    EXPECT_EQ(memory.samples().at(0).resident, -1);
    session.processes = {{program.pid()}};
    tick(2, 10, 0);
    EXPECT_TRUE(memory.anybody_joined());
    EXPECT_TRUE(memory.program_joined());
    EXPECT_GT(memory.samples().at(1).resident, 0);
}

TEST_F(sampler_test, resident_by_kind_is_taken_when_live_is_higher_or_its_blocks_are_fuller) {
    session.processes = {{program.pid()}};
    tick(1, 1000, 0);
    const std::int64_t with_one = memory.resident().total();
    EXPECT_GT(with_one, 0);
    session.processes.push_back({::getpid()});
    tick(2, 980, 0);  // more is resident, but that is not the peak
    EXPECT_EQ(memory.resident().total(), with_one);
    tick(3, 1000, 0);  // as live as before, and more of it was touched
    const std::int64_t with_both = memory.resident().total();
    EXPECT_GT(with_both, with_one);
    session.processes[1].closed = true;
    tick(4, 1009, 1011);
    EXPECT_EQ(memory.resident().total(), with_both);
    tick(5, 1011, 1011);  // higher by more than a hundredth
    EXPECT_LT(memory.resident().total(), with_both);
}

TEST_F(sampler_test, one_line_a_process_if_there_are_several) {
    session.processes = {{program.pid(), 60}};
    tick(1, 60, 0);
    EXPECT_EQ(memory.samples().size(), 1u);
    session.processes.push_back({::getpid(), 40});
    tick(2, 100, 0);
    std::map<int, std::vector<fil_sample>> by_pid;
    for (const fil_sample& sample : memory.samples()) by_pid[sample.pid].push_back(sample);
    EXPECT_EQ(by_pid[0].size(), 2u);
    EXPECT_EQ(by_pid[program.pid()].size(), 2u);
    ASSERT_EQ(by_pid[::getpid()].size(), 1u);
    EXPECT_EQ(by_pid[::getpid()][0].allocated, 40);
    EXPECT_EQ(by_pid[0][1].resident,
              by_pid[program.pid()][1].resident + by_pid[::getpid()][0].resident);
}

// 64 MiB of the parent's, of which the child makes a half its own when told to.
struct forked {
    static constexpr std::size_t bytes = 64 << 20;
    char* block = static_cast<char*>(
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    int go[2], done[2];
    pid_t pid;
    forked() {
        std::memset(block, 1, bytes);
        if (::pipe(go) != 0 || ::pipe(done) != 0) std::abort();
        pid = ::fork();
        if (pid != 0) return;
        char byte;
        while (::read(go[0], &byte, 1) == 1) {
            std::memset(block, 2, bytes / 2);
            if (::write(done[1], "", 1) != 1) std::abort();
        }
    }
    ~forked() {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        ::munmap(block, bytes);
        for (const int one : {go[0], go[1], done[0], done[1]}) ::close(one);
    }
    void write() const {
        char byte = 0;
        if (::write(go[1], "", 1) != 1 || ::read(done[0], &byte, 1) != 1) std::abort();
    }
};

TEST_F(sampler_test, what_a_forked_process_shares_with_its_parent_counts_once) {
    const forked child;
    session.processes = {{.pid = ::getpid()}, {.pid = child.pid, .parent = ::getpid()}};
    sampler watching(session.handle(), ::getpid());
    const auto whole = [&](double seconds) {
        watching.tick(seconds);
        std::int64_t last = 0;
        for (const fil_sample& sample : watching.samples())
            if (sample.pid == 0) last = sample.resident;
        return last - *process_memory(::getpid(), false).resident();
    };
    constexpr std::int64_t mib = 1 << 20;
    EXPECT_LT(whole(1), 8 * mib) << "when nobody has looked yet";
    child.write();
    whole(10);  // has a look
    EXPECT_NEAR(static_cast<double>(whole(11)), 32 * mib, 8 * mib);
    session.processes[0].closed = true;
    EXPECT_GT(whole(12) + *process_memory(::getpid(), false).resident(), 60 * mib)
        << "it is the child's, once the parent has ended";
}

TEST_F(sampler_test, a_process_that_dies_without_a_word_is_told_to_the_session) {
    idle_process child;
    session.processes = {{program.pid()}, {child.pid()}};
    tick(1, 10, 0);
    EXPECT_TRUE(session.ended.empty());
    EXPECT_EQ(memory.still_running().size(), 1u);
    child.kill();
    tick(2, 10, 0);
    tick(3, 10, 0);
    EXPECT_EQ(session.ended, std::vector<int>{child.pid()});
    EXPECT_TRUE(memory.still_running().empty());
    EXPECT_TRUE(memory.knows(child.pid()));
}

TEST_F(sampler_test, an_image_that_replaced_another_is_the_same_process) {
    session.processes = {{program.pid(), 10, true}, {program.pid(), 30}};
    tick(1, 30, 0);
    ASSERT_EQ(memory.samples().size(), 1u);
    const std::int64_t once = memory.samples()[0].resident;
    EXPECT_EQ(once, *process_memory(program.pid(), true).resident());
}

TEST_F(sampler_test, names_what_still_runs) {
    session.processes = {{program.pid()}, {::getpid(), 0, false, std::string("a\0-b", 4)}};
    tick(1, 10, 0);
    ASSERT_EQ(memory.still_running().size(), 1u);
    EXPECT_EQ(memory.still_running()[0], "PID " + std::to_string(::getpid()) + " (a -b)");
}

TEST_F(sampler_test, who_grows_fast_has_a_look_each_time_that_it_grew_by_a_twelfth) {
    session.processes = {{program.pid()}};
    int looks = 0;
    session.before_memory = [&] { ++looks; };
    for (int i = 0; i < 20; ++i) tick(1000 + i * 1e-6, 1000 + i * 100, 0);
    EXPECT_GE(looks, 10);
    EXPECT_LT(looks, 20);
    EXPECT_FALSE(memory.parts().empty());
}

TEST_F(sampler_test, a_look_during_which_the_peak_passed_is_none) {
    session.processes = {{program.pid()}};
    session.before_memory = [&] { session.live = 500; };
    tick(1, 1000, 0);
    EXPECT_TRUE(memory.parts().empty());
    session.before_memory = nullptr;
    tick(2, 1100, 0);
    EXPECT_FALSE(memory.parts().empty());
}

TEST_F(sampler_test, what_stays_is_looked_at_when_memory_falls_no_more) {
    session.processes = {{program.pid()}};
    tick(1, 1000, 0);
    tick(2, 700, 0);
    tick(3, 400, 0);
    EXPECT_TRUE(memory.last_parts().empty());
    tick(4, 400, 0);
    EXPECT_FALSE(memory.last_parts().empty());
}

TEST_F(sampler_test, a_look_during_which_the_rest_is_freed_tells_nothing_of_what_stays) {
    session.processes = {{program.pid()}};
    tick(1, 1000, 0);
    tick(2, 400, 0);
    session.before_memory = [&] { session.live = 10; };
    tick(3, 400, 0);
    EXPECT_TRUE(memory.last_parts().empty());
    session.before_memory = nullptr;
    tick(9, 10, 0);
    tick(19, 10, 0);
    EXPECT_FALSE(memory.last_parts().empty());
    EXPECT_EQ(memory.last_parts_seconds(), 19);
}

// After a look that took five milliseconds there is none for a second.
TEST_F(sampler_test, what_stays_is_looked_at_sooner_when_it_is_another) {
    session.processes = {{program.pid()}};
    session.before_memory = [] {
        for (const double end = cpu_seconds() + 0.005; cpu_seconds() < end;) {
        }
    };
    tick(3, 1000, 0);
    tick(4, 400, 0);
    tick(5, 400, 0);
    EXPECT_EQ(memory.last_parts_seconds(), 5);
    tick(5.9, 400, 0);
    EXPECT_EQ(memory.last_parts_seconds(), 5);
    tick(5.92, 100, 0);
    tick(5.94, 100, 0);
    EXPECT_EQ(memory.last_parts_seconds(), 5.94);
}

TEST_F(sampler_test, points_out_a_mapping_hardly_touched_at_the_highest_moment) {
    // The idle process was forked with this mapping of ours in place: see the constructor's order.
    const std::uint64_t bytes = 64 << 20;
    void* place =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    idle_process other;
    sampler watching(session.handle(), other.pid());
    session.processes = {{other.pid()}};
    session.mappings = {
        {{reinterpret_cast<std::uint64_t>(place), bytes, 5, FIL_MAPPING_ANONYMOUS}}};
    session.live = 100;
    watching.tick(1);
    ASSERT_EQ(watching.untouched().size(), 1u);
    EXPECT_EQ(watching.untouched()[0].callstack, 5u);
    session.mappings->clear();  // unmapped after the peak
    session.live = 50;
    watching.tick(2);
    EXPECT_EQ(watching.untouched().size(), 1u);
    other.kill();
    watching.tick(3);
    EXPECT_EQ(watching.untouched().size(), 1u);
    ::munmap(place, bytes);
}

}  // namespace
}  // namespace fil::cli
