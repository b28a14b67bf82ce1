#pragma once
// Replays a plan on an allocator: as many threads as were recorded, each with its own steps.
//
// In strict order one thread runs at a time, as recorded; freely, all run at once and wait only for
// what they depend on. The plan's memory and the slots are the caller's, and nothing is allocated
// between begin and end, so that the allocator's memory is all that changes. Pages are touched as
// asked: not, the first byte of each block, or a byte of each page.
//
// `Watch` hears of every step: before(), after(thread, step, bytes), and now and then
// sample(steps, live); and it waits where the plan does: wait_until(milliseconds), since its
// begin(). Template, so that a watch which does nothing costs nothing.

#include <atomic>
#include <chrono>
#include <span>
#include <thread>

#include "fil/trace/replay_plan.hpp"
#include "fil/trace/replayed_allocator.hpp"

namespace fil::trace {

enum class touching { none, first, all };
enum class ordering { strict, free };

struct replay_slot {
    void* block;
    std::uint64_t bytes;
    std::atomic<std::uint32_t> turn;
    std::uint32_t untouched_pages;  // of what is touched apart; else 0
};

struct replay_steps {
    std::span<const std::span<const step>> threads;
    std::span<const turn_of_thread> turns;
    std::span<replay_slot> slots;  // zeroed
};

struct replay_options {
    touching touch = touching::all;
    ordering order = ordering::strict;
    std::uint64_t sample_every = 0;  // steps; 0: never
    std::uint64_t sample_bytes =
        ~std::uint64_t{0};  // and where so many come or are touched at once
    bool waits = true;      // where the plan does
};

// A watch that waits by the clock.
class waiting_watch {
  public:
    void begin() { began_ = std::chrono::steady_clock::now(); }
    void wait_until(std::uint64_t milliseconds) const {
        std::this_thread::sleep_until(began_ + std::chrono::milliseconds(milliseconds));
    }

  private:
    std::chrono::steady_clock::time_point began_{};
};

struct null_watch : waiting_watch {
    void before() {}
    void after(std::uint32_t, const step&, void*) {}
    void sample(std::uint64_t, std::int64_t) {}
    void end() {}
};

template <replayed_allocator Allocator, typename Watch = null_watch>
class replay {
  public:
    replay(Allocator& allocator, const replay_steps& steps, const replay_options& options,
           Watch& watch)
        : allocator_(allocator), steps_(steps), options_(options), watch_(watch) {}

    // Blocks that could not be had.
    std::uint64_t failed() const { return failed_.load(); }

    // What is left at the end stays allocated.
    void run() {
        std::vector<std::thread> others;
        std::vector<std::uint64_t> begins(steps_.threads.size(), 0);
        std::vector<gate> gates(steps_.threads.size());
        places_ = begins.data();
        gates_ = gates.data();
        if (!steps_.turns.empty()) gates_[steps_.turns[0].thread].turn.store(0);
        const auto count = static_cast<std::uint32_t>(steps_.threads.size());
        for (std::uint32_t i = 1; i < count; ++i)
            others.emplace_back([this, i] {
                ready_.fetch_add(1);
                began_.wait(0);
                work(i);
            });
        while (ready_.load() + 1 < count) std::this_thread::yield();
        watch_.begin();
        began_.store(1);
        began_.notify_all();
        if (count > 0) work(0);
        for (std::thread& other : others) other.join();
        watch_.end();
    }

  private:
    struct alignas(64) gate {
        std::atomic<std::uint32_t> turn{~std::uint32_t{0}};  // the last one that was this thread's
    };

    void work(std::uint32_t thread) {
        return options_.order == ordering::strict ? work_in_turns(thread) : work_freely(thread);
    }

    // Each thread waits at a gate of its own, so a turn wakes one of them, however many there are.
    void work_in_turns(std::uint32_t thread) {
        const auto turns = static_cast<std::uint32_t>(steps_.turns.size());
        std::atomic<std::uint32_t>& gate = gates_[thread].turn;
        for (std::uint32_t turn = 0; turn < turns; ++turn) {
            if (steps_.turns[turn].thread != thread) continue;
            std::uint32_t spun = 0;
            for (std::uint32_t now = gate.load(std::memory_order_acquire); now != turn;
                 now = gate.load(std::memory_order_acquire))
                if (++spun > 100) gate.wait(now);
            for (std::uint32_t left = steps_.turns[turn].steps; left > 0; --left)
                do_step(thread, steps_.threads[thread][places_[thread]++]);
            if (turn + 1 == turns) return;
            std::atomic<std::uint32_t>& next = gates_[steps_.turns[turn + 1].thread].turn;
            next.store(turn + 1, std::memory_order_seq_cst);  // as below
            next.notify_one();
        }
    }

    void work_freely(std::uint32_t thread) {
        for (const step& one : steps_.threads[thread]) {
            const replay_slot& slot = steps_.slots[one.slot];
            const bool depends = one.what != step_kind::map && one.what != step_kind::unmap &&
                                 one.what != step_kind::wait;
            std::uint32_t spun = 0;
            for (std::uint32_t now = slot.turn.load(std::memory_order_acquire);
                 depends && now != one.turn; now = slot.turn.load(std::memory_order_acquire))
                if (++spun > 100) slot.turn.wait(now);
            do_step(thread, one);
        }
    }

    void do_step(std::uint32_t thread, const step& one) {
        if (one.what == step_kind::wait) {
            if (options_.waits) watch_.wait_until(one.bytes());
            return;
        }
        replay_slot& slot = steps_.slots[one.slot];
        const std::uint64_t bytes = one.bytes();
        std::int64_t change = 0;
        switch (one.what) {
            case step_kind::allocate:
                watch_.before();
                slot.block = allocator_.allocate(bytes, std::size_t{1} << one.alignment_log2());
                came(thread, one, slot, change);
                break;
            case step_kind::allocate_zeroed:
                watch_.before();
                slot.block = allocator_.allocate_zeroed(bytes);
                came(thread, one, slot, change);
                break;
            case step_kind::reallocate: {
                watch_.before();
                void* fresh = slot.block == nullptr
                                  ? allocator_.allocate(bytes, 1)
                                  : allocator_.reallocate(slot.block, slot.bytes, bytes);
                watch_.after(thread, one, fresh);
                change = static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(slot.bytes);
                if (fresh == nullptr && bytes != 0) {
                    failed_.fetch_add(1);
                    change = 0;
                    break;
                }
                slot.block = fresh;
                if (bytes > slot.bytes && !one.is_touched_apart())
                    touch(slot.block, slot.bytes, bytes);
                slot.bytes = bytes;
                slot.untouched_pages = untouched(one, bytes);
                break;
            }
            case step_kind::release:
                watch_.before();
                if (slot.block != nullptr) allocator_.release(slot.block, slot.bytes);
                watch_.after(thread, one, nullptr);
                change = -static_cast<std::int64_t>(slot.bytes);
                slot.block = nullptr;
                slot.bytes = 0;
                slot.untouched_pages = 0;
                break;
            case step_kind::map:
                slot.block = allocator_.map(bytes);
                slot.untouched_pages = untouched(one, bytes);
                change = static_cast<std::int64_t>(bytes);
                if (!one.is_touched_apart()) touch(slot.block, 0, bytes);
                break;
            case step_kind::touch:
                touch(slot.block, 0, bytes);
                slot.untouched_pages -= std::min(slot.untouched_pages, pages_of(bytes));
                break;
            case step_kind::unmap:
                if (slot.block != nullptr)
                    allocator_.unmap(
                        static_cast<char*>(slot.block) + std::uint64_t{one.turn} * 4096, bytes);
                // Its end is what was not touched.
                slot.untouched_pages -= std::min(slot.untouched_pages, pages_of(bytes));
                change = -static_cast<std::int64_t>(bytes);
                break;
            case step_kind::wait:
                break;
        }
        if (options_.order == ordering::strict) {
            slot.turn.store(one.turn + 1, std::memory_order_release);
        } else {
            // Whoever is not seen to wait yet sees this before it sleeps.
            slot.turn.store(one.turn + 1, std::memory_order_seq_cst);
            slot.turn.notify_all();
        }
        count(change, one.what == step_kind::release || one.what == step_kind::unmap ? 0 : bytes);
    }

    void came(std::uint32_t thread, const step& one, replay_slot& slot, std::int64_t& change) {
        watch_.after(thread, one, slot.block);
        if (slot.block == nullptr) {
            failed_.fetch_add(1);
            return;
        }
        slot.bytes = one.bytes();
        slot.untouched_pages = untouched(one, slot.bytes);
        change = static_cast<std::int64_t>(slot.bytes);
        if (!one.is_touched_apart()) touch(slot.block, 0, slot.bytes);
    }

    static std::uint32_t pages_of(std::uint64_t bytes) {
        return static_cast<std::uint32_t>((bytes + 4095) / 4096);
    }
    static std::uint32_t untouched(const step& one, std::uint64_t bytes) {
        return one.is_touched_apart() ? pages_of(bytes) : 0;
    }

    void touch(void* block, std::uint64_t from, std::uint64_t bytes) {
        if constexpr (std::same_as<Allocator, null_allocator>) return;
        if (options_.touch == touching::none || block == nullptr || from >= bytes) return;
        auto* begin = static_cast<volatile char*>(block);
        begin[from] = 1;
        if (options_.touch != touching::all) return;
        for (std::uint64_t at = from + 4096; at < bytes; at += 4096) begin[at] = 1;
        begin[bytes - 1] = 1;
    }

    void count(std::int64_t change, std::uint64_t came) {
        if (options_.sample_every == 0) return;
        // In strict order plain words would do; freely, this is what a sample costs.
        const std::int64_t live = live_.fetch_add(change, std::memory_order_relaxed) + change;
        const std::uint64_t done = done_.fetch_add(1, std::memory_order_relaxed) + 1;
        if (done % options_.sample_every == 0 || came >= options_.sample_bytes)
            watch_.sample(done, live);
    }

    Allocator& allocator_;
    const replay_steps steps_;
    const replay_options options_;
    Watch& watch_;
    std::uint64_t* places_ = nullptr;
    gate* gates_ = nullptr;
    std::atomic<std::uint32_t> ready_{0}, began_{0};
    alignas(64) std::atomic<std::int64_t> live_{0};
    std::atomic<std::uint64_t> done_{0}, failed_{0};
};

// A plan, with its slots: for a replay in this process.
class prepared_replay {
  public:
    explicit prepared_replay(const replay_plan& plan)
        : plan_(plan), slots_(std::make_unique<replay_slot[]>(plan.slots())) {
        for (const replay_plan::thread& one : plan.threads()) threads_.emplace_back(one.steps);
    }

    template <replayed_allocator Allocator>
    void run(Allocator& allocator, const replay_options& options = {}) {
        null_watch nobody;
        for (std::uint32_t i = 0; i < plan_.slots(); ++i) {
            slots_[i].block = nullptr;
            slots_[i].bytes = 0;
            slots_[i].untouched_pages = 0;
            slots_[i].turn.store(0);
        }
        const replay_steps steps{threads_, plan_.turns(), {slots_.get(), plan_.slots()}};
        replay<Allocator>(allocator, steps, options, nobody).run();
    }

    // What the last run left.
    template <replayed_allocator Allocator>
    void release_rest(Allocator& allocator) {
        for (std::uint32_t i = 0; i < plan_.slots(); ++i)
            if (slots_[i].block != nullptr && slots_[i].bytes != 0)
                allocator.release(std::exchange(slots_[i].block, nullptr), slots_[i].bytes);
    }

  private:
    const replay_plan& plan_;
    std::unique_ptr<replay_slot[]> slots_;
    std::vector<std::span<const step>> threads_;
};

}  // namespace fil::trace
