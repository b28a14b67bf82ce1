// How an event reaches the recorder, or does not.

#include "process/process_entry.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "process_fixture.hpp"

namespace fil {
namespace {

TEST(process_entry, an_event_inside_an_event_is_counted_and_not_recorded) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        int inner = 0;
        entry::event([&](process_recorder&, thread_state&) { inner = events(); });
        return inner == 0 && this_process.running()->header().missed_events == 1 && events() == 1;
    }));
}

TEST(process_entry, an_event_leaves_errno_alone) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        errno = E2BIG;
        std::thread([] { events(); }).join();
        return events() == 1 && errno == E2BIG;
    }));
}

TEST(process_entry, the_fast_path_needs_counters_and_no_event_around) {
    EXPECT_TRUE(elsewhere([] {
        thread_state* thread = nullptr;
        const bool too_early = entry::enter(thread);
        this_process.start(privately());
        events();
        const bool enters = entry::enter(thread);
        const bool twice = entry::enter(thread);
        entry::leave();
        return !too_early && enters && !twice && thread == this_thread.state && events() == 1;
    }));
}

}  // namespace
}  // namespace fil
