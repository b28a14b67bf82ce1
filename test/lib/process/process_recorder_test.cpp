// When a process has a recorder, and how an event reaches it. Each test in a process of its own: a
// process starts once.

#include "process/process_recorder.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "fil.h"

namespace fil {
namespace {

constexpr callstack_id somebody{1};
alignas(16) char block[64];

fil_recorder_options privately(std::uint32_t flags = 0) {
    return {sizeof(fil_recorder_options), FIL_MEMORY_PRIVATE, flags};
}

// Whether it returns true in a child.
template <typename Body>
bool elsewhere(Body body) {
    const pid_t child = fork();
    if (child == 0) _exit(body() ? 0 : 1);
    int status = -1;
    return waitpid(child, &status, 0) == child && status == 0;
}

// The number of events that arrive of one.
int events() {
    int count = 0;
    this_process.event([&](process_recorder&, thread_state&) { ++count; });
    return count;
}

TEST(process_recorder, there_is_none_before_the_start_and_one_after) {
    EXPECT_TRUE(elsewhere([] {
        const bool none = this_process.running() == nullptr && events() == 0;
        return none && this_process.start(privately()) == FIL_OK && events() == 1;
    }));
}

TEST(process_recorder, is_started_once) {
    EXPECT_TRUE(elsewhere([] {
        return this_process.start(privately()) == FIL_OK &&
               this_process.start(privately()) == FIL_ERROR_STATE && events() == 1;
    }));
}

TEST(process_recorder, an_event_inside_an_event_is_counted_and_not_recorded) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        int inner = 0;
        this_process.event([&](process_recorder&, thread_state&) { inner = events(); });
        return inner == 0 && this_process.running()->header().missed_events == 1 && events() == 1;
    }));
}

TEST(process_recorder, a_forked_child_has_one_of_its_own) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        this_process.event([](process_recorder& recorder, thread_state& thread) {
            recorder.record_alloc_at(thread, reinterpret_cast<std::uintptr_t>(block), 64, somebody);
        });
        const int parents = this_process.running()->header().pid;
        return elsewhere([parents] {
            process_recorder* mine = this_process.running();
            return mine != nullptr && mine->header().pid == getpid() && parents == getppid() &&
                   this_process.session()->live == 0;
        });
    }));
}

TEST(process_recorder, closed_it_ignores_events_until_it_is_opened_again) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        this_process.close();
        const bool closed = events() == 0 && this_process.running() == nullptr;
        this_process.reopen();
        return closed && events() == 1;
    }));
}

TEST(process_recorder, on_request_it_is_idle_until_a_run_begins) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately(FIL_ON_REQUEST));
        const bool idle = events() == 0 && this_process.is_idle();
        fil_run_options options{};
        options.struct_size = sizeof options;
        fil_run_numbers numbers{};
        numbers.struct_size = sizeof numbers;
        const bool began = this_process.begin_run(options) == FIL_OK && events() == 1 &&
                           this_process.begin_run(options) == FIL_ERROR_IN_RUN;
        return idle && began && this_process.end_run(numbers) == FIL_OK && events() == 0;
    }));
}

TEST(process_recorder, an_ended_threads_counters_go_to_the_next_one) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        thread_state *first = nullptr, *second = nullptr;
        std::thread([&] { events(), first = this_thread.state; }).join();
        std::thread([&] { events(), second = this_thread.state; }).join();
        return first != nullptr && first == second;
    }));
}

TEST(process_recorder, an_event_leaves_errno_alone) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        errno = E2BIG;
        std::thread([] { events(); }).join();
        return events() == 1 && errno == E2BIG;
    }));
}

}  // namespace
}  // namespace fil
