#pragma once
// What a replay costs: time, page faults, instructions, calls of the system for memory; and, now
// and then on its way, what is resident for what is in use.
//
// Its own tables are in shared mappings that are made before the start. One thread, but for
// sample_now().

#include <fcntl.h>
#include <linux/perf_event.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "mapping_malloc.hpp"
#include "memory_calls.hpp"
#include "stopwatch_of_steps.hpp"
#include "told_lines.hpp"

namespace fil::replay_driver {

using namespace trace;

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
inline std::int64_t resident_bytes(int status) {
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
inline int count_instructions() {
    perf_event_attr wanted{};
    wanted.type = PERF_TYPE_HARDWARE;
    wanted.size = sizeof wanted;
    wanted.config = PERF_COUNT_HW_INSTRUCTIONS;
    wanted.exclude_kernel = 1;
    wanted.exclude_hv = 1;
    wanted.inherit = 1;
    return static_cast<int>(syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0));
}

// Usable, unused: of the blocks and mappings that are there, and what of these was never touched.
struct sample {
    std::uint64_t steps;
    std::int64_t ns, live, resident, usable, unused;
};

inline std::int64_t processor_ns(clockid_t of) {
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

inline void print(const figures& all, std::uint64_t steps, std::uint64_t failed) {
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

}  // namespace fil::replay_driver
