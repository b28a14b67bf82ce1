#include "process/pool_threads.hpp"

#include "fil/base/hash.hpp"
#include "fil/capture/job_search.hpp"
#include "fil/capture/outlived_blocks.hpp"
#include "os/os.hpp"
#include "os/sandbox.hpp"
#include "os/system_stack_ends.hpp"
#include "os/wait_and_wake.hpp"
#include "process/process_life.hpp"
#include "process/thread_frames.hpp"
#include "process/thread_words.hpp"

namespace fil::pool_threads {
namespace {

constexpr std::uint32_t deepest_idle = 48, idle_shapes = 4;

// Another thread's stack is longer than this only where somebody asked for that.
constexpr std::uintptr_t usual_stack = 8 << 20;

// ---- the threads ----

constexpr std::uint32_t most_threads = 256;
constexpr std::uint32_t learns_at_first = 64;
constexpr std::uintptr_t least_room = 32 << 10;
constexpr int most_yields = 1000, most_naps = 1000;

struct idle_shape {
    std::uint32_t count = 0, seen = 0;
    stack_place places[deepest_idle] = {};

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
    std::atomic<bool> is_taken{false};
    std::atomic<std::uint32_t> readers{0};  // of its stack
    std::atomic<std::uintptr_t> end{0};     // of its stack; 0: it has ended
    std::atomic<std::uintptr_t> lowest{0};  // that it is known to have reached
    std::uintptr_t bytes = 0;               // of its stack
    std::uintptr_t creator = 0;
    std::uint32_t waits = 0, captures = 0;
    idle_shape idle[idle_shapes] = {};  // its stack as it waited: the shallowest
    job_slot::last_sample last;
    alignas(thread_frames) unsigned char own_frames[sizeof(thread_frames)] = {};
    kept_words kept = {};
    idle_words its_pools;
    stack_shape shape = {};  // of the event that is under way; these two are only its own

    thread_frames& frames() { return reinterpret_cast<thread_frames&>(own_frames); }

    // Whether it is on the stack that it was made with, and has room there for an answer.
    bool has_room(std::uintptr_t sp) const {
        const std::uintptr_t used = end.load(std::memory_order_relaxed) - sp;
        return used < bytes && bytes - used >= least_room;
    }
    // Of its waits, the first ones and then some.
    bool shows_now() { return ++waits <= learns_at_first / 4 || waits % 64 == 0; }
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

// While one lives, that thread's stack stays: it waits in end(). Readers never wait, since an
// answer may lead through several threads, and around.
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

struct all_threads {
    std::atomic<std::uint32_t> ever{0};       // entries beyond are unused
    std::atomic<bool> may_be_several{false};  // that ask: else nothing need be learnt
    pool_thread entries[most_threads];
    pool_landmarks landmarks;
    outlived_blocks outlived;

    pool_thread* take() {
        for (std::uint32_t i = 0; i != most_threads; ++i) {
            if (entries[i].is_taken.exchange(true, std::memory_order_acquire)) continue;
            std::uint32_t count = ever.load(std::memory_order_relaxed);
            while (count <= i && !ever.compare_exchange_weak(count, i + 1)) {
            }
            return &entries[i];
        }
        return nullptr;
    }

    // Whose stack this address is of, by the nearest end above it.
    pool_thread* nearest(std::uintptr_t word, std::uintptr_t& nearest_end) {
        pool_thread* found = nullptr;
        const std::uint32_t count = ever.load(std::memory_order_acquire);
        for (std::uint32_t i = 0; i != count; ++i) {
            const std::uintptr_t end = entries[i].end.load(std::memory_order_relaxed);
            if (end - word >= nearest_end - word || end - word >= entries[i].bytes) continue;
            nearest_end = end;
            found = &entries[i];
        }
        return found;
    }
};
constinit all_threads all;
constinit thread_local pool_thread* own __attribute__((tls_model("initial-exec"))) = nullptr;

// ---- one answer ----

class answer {
  public:
    answer(const asking_threads& asking, pool_thread& thread) : asking_(asking), self_(thread) {}

    callstack_id find(std::uintptr_t from) {
        const std::uintptr_t end = self_.end.load(std::memory_order_relaxed);
        const auto is_frame = [&](std::uintptr_t place) { return is_own_frame(place); };
        const auto leads = [&](std::uintptr_t word, evidence how) {
            return self_.its_pools.holds(word) ? callstack_id::none : leads_to(word, how, 0);
        };
        kept_words& kept = self_.kept;
        landmark* of = nullptr;
        const auto is_mark = [&](std::uintptr_t code) {
            of = all.landmarks.find(code);
            return of != nullptr;
        };
        const bool is_known = self_.frames().read_kept(kept, is_mark);
        if (is_known) {
            const callstack_id found = job_search::kept_asker({kept.words, kept.count}, leads);
            if (found != callstack_id::none) return found;
        }
        const job_search::mark mark = of != nullptr ? job_search::mark{of, kept.mark}
                                                    : search_.find_mark(from, end, is_frame);
        if (mark.of != nullptr && mark.of->slot.is_learning()) {
            mark.of->slot.sample(self_.last, mark.at, from, end, [&](std::uintptr_t word) {
                return leads(word, evidence::any) != callstack_id::none;
            });
        }
        return search_.asker(mark, from, end, leads);
    }

    const stack_shape& shape() {
        if (!knows_shape_) self_.frames().read(self_.shape);
        knows_shape_ = true;
        return self_.shape;
    }

  private:
    bool is_own_frame(std::uintptr_t place) {
        const stack_shape& frames = shape();
        for (std::uint32_t i = 0; i != frames.count; ++i) {
            if (frames.places[i].cfa == place + sizeof place) return true;
        }
        return false;
    }

    callstack_id leads_to(std::uintptr_t word, evidence how, std::uint32_t depth) {
        if ((word & 7) != 0 || word < 1u << 16 || word >> user_address_bits != 0)
            return callstack_id::none;
        std::uintptr_t end = word + usual_stack;
        const asking_thread* asks = nullptr;
        for (const asking_thread& each : asking_) {
            if (each.stack_end - word >= end - word) continue;
            end = each.stack_end;
            asks = &each;
        }
        if (pool_thread* pools = all.nearest(word, end)) return through(*pools, word, depth);
        if (asks != nullptr) return asks->is_engaged ? asks->callstack : callstack_id::none;
        return made_by(word, how);
    }

    // What a thread's frames outward of this address say.
    callstack_id through(pool_thread& thread, std::uintptr_t word, std::uint32_t depth) {
        if (&thread == &self_ || depth == job_search::deepest) return callstack_id::none;
        const reading_stack hold(thread);
        const std::uintptr_t end = thread.end.load(std::memory_order_seq_cst);
        if (word >= end || word < thread.lowest.load(std::memory_order_relaxed))
            return callstack_id::none;
        const job_search::mark mark =
            search_.find_mark(word, end, [](std::uintptr_t) { return true; });
        return search_.asker(mark, word, end, [&](std::uintptr_t next, evidence how) {
            return leads_to(next, how, depth + 1);
        });
    }

    // Fresh: made by the call in which an asking thread still is, or by a pool's thread for it.
    callstack_id made_by(std::uintptr_t word, evidence how) {
        process_recorder& recorder = this_process.recorder();
        const std::uint32_t before = how == evidence::any ? 64 : 1;
        const callstack_id made = recorder.blocks().look_around(word, before).callstack;
        if (made <= callstack_id::unknown) return callstack_id::none;
        for (const asking_thread& each : asking_) {
            if (each.callstack == made)
                return all.outlived.meets(word, made) ? callstack_id::none : made;
        }
        const callstack_id caller = recorder.tree().at(made).caller;
        for (const asking_thread& each : asking_) {
            if (each.callstack != caller) continue;
            const function_id function = recorder.tree().function_of(made);
            const bool is_errand = recorder.functions().kind_of(function) == function_kind::errand;
            return is_errand && !all.outlived.meets(word, made) ? caller : callstack_id::none;
        }
        return callstack_id::none;
    }

    // Whether an asking thread is in the call with that callstack, or was called back from it.
    bool is_under_way(callstack_id made) {
        process_recorder& recorder = this_process.recorder();
        const bool is_errand = recorder.functions().kind_of(recorder.tree().function_of(made)) ==
                               function_kind::errand;
        if (is_errand) made = recorder.tree().at(made).caller;
        for (const asking_thread& each : asking_) {
            for (callstack_id at = each.callstack; at >= made; at = recorder.tree().at(at).caller) {
                if (at == made) return true;
            }
        }
        return false;
    }

  public:
    void look_at_outlived() {
        const auto& blocks = this_process.recorder().blocks();
        all.outlived.look(
            [&](std::uintptr_t word) { return blocks.look_around(word, 64).callstack; },
            [this](callstack_id made) { return is_under_way(made); });
    }

  private:
    const asking_threads& asking_;
    pool_thread& self_;
    job_search search_{all.landmarks};
    bool knows_shape_ = false;
};

// Libraries whose pools belong to the thread that made them (OpenMP's).
asked_by by_creator(const asking_threads& asking, std::uintptr_t creator) {
    const asking_thread* one = asking.find(creator);
    if (one == nullptr || !one->is_engaged) return {};
    return {one->callstack, errand_kind::guessed};
}

[[gnu::noinline]] asked_by ask(const asking_threads& asking, pool_thread& thread,
                               std::uintptr_t from, asked_by alone) {
    answer its(asking, thread);
    const bool learns = thread.learns_now();
    thread.reach(from);
    if (learns) {
        const stack_shape& works = its.shape();
        if (const idle_shape* idle = thread.usual())
            all.landmarks.learn(idle->places, idle->count, works.places, works.count);
    }
    if (alone.callstack != callstack_id::none && !learns) return alone;
    its.look_at_outlived();
    const callstack_id found = its.find(from);
    if (alone.callstack != callstack_id::none) return alone;
    if (found != callstack_id::none) return {found, errand_kind::job};
    return by_creator(asking, thread.creator);
}

}  // namespace

void begin(std::uintptr_t creator, std::size_t stack_bytes) {
    pool_thread* const fresh = own != nullptr ? own : all.take();
    if (fresh == nullptr) return;
    const std::uintptr_t sp = stack_pointer();
    fresh->creator = creator;
    fresh->bytes = stack_bytes;
    fresh->waits = fresh->captures = 0;
    for (idle_shape& each : fresh->idle) each.count = each.seen = 0;
    fresh->last.of = nullptr;
    fresh->frames().begin_thread();
    fresh->its_pools.forget();
    fresh->lowest.store(sp, std::memory_order_relaxed);
    fresh->end.store(system_stack_ends::nearest_end(sp) & ~std::uintptr_t{7},
                     std::memory_order_release);
    own = fresh;
}

void end() {
    pool_thread* const ending = own;
    if (ending == nullptr) return;
    own = nullptr;
    ending->end.store(0, std::memory_order_seq_cst);
    // Who reads there is soon done, unless it is kept from running. One that was left by a jump out
    // of a signal handler never is: then the entry is not used again.
    for (int tries = 0; ending->readers.load(std::memory_order_seq_cst) != 0; ++tries) {
        if (tries == most_yields + most_naps) return;
        if (tries < most_yields || sandbox::is_on()) {
            linux_system::yield();
        } else {
            os::sleep_for(1'000'000);
        }
    }
    ending->is_taken.store(false, std::memory_order_release);
}

bool is_one() {
    return own != nullptr;
}

void waits() {
    pool_thread* const thread = own;
    if (!all.may_be_several.load(std::memory_order_relaxed) || !thread->shows_now()) [[likely]]
        return;
    const os::keep_errno keep;
    const raised_guard inside(this_thread.guard);
    if (!thread->has_room(stack_pointer())) return;
    thread->reach(stack_pointer());
    thread->frames().read(thread->shape);
    if (thread->shape.count > deepest_idle) return;
    thread->remember(thread->shape);
    const idle_shape* usual = thread->usual();
    if (usual == nullptr || !usual->is(thread->shape)) return;
    thread->frames().read_kept(thread->kept, [](std::uintptr_t) { return false; });
    for (std::uint32_t i = 0; i != thread->kept.count; ++i)
        thread->its_pools.add(thread->kept.words[i]);
}

asked_by asker(const asking_threads& asking) {
    const asked_by alone = asking.the_only_one();
    pool_thread* const thread = own;
    if (thread == nullptr || asking.count() < 2) return alone;
    all.may_be_several.store(true, std::memory_order_relaxed);
    if (alone.callstack != callstack_id::none && thread->captures > learns_at_first) [[likely]]
        return alone;
    // From where the event began: our own frames hold what calls before left there.
    const std::uintptr_t from = (this_thread.guard.where() + 7) & ~std::uintptr_t{7};
    if (!thread->has_room(from)) return alone;
    return ask(asking, *thread, from, alone);
}

void forget_parents() {
    own = nullptr;
    const std::uint32_t count = all.ever.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i != count; ++i) {
        pool_thread& each = all.entries[i];
        each.end.store(0, std::memory_order_relaxed);
        each.readers.store(0, std::memory_order_relaxed);
        each.is_taken.store(false, std::memory_order_relaxed);
    }
}

}  // namespace fil::pool_threads
