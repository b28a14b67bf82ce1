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
#include <fcntl.h>
#include <linux/perf_event.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "checked_malloc.hpp"
#include "fil/trace/plan_file.hpp"
#include "fil/trace/replay.hpp"
#include "memory_calls.hpp"
#include "sparse_pages.hpp"
#include "stopwatch_of_steps.hpp"

namespace fil::replay_driver {
namespace {

using namespace trace;

const char* mark = "";

template <typename... Values>
void tell(const char* format, Values... values) {
    std::printf("%s ", mark);
    std::printf(format, values...);
}

template <typename Record>
Record* shared_room(std::uint64_t count) {
    void* room = mmap(nullptr, std::max<std::uint64_t>(count * sizeof(Record), 1),
                      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (room == MAP_FAILED) {
        tell("failed no memory for the replay's tables\n");
        std::exit(3);
    }
    return static_cast<Record*>(room);
}

// Anonymous and shared memory of this process, by the kernel: what is not of files.
std::int64_t resident_bytes(int status) {
    char text[4096];
    const ssize_t length = pread(status, text, sizeof text - 1, 0);
    if (length <= 0) return 0;
    text[length] = 0;
    std::int64_t sum = 0;
    for (const char* name : {"RssAnon:", "RssShmem:", "HugetlbPages:"})
        if (const char* found = std::strstr(text, name))
            sum += std::strtoll(found + std::strlen(name), nullptr, 10) * 1024;
    return sum;
}

// This process's instructions in its own code, where the system lets us count them; else -1.
int count_instructions() {
    perf_event_attr wanted{};
    wanted.type = PERF_TYPE_HARDWARE;
    wanted.size = sizeof wanted;
    wanted.config = PERF_COUNT_HW_INSTRUCTIONS;
    wanted.exclude_kernel = 1;
    wanted.exclude_hv = 1;
    wanted.inherit = 1;
    return static_cast<int>(syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0));
}

std::atomic<std::int64_t> mapped_bytes{0};

struct mapping_malloc : malloc_allocator {
    void* map(std::size_t bytes) {
        const long made =
            fil_uncounted_call(SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (made < 0) return nullptr;
        mapped_bytes += static_cast<std::int64_t>(bytes);
        return reinterpret_cast<void*>(made);
    }
    void unmap(void* address, std::size_t bytes) {
        fil_uncounted_call(SYS_munmap, reinterpret_cast<long>(address), static_cast<long>(bytes), 0,
                           0, 0, 0);
        mapped_bytes -= static_cast<std::int64_t>(bytes);
    }
};

constexpr std::uint64_t size_classes[] = {16, 64, 256, 1024, 4096, 32768, 262144, ~0ull};
constexpr int classes = 8, operations = 3;
int class_of(std::uint64_t bytes) {
    int found = 0;
    while (bytes > size_classes[found]) ++found;
    return found;
}

// Usable, unused: of the blocks and mappings that are there, and what of these was never touched.
struct sample {
    std::uint64_t steps;
    std::int64_t ns, live, resident, usable, unused;
};

std::int64_t processor_ns(clockid_t of) {
    timespec now{};
    clock_gettime(of, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

struct figures {
    int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    int instructions = count_instructions();
    std::uint64_t most_samples = 0;
    sample* samples = nullptr;
    std::atomic<std::uint64_t> sampled{0};
    replay_slot* slots = nullptr;
    std::uint64_t slot_count = 0;
    bool asks_usable = false;
    bool keeps_time = false;
    std::int64_t began_ns = 0, ended_ns = 0, baseline = 0;
    // What samples took, by the clock (of time that is kept they take none) and of processors.
    std::int64_t sampling_ns = 0, sampling_processor_ns = 0;
    std::int64_t processor_began_ns = 0, processor_ended_ns = 0;
    rusage began{}, ended{};
    std::uint64_t instructions_began = 0, instructions_ended = 0;
    bool counts_calls = false;
    std::uint64_t calls_began = 0, calls_ended = 0;

    std::uint64_t read_instructions() const {
        std::uint64_t count = 0;
        if (instructions < 0 || ::read(instructions, &count, sizeof count) != sizeof count)
            return 0;
        return count;
    }
    void begin() {
        baseline = resident_bytes(status);
        getrusage(RUSAGE_SELF, &began);
        instructions_began = read_instructions();
        calls_began = memory_calls.load();
        processor_began_ns = processor_ns(CLOCK_PROCESS_CPUTIME_ID);
        began_ns = now_ns();
    }
    void end() {
        ended_ns = now_ns();
        processor_ended_ns = processor_ns(CLOCK_PROCESS_CPUTIME_ID);
        calls_ended = memory_calls.load();
        instructions_ended = read_instructions();
        getrusage(RUSAGE_SELF, &ended);
    }
    // The time that it takes is taken off.
    void sample_now(std::uint64_t steps, std::int64_t live) {
        const std::int64_t begin_ns = now_ns();
        const std::int64_t processor = processor_ns(CLOCK_THREAD_CPUTIME_ID);
        const std::uint64_t at = sampled.fetch_add(1);
        if (at >= most_samples) return;
        samples[at] = {steps, begin_ns - began_ns - sampling_ns,
                       live,  resident_bytes(status) - baseline,
                       -1,    0};
        if (asks_usable) ask_usable(samples[at]);
        if (!keeps_time) sampling_ns += now_ns() - begin_ns;
        sampling_processor_ns += processor_ns(CLOCK_THREAD_CPUTIME_ID) - processor;
    }
    void ask_usable(sample& into) const {
        into.usable = mapped_bytes;
        for (std::uint64_t i = 0; i < slot_count; ++i) {
            if (slots[i].block == nullptr) continue;
            into.unused += std::int64_t{slots[i].untouched_pages} * 4096;
            if (slots[i].bytes != 0)
                into.usable += static_cast<std::int64_t>(malloc_usable_size(slots[i].block));
        }
    }
};

struct plain_watch : waiting_watch {
    explicit plain_watch(figures& of) : all(of) {}
    figures& all;
    void before() {}
    void after(std::uint32_t, const step&, void*) {}
    void sample(std::uint64_t steps, std::int64_t live) { all.sample_now(steps, live); }
    void begin() {
        waiting_watch::begin();
        all.begin();
    }
    void end() { all.end(); }
};

thread_local std::uint64_t began_ticks = 0;

struct timing_watch : plain_watch {
    timing_watch(figures& of, histogram* into) : plain_watch(of), times(into) {}
    histogram* times;  // of each thread, operation and class of sizes

    void before() { began_ticks = ticks(); }
    void after(std::uint32_t thread, const step& one, void*) {
        const std::uint64_t took = ticks() - began_ticks;
        const int what = one.what == step_kind::release      ? 1
                         : one.what == step_kind::reallocate ? 2
                                                             : 0;
        times[(static_cast<std::size_t>(thread) * operations + static_cast<std::size_t>(what)) *
                  classes +
              static_cast<std::size_t>(class_of(one.bytes()))]
            .add(took);
    }
};

void print_times(const timing_watch& watch, std::size_t threads, double ns_per_tick,
                 double overhead) {
    constexpr const char* names[] = {"malloc", "free", "realloc"};
    for (int what = 0; what < operations; ++what)
        for (int size = 0; size < classes; ++size) {
            std::uint64_t sums[histogram::buckets] = {}, count = 0;
            for (std::size_t thread = 0; thread < threads; ++thread)
                for (unsigned i = 0; i < histogram::buckets; ++i) {
                    const std::uint32_t here =
                        watch
                            .times[(thread * operations + static_cast<std::size_t>(what)) *
                                       classes +
                                   static_cast<std::size_t>(size)]
                            .counts[i];
                    sums[i] += here;
                    count += here;
                }
            if (count == 0) continue;
            tell("latency %s %llu %llu", names[what],
                 static_cast<unsigned long long>(size_classes[size]),
                 static_cast<unsigned long long>(count));
            for (const double part : {0.5, 0.9, 0.99, 0.999}) {
                const auto wanted = static_cast<std::uint64_t>(static_cast<double>(count) * part);
                std::uint64_t seen = 0;
                unsigned at = 0;
                while (at + 1 < histogram::buckets && (seen += sums[at]) <= wanted) ++at;
                std::printf(" %.0f",
                            std::max(0.0, (histogram::value_of(at) - overhead) * ns_per_tick));
            }
            std::puts("");
        }
}

void print(const figures& all, std::uint64_t steps, std::uint64_t failed) {
    const std::int64_t cpu_ns =
        all.processor_ended_ns - all.processor_began_ns - all.sampling_processor_ns;
    tell("steps %llu\n", static_cast<unsigned long long>(steps));
    tell("seconds %.9f\n",
         static_cast<double>(all.ended_ns - all.began_ns - all.sampling_ns) * 1e-9);
    tell("cpu %.9f\n", static_cast<double>(cpu_ns) * 1e-9);
    tell("faults %ld\n", all.ended.ru_minflt - all.began.ru_minflt);
    if (all.instructions_ended > all.instructions_began)
        tell("instructions %llu\n",
             static_cast<unsigned long long>(all.instructions_ended - all.instructions_began));
    if (all.counts_calls)
        tell("calls %llu\n", static_cast<unsigned long long>(all.calls_ended - all.calls_began));
    tell("failed %llu\n", static_cast<unsigned long long>(failed));
    tell("end %lld\n", static_cast<long long>(resident_bytes(all.status) - all.baseline));
    const std::uint64_t count = std::min(all.sampled.load(), all.most_samples);
    for (std::uint64_t i = 0; i < count; ++i) {
        const sample& one = all.samples[i];
        tell("sample %llu %lld %lld %lld %lld %lld\n", static_cast<unsigned long long>(one.steps),
             static_cast<long long>(one.ns), static_cast<long long>(one.live),
             static_cast<long long>(one.resident), static_cast<long long>(one.usable),
             static_cast<long long>(one.unused));
    }
}

void print_faults() {
    const block_faults& all = found_faults;
    for (const auto& [name, count] : {std::pair{"misaligned", &all.misaligned},
                                      {"overwritten", &all.overwritten},
                                      {"not_zeroed", &all.not_zeroed},
                                      {"released", &all.released},
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
