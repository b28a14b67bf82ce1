#include "os/unhurried_writer.hpp"

#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>

#include <functional>

#include "os/pipe.hpp"

namespace fil::cli {
namespace {

// In a child with a clock that ends it: where a write waits, the test fails and does not hang.
void in_time(const std::function<void()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        body();
        ::_exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

void fill(int descriptor) {
    const int flags = ::fcntl(descriptor, F_GETFL);
    ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
    char much[4096] = {};
    while (::write(descriptor, much, sizeof much) > 0) {
    }
    while (::write(descriptor, much, 1) > 0) {
    }
    ::fcntl(descriptor, F_SETFL, flags);
}

std::string text_in(int descriptor) {
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    std::string all;
    char text[4096];
    for (ssize_t size; (size = ::read(descriptor, text, sizeof text)) > 0;)
        all.append(text, static_cast<std::size_t>(size));
    std::erase(all, '\0');
    return all;
}

void expect_kept_while_full(int to, int from) {
    fill(to);
    const int flags = ::fcntl(to, F_GETFL);
    unhurried_writer writer(to);
    writer.add("one\n");
    writer.add("two\n");
    writer.go_on();
    EXPECT_FALSE(writer.is_done());
    EXPECT_EQ(text_in(from), "");
    writer.go_on();
    EXPECT_TRUE(writer.is_done());
    EXPECT_EQ(text_in(from), "one\ntwo\n");
    EXPECT_EQ(::fcntl(to, F_GETFL), flags);
}

TEST(unhurried_writer, keeps_what_came_without_memory_behind_the_others) {
    in_time([] {
        const pipe_ends pipe = new_pipe();
        fill(pipe.write.get());
        unhurried_writer writer(pipe.write.get());
        writer.add("one\n");
        writer.add_without_memory("two\n", true);
        writer.add_without_memory("three\n", false);
        EXPECT_FALSE(writer.is_done());
        EXPECT_EQ(text_in(pipe.read.get()), "");
        writer.go_on();
        EXPECT_TRUE(writer.is_done());
        EXPECT_EQ(text_in(pipe.read.get()), "one\ntwo\nthree\n");
    });
}

TEST(unhurried_writer, keeps_what_a_full_pipe_does_not_take) {
    in_time([] {
        const pipe_ends pipe = new_pipe();
        expect_kept_while_full(pipe.write.get(), pipe.read.get());
    });
}

TEST(unhurried_writer, keeps_what_a_full_socket_does_not_take) {
    in_time([] {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        expect_kept_while_full(ends[0], ends[1]);
    });
}

TEST(unhurried_writer, keeps_what_a_stopped_terminal_does_not_take) {
    in_time([] {
        int keyboard = -1, terminal = -1;
        ASSERT_EQ(::openpty(&keyboard, &terminal, nullptr, nullptr, nullptr), 0);
        ASSERT_EQ(::tcflow(terminal, TCOOFF), 0);
        unhurried_writer writer(terminal);
        writer.add("one\n");
        EXPECT_FALSE(writer.is_done());
        ASSERT_EQ(::tcflow(terminal, TCOON), 0);
        writer.finish(5000);
        EXPECT_TRUE(writer.is_done());
        EXPECT_EQ(text_in(keyboard), "one\r\n");
    });
}

TEST(unhurried_writer, goes_on_where_a_file_is) {
    char name[] = "/tmp/unhurried-XXXXXX";
    const descriptor file(::mkstemp(name));
    ::unlink(name);
    EXPECT_EQ(::write(file.get(), "mine\n", 5), 5);
    unhurried_writer writer(file.get());
    writer.add("one\n");
    EXPECT_EQ(::write(file.get(), "mine\n", 5), 5);
    char text[100];
    const auto size = ::pread(file.get(), text, sizeof text, 0);
    EXPECT_EQ(std::string(text, static_cast<std::size_t>(size)), "mine\none\nmine\n");
}

TEST(unhurried_writer, has_done_with_what_nobody_can_ever_read) {
    in_time([] {
        ::signal(SIGPIPE, SIG_IGN);
        unhurried_writer closed(-1);
        closed.add("one\n");
        EXPECT_TRUE(closed.is_done());
        pipe_ends pipe = new_pipe();
        pipe.read.close();
        unhurried_writer broken(pipe.write.get());
        broken.add("one\n");
        EXPECT_TRUE(broken.is_done());
        const descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
        unhurried_writer disk(full.get());
        disk.add("one\n");
        EXPECT_TRUE(disk.is_done());
    });
}

TEST(unhurried_writer, gives_up_at_the_end_and_keeps_no_more_than_so_much) {
    in_time([] {
        const pipe_ends pipe = new_pipe();
        fill(pipe.write.get());
        unhurried_writer writer(pipe.write.get());
        for (int i = 0; i < 1000; ++i) writer.add(std::string(1000, 'x'));
        writer.finish(50);
        EXPECT_FALSE(writer.is_done());
        text_in(pipe.read.get());
        std::size_t kept = 0;
        for (int i = 0; i < 100; ++i) {
            writer.go_on();
            kept += text_in(pipe.read.get()).size();
        }
        EXPECT_TRUE(writer.is_done());
        EXPECT_GE(kept, 60'000u);
        EXPECT_LE(kept, 66'000u);
    });
}

TEST(unhurried_writer, ends_its_wait_when_asked_to_end) {
    in_time([] {
        sigset_t ends;
        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        sigprocmask(SIG_BLOCK, &ends, nullptr);
        const pipe_ends pipe = new_pipe();
        fill(pipe.write.get());
        unhurried_writer writer(pipe.write.get());
        writer.add("one\n");
        ::kill(::getpid(), SIGTERM);
        writer.finish(100'000);  // the alarm would end it first
        EXPECT_FALSE(writer.is_done());
    });
}

}  // namespace
}  // namespace fil::cli
