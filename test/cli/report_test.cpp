#include "supervise/report.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <new>
#include <thread>

#include "fake_session.hpp"
#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

class report_test : public test::in_temporary_directory {
  protected:
    report_outcome made_by(decltype(test::fake_session::report) report) {
        session.report = std::move(report);
        const signal_inbox signals;
        const report_outcome outcome = make_report(session.handle(), {}, signals);
        signals.restore_inherited();
        return outcome;
    }
    test::fake_session session;
};

TEST_F(report_test, a_written_one_names_its_directory) {
    const auto outcome = made_by([](const auto&, std::string& path, fil_error&) {
        path = "/somewhere/" + std::string(2000, 'x');
        return FIL_OK;
    });
    EXPECT_EQ(outcome.status, FIL_OK);
    EXPECT_EQ(outcome.path, "/somewhere/" + std::string(2000, 'x'));
}

TEST_F(report_test, is_made_in_another_process) {
    int here = 0;
    made_by([&](const auto&, std::string&, fil_error&) {
        here = 1;
        return FIL_OK;
    });
    EXPECT_EQ(here, 0);
}

TEST_F(report_test, a_failure_says_why) {
    const auto outcome = made_by([](const auto&, std::string&, fil_error& error) {
        std::strcpy(error.message, "the disk is full");
        return FIL_ERROR_SYSTEM;
    });
    EXPECT_EQ(outcome.status, FIL_ERROR_SYSTEM);
    EXPECT_EQ(outcome.why, "the disk is full");
}

TEST_F(report_test, a_crash_costs_the_report_only) {
    const auto crash = made_by([](const auto&, std::string&, fil_error&) {
        std::raise(SIGSEGV);
        return FIL_OK;
    });
    EXPECT_NE(crash.status, FIL_OK);
    EXPECT_NE(crash.why.find("Segmentation fault"), std::string::npos);
    const auto exit =
        made_by([](const auto&, std::string&, fil_error&) -> fil_status { ::_exit(0); });
    EXPECT_NE(exit.status, FIL_OK);
    EXPECT_TRUE(std::filesystem::is_empty("."));  // and leaves no core
}

TEST_F(report_test, one_that_takes_too_long_is_stopped) {
    session.report = [](const auto&, std::string&, fil_error&) {
        for (;;) ::pause();
        return FIL_OK;
    };
    const signal_inbox signals;
    const auto outcome = make_report(session.handle(), {}, signals, {.seconds = 1});
    signals.restore_inherited();
    EXPECT_NE(outcome.status, FIL_OK);
    EXPECT_EQ(outcome.why, "it took 1 s");
}

TEST_F(report_test, one_that_takes_too_much_memory_gets_no_more) {
    session.report = [](const auto&, std::string&, fil_error& error) {
        try {
            std::string large(std::size_t{1} << 30, 'x');
        } catch (const std::bad_alloc&) {
            std::strcpy(error.message, "no more");
            return FIL_ERROR_MEMORY;
        }
        return FIL_OK;
    };
    const signal_inbox signals;
    const auto make = [&](std::uint64_t bytes) {
        return make_report(session.handle(), {}, signals, {.bytes = bytes});
    };
    EXPECT_EQ(make(std::uint64_t{1} << 28).why, "no more");
    EXPECT_EQ(make(std::uint64_t{2} << 30).status, FIL_OK);
    signals.restore_inherited();
}

TEST_F(report_test, a_file_that_may_not_grow_is_an_error_and_no_death) {
    const auto outcome = made_by([](const auto&, std::string&, fil_error& error) {
        const struct rlimit small { 10, RLIM_INFINITY };
        ::setrlimit(RLIMIT_FSIZE, &small);
        std::ofstream("file") << std::string(100, 'x') << std::flush;
        std::strcpy(error.message, "it lives");
        return FIL_ERROR_SYSTEM;
    });
    EXPECT_EQ(outcome.why, "it lives");
}

TEST_F(report_test, a_signal_that_somebody_sends_meanwhile_stops_it) {
    const pid_t self = ::getpid();
    const auto outcome = made_by([&](const auto&, std::string&, fil_error&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1100));
        ::kill(self, SIGTERM);  // to the supervisor, which is to pass it on
        std::this_thread::sleep_for(std::chrono::seconds(30));
        return FIL_OK;
    });
    EXPECT_NE(outcome.status, FIL_OK);
    EXPECT_NE(outcome.why.find("Terminated"), std::string::npos);
}

TEST_F(report_test, what_ended_the_program_does_not_stop_it) {
    const pid_t self = ::getpid();
    const auto outcome = made_by([&](const auto&, std::string&, fil_error&) {
        ::kill(self, SIGTERM);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        const bool hears_the_group = ::getpgid(0) == ::getpgid(self);
        return hears_the_group ? FIL_ERROR_STATE : FIL_OK;
    });
    EXPECT_EQ(outcome.status, FIL_OK);
}

TEST_F(report_test, a_recording_is_kept_in_the_temporary_directory) {
    const test::with_variable temporary("TMPDIR", here());
    std::string why;
    int missing = 0;
    const std::string file = keep_recordings(session.handle(), 12, why, missing);
    EXPECT_EQ(file, session.kept_in);
    EXPECT_EQ(std::filesystem::path(file).parent_path(), here());
    session.keep = FIL_ERROR_SYSTEM;
    EXPECT_EQ(keep_recordings(session.handle(), 12, why, missing), "");
    EXPECT_EQ(why, "full");
    EXPECT_TRUE(session.kept_in.starts_with("/dev/shm/")) << "all have been tried";
}

}  // namespace
}  // namespace fil::cli
