// Events of blocks: who is charged, whichever way an event takes.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "checking_child.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "session_child.hpp"

namespace fil {
namespace {

// What the source says of every allocation.
fil_callstack answer_nine(void*, void*) {
    return stack(9);
}

void start_source() {
    fil_source source = FIL_SOURCE_INIT;
    source.capture = answer_nine;
    HOLDS(80, fil_source_register(&source, nullptr) == FIL_OK);
    // From here on the thread has its counters, and each block its leaf: they may lie on both sides
    // of a leaf's end, and where one is new the source is asked after all.
    for (char* block : {blocks[0], blocks[3]}) {
        fil_record_alloc(block, 1);
        fil_record_free(block);
    }
}

std::atomic<fil_callstack> answer{FIL_CALLSTACK_NONE};
fil_callstack answer_as_told(void*, void*) {
    return answer;
}

// Counts the captures of a thread in that thread's memory.
fil_callstack count_captures(void*, void* memory) {
    return stack(++*static_cast<std::uint32_t*>(memory));
}

// The callstacks of two allocations in a new thread.
std::array<fil_callstack, 2> captured_in_a_thread() {
    std::array<fil_callstack, 2> found{};
    std::thread([&found] {
        for (fil_callstack& each : found) {
            fil_record_alloc(blocks[0], 100);
            each = fil_block_forget(blocks[0]).callstack;
        }
    }).join();
    return found;
}

// A library's threads have a frame of their own below their creator's, once; the program's do not,
// nor do any that have native frames, or whose creator nobody knows.
TEST(record, charges_new_threads_of_a_library_apart) {
    const void* in_library = dlsym(RTLD_DEFAULT, "getpid");
    for (const std::uint32_t flags : {0u, 1u * FIL_NATIVE_STACKS}) {
        session session;
        const int status = run_child(
            session,
            [=] {
                fil_source source = FIL_SOURCE_INIT;
                source.capture = answer_as_told;
                HOLDS(1, fil_source_register(&source, nullptr) == FIL_OK);
                answer = stack(9);
                const fil_callstack charged = fil_callstack_of_new_thread(in_library);
                HOLDS(2, (charged == stack(9)) == (flags != 0));
                HOLDS(3, fil_callstack_of_new_thread(in_library) == charged);
                const auto here = reinterpret_cast<const void*>(&answer_as_told);
                HOLDS(4, fil_callstack_of_new_thread(here) == stack(9));
                answer = charged;
                HOLDS(5, fil_callstack_of_new_thread(in_library) == charged);
                answer = FIL_CALLSTACK_UNKNOWN;
                HOLDS(6, fil_callstack_of_new_thread(in_library) == FIL_CALLSTACK_UNKNOWN);
                if (flags == 0) fil_record_alloc_at(blocks[0], 300, charged);
            },
            flags);
        ASSERT_EQ(WEXITSTATUS(status), 0);
        if (flags != 0) continue;
        const joined_process& process = session.processes().at(0);
        const auto read =
            read_snapshot(process.view(), read_usage(process.view(), session.page()), {}, {});
        const report::frame& innermost =
            read.snapshot.frames()[to_index(read.snapshot.callstacks().back().frame)];
        EXPECT_EQ(innermost.kind, report::frame_kind::threads);
        EXPECT_NE(innermost.module.find("/libc.so"), std::string::npos);
    }
}

// Which module is a runtime's, its source tells.
TEST(record, charges_new_threads_of_a_runtime_to_their_creator_alone) {
    session session;
    const int status = run_child(session, [] {
        const void* in_library = dlsym(RTLD_DEFAULT, "getpid");
        fil_source source = FIL_SOURCE_INIT;
        source.capture = answer_as_told;
        source.runner = dlsym(RTLD_DEFAULT, "getppid");
        HOLDS(1, fil_source_register(&source, nullptr) == FIL_OK);
        answer = stack(9);
        HOLDS(2, fil_callstack_of_new_thread(in_library) == stack(9));
    });
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(record, zeroes_a_sources_memory_for_a_new_thread_unless_it_wants_it_passed_on) {
    for (const std::uint32_t flags : {0u, 1u * FIL_SOURCE_MEMORY_PASSED_ON}) {
        session session;
        const int status = run_child(session, [flags] {
            fil_source source = FIL_SOURCE_INIT;
            source.thread_bytes = 64;
            source.capture = count_captures;
            source.flags = flags;
            HOLDS(1, fil_source_register(&source, nullptr) == FIL_OK);
            const auto first = captured_in_a_thread(), second = captured_in_a_thread();
            HOLDS(2, first[0] == stack(1) && first[1] == stack(2));
            if (flags == 0) HOLDS(3, second == first);
            if (flags != 0) HOLDS(4, second[0] == stack(3) && second[1] == stack(4));
        });
        EXPECT_EQ(WEXITSTATUS(status), 0);
    }
}

// Places that stand for blocks, each in another part of the registry.
void* far_away(std::uintptr_t number) {
    return reinterpret_cast<void*>(0x6000'0000'0000 + (number << 32));
}

TEST(record, believes_an_allocator_that_knows_its_callstack) {
    session session;
    const int status = run_child(session, [] {
        start_source();
        const fil_callstack nine = stack(9), three = stack(3);
        HOLDS(1, fil_record_alloc_known(blocks[0], 100, three) == blocks[0]);
        const fil_block block = fil_block_forget(blocks[0]);
        HOLDS(2, block.callstack == three && block.bytes == 100);
        for (const fil_callstack not_known : {FIL_CALLSTACK_NONE, ~fil_callstack{0}}) {
            HOLDS(3, fil_record_alloc_known(blocks[0], 7, not_known) == blocks[0]);
            HOLDS(4, fil_block_forget(blocks[0]).callstack == nine);
        }
        HOLDS(5, fil_record_alloc_known(nullptr, 7, three) == nullptr);
        HOLDS(6, fil_block_forget(nullptr).callstack == FIL_CALLSTACK_NONE);
    });
    EXPECT_EQ(WEXITSTATUS(status), 0);
    const auto& process = session.processes().at(0);
    EXPECT_EQ(process.header().live + process.view().pending(), 0);
}

TEST(record, a_block_given_back_with_a_callstack_that_is_none_is_nobodys) {
    session session;
    const int status = run_child(session, [] {
        start_source();
        for (const fil_callstack made_up : {fil_callstack{max_callstacks}, ~fil_callstack{0}}) {
            fil_block_restore(blocks[0], {100, made_up, 0});
            const fil_block block = fil_block_forget(blocks[0]);
            HOLDS(1, block.callstack == FIL_CALLSTACK_UNKNOWN && block.bytes == 100);
        }
        fil_block_restore(blocks[0], {100, stack(3), 0});
        HOLDS(2, fil_block_forget(blocks[0]).callstack == stack(3));
    });
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(record, asks_once_more_in_a_forked_child_where_callstacks_are_others) {
    session session;
    const int status = run_child(session, [] {
        start_source();
        const fil_callstack nine = stack(9), three = stack(3);
        HOLDS(1, nine != three);
        const pid_t child = fork();
        if (child == 0) {
            fil_record_alloc_known(blocks[0], 100, three);
            const fil_block block = fil_block_forget(blocks[0]);
            HOLDS(2, block.bytes == 100 && block.callstack == stack(9));
            HOLDS(3, block.callstack != three);
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        _exit(WEXITSTATUS(status));
    });
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(record, blocks_far_from_the_last_one_are_charged_and_freed_alike) {
    session session;
    const int status = run_child(session, [] {
        start_source();
        const fil_callstack three = stack(3), four = stack(4);
        for (int round = 0; round < 3; ++round) {  // at first there is no place for them
            for (std::uintptr_t i = 0; i < 4; ++i) {
                fil_record_alloc_known(far_away(i), 20 + i, i % 2 == 0 ? three : four);
            }
            for (std::uintptr_t i = 0; i < 4; ++i) {
                if (round == 2) {
                    const fil_block block = fil_block_forget(far_away(i));
                    HOLDS(1, block.bytes == 20 + i);
                    HOLDS(2, block.callstack == (i % 2 == 0 ? three : four));
                } else {
                    fil_record_free(far_away(i));
                    HOLDS(3, fil_block_forget(far_away(i)).callstack == FIL_CALLSTACK_NONE);
                }
            }
        }
    });
    EXPECT_EQ(WEXITSTATUS(status), 0);
    const auto& process = session.processes().at(0);
    EXPECT_EQ(process.header().live + process.view().pending(), 0);
}

}  // namespace
}  // namespace fil
