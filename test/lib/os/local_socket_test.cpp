#include "os/local_socket.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "checking_child.hpp"
#include "interruptions.hpp"
#include "os/cold/connections.hpp"
#include "os/cold/files.hpp"
#include "os/os.hpp"
#include "os/refused_call.hpp"
#include "refused_calls.hpp"
#include "scratch_folder.hpp"

namespace fil::os {
namespace {

struct local_sockets : testing::Test {
    local_sockets() {
        listens = listen_at(door.number(), folder / "door");
        if (listens && caller.connect_to(folder / "door")) other = accept_next(door.number());
    }

    const test::scratch_folder folder;
    file_descriptor door = make_listening_socket(), other;
    local_socket caller;
    bool listens = false;
    char text[8] = {};
};

TEST_F(local_sockets, know_who_listens) {
    ASSERT_GE(other.number(), 0);
    EXPECT_EQ(caller.other_end().pid, getpid());
    EXPECT_EQ(caller.other_end().user, geteuid());
    EXPECT_EQ(local_socket().other_end().pid, 0) << "nobody";
}

TEST_F(local_sockets, give_and_take_messages_with_descriptors) {
    const file_descriptor file = make_file_in_memory();
    ASSERT_TRUE(caller.send("one", 3, file.number()));
    const arrived_message one = receive_at_once(other.number(), text, sizeof text);
    ASSERT_EQ(one.bytes, 3);
    EXPECT_TRUE(write_at(one.attached.number(), "abc", 3, 0));
    EXPECT_EQ(facts_of(file.number())->bytes, 3u);
    ASSERT_TRUE(send_at_once(other.number(), "two", 3, file.number()));
    const auto [bytes, came] = caller.receive(text, sizeof text);
    EXPECT_EQ(bytes, 3);
    EXPECT_EQ(facts_of(file_descriptor(came).number())->bytes, 3u);
    ASSERT_TRUE(send_at_once(other.number(), "three", 5));
    EXPECT_EQ(caller.receive(text, sizeof text).descriptor, -1);
    other = file_descriptor();
    EXPECT_EQ(caller.receive(text, sizeof text).bytes, 0);
    EXPECT_FALSE(caller.send("x", 1, -1));
    EXPECT_EQ(last_refusal(), make_refusal(SYS_sendmsg, EPIPE));
}

TEST_F(local_sockets, say_why_nobody_was_reached) {
    const std::string too_long(108, 'x');
    for (const auto& [path, error] :
         {std::pair{folder / "no", ENOENT}, {folder / too_long, ENAMETOOLONG}}) {
        errno = 0;
        EXPECT_FALSE(local_socket().connect_to(path));
        EXPECT_EQ(errno, error);
        EXPECT_EQ(last_refusal(), make_refusal(SYS_connect, error));
    }
    EXPECT_FALSE(local_socket().connect_to_abstract(too_long));
    EXPECT_EQ(errno, ENAMETOOLONG);
    EXPECT_FALSE(local_socket().connect_to_abstract(folder / "no"));
    EXPECT_EQ(last_refusal(), make_refusal(SYS_connect, ECONNREFUSED));
}

TEST_F(local_sockets, wait_as_long_as_they_may) {
    ASSERT_TRUE(caller.limit_receiving(20));
    EXPECT_EQ(caller.receive(text, sizeof text).bytes, -1);
    EXPECT_EQ(errno, EAGAIN);
    ASSERT_TRUE(caller.limit_sending(20));
    const std::string much(4096, 'x');
    while (caller.send(much.data(), much.size(), -1)) {
    }
    EXPECT_EQ(last_refusal(), make_refusal(SYS_sendmsg, EAGAIN));
}

// Each time `wait()` is given up, though a signal comes each millisecond: how long it took.
template <typename Wait>
std::int64_t interrupted(Wait&& wait) {
    const test::interruptions signals;
    const std::int64_t begun = monotonic_ns();
    errno = 0;
    EXPECT_FALSE(wait());
    EXPECT_EQ(errno, EAGAIN);
    return monotonic_ns() - begun;
}

TEST_F(local_sockets, wait_no_longer_and_no_less_whatever_signals_come) {
    constexpr int limit = 50;
    constexpr std::int64_t limit_ns = limit * 1'000'000;
    ASSERT_TRUE(caller.limit_receiving(limit));
    EXPECT_GE(interrupted([&] { return caller.receive(text, sizeof text).bytes >= 0; }), limit_ns);

    ASSERT_TRUE(caller.limit_sending(limit));
    const auto send_until_full = [&] {
        while (caller.send("x", 1, -1)) {
        }
        return false;
    };
    EXPECT_GE(interrupted(send_until_full), limit_ns);

    // Nobody is let in: the line of who waits gets full.
    const auto connect_until_full = [&] {
        std::vector<std::unique_ptr<local_socket>> in_line;
        do {
            in_line.push_back(std::make_unique<local_socket>());
            EXPECT_TRUE(in_line.back()->limit_sending(limit));
        } while (in_line.back()->connect_to(folder / "door"));
        EXPECT_EQ(last_refusal(), make_refusal(SYS_connect, EAGAIN));
        errno = EAGAIN;  // some are closed before it is looked at
        return false;
    };
    EXPECT_GE(interrupted(connect_until_full), limit_ns);
}

TEST_F(local_sockets, that_are_refused_are_not_there) {
    EXPECT_TRUE(caller.is_there());
    EXPECT_EQ(status_of_child([] {
                  HOLDS(1, test::refuse_call(SYS_socket, EACCES));
                  local_socket none;
                  HOLDS(2, !none.is_there());
                  HOLDS(3, last_refusal() == make_refusal(SYS_socket, EACCES));
                  HOLDS(4, !none.limit_sending(1) && !none.limit_receiving(1));
                  HOLDS(5, last_refusal() == make_refusal(SYS_setsockopt, EBADF));
                  char byte;
                  HOLDS(6, !none.connect_to("/tmp") && !none.send("x", 1, -1));
                  HOLDS(7, none.receive(&byte, 1).bytes == -1 && errno == EBADF);
              }),
              0);
}

}  // namespace
}  // namespace fil::os
