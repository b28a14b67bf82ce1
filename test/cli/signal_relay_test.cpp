#include "supervise/signal_relay.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <string>

#include "os/pipe.hpp"

namespace fil::cli {
namespace {

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const pid_t pid = std::atoi(entry.path().filename().c_str());
        char text[300] = "";
        const descriptor stat(::open((entry.path() / "stat").c_str(), O_RDONLY | O_CLOEXEC));
        if (pid == 0 || ::read(stat.get(), text, sizeof text - 1) <= 0) continue;
        int its_parent = 0;
        std::sscanf(std::strrchr(text, ')') + 1, " %*c %d", &its_parent);
        if (its_parent == parent) found.push_back(pid);
    }
    return found;
}

void send(pid_t to, int number) {
    const pid_t somebody = ::fork();
    if (somebody == 0) {
        ::kill(to, number);
        ::_exit(0);
    }
    ::waitpid(somebody, nullptr, 0);
}

// The relay's time, which goes in steps; who sends signals is another process. However busy the
// machine is, moments that are to be one are, and others are apart.
struct relay_clock {
    std::atomic<int> steps;
    std::atomic<bool> stands_still;
    std::atomic<int> noted;  // signals that the program wrote down

    static relay_clock* make() {
        void* page = ::mmap(nullptr, sizeof(relay_clock), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        return new (page) relay_clock{};
    }
    void let_pass(int more) const {
        for (const int until = steps + more; steps < until;) ::poll(nullptr, 0, 1);
    }
    void wait_until_noted(int signals) const {
        while (noted < signals) ::poll(nullptr, 0, 1);
    }
};
relay_clock* relays_clock;  // of this process and its children

// A group of its own with a relay and a program in it, in a child. The program writes down each
// signal, SIGWINCH and SIGRTMIN, and what it wrote is what the test sees; SIGTERM ends it.
class relayed {
  public:
    using body = void (*)(pid_t supervisor, const std::vector<pid_t>& children, pid_t program);

    static std::string signals(body send_them, bool program_leaves_group = false) {
        const pipe_ends noted = new_pipe();
        const pid_t group = ::fork();
        if (group == 0) supervise(noted.write.get(), send_them, program_leaves_group);
        ::waitpid(group, nullptr, 0);
        char text[100];
        const auto size = ::read(noted.read.get(), text, sizeof text);
        return {text, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }

  private:
    static const char* letter_of(int number) {
        if (number == SIGTTIN) return "i";
        if (number == SIGCONT) return "c";
        if (number == SIGTSTP) return "t";
        return number == SIGWINCH ? "w" : "r";
    }

    [[noreturn]] static void run_program(int to, bool leaves_group) {
        if (leaves_group) ::setpgid(0, 0);
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, nullptr);
        static_cast<void>(::write(to, "-", 1));
        for (siginfo_t got; ::sigwaitinfo(&all, &got) != SIGTERM; ++relays_clock->noted)
            static_cast<void>(::write(to, letter_of(got.si_signo), 1));
        ::_exit(0);
    }

    [[noreturn]] static void supervise(int to, body send_them, bool leaves_group) {
        ::setpgid(0, 0);
        const signal_inbox inbox;
        relays_clock = relay_clock::make();
        program child{::fork(), {}};
        if (child.pid == 0) run_program(to, leaves_group);
        ::poll(nullptr, 0, 50);
        {
            signal_relay relay(inbox, child);
            const auto nobody = [](pid_t) { return false; };
            relay.look(0, nobody);
            const pid_t sender = ::fork();
            if (sender == 0) {
                std::vector<pid_t> witnesses = children_of(::getppid());
                std::erase_if(witnesses,
                              [&](pid_t p) { return p == child.pid || p == ::getpid(); });
                ::setpgid(0, 0);
                send_them(::getppid(), witnesses, child.pid);
                ::_exit(0);
            }
            bool all_sent = false;
            for (int more = 150; !all_sent || more > 0;) {
                ::poll(nullptr, 0, 2);
                if (!relays_clock->stands_still) ++relays_clock->steps;
                relay.look(relays_clock->steps * 0.01, nobody);
                if (!all_sent) all_sent = ::waitpid(sender, nullptr, WNOHANG) == sender;
                if (all_sent) --more;
            }
        }
        if (!children_of(::getpid()).empty() && children_of(::getpid()).size() != 1)
            static_cast<void>(::write(to, "?", 1));
        ::kill(child.pid, SIGTERM);
        ::waitpid(child.pid, nullptr, 0);
        ::_exit(0);
    }
};

TEST(signal_relay, passes_on_what_reached_the_supervisor_alone) {
    EXPECT_EQ(relayed::signals([](pid_t supervisor, const auto&, pid_t) {
                  ::kill(supervisor, SIGWINCH);
                  ::kill(supervisor, SIGRTMIN);
                  ::kill(supervisor, SIGRTMIN);
              }),
              "-wrr");
}

TEST(signal_relay, does_not_double_what_the_group_got) {
    EXPECT_EQ(relayed::signals([](pid_t supervisor, const auto&, pid_t) {
                  ::kill(-supervisor, SIGWINCH);
                  ::kill(-supervisor, SIGRTMIN);
              }),
              "-wr");
}

TEST(signal_relay, does_not_double_what_it_got_first_and_the_group_a_moment_later) {
    EXPECT_EQ(relayed::signals([](pid_t supervisor, const auto&, pid_t) {
                  relays_clock->stands_still = true;
                  ::kill(supervisor, SIGWINCH);
                  ::poll(nullptr, 0, 5);
                  ::kill(-supervisor, SIGWINCH);
                  relays_clock->stands_still = false;
              }),
              "-w");
}

TEST(signal_relay, knows_a_later_signal_for_another) {
    EXPECT_EQ(relayed::signals([](pid_t supervisor, const auto&, pid_t) {
                  ::kill(-supervisor, SIGWINCH);
                  relays_clock->let_pass(50);
                  ::kill(supervisor, SIGWINCH);
              }),
              "-ww");
}

TEST(signal_relay, does_not_double_what_was_sent_to_each_process_of_a_tree) {
    EXPECT_EQ(relayed::signals([](pid_t supervisor, const auto& witnesses, pid_t program) {
                  for (pid_t witness : witnesses) ::kill(witness, SIGWINCH);
                  ::kill(program, SIGWINCH);
                  ::kill(supervisor, SIGWINCH);
              }),
              "-w");
}

TEST(signal_relay, passes_on_what_the_group_got_to_a_program_that_has_left_it) {
    EXPECT_EQ(
        relayed::signals(
            [](pid_t supervisor, const auto&, pid_t) { ::kill(-supervisor, SIGWINCH); }, true),
        "-w");
}

TEST(signal_relay, passes_on_where_the_witness_was_killed) {
    EXPECT_EQ(relayed::signals([](pid_t supervisor, const auto& witnesses, pid_t) {
                  for (pid_t witness : witnesses) ::kill(witness, SIGKILL);
                  ::kill(supervisor, SIGWINCH);
              }),
              "-w");
}

TEST(signal_relay, passes_on_where_the_witness_was_stopped) {
    EXPECT_EQ(relayed::signals([](pid_t supervisor, const auto& witnesses, pid_t) {
                  for (pid_t witness : witnesses) ::kill(witness, SIGSTOP);
                  ::kill(supervisor, SIGWINCH);
              }),
              "-w");
}

// As a shell does that continues a job at once. The witness lost what was taken back.
TEST(signal_relay, passes_no_stop_on_that_was_taken_back) {
    EXPECT_EQ(relayed::signals([](pid_t supervisor, const auto&, pid_t) {
                  relays_clock->stands_still = true;
                  ::kill(-supervisor, SIGTSTP);
                  relays_clock->wait_until_noted(1);
                  ::kill(-supervisor, SIGCONT);
                  relays_clock->stands_still = false;
              }),
              "-tc");
}

TEST(signal_relay, passes_on_a_stop_that_reached_the_supervisor_alone) {
    EXPECT_EQ(relayed::signals([](pid_t supervisor, const auto&, pid_t) {
                  ::kill(supervisor, SIGTTIN);
                  relays_clock->let_pass(25);
                  ::kill(supervisor, SIGCONT);
              }),
              "-ic");
}

TEST(signal_relay, keeps_sigusr2) {
    const signal_inbox inbox;
    program child{::fork(), {}};
    if (child.pid == 0) {
        for (;;) ::pause();
    }
    signal_relay relay(inbox, child);
    const auto nobody = [](pid_t) { return false; };
    EXPECT_FALSE(relay.look(0, nobody));
    send(::getpid(), SIGUSR2);
    EXPECT_TRUE(relay.look(1, nobody));
    EXPECT_FALSE(relay.look(2, nobody));
    EXPECT_LT(relay.longest_wait(2), 10);
    ::poll(nullptr, 0, 50);
    EXPECT_FALSE(relay.look(2.1, nobody));
    EXPECT_GT(relay.longest_wait(2.1), 100);
    ::kill(child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    inbox.restore_inherited();
}

}  // namespace
}  // namespace fil::cli
