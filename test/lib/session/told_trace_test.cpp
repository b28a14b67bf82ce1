// As the C interface has it: test/capi/trace_writer_test.c.

#include "session/told_trace.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <system_error>
#include <vector>

#include "../trace/trace_events.hpp"
#include "checking_child.hpp"
#include "fil/trace/trace_reader.hpp"
#include "scratch_folder.hpp"

namespace fil {
namespace {

using trace::operation;

struct told_traces : testing::Test {
    const char* add(trace::event one) {
        one.callstack = callstack_id::unknown;
        return told.add(one);
    }

    const test::scratch_folder folder;
    const std::string path = folder / "trace";
    told_trace told{path, {42, 41, "game", "/bin/game"}, {}};
};

TEST_F(told_traces, blocks_are_counted_whatever_they_are_called) {
    EXPECT_EQ(add(trace::came(0x7000, 100)), nullptr);
    EXPECT_EQ(add(trace::came(0x8000, 200)), nullptr);
    EXPECT_EQ(add(trace::moved(0x7000, 0x7000, 50)), nullptr) << "in place";
    EXPECT_EQ(add(trace::went(0x8000)), nullptr);
    EXPECT_EQ(add(trace::moved(0x7000, 0x8000, 60)), nullptr) << "that name is free again";
    told.finish();
    EXPECT_TRUE(told.has_finished());
    EXPECT_EQ(told.events(), 5u);
    const std::string content = test::text_of(path);
    EXPECT_EQ(told.bytes(), content.size());
    const trace::reader from(
        {reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
    EXPECT_TRUE(from.is_whole());
    std::vector<std::uint64_t> blocks;
    from.for_each_event(0, [&](const trace::event& one) {
        blocks.push_back(static_cast<std::uint64_t>(one.block));
        return true;
    });
    EXPECT_EQ(blocks, (std::vector<std::uint64_t>{0, 1, 0, 1, 2}));
}

TEST_F(told_traces, what_no_allocator_could_do_is_refused_in_words) {
    EXPECT_EQ(add(trace::came(1, 100)), nullptr);
    EXPECT_EQ(add(trace::came(2, 100)), nullptr);
    EXPECT_STREQ(add(trace::came(1, 100)), "a block of that name is there");
    EXPECT_STREQ(add(trace::moved(1, 2, 100)), "a block of that name is there");
    EXPECT_STREQ(add(trace::went(3)), "there is no block of that name");
    EXPECT_STREQ(add(trace::moved(3, 4, 100)), "there is no block of that name");
    EXPECT_STREQ(add(trace::came(4, std::uint64_t{1} << 62)),
                 "more bytes than an address space has");
    EXPECT_STREQ(add(trace::mapped(operation::map, 0x1001, 4096)), "a mapping begins at a page");
    EXPECT_STREQ(add(trace::mapped(operation::map, 0x1000, 100)), "a mapping has whole pages");
    EXPECT_STREQ(add(trace::mapped(operation::map, 0x1000, 0)), "a mapping has whole pages");
    EXPECT_STREQ(add(trace::mapped(operation::map, ~std::uint64_t{0} << 12, 4096)),
                 "there is no such mapping");
    trace::event one = trace::came(4, 100);
    one.of = trace::layer::runtime_arena;
    EXPECT_STREQ(add(one), "an arena is a mapping");
    one = trace::came(4, 100);
    one.alignment_log2 = 60;
    EXPECT_STREQ(add(one), "no block has such an alignment");
    one = trace::came(4, 100);
    one.callstack = callstack_id{9};
    EXPECT_STREQ(told.add(one), "there is no such callstack");
    EXPECT_EQ(told.events(), 2u);
    EXPECT_EQ(add(trace::went(1)), nullptr) << "who was refused has changed nothing";
}

TEST_F(told_traces, that_cannot_be_written_ends_and_says_so_each_time) {
    EXPECT_THROW(told_trace(folder / "no/such", {}, {}), std::system_error);
    EXPECT_EQ(status_of_child([&] {
                  signal(SIGXFSZ, SIG_IGN);
                  const rlimit limit{told.bytes(), told.bytes()};
                  setrlimit(RLIMIT_FSIZE, &limit);
                  HOLDS(1, add(trace::came(1, 100)) == nullptr);  // it waits to be written
                  for (int time = 0; time < 2; ++time) {
                      try {
                          told.finish();
                          _exit(2);
                      } catch (const std::system_error& error) {
                          const std::string why = error.what();
                          HOLDS(3, why.find("File too large") != why.npos);
                          HOLDS(4, why.starts_with("the trace has ended") == (time == 1));
                      }
                  }
                  HOLDS(5, !told.has_finished());
              }),
              0);
}

}  // namespace
}  // namespace fil
