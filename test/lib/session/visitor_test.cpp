// With a program that is recorded: test/capi/visit_test.cpp.

#include "session/visitor.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <string>

#include "os/cold/files.hpp"
#include "session/session.hpp"

namespace fil {
namespace {

// What `visits` is told, while this process serves.
template <typename Visit>
std::string meanwhile(session* here, Visit visit) {
    auto told = std::async(std::launch::async, [&]() -> std::string {
        try {
            return visit();
        } catch (const visit_refused& refused) {
            return refused.what();
        }
    });
    while (told.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
        if (here == nullptr) continue;
        here->serve();
        while (const auto one = here->visitors().take()) {
            const bool is_look = one->kind == request_kind::look;
            here->visitors().answer(one->number, is_look, is_look ? "a look" : "no report",
                                    os::make_file_in_memory().number());
        }
    }
    return told.get();
}

std::string find(std::int32_t pid, session* here = nullptr) {
    return meanwhile(here, [pid] { return visitor(pid), std::string("found"); });
}

TEST(visitor, is_told_why_nobody_knows_of_a_process) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    siginfo_t ended;
    waitid(P_PID, pid_t(child), &ended, WEXITED | WNOWAIT);
    const std::string process = "process " + std::to_string(child);
    EXPECT_EQ(find(child), process + " has ended");
    waitpid(child, nullptr, 0);
    EXPECT_EQ(find(child), "there is no " + process);
    EXPECT_TRUE(find(getpid()).ends_with("could be recorded")) << find(getpid());
    EXPECT_NE(find(getpid()).find(" is not profiled: "), std::string::npos);
}

TEST(visitor, finds_the_supervisor_asks_it_and_hears_the_answer) {
    session here;
    EXPECT_EQ(find(getpid(), &here), "found");
    const auto ask = [](request_kind kind) {
        return [kind]() -> std::string {
            visitor one(getpid());
            one.ask(kind);
            for (;;)
                if (const auto heard = one.hear(20))
                    return heard->text + (heard->attached.number() >= 0 ? " with a file" : "");
        };
    };
    EXPECT_EQ(meanwhile(&here, ask(request_kind::look)), "a look with a file");
    EXPECT_EQ(meanwhile(&here, ask(request_kind::report_of_now)), "no report");
}

TEST(visitor, does_not_wait_longer_than_it_is_told_to) {
    session here;
    std::unique_ptr<visitor> one;
    meanwhile(&here, [&] { return one = std::make_unique<visitor>(getpid()), std::string(); });
    EXPECT_THROW(one->hear(1), visit_refused) << "nothing was asked";
    one->ask(request_kind::look);
    EXPECT_FALSE(one->hear(5));
    EXPECT_FALSE(one->hear(0));
}

TEST(visitor, of_a_session_that_ends_is_told_so) {
    auto here = std::make_unique<session>();
    std::unique_ptr<visitor> one;
    meanwhile(here.get(), [&] { return one = std::make_unique<visitor>(getpid()), std::string(); });
    one->ask(request_kind::look);
    here->serve();
    here.reset();
    EXPECT_THROW(one->hear(1000), visit_refused);
    EXPECT_THROW(one->ask(request_kind::look), visit_refused);
}

}  // namespace
}  // namespace fil
