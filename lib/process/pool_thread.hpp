#pragma once
// One thread of a library's pool: where its stack is and who reads there, what it looks like while
// the thread waits for work (pool_threads.cpp). Any thread; no locks. Hot path: no malloc, no
// throw.

#include <atomic>
#include <cstdint>

#include "fil/base/hash.hpp"
#include "fil/capture/job_search.hpp"
#include "fil/capture/jobs_under_way.hpp"
#include "os/os.hpp"
#include "os/sandbox.hpp"
#include "os/wait_and_wake.hpp"
#include "process/thread_frames.hpp"
#include "process/thread_words.hpp"

namespace fil {

// A stack as its thread waits.
struct idle_shape {
    static constexpr std::uint32_t deepest = 48;

    std::uint32_t count = 0, seen = 0;
    stack_place places[deepest] = {};

    void be(const stack_shape& shape) {
        count = shape.count;
        seen = 1;
        for (std::uint32_t i = 0; i != count; ++i) places[i] = shape.places[i];
    }
    // So long, and the last frames that are not ours the same.
    bool is(const stack_shape& shape) const {
        for (std::uint32_t i = 0; i != count && i != shape.count; ++i) {
            if (places[i].cfa != shape.places[i].cfa || places[i].code != shape.places[i].code)
                return false;
        }
        return count == shape.count;
    }
};

// What a thread keeps while it waits for work is the pool's, and no job's.
class idle_words {
  public:
    void add(std::uintptr_t word) { words_[mix(word) >> 57] = word; }
    bool holds(std::uintptr_t word) const { return words_[mix(word) >> 57] == word; }
    void forget() {
        for (std::uintptr_t& word : words_) word = 0;
    }

  private:
    std::uintptr_t words_[128] = {};
};

struct pool_thread {
    static constexpr std::uint32_t idle_shapes = 4, learns_at_first = 64;
    static constexpr std::uintptr_t least_room = 64 << 10;
    static constexpr int most_yields = 1000, most_naps = 1000;

    std::atomic<bool> is_taken{false};
    std::atomic<std::uint32_t> readers{0};  // of its stack
    std::atomic<std::uintptr_t> end{0};     // of its stack; 0: it has ended
    std::atomic<std::uintptr_t> lowest{0};  // that it is known to have reached
    std::uintptr_t bytes = 0;               // of its stack
    std::uintptr_t creator = 0;
    std::uintptr_t idles_at = 0;  // its stack pointer when it waited and was in no job
    std::uint32_t waits = 0, captures = 0;
    idle_shape idle[idle_shapes] = {};  // its stack as it waited: the shallowest
    job_slot::last_sample last;
    alignas(thread_frames) unsigned char own_frames[sizeof(thread_frames)] = {};
    kept_words kept = {};
    idle_words its_pools;
    jobs_under_way jobs;
    stack_shape shape = {};  // of the event that is under way; these two are only its own

    thread_frames& frames() { return reinterpret_cast<thread_frames&>(own_frames); }

    // Whether it is on the stack that it was made with, and has room there for an answer.
    bool has_room(std::uintptr_t sp) const {
        const std::uintptr_t used = end.load(std::memory_order_relaxed) - sp;
        return used < bytes && bytes - used >= least_room;
    }
    // Its stack is read no more. Who reads there is soon done, unless it is kept from running. One
    // that was left by a jump out of a signal handler never is: then the answer is no, and the
    // entry is not used again.
    bool hide() {
        end.store(0, std::memory_order_seq_cst);
        for (int tries = 0; readers.load(std::memory_order_seq_cst) != 0; ++tries) {
            if (tries == most_yields + most_naps) return false;
            if (tries < most_yields || !sandbox::allows(sandbox::of_waiting)) {
                linux_system::yield();
            } else {
                const os::keep_errno keep;
                os::sleep_for(1'000'000);
            }
        }
        return true;
    }
    // Of its waits, the first ones and then some.
    bool shows_now() { return ++waits <= learns_at_first / 4 || waits % 16 == 0; }
    void remember(const stack_shape& shape) {
        idle_shape* worst = idle;
        for (idle_shape& each : idle) {
            if (each.is(shape)) {
                ++each.seen;
                return;
            }
            if (each.count == 0 || (worst->count != 0 && each.count > worst->count)) worst = &each;
        }
        if (worst->count == 0 || shape.count <= worst->count) worst->be(shape);
    }
    // The shallowest that came again: others may be of its start.
    const idle_shape* usual() const {
        const idle_shape* found = nullptr;
        for (const idle_shape& each : idle) {
            if (each.seen >= 2 && (found == nullptr || each.count < found->count)) found = &each;
        }
        return found;
    }
    bool learns_now() { return ++captures <= learns_at_first || captures % 64 == 0; }
    void reach(std::uintptr_t sp) {
        if (sp < lowest.load(std::memory_order_relaxed))
            lowest.store(sp, std::memory_order_relaxed);
    }
};

// While one lives, that thread's stack stays: who takes it away waits in hide(), for a second at
// most. Readers never wait, since an answer may lead through several threads, and around.
class reading_stack {
  public:
    explicit reading_stack(pool_thread& thread) : thread_(thread) {
        thread_.readers.fetch_add(1, std::memory_order_seq_cst);
    }
    ~reading_stack() { thread_.readers.fetch_sub(1, std::memory_order_release); }
    reading_stack(const reading_stack&) = delete;
    reading_stack& operator=(const reading_stack&) = delete;

  private:
    pool_thread& thread_;
};

}  // namespace fil
