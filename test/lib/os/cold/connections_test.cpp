#include "os/cold/connections.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>

#include "checking_child.hpp"
#include "interruptions.hpp"
#include "os/cold/files.hpp"
#include "os/local_socket.hpp"
#include "os/os.hpp"
#include "scratch_folder.hpp"

namespace fil::os {
namespace {

const std::string too_long(108, 'x');  // one more than a socket's name may have

TEST(connections, of_who_knows_the_name_are_accepted_one_by_one) {
    const test::scratch_folder folder;
    const file_descriptor door = make_listening_socket();
    ASSERT_TRUE(listen_at(door.number(), folder / "door"));
    EXPECT_EQ(accept_next(door.number()).number(), -1);
    EXPECT_EQ(errno, EAGAIN);
    const local_socket caller;
    ASSERT_TRUE(caller.connect_to(folder / "door"));
    const file_descriptor accepted = accept_next(door.number());
    ASSERT_GE(accepted.number(), 0);
    EXPECT_NE(fcntl(accepted.number(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(accepted.number(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_TRUE(is_ours_or_roots(accepted.number()));
    EXPECT_EQ(peer_pid(accepted.number()), getpid());
}

TEST(connections, a_name_beside_the_file_system_is_one_too) {
    const std::string name = "/tmp/fil-test-abstract-" + std::to_string(getpid());
    const file_descriptor door = make_listening_socket();
    ASSERT_TRUE(listen_at_abstract(door.number(), name));
    EXPECT_FALSE(facts_of(name).has_value());
    const local_socket caller;
    ASSERT_TRUE(caller.connect_to_abstract(name));
    EXPECT_GE(accept_next(door.number()).number(), 0);
}

TEST(connections, a_name_that_is_too_long_is_refused_and_not_cut) {
    const test::scratch_folder folder;
    for (const auto listen : {&listen_at, &listen_at_abstract}) {
        const file_descriptor door = make_listening_socket();
        errno = 0;
        EXPECT_FALSE(listen(door.number(), folder / too_long));
        EXPECT_EQ(errno, ENAMETOOLONG);
    }
    EXPECT_FALSE(is_deserted(folder / too_long));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(connections, a_socket_is_deserted_once_nobody_listens) {
    const test::scratch_folder folder;
    EXPECT_FALSE(is_deserted(folder / "door"));
    {
        const file_descriptor door = make_listening_socket();
        ASSERT_TRUE(listen_at(door.number(), folder / "door"));
        EXPECT_FALSE(is_deserted(folder / "door"));
    }
    EXPECT_TRUE(is_deserted(folder / "door"));
}

TEST(connections, whole_messages_come_with_at_most_one_descriptor_each) {
    const auto [here, there] = make_connection();
    char text[8] = {};
    EXPECT_EQ(receive_at_once(there.number(), text, sizeof text).bytes, -1);
    EXPECT_EQ(errno, EAGAIN);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const file_descriptor reading(ends[0]);
    file_descriptor writing(ends[1]);
    ASSERT_TRUE(send_at_once(here.number(), "one", 3, writing.number()));
    ASSERT_TRUE(send_at_once(here.number(), "two", 3));
    writing = file_descriptor();
    {
        const arrived_message one = receive_at_once(there.number(), text, sizeof text);
        EXPECT_EQ(std::string(text, 3), "one");
        ASSERT_EQ(one.bytes, 3);
        EXPECT_EQ(::write(one.attached.number(), "x", 1), 1);
        EXPECT_NE(fcntl(one.attached.number(), F_GETFD) & FD_CLOEXEC, 0);
    }
    const arrived_message two = receive_at_once(there.number(), text, sizeof text);
    EXPECT_EQ(two.bytes, 3);
    EXPECT_EQ(two.attached.number(), -1);
    EXPECT_EQ(::read(reading.number(), text, 2), 1) << "and then the end: the copy closed itself";
}

TEST(connections, who_does_not_read_gets_nothing_until_there_is_room) {
    const auto [here, there] = make_connection();
    const std::string text(4096, 'x');
    while (send_at_once(here.number(), text.data(), text.size())) {
    }
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_FALSE(wait_for_room(here.number(), 1));
    char room[4096];
    while (receive_at_once(there.number(), room, sizeof room).bytes > 0) {
    }
    EXPECT_TRUE(wait_for_room(here.number(), 1));
}

TEST(connections, an_end_that_is_gone_is_told_by_no_signal) {
    auto [here, there] = make_connection();
    there = file_descriptor();
    EXPECT_FALSE(send_at_once(here.number(), "x", 1));
    EXPECT_EQ(errno, EPIPE);
    EXPECT_TRUE(wait_for_message(here.number()));
    char text[4];
    EXPECT_EQ(receive_at_once(here.number(), text, sizeof text).bytes, 0);
}

TEST(connections, who_stops_sending_is_heard_to_the_end_and_can_still_hear) {
    const auto [here, there] = make_connection();
    ASSERT_TRUE(send_at_once(here.number(), "last", 4));
    stop_sending(here.number());
    char text[8];
    EXPECT_EQ(receive_at_once(there.number(), text, sizeof text).bytes, 4);
    EXPECT_EQ(receive_at_once(there.number(), text, sizeof text).bytes, 0);
    EXPECT_TRUE(send_at_once(there.number(), "yes", 3));
    EXPECT_EQ(receive_at_once(here.number(), text, sizeof text).bytes, 3);
}

// A signal each millisecond.
TEST(connections, are_waited_for_whatever_signals_come) {
    constexpr std::int64_t some_ns = 50'000'000;
    auto [here, there] = make_connection();
    const std::string text(4096, 'x');
    while (send_at_once(here.number(), text.data(), text.size())) {
    }
    const test::interruptions signals;
    const std::int64_t began = monotonic_ns();
    EXPECT_FALSE(wait_for_room(here.number(), 50));
    EXPECT_GE(monotonic_ns() - began, some_ns);
    wait_for_end(here.number(), 50);
    EXPECT_GE(monotonic_ns() - began, 2 * some_ns);
    std::thread sends([&there = there] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        send_at_once(there.number(), "x", 1);
    });
    EXPECT_TRUE(wait_for_message(here.number()));
    char got = 0;
    EXPECT_EQ(receive_at_once(here.number(), &got, 1).bytes, 1);
    sends.join();
}

TEST(connections, what_is_no_connection_is_nobodys) {
    EXPECT_FALSE(is_ours_or_roots(-1));
    EXPECT_FALSE(peer_pid(-1).has_value());
}

TEST(connections, root_may_ask_for_everybody_and_others_for_themselves) {
    EXPECT_TRUE(is_user_or_root(geteuid()));
    EXPECT_EQ(is_user_or_root(geteuid() + 1), geteuid() == 0);
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    EXPECT_EQ(status_of_child([] {
                  HOLDS(1, setuid(12345) == 0);
                  HOLDS(2, is_user_or_root(12345));
                  HOLDS(3, !is_user_or_root(0));
              }),
              0);
}

}  // namespace
}  // namespace fil::os
