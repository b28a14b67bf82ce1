// fil-replay: replays a plan on whatever malloc is in this process, and writes figures, a line
// each, to standard output. Started by fil-profile, with the plan as a descriptor and the allocator
// preloaded. What it needs itself is in shared mappings made before the start, so anonymous private
// memory is the allocator's (and that of threads' stacks, which is there before the start).
//
//     fil-replay PLAN-DESCRIPTOR none|first|all strict|free malloc|null SAMPLES
//                timed|untimed|counted|copies NUMBER MARK
//     fil-replay ... SAMPLES pages STEPS MARK
//
// Each line begins with MARK: an allocator may write to standard output, too. After so many STEPS
// it says which blocks keep sparse pages, and ends. Counted: calls of the system for memory
// (memory_calls.hpp); its blocks are checked (checked_malloc.hpp), and not touched. Copies: so many
// replays at once, each with threads of its own.

#include <dlfcn.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "checked_malloc.hpp"
#include "fil/trace/plan_file.hpp"
#include "fil/trace/replay.hpp"
#include "mapping_malloc.hpp"
#include "memory_calls.hpp"
#include "replay_figures.hpp"
#include "sparse_pages.hpp"
#include "step_times.hpp"
#include "stopwatch_of_steps.hpp"
#include "told_lines.hpp"

namespace fil::replay_driver {
namespace {

using namespace trace;

void print_faults() {
    const block_faults& all = found_faults;
    for (const auto& [name, count] : {std::pair{"misaligned", &all.misaligned},
                                      {"overwritten", &all.overwritten},
                                      {"not_zeroed", &all.not_zeroed},
                                      {"released", &all.released},
                                      {"wanted_again", &all.wanted_again},
                                      {"came_again", &all.came_again}})
        tell("%s %llu\n", name, static_cast<unsigned long long>(count->load()));
}

struct page_watch : plain_watch {
    page_watch(figures& of, std::uint64_t at) : plain_watch(of), when(at) {}
    std::uint64_t when;

    void sample(std::uint64_t steps, std::int64_t) {
        if (steps != when) return;
        const sparse_pages found = find_sparse_pages({all.slots, all.slot_count});
        tell("pages %llu %llu %lld\n", static_cast<unsigned long long>(found.pages),
             static_cast<unsigned long long>(found.empty),
             static_cast<long long>(resident_bytes(all.status) - all.baseline));
        for (const auto& [slot, bytes] : found.kept)
            tell("keeps %u %llu\n", slot, static_cast<unsigned long long>(bytes));
        tell("done\n");
        std::fflush(stdout);
        _exit(0);
    }
};

template <typename Allocator, typename Watch>
std::uint64_t run(const replay_steps& steps, const replay_options& options, Watch& watch) {
    Allocator allocator;
    replay<Allocator, Watch> all(allocator, steps, options, watch);
    all.run();
    return all.failed();
}

// Several at once, as if the program had so many times its threads. Without samples.
std::uint64_t run_copies(const mapped_plan& plan, std::uint64_t copies,
                         const replay_options& options, figures& all) {
    mapping_malloc allocator;
    null_watch nobody;
    std::atomic<std::uint64_t> failed{0};
    std::vector<std::thread> threads;
    threads.reserve(copies);
    std::vector<replay_slot*> rooms;
    for (std::uint64_t i = 0; i < copies; ++i)
        rooms.push_back(shared_room<replay_slot>(plan.slots));
    all.begin();
    for (replay_slot* room : rooms)
        threads.emplace_back([&, room] {
            const replay_steps steps{plan.threads, plan.turns, {room, plan.slots}};
            replay<mapping_malloc> one(allocator, steps, options, nobody);
            one.run();
            failed += one.failed();
        });
    for (std::thread& one : threads) one.join();
    all.end();
    return failed;
}

// How large is what comes, that no more of it is sampled than there is room for? By powers of two.
std::uint64_t least_sampled(const mapped_plan& plan, std::uint64_t room) {
    std::uint64_t counts[48] = {};
    for (const auto& thread : plan.threads)
        for (const step& one : thread)
            if (one.what != step_kind::release && one.what != step_kind::unmap &&
                one.what != step_kind::wait && one.bytes() > 0)
                ++counts[std::min(static_cast<int>(std::bit_width(one.bytes())), 48) - 1];
    std::uint64_t found = 0;
    for (int i = 47; i >= 0; --i)
        if ((found += counts[i]) > room) return std::uint64_t{1} << (i + 1);
    return 1;
}

const char* library_of(void* function) {
    Dl_info whose{};
    dladdr(function, &whose);
    return whose.dli_fname == nullptr ? "?" : whose.dli_fname;
}

// Whose malloc it is, and what of the family is not of that library.
void tell_library() {
    const char* library = library_of(reinterpret_cast<void*>(&malloc));
    tell("malloc %s\n", library);
    const std::pair<const char*, void*> family[] = {
        {"free", reinterpret_cast<void*>(&free)},
        {"calloc", reinterpret_cast<void*>(&calloc)},
        {"realloc", reinterpret_cast<void*>(&realloc)},
        {"posix_memalign", reinterpret_cast<void*>(&posix_memalign)}};
    for (const auto& [name, function] : family)
        if (std::strcmp(library_of(function), library) != 0) tell("lacks %s\n", name);
    std::fflush(stdout);
}

int main(char** words) {
    mark = words[8];
    tell_library();
    const int file = std::atoi(words[1]);
    struct stat about {};
    if (fstat(file, &about) != 0) return 3;
    void* memory = mmap(nullptr, static_cast<std::size_t>(about.st_size), PROT_READ,
                        MAP_SHARED | MAP_POPULATE, file, 0);
    mapped_plan plan;
    if (memory == MAP_FAILED || !plan.read({static_cast<const std::byte*>(memory),
                                            static_cast<std::size_t>(about.st_size)}))
        return 3;
    figures all;
    const std::uint64_t wanted = std::strtoull(words[5], nullptr, 10);
    // And where much comes at once, as far as there is room: a peak stands between others.
    all.most_samples = wanted * 8;
    all.samples = shared_room<sample>(all.most_samples);
    all.slots = shared_room<replay_slot>(plan.slots);
    all.slot_count = plan.slots;
    all.keeps_time = plan.waits > 0;
    const bool is_timed = std::strcmp(words[6], "timed") == 0;
    replay_options options;
    options.touch = std::strcmp(words[2], "none") == 0    ? touching::none
                    : std::strcmp(words[2], "first") == 0 ? touching::first
                                                          : touching::all;
    options.order = std::strcmp(words[3], "free") == 0 ? ordering::free : ordering::strict;
    options.sample_every = wanted == 0 ? 0 : std::max<std::uint64_t>(plan.steps / wanted, 1);
    options.sample_bytes = least_sampled(plan, wanted * 6);
    const bool is_null = std::strcmp(words[4], "null") == 0;
    options.waits = !is_null;
    // Only where one thread runs at a time do the slots stand still meanwhile.
    all.asks_usable =
        is_timed && !is_null && options.order == ordering::strict && options.touch == touching::all;
    const replay_steps steps{plan.threads, plan.turns, {all.slots, plan.slots}};
    std::uint64_t failed = 0;
    const std::uint64_t number = std::strtoull(words[7], nullptr, 10);
    if (std::strcmp(words[6], "pages") == 0) {
        page_watch watch(all, number);
        options.sample_every = number;
        run<mapping_malloc>(steps, options, watch);
        return 3;
    }
    if (std::strcmp(words[6], "counted") == 0) {
        all.counts_calls = count_memory_calls();
        if (!all.counts_calls) tell("failed calls cannot be counted here\n");
        options.touch = touching::none;
        plain_watch watch(all);
        failed = run<checked<mapping_malloc>>(steps, options, watch);
        print(all, plan.steps, failed);
        print_faults();
        tell("done\n");
        std::fflush(stdout);
        _exit(0);
    }
    if (std::strcmp(words[6], "copies") == 0) {
        options.sample_every = 0;
        options.waits = false;
        failed = run_copies(plan, number, options, all);
        print(all, plan.steps * number, failed);
        tell("done\n");
        std::fflush(stdout);
        _exit(0);
    }
    if (is_timed) {
        timing_watch watch(all, shared_room<histogram>(plan.threads.size() * operations * classes));
        std::uint64_t overhead = ~std::uint64_t{0};
        for (int i = 0; i < 1000; ++i) {
            const std::uint64_t begin = ticks();
            overhead = std::min(overhead, ticks() - begin);
        }
        const std::uint64_t begin = ticks();
        const std::int64_t begin_ns = now_ns();
        failed = is_null ? run<null_allocator>(steps, options, watch)
                         : run<mapping_malloc>(steps, options, watch);
        const double ns_per_tick = static_cast<double>(now_ns() - begin_ns) /
                                   static_cast<double>(std::max<std::uint64_t>(ticks() - begin, 1));
        print(all, plan.steps, failed);
        print_times(watch, plan.threads.size(), ns_per_tick, static_cast<double>(overhead));
    } else {
        plain_watch watch(all);
        failed = is_null ? run<null_allocator>(steps, options, watch)
                         : run<mapping_malloc>(steps, options, watch);
        print(all, plan.steps, failed);
    }
    tell("done\n");
    std::fflush(stdout);
    // What is left is the trace's; nobody wants it back.
    _exit(0);
}

}  // namespace
}  // namespace fil::replay_driver

int main(int count, char** words) {
    if (count != 9) {
        std::fputs("fil-replay is a part of fil-profile: see fil-profile replay --help\n", stderr);
        return 2;
    }
    return fil::replay_driver::main(words);
}
