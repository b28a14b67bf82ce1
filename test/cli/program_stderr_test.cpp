#include "os/program_stderr.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "os/message.hpp"
#include "os/pipe.hpp"

namespace fil::cli {
namespace {

// A process with `errors` as its standard error, after it did something to it.
template <typename Change>
class program_with {
  public:
    program_with(int errors, Change change) {
        pipe_ends ready = new_pipe();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(errors, STDERR_FILENO);
            ::close(errors);
            change();
            ready.write.close();
            for (;;) ::pause();
        }
        ready.write.close();
        char byte;
        while (::read(ready.read.get(), &byte, 1) > 0) {
        }
    }
    ~program_with() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

// What can be read at once.
std::string text_in(int descriptor) {
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    char text[100];
    const auto size = ::read(descriptor, text, sizeof text);
    return {text, static_cast<std::size_t>(size > 0 ? size : 0)};
}

void put_nothing_in_its_place() {
    const descriptor nothing(::open("/dev/null", O_RDWR));
    ::dup2(nothing.get(), STDERR_FILENO);
}

TEST(program_stderr, is_where_the_program_writes_its_errors) {
    const pipe_ends pipe = new_pipe();
    const program_with program(pipe.write.get(), [] {});
    program_stderr(program.pid(), pipe.write.get()).say_line(message_line("well"));
    EXPECT_EQ(text_in(pipe.read.get()), "=fil-profile= well\n");
}

TEST(program_stderr, may_be_a_socket) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const descriptor ours(ends[0]), its(ends[1]);
    const program_with program(its.get(), [] {});
    program_stderr(program.pid(), its.get()).say_line(message_line("well"));
    EXPECT_EQ(text_in(ours.get()), "=fil-profile= well\n");
}

TEST(program_stderr, is_the_one_it_was_started_with_if_the_program_kept_a_copy) {
    const pipe_ends pipe = new_pipe();
    const program_with program(pipe.write.get(), [] {
        ::dup2(STDERR_FILENO, 77);
        put_nothing_in_its_place();
    });
    program_stderr(program.pid(), pipe.write.get()).say_line(message_line("well"));
    EXPECT_EQ(text_in(pipe.read.get()), "=fil-profile= well\n");
}

TEST(program_stderr, is_the_new_one_if_it_kept_none) {
    const pipe_ends first = new_pipe(), second = new_pipe();
    const program_with program(first.write.get(), [&] {
        ::dup2(second.write.get(), STDERR_FILENO);
        ::close(first.write.get());
    });
    program_stderr(program.pid(), first.write.get()).say_line(message_line("well"));
    EXPECT_EQ(text_in(first.read.get()), "");
    EXPECT_EQ(text_in(second.read.get()), "=fil-profile= well\n");
}

TEST(program_stderr, that_is_closed_or_of_no_process_is_no_matter) {
    const pipe_ends pipe = new_pipe();
    pid_t gone;
    {
        const program_with program(pipe.write.get(), [] { ::close(STDERR_FILENO); });
        gone = program.pid();
    }
    program_stderr(gone, pipe.write.get()).say_line(message_line("well"));
    EXPECT_EQ(text_in(pipe.read.get()), "");
}

}  // namespace
}  // namespace fil::cli
