// That any byte may be another: test/capi/visit_test.cpp.

#include "report/look_file.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "../session/serving.hpp"
#include "fil/report/usage_reader.hpp"
#include "os/cold/files.hpp"
#include "small_recording.hpp"

namespace fil {
namespace {

struct looked : testing::Test, test::serving {
    looked() {
        for (int i = 0; i < 2; ++i)
            running.push_back(
                start([&](const session_address& whose) { join(whose, 4900, content); }));
    }
    ~looked() override {
        for (const pid_t one : running) end(one);
    }
    file_descriptor written(std::int32_t program) const {
        report::facts about;
        about.duration = 2.5;
        about.program.main_script = "load.py";
        about.timelines.resize(1);
        about.timelines[0].samples.resize(3);
        about.timelines[0].samples[2].seconds = 7;
        return write_look(here, program, about);
    }

    const std::vector<std::byte> content = small_recording();
    std::vector<pid_t> running;
};

TEST_F(looked, what_is_held_now_is_read_as_it_was_written_the_program_first) {
    here.page().peak = 9999;
    const file_descriptor file = written(running[1]);
    const look seen = read_look(file.number());
    EXPECT_EQ(seen.peak, 9999);
    EXPECT_EQ(seen.ended, 0u);
    EXPECT_EQ(seen.about.duration, 2.5);
    EXPECT_EQ(seen.about.program.main_script, "load.py");
    ASSERT_EQ(seen.about.timelines.at(0).samples.size(), 3u);
    EXPECT_EQ(seen.about.timelines[0].samples[2].seconds, 7);
    ASSERT_EQ(seen.processes.size(), 2u);
    EXPECT_EQ(seen.processes[0].pid, running[1]);
    EXPECT_EQ(seen.processes[1].pid, running[0]);
    EXPECT_EQ(seen.processes[0].peak, 4900);
    for (const looked_process& one : seen.processes) {
        ASSERT_GT(one.bytes, 0u);
        EXPECT_EQ(seen.recording_of(one).check(), recording_check::good);
    }
}

TEST_F(looked, who_has_ended_is_counted) {
    end(running.back());
    running.pop_back();
    const look seen = read_look(written(running[0]).number());
    EXPECT_EQ(seen.ended, 1u);
    EXPECT_EQ(seen.processes.size(), 1u);
}

TEST_F(looked, who_cannot_be_read_holds_nothing) {
    here.process(0).header().callstacks = UINT32_MAX;
    const look seen = read_look(written(running[0]).number());
    ASSERT_EQ(seen.processes.size(), 2u);
    EXPECT_EQ(seen.processes[0].bytes, 0u);
    EXPECT_GT(seen.processes[1].bytes, 0u);
}

TEST_F(looked, what_is_no_look_is_refused) {
    EXPECT_THROW(read_look(-1), damaged_recording);
    EXPECT_THROW(read_look(os::make_file_in_memory().number()), damaged_recording);
    const file_descriptor small(os::make_shared_file("test", 4096));
    EXPECT_THROW(read_look(small.number()), damaged_recording);
    const file_descriptor file = written(running[0]);
    for (const std::uint64_t at : {0, 8, 64}) {
        char byte = 0;
        ASSERT_EQ(os::read_at(file.number(), &byte, 1, at), 1);
        const char other = static_cast<char>(~byte);
        ASSERT_TRUE(os::write_at(file.number(), &other, 1, at));
        if (at < 64) {
            EXPECT_THROW(read_look(file.number()), damaged_recording) << at;
        }
        ASSERT_TRUE(os::write_at(file.number(), &byte, 1, at));
    }
    EXPECT_EQ(read_look(file.number()).processes.size(), 2u);
}

}  // namespace
}  // namespace fil
