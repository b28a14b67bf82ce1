// When a process has a recorder, and what of its parent's a forked one keeps.

#include "process/process_life.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "process_fixture.hpp"

namespace fil {
namespace {

constexpr callstack_id somebody{1};
alignas(16) char block[64];

TEST(process_life, there_is_none_before_the_start_and_one_after) {
    EXPECT_TRUE(elsewhere([] {
        const bool none = this_process.running() == nullptr && events() == 0;
        return none && this_process.start(privately()) == FIL_OK && events() == 1;
    }));
}

TEST(process_life, is_started_once) {
    EXPECT_TRUE(elsewhere([] {
        return this_process.start(privately()) == FIL_OK &&
               this_process.start(privately()) == FIL_ERROR_STATE && events() == 1;
    }));
}

TEST(process_life, a_forked_child_has_one_of_its_own) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        entry::event([](process_recorder& recorder, thread_state& thread) {
            recorder.record_alloc_at(thread, reinterpret_cast<std::uintptr_t>(block), 64, somebody);
        });
        const int parents = this_process.running()->header().pid;
        return elsewhere([parents] {
            process_recorder* mine = this_process.running();
            return mine != nullptr && mine->header().pid == getpid() && parents == getppid() &&
                   this_process.recording().session()->live == 0;
        });
    }));
}

TEST(process_life, closed_it_ignores_events_until_it_is_opened_again) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        this_process.close();
        const bool closed = events() == 0 && this_process.running() == nullptr;
        this_process.reopen();
        return closed && events() == 1;
    }));
}

TEST(process_life, on_request_it_is_idle_until_a_run_begins) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately(FIL_ON_REQUEST));
        const bool idle = events() == 0 && this_process.is_idle();
        fil_run_options options{};
        options.struct_size = sizeof options;
        fil_run_numbers numbers{};
        numbers.struct_size = sizeof numbers;
        const bool began = this_process.runs().begin(options) == FIL_OK && events() == 1 &&
                           this_process.runs().begin(options) == FIL_ERROR_IN_RUN;
        return idle && began && this_process.runs().end(numbers) == FIL_OK && events() == 0;
    }));
}

// Where the parent's recording was, the child's own memory may be by now.
TEST(process_life, a_child_of_an_unrecorded_child_leaves_its_memory_alone) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately(FIL_ON_REQUEST));
        void* const parents = this_process.recorder().memory().base();
        return elsewhere([parents] {
            const bool is_recorded = this_process.running() != nullptr;
            void* mine = mmap(parents, 4096, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
            if (is_recorded || mine != parents) return false;
            *static_cast<char*>(mine) = 'x';
            return elsewhere([mine] { return events() == 0 && *static_cast<char*>(mine) == 'x'; });
        });
    }));
}

}  // namespace
}  // namespace fil
