#include "supervise/run_watch.hpp"

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include "fake_session.hpp"
#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

std::int64_t a_while_ago(double seconds) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec -
           static_cast<std::int64_t>(1e9 * seconds);
}

class on_a_machine : public test::in_temporary_directory {
  protected:
    on_a_machine() {
        machine(8 << 20);
        const std::string process = "proc/" + std::to_string(::getpid());
        std::filesystem::create_directory(process);
        write(process + "/status", "RssAnon: " + std::to_string(12 << 20) + " kB\n");
    }

    // Kilobytes that are left of 16 GiB.
    void machine(int available) {
        std::filesystem::create_directory("proc");
        write("proc/meminfo", "MemTotal: " + std::to_string(16 << 20) +
                                  " kB\nMemAvailable: " + std::to_string(available) + " kB\n");
    }
};

// This very process is the program.
class run_watch_test : public on_a_machine {
  protected:
    run_watch_test() { session_.processes = {{::getpid()}}; }

    test::fake_process& program() { return session_.processes.back(); }
    void begin(double seconds_ago = 0) {
        program().run_on = true;
        program().run_started_ns = a_while_ago(seconds_ago);
    }
    std::optional<int> look() {
        return watch_.look([&](const ran_out_of_memory& process) {
            reported_.push_back(process.words.pid);
            return report_outcome{FIL_OK, "/its", ""};
        });
    }

    test::fake_session session_;
    std::vector<std::string> said_;
    std::vector<int> reported_;
    out_of_memory memory_{session_.handle(), here(), ::getpid(), out_of_memory::parent::another,
                          [this](std::string line, worth) { said_.push_back(std::move(line)); }};
    run_watch watch_{session_.handle(), ::getpid(), &memory_};
};

TEST_F(run_watch_test, between_runs_it_need_not_be_called) {
    EXPECT_EQ(look(), std::nullopt);
    begin();
    ASSERT_TRUE(look().has_value());
    EXPECT_LE(*look(), 200);
    program().run_on = false;
    EXPECT_EQ(look(), std::nullopt);
    session_.processes.clear();
    EXPECT_EQ(look(), std::nullopt);
}

TEST_F(run_watch_test, live_and_peak_are_the_runs_and_seconds_count_from_its_beginning) {
    session_.live = 999;
    program().live = 100;
    program().peak = 300;
    begin(5);
    look();
    EXPECT_NEAR(watch_.seen().seconds, 5, 1);
    EXPECT_EQ(watch_.seen().memory.peak(), 300);
    ASSERT_EQ(watch_.seen().memory.samples().size(), 1u);
    EXPECT_EQ(watch_.seen().memory.samples()[0].allocated, 100);
    EXPECT_GT(watch_.seen().memory.resident().total(), 0);
}

TEST_F(run_watch_test, each_run_is_for_itself_even_if_the_end_of_the_one_before_was_not_seen) {
    program().peak = 300;
    begin(7);
    look();
    program().peak = 20;
    begin(1);
    look();
    EXPECT_EQ(watch_.seen().memory.peak(), 20);
    EXPECT_NEAR(watch_.seen().seconds, 1, 0.9);
}

TEST_F(run_watch_test, what_happened_since_the_last_look_is_seen_at_the_end) {
    begin(1);
    look();
    program().peak = 400;
    program().run_on = false;
    watch_.look_once_more();
    EXPECT_EQ(watch_.seen().memory.peak(), 400);
}

TEST_F(run_watch_test, of_one_that_was_too_short_nothing_is_known) {
    begin(1);
    program().run_on = false;
    look();
    watch_.look_once_more();
    EXPECT_EQ(watch_.seen().seconds, 0);
    EXPECT_TRUE(watch_.seen().memory.samples().empty());
}

TEST_F(run_watch_test, the_last_image_of_a_program_that_replaced_itself_counts) {
    begin();
    program().closed = true;
    session_.processes.push_back({::getpid()});
    EXPECT_EQ(look(), std::nullopt);
    EXPECT_FALSE(watch_.is_to_report());
}

TEST_F(run_watch_test, a_program_is_told_that_memory_is_low_only_while_a_run_is_on) {
    machine(1000);
    look();
    EXPECT_LE(session_.told_low, 0);
    begin();
    look();
    EXPECT_EQ(session_.told_low, ::getpid());
    program().run_on = false;
    look();
    EXPECT_EQ(session_.told_low, 0);
}

TEST_F(run_watch_test, one_that_ran_out_of_memory_has_its_report_made_and_no_other) {
    begin();
    EXPECT_TRUE(watch_.is_to_report());
    fil_out_of_memory words = FIL_OUT_OF_MEMORY_INIT;
    words.pid = ::getpid();
    words.request_bytes = 3 << 20;
    session_.out_of_memory = {words};
    look();
    EXPECT_EQ(reported_, std::vector<int>{::getpid()});
    EXPECT_EQ(session_.let_go, std::vector<int>{::getpid()});
    EXPECT_FALSE(watch_.is_to_report());
    ASSERT_EQ(said_.size(), 2u);
    EXPECT_NE(said_[0].find("exiting soon: a request for 3.0 MiB failed."), std::string::npos);
    EXPECT_EQ(said_[1], "=fil-profile= Wrote HTML report to /its/index.html\n");
}

TEST_F(run_watch_test, without_detection_it_only_looks) {
    run_watch watch(session_.handle(), ::getpid(), nullptr);
    machine(1000);
    begin();
    EXPECT_TRUE(watch.look({}).has_value());
    EXPECT_EQ(session_.told_low, -1);
    EXPECT_GT(watch.seen().memory.samples().size(), 0u);
}

}  // namespace
}  // namespace fil::cli
