#include "session/keeper_line.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>

#include "made_process.hpp"
#include "os/cold/connections.hpp"
#include "os/cold/files.hpp"

namespace fil {
namespace {

struct keeper_lines : testing::Test {
    struct heard {
        long bytes = -1;
        keeper_message message{};
        std::string text;
        file_descriptor recording;
    };
    heard hear() {
        heard got;
        std::string all(2 * longest_keeper_message, '\0');
        os::arrived_message arrived = os::receive_at_once(keeper.number(), all.data(), all.size());
        got.bytes = arrived.bytes;
        if (arrived.bytes < long(sizeof got.message)) return got;
        std::memcpy(&got.message, all.data(), sizeof got.message);
        got.text = all.substr(sizeof got.message, std::size_t(arrived.bytes) - sizeof got.message);
        got.recording = std::move(arrived.attached);
        return got;
    }

    keeper_line line;
    file_descriptor keeper = line.begin();
    joined_process process = test::made_process(42, 1000);
};

TEST_F(keeper_lines, tell_who_joined_and_with_what) {
    ASSERT_TRUE(line.is_there());
    process.number = 3;
    process.parent_pid = 41;
    process.command = std::string("ls\0-l\0", 6);
    process.executable = "/bin/ls";
    const file_descriptor file = os::make_file_in_memory();
    line.tell_joined(process, file.number(), -1);
    const heard got = hear();
    EXPECT_EQ(got.message.what, keeper_message::kind::joined);
    EXPECT_EQ(got.message.number, 3u);
    EXPECT_EQ(got.message.pid, 42);
    EXPECT_EQ(got.message.parent_pid, 41);
    EXPECT_EQ(got.message.segment, -1);
    EXPECT_EQ(got.text.substr(0, got.message.command_length), process.command);
    EXPECT_EQ(got.text.substr(got.message.command_length), "/bin/ls");
    EXPECT_GE(got.recording.number(), 0);
    EXPECT_EQ(line.state().how(), keeping::on);
}

TEST_F(keeper_lines, long_texts_are_cut_to_what_one_message_holds) {
    process.command = std::string(100'000, 'c');
    process.executable = std::string(100'000, 'e');
    line.tell_joined(process, -1, 77);
    const heard got = hear();
    EXPECT_LE(got.bytes, long(longest_keeper_message));
    EXPECT_EQ(got.message.segment, 77);
    EXPECT_EQ(got.recording.number(), -1);
    EXPECT_EQ(got.text, std::string(got.message.command_length, 'c') +
                            std::string(got.text.size() - got.message.command_length, 'e'));
    EXPECT_GT(got.message.command_length, 4000u);
}

TEST_F(keeper_lines, tell_what_is_needed_instead_and_what_is_not_any_more) {
    const file_descriptor file = os::make_file_in_memory();
    line.tell_replaced(process, file.number());
    const heard replaced = hear();
    EXPECT_EQ(replaced.message.what, keeper_message::kind::replaced);
    EXPECT_GE(replaced.recording.number(), 0);
    process.last.peak = 5000;
    process.memory = {};
    line.tell_let_go(process);
    const heard gone = hear();
    EXPECT_EQ(gone.message.what, keeper_message::kind::let_go);
    EXPECT_EQ(gone.message.peak, 5000);
    EXPECT_EQ(gone.text, "");
}

TEST_F(keeper_lines, a_keeper_that_hears_nothing_has_lost_track_and_is_not_waited_for_again) {
    const std::int64_t before = os::monotonic_ns();
    for (int i = 0; i < 10'000; ++i) line.tell_let_go(process);
    EXPECT_EQ(line.state().how(), keeping::lost);
    EXPECT_LT(os::monotonic_ns() - before, 20'000'000'000);
    while (hear().bytes > 0) {
    }
    line.tell_let_go(process);
    EXPECT_EQ(hear().bytes, -1) << "it was told of something it had not heard";
}

TEST_F(keeper_lines, the_end_is_told_and_the_keepers_waited_for) {
    bool has_ended = false;
    std::thread ends([&] {
        os::wait_for_message(keeper.number());
        EXPECT_EQ(hear().bytes, 0);
        EXPECT_EQ(line.state().how(), keeping::over);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        has_ended = true;
        keeper = file_descriptor();
    });
    line.tell_over();
    EXPECT_TRUE(has_ended);
    EXPECT_FALSE(line.is_there());
    ends.join();
    line.tell_over();  // nobody is there
    line.tell_let_go(process);
}

TEST(keeper_line, without_a_keeper_tells_nobody) {
    keeper_line line;
    EXPECT_FALSE(line.is_there());
    EXPECT_FALSE(line.state().is_there());
    line.tell_let_go(test::made_process(42));
    line.tell_over();
}

}  // namespace
}  // namespace fil
