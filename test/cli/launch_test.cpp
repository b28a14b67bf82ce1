#include "start/launch.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>

#include "os/ending.hpp"
#include "os/refusal.hpp"
#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

struct restored_signals {
    const signal_inbox inbox;
    ~restored_signals() { inbox.restore_inherited(); }
};

class launch_test : public test::in_temporary_directory {
  protected:
    // What /bin/sh, launched with these words, says in the file "said".
    std::string said_by(const std::string& script, const environment& variables = {}) {
        const program child =
            start({"/bin/sh", "-c", script + "\n:", "name", "a b", ""}, variables);
        pollfd wait{child.ended.get(), POLLIN, 0};
        EXPECT_EQ(::poll(&wait, 1, 10000), 1);
        EXPECT_TRUE(take_ending(child.pid));
        std::ostringstream text;
        text << std::ifstream("said").rdbuf();
        return text.str();
    }
    program start(const std::vector<std::string>& arguments, const environment& variables = {}) {
        const restored_signals signals;
        return launch({arguments[0], arguments, {}, {}}, variables, signals.inbox);
    }
};

TEST_F(launch_test, arguments_and_environment_arrive_as_they_are) {
    EXPECT_EQ(said_by("printf '%s|' \"$0\" \"$@\" >said"), "name|a b||");
    EXPECT_EQ(said_by("tr '\\0' '|' </proc/$$/environ >said", {"A=1", "B=x y"}), "A=1|B=x y|");
}

TEST_F(launch_test, no_descriptor_of_ours_arrives) {
    const descriptor ours(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(said_by("ls /proc/$$/fd >said; test -e /proc/$$/fd/" + std::to_string(ours.get()) +
                      " && echo inherited >>said")
                  .find("inherited"),
              std::string::npos);
}

TEST_F(launch_test, signals_are_as_we_found_them) {
    EXPECT_EQ(said_by("grep SigBlk /proc/self/status >said"), "SigBlk:\t0000000000000000\n");
}

TEST_F(launch_test, a_failed_exec_is_refused_with_the_shells_status) {
    write("plain", "no program", true);
    write("orphan", "#!/nowhere/interpreter\n", true);
    const auto status = [&](const std::string& path) {
        try {
            start({path});
        } catch (const refusal& no) {
            return no.status;
        }
        return 0;
    };
    EXPECT_EQ(status("./plain"), 126);
    EXPECT_EQ(status("./orphan"), 127);
    EXPECT_EQ(status("."), 126);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // nobody is left behind
}

TEST_F(launch_test, the_program_dies_with_the_supervisor) {
    int result[2];
    ASSERT_EQ(::pipe2(result, O_CLOEXEC), 0);
    const pid_t supervisor = ::fork();
    if (supervisor == 0) {
        const program child = start({"/bin/sleep", "1000"});
        [[maybe_unused]] const auto written = ::write(result[1], &child.pid, sizeof child.pid);
        ::raise(SIGKILL);
    }
    pid_t pid = 0;
    ASSERT_EQ(::read(result[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    const descriptor ended = open_pid(pid);
    ::waitpid(supervisor, nullptr, 0);
    if (ended) {
        pollfd wait{ended.get(), POLLIN, 0};
        EXPECT_EQ(::poll(&wait, 1, 10000), 1);
        ::syscall(SYS_pidfd_send_signal, ended.get(), SIGKILL, nullptr, 0);
    }
    ::close(result[0]);
    ::close(result[1]);
}

}  // namespace
}  // namespace fil::cli
