// Threads of pools that read each other's stacks, which come and go meanwhile.
#include "process/pool_threads.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "process_fixture.hpp"

namespace fil {
namespace {

constexpr std::size_t stack_bytes = 256 << 10;
constexpr callstack_id first{2}, second{3};

// Two of Python's threads, say, with stacks that nobody reads.
constexpr std::uintptr_t stack_of_first = 0x6000'0000'0000, stack_of_second = 0x6100'0000'0000;
asking_threads two() {
    asking_threads both;
    both.add({first, true, true, 1, stack_of_first});
    both.add({second, true, true, 2, stack_of_second});
    return both;
}
callstack_id answer() {
    callstack_id found{};
    entry::event(
        [&](process_recorder&, thread_state&) { found = pool_threads::asker(two()).callstack; });
    return found;
}

// A thread with a stack of its own, on which a job holds one word.
struct worker {
    enum ending { as_usual, without_a_word };

    explicit worker(std::uintptr_t held, ending how = as_usual) : job(held), ends(how) {
        stack =
            mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstack(&attributes, stack, stack_bytes);
        pthread_create(&thread, &attributes, run, this);
        while (place == 0) sched_yield();
    }
    void end() {
        may_end = true;
        pthread_join(thread, nullptr);
    }
    // Nothing else comes in its place.
    void unmap() {
        mmap(stack, stack_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
    static void* run(void* self) {
        static_cast<worker*>(self)->work();
        return nullptr;
    }
    [[gnu::noinline]] void work() {
        volatile std::uintptr_t held[8] = {job};
        pool_threads::begin(0, stack_bytes);
        found = answer();
        place = reinterpret_cast<std::uintptr_t>(held);
        while (!may_end) sched_yield();
        if (ends == without_a_word) syscall(SYS_exit, 0);
        pool_threads::end();
    }

    std::uintptr_t job;
    ending ends;
    void* stack;
    pthread_t thread{};
    std::atomic<std::uintptr_t> place{0};
    std::atomic<bool> may_end{false};
    callstack_id found{};
};

// What a thread is told that holds this word.
callstack_id told(std::uintptr_t word) {
    worker asks(word);
    asks.end();
    asks.unmap();
    return asks.found;
}

TEST(pool_threads, who_holds_an_address_of_an_askers_stack_works_for_it) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        return told(stack_of_first - 64) == first && told(stack_of_second - 64) == second &&
               told(0x6200'0000'0000) == callstack_id::none;
    }));
}

TEST(pool_threads, a_word_may_lead_through_another_threads_stack_while_that_is_there) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        worker other(stack_of_second - 64);
        const bool leads = told(other.place) == second;
        other.end();
        other.unmap();
        return leads && told(other.place) == callstack_id::none;
    }));
}

TEST(pool_threads, a_stack_that_is_unmapped_is_read_no_more_though_its_thread_did_not_say_it_ends) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        worker other(stack_of_second - 64, worker::without_a_word);
        other.end();
        if (told(other.place) != second) return false;
        pool_threads::memory_goes(reinterpret_cast<std::uintptr_t>(other.stack), stack_bytes);
        other.unmap();
        return told(other.place) == callstack_id::none;
    }));
}

TEST(pool_threads, a_thread_that_ends_waits_for_who_reads_its_stack) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        static std::atomic<std::uintptr_t> word{0};
        static std::atomic<bool> is_over{false};
        static std::atomic<int> led{0};
        pthread_t reads;
        const auto read = [](void*) -> void* {
            pool_threads::begin(0, 8 << 20);
            while (!is_over) {
                volatile std::uintptr_t held[8] = {word};
                if (answer() == second && held[0] != 0) ++led;
            }
            pool_threads::end();
            return nullptr;
        };
        pthread_create(&reads, nullptr, read, nullptr);
        for (int i = 0; i != 300; ++i) {
            worker other(stack_of_second - 64);
            word = other.place.load();
            const int before = led;
            for (int tries = 0; led == before && tries != 1000; ++tries) sched_yield();
            other.end();
            other.unmap();
        }
        is_over = true;
        pthread_join(reads, nullptr);
        return led > 0;
    }));
}

}  // namespace
}  // namespace fil
