#include "session/trace_recorder.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <system_error>
#include <vector>

#include "checking_child.hpp"
#include "fil/trace/trace_reader.hpp"
#include "scratch_folder.hpp"
#include "traced_recording.hpp"

namespace fil {
namespace {

struct recorded_trace : testing::Test {
    trace::reader read() {
        content = test::text_of(path);
        return trace::reader(
            {reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
    }

    const test::scratch_folder folder;
    const std::string path = folder / "trace";
    std::string content;
    test::traced_recording one, other{43};
    joined_process untraced = test::made_process(44);
    std::vector<joined_process*> open{&one.process, &untraced};
};

TEST_F(recorded_trace, has_the_processes_that_are_traced_whenever_they_came) {
    trace_recorder recorder(path, 1);
    one.came(0x1000, 10);
    EXPECT_GE(recorder.look(open), 0);
    open.push_back(&other.process);
    other.came(0x2000, 20);
    recorder.look(open);
    recorder.process_ended(one.process);
    open.erase(open.begin());
    other.went(0x2000);
    recorder.finish(open);
    const trace_recorder::numbers numbers = recorder.so_far();
    EXPECT_EQ(numbers.processes, 2u);
    EXPECT_EQ(numbers.events, 3u);
    EXPECT_EQ(numbers.lost, 0u);
    EXPECT_EQ(recorder.why_failed(), "");
    const trace::reader from = read();
    EXPECT_TRUE(from.is_whole());
    EXPECT_EQ(numbers.bytes, content.size());
    ASSERT_EQ(from.processes().size(), 2u);
    EXPECT_EQ(from.processes()[0].about.pid, 42);
    EXPECT_EQ(from.processes()[1].end.events, 2u);
}

TEST_F(recorded_trace, of_who_came_and_ended_between_two_looks_is_there) {
    trace_recorder recorder(path, 0);
    one.came(0x1000, 10);
    recorder.process_ended(one.process);
    recorder.process_ended(untraced);
    recorder.process_ended(joined_process());
    recorder.finish({});
    EXPECT_EQ(read().header().sample, 1u) << "a sample of none is one of all";
    EXPECT_EQ(recorder.so_far().events, 1u);
}

TEST_F(recorded_trace, that_cannot_be_written_any_more_holds_nobody_who_runs_on) {
    EXPECT_EQ(status_of_child([&] {
                  trace_recorder recorder(path, 1);
                  open.push_back(&other.process);
                  recorder.look(open);
                  signal(SIGXFSZ, SIG_IGN);
                  const rlimit limit{recorder.so_far().bytes, RLIM_INFINITY};
                  setrlimit(RLIMIT_FSIZE, &limit);
                  one.came(0x1000, 10);
                  recorder.process_ended(one.process);
                  HOLDS(1, recorder.why_failed() != "");
                  HOLDS(2, other.root().gave_up == 1);
              }),
              0);
}

TEST_F(recorded_trace, that_cannot_be_written_ends_and_nobody_waits_for_it) {
    EXPECT_THROW(trace_recorder(folder / "no/such", 1), std::system_error);
    EXPECT_EQ(status_of_child([&] {
                  signal(SIGXFSZ, SIG_IGN);
                  const rlimit limit{100, 100};  // a header, and no more
                  setrlimit(RLIMIT_FSIZE, &limit);
                  trace_recorder recorder(path, 1);
                  recorder.look(open);
                  HOLDS(1, recorder.why_failed().find("File too large") != std::string::npos);
                  open.push_back(&other.process);
                  recorder.look(open);
                  HOLDS(2, one.root().gave_up == 1 && other.root().gave_up == 1);
                  recorder.process_ended(one.process);
                  recorder.finish(open);
                  HOLDS(3, recorder.so_far().bytes < 100);
              }),
              0);
}

}  // namespace
}  // namespace fil
