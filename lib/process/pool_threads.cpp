#include "process/pool_threads.hpp"

#include <span>

#include "fil/capture/outlived_blocks.hpp"
#include "fil/capture/pool_blocks.hpp"
#include "os/os.hpp"
#include "os/system_stack_ends.hpp"
#include "process/pool_thread.hpp"
#include "process/process_life.hpp"
#include "process/thread_words.hpp"

namespace fil::pool_threads {
namespace {

// Another thread's stack is longer than this only where somebody asked for that.
constexpr std::uintptr_t usual_stack = 8 << 20;

struct all_threads {
    static constexpr std::uint32_t most_threads = 256;

    std::atomic<std::uint32_t> ever{0};               // entries beyond are unused
    std::atomic<bool> may_be_several{false};          // that ask: else nothing need be learnt
    std::atomic<pool_thread*> entries[most_threads];  // each mapped when it is first needed
    pool_landmarks landmarks;
    outlived_blocks outlived;
    pool_blocks pools_own;

    pool_thread* take() {
        for (std::uint32_t i = 0; i != most_threads; ++i) {
            pool_thread* const entry = mapped(entries[i]);
            if (entry == nullptr) return nullptr;
            if (entry->is_taken.exchange(true, std::memory_order_acquire)) continue;
            std::uint32_t count = ever.load(std::memory_order_relaxed);
            while (count <= i && !ever.compare_exchange_weak(count, i + 1)) {
            }
            return entry;
        }
        return nullptr;
    }

    // Zeroes are a thread that nobody has taken. A process has few such threads mostly, and tens of
    // KiB for each of the most would be address space of every process.
    static pool_thread* mapped(std::atomic<pool_thread*>& entry) {
        pool_thread* known = entry.load(std::memory_order_acquire);
        if (known != nullptr) return known;
        void* const made = os::map_private(sizeof(pool_thread));
        if (made == nullptr) return nullptr;
        if (entry.compare_exchange_strong(known, static_cast<pool_thread*>(made))) return entry;
        os::unmap(made, sizeof(pool_thread));
        return known;
    }

    pool_thread& at(std::uint32_t i) { return *entries[i].load(std::memory_order_acquire); }

    // Whose stack this address is of, by the nearest end above it.
    pool_thread* nearest(std::uintptr_t word, std::uintptr_t& nearest_end) {
        pool_thread* found = nullptr;
        const std::uint32_t count = ever.load(std::memory_order_acquire);
        for (std::uint32_t i = 0; i != count; ++i) {
            pool_thread& each = at(i);
            const std::uintptr_t end = each.end.load(std::memory_order_relaxed);
            if (end - word >= nearest_end - word || end - word >= each.bytes) continue;
            nearest_end = end;
            found = &each;
        }
        return found;
    }
};
constinit all_threads all;

// How far into a block a word may lead, in units of 16 bytes.
constexpr std::uint32_t most_before = 64;

bool may_be_address(std::uintptr_t word) {
    return (word & 7) == 0 && word >= 1u << 16 && word >> user_address_bits == 0;
}

// Another thread may give memory back while it is read: so the kernel reads it for us.
std::size_t read_words(std::uintptr_t from, std::span<std::uintptr_t> to) {
    if (!sandbox::allows(sandbox::of_residence)) return 0;
    return os::read_memory(os::process_id(), from, to.data(), to.size_bytes()) / sizeof to[0];
}

// The block into which this word leads, if somebody is known to have made it.
pool_blocks::block block_around(std::uintptr_t word) {
    if (!may_be_address(word)) return {};
    const auto [begin, found] = this_process.recorder().blocks().look_around(word, most_before);
    if (found.callstack <= callstack_id::unknown) return {};
    return {begin, found.bytes, found.callstack};
}

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
        for (const std::uintptr_t word : kept.outermost)
            if (word != 0) self_.its_pools.add(word);
        if (is_known) {
            for (const bool trusts_guesses : {false, true}) {
                trusts_guesses_ = is_guess_ = trusts_guesses;
                const callstack_id found = job_search::kept_asker({kept.words, kept.count}, leads);
                if (found == callstack_id::none) continue;
                if (kept.mark != 0) self_.jobs.add(kept.mark, found);
                return found;
            }
        }
        const job_search::mark mark = of != nullptr ? job_search::mark{of, kept.mark}
                                                    : search_.find_mark(from, end, is_frame);
        if (mark.of != nullptr && mark.of->slot.is_learning()) {
            mark.of->slot.sample(self_.last, mark.at, from, end, [&](std::uintptr_t word) {
                return leads(word, evidence::any) != callstack_id::none;
            });
        }
        const callstack_id found = search_.asker(mark, from, end, leads);
        is_guess_ = is_known || mark.of == nullptr;
        if (mark.of != nullptr) self_.jobs.add(mark.at, found);
        return found;
    }

    // Of what was found. Where the frames could be followed, other words are old mostly; without a
    // landmark the job is not told from what is the pool's.
    bool is_guess() const { return is_guess_; }

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
        if (!may_be_address(word)) return callstack_id::none;
        std::uintptr_t end = word + usual_stack;
        const asking_thread* asks = nullptr;
        for (const asking_thread& each : asking_) {
            // Ours: what is known of those that ask lay on this stack, too.
            if (word == each.thread || word == each.stack_end) return callstack_id::none;
            if (each.stack_end - word >= end - word) continue;
            end = each.stack_end;
            asks = &each;
        }
        if (pool_thread* pools = all.nearest(word, end))
            return how != evidence::stack ? through(*pools, word, depth) : callstack_id::none;
        if (asks != nullptr) return asks->is_engaged ? asks->callstack : callstack_id::none;
        return how != evidence::stack ? made_by(word, how) : callstack_id::none;
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
        const auto leads = [&](std::uintptr_t next, evidence how) {
            return leads_to(next, how, depth + 1);
        };
        kept_words kept;
        if (mark.of != nullptr && self_.frames().read_others(kept, word, mark.at)) {
            const callstack_id found = job_search::kept_asker({kept.words, kept.count}, leads);
            if (found != callstack_id::none) return found;
        }
        const callstack_id known = thread.jobs.around(word);
        return is_asked_at(known) ? known : search_.asker(mark, word, end, leads);
    }

    // Whether an asking thread is in the call with that callstack.
    bool is_asked_at(callstack_id callstack) const {
        if (callstack == callstack_id::none) return false;
        for (const asking_thread& each : asking_) {
            if (each.callstack == callstack) return true;
        }
        return false;
    }

    // Fresh: made by the call in which an asking thread still is, or by a pool's thread for it.
    callstack_id made_by(std::uintptr_t word, evidence how) {
        process_recorder& recorder = this_process.recorder();
        const std::uint32_t before = how == evidence::any ? most_before : 1;
        const callstack_id made = recorder.blocks().look_around(word, before).block.callstack;
        if (made <= callstack_id::unknown) return callstack_id::none;
        callstack_id asker = made;
        if (!is_asked_at(made)) {
            asker = recorder.tree().at(made).caller;
            const function_id function = recorder.tree().function_of(made);
            if (!is_asked_at(asker) ||
                recorder.functions().kind_of(function) != function_kind::errand ||
                (!trusts_guesses_ &&
                 errand_kind{recorder.tree().at(made).line} == errand_kind::guessed))
                return callstack_id::none;
        }
        if (all.pools_own.holds(block_around(word).begin, made)) return callstack_id::none;
        return all.outlived.meets(word, made) ? callstack_id::none : asker;
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
            [&](std::uintptr_t word) {
                return blocks.look_around(word, most_before).block.callstack;
            },
            [this](callstack_id made) { return is_under_way(made); });
    }

  private:
    const asking_threads& asking_;
    pool_thread& self_;
    job_search search_{all.landmarks};
    bool knows_shape_ = false, is_guess_ = false, trusts_guesses_ = true;
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
    // A block that was a guess leads to no better answer.
    if (found != callstack_id::none)
        return {found, !its.is_guess() ? errand_kind::job : errand_kind::guessed};
    return by_creator(asking, thread.creator);
}

// An answer's frames leave what it found on the stack, and the program's next frames may have parts
// that they do not write. So these begin further in than those will mostly reach.
[[gnu::noinline]] asked_by ask_further_in(const asking_threads& asking, pool_thread& thread,
                                          std::uintptr_t from, asked_by alone) {
    void* const between = __builtin_alloca(pool_thread::least_room / 2);
    __asm__ volatile("" : : "r"(between) : "memory");
    return ask(asking, thread, from, alone);
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
    fresh->jobs.forget();
    fresh->lowest.store(sp, std::memory_order_relaxed);
    fresh->end.store(system_stack_ends::nearest_end(sp) & ~std::uintptr_t{7},
                     std::memory_order_release);
    own = fresh;
}

void end() {
    pool_thread* const ending = own;
    own = nullptr;
    if (ending != nullptr && ending->hide())
        ending->is_taken.store(false, std::memory_order_release);
}

// A thread may have ended without a word, by a system call of its own.
void memory_goes(std::uintptr_t address, std::size_t bytes) {
    const std::uint32_t count = all.ever.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i != count; ++i) {
        pool_thread& each = all.at(i);
        const std::uintptr_t end = each.end.load(std::memory_order_relaxed);
        const std::uintptr_t lowest = each.lowest.load(std::memory_order_relaxed);
        if (address < end && lowest < address + bytes) each.hide();
    }
}

bool is_one() {
    return own != nullptr;
}

void waits() {
    pool_thread* const thread = own;
    if (!all.may_be_several.load(std::memory_order_relaxed)) [[likely]]
        return;
    if (stack_pointer() == thread->idles_at) thread->jobs.forget();
    if (!thread->shows_now()) [[likely]]
        return;
    const os::keep_errno keep;
    const raised_guard inside(this_thread.guard);
    if (!thread->has_room(stack_pointer())) return;
    thread->reach(stack_pointer());
    thread->frames().read(thread->shape);
    const std::uint32_t frames = thread->shape.count;
    if (frames == 0 || frames > idle_shape::deepest) return;  // 0: it could not be read
    thread->remember(thread->shape);
    const idle_shape* usual = thread->usual();
    if (usual == nullptr || !usual->is(thread->shape)) return;
    thread->jobs.forget();
    thread->idles_at = stack_pointer();
    thread->frames().read_kept(thread->kept, [](std::uintptr_t) { return false; });
    const std::span<const std::uintptr_t> kept(thread->kept.words, thread->kept.count);
    for (const std::uintptr_t word : kept) thread->its_pools.add(word);
    all.pools_own.note(kept, block_around, read_words);
}

asked_by asker(const asking_threads& asking) {
    const asked_by alone = asking.the_only_one();
    pool_thread* const thread = own;
    if (thread == nullptr || asking.count() < 2) return alone;
    all.may_be_several.store(true, std::memory_order_relaxed);
    if (alone.callstack != callstack_id::none && thread->captures > pool_thread::learns_at_first)
        [[likely]]
        return alone;
    // From where the event began: our own frames hold what calls before left there.
    const std::uintptr_t from = (this_thread.guard.where() + 7) & ~std::uintptr_t{7};
    if (!thread->has_room(from)) return alone;
    return ask_further_in(asking, *thread, from, alone);
}

void forget_parents() {
    own = nullptr;
    const std::uint32_t count = all.ever.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i != count; ++i) {
        pool_thread& each = all.at(i);
        each.end.store(0, std::memory_order_relaxed);
        each.readers.store(0, std::memory_order_relaxed);
        each.is_taken.store(false, std::memory_order_relaxed);
    }
}

}  // namespace fil::pool_threads
