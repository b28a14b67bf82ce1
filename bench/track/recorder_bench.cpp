#include "fil/track/recorder.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "os/linux_system.hpp"
#include "process/session_words.hpp"

namespace fil {
namespace {

// A callstack that costs nothing to find: what remains is tracking.
struct known_source {
    void begin_thread(void*) {}
    static constexpr std::size_t thread_bytes = 0;
    static inline callstack_id answer = callstack_id::unknown;
    callstack_id capture(void*) { return answer; }
};

// One recorder for all benchmarks, as a process has one. Callstacks 0 to 999 lines of one function.
struct process {
    static constexpr std::uint64_t bytes = 1 << 30;
    void* base = system_pages::map(bytes);
    bool formatted = recording_memory(base, bytes).format(1, 0);
    session_page session{};
    known_source source;
    std::unique_ptr<process_registry> blocks = std::make_unique<process_registry>();
    recorder<known_source, session_words, linux_system, process_registry> events{
        base, bytes, session_words(session, recording_memory(base, bytes).header()), *blocks,
        source};
    bool prepared = events.prepare();
    std::vector<callstack_id> callstacks;

    process() {
        const function_id f =
            events.functions().intern({function_kind::announced, "f", "f.c", "", 1});
        for (std::uint32_t line = 0; line < 1000; ++line) {
            callstacks.push_back(events.tree().child(callstack_id::unknown, f, line));
        }
        known_source::answer = callstacks[0];
    }
    static process& one() {
        static process here;
        return here;
    }
};

std::uintptr_t first_address(const benchmark::State& state) {
    return (std::uintptr_t{1} << 40) + (std::uintptr_t(state.thread_index()) << 30);
}

// What does tracking add to one malloc and its free? And are two threads, each with its own
// counters, as fast as one? (Blocks of 100 bytes, so a thread publishes never, or at every 164th.)
void allocate_and_free(benchmark::State& state) {
    auto& events = process::one().events;
    thread_state& thread = *events.lease();
    const std::uintptr_t address = first_address(state);
    for (auto _ : state) {
        events.record_alloc(thread, address, 100);
        events.record_free(thread, address);
    }
    events.give_back(thread);
}
BENCHMARK(allocate_and_free)->Threads(1)->Threads(2)->UseRealTime();

// And while live memory rises, so that every free finds a new peak to settle? (One block stays, one
// goes.)
void free_at_the_peak(benchmark::State& state) {
    auto& events = process::one().events;
    thread_state& thread = *events.lease();
    const std::uintptr_t address = first_address(state);
    std::uintptr_t next = address;
    for (auto _ : state) {
        events.record_alloc(thread, next += 16, 16);
        events.record_alloc(thread, address, 16);
        events.record_free(thread, address);
    }
    events.record_free_range(thread, address, next + 16 - address);
    events.give_back(thread);
}
BENCHMARK(free_at_the_peak);

// And with that many live blocks of a thousand callstacks, replaced in random order?
void replace_at_random(benchmark::State& state) {
    process& here = process::one();
    thread_state& thread = *here.events.lease();
    const auto count = static_cast<std::size_t>(state.range(0));
    std::vector<std::uintptr_t> addresses(count);
    for (std::size_t i = 0; i < count; ++i) addresses[i] = first_address(state) + i * 64;
    std::shuffle(addresses.begin(), addresses.end(), std::mt19937(1));
    std::size_t next = 0;
    for (const std::uintptr_t at : addresses) {
        here.events.record_alloc_at(thread, at, 64, here.callstacks[++next % 1000]);
    }
    next = 0;
    for (auto _ : state) {
        const std::uintptr_t at = addresses[next];
        here.events.record_free(thread, at);
        here.events.record_alloc_at(thread, at, 64, here.callstacks[(next * 7) % 1000]);
        if (++next == count) next = 0;
    }
    for (const std::uintptr_t at : addresses) here.events.record_free(thread, at);
    here.events.give_back(thread);
}
BENCHMARK(replace_at_random)->Arg(1000)->Arg(1'000'000);

// What does a mapping cost, made and taken away, among that many others?
void map_and_unmap(benchmark::State& state) {
    auto& events = process::one().events;
    thread_state& thread = *events.lease();
    const std::uintptr_t start = std::uintptr_t{1} << 44;
    const auto others = static_cast<std::uintptr_t>(state.range(0));
    for (std::uintptr_t i = 1; i <= others; ++i) {
        events.record_map(thread, start + i * (1 << 20), 4096, mapping_kind::anonymous);
    }
    for (auto _ : state) {
        events.record_map(thread, start, 65536, mapping_kind::anonymous);
        events.mapped().discard(events.mapped().forget(thread, start, 65536));
    }
    events.mapped().discard(events.mapped().forget(thread, start, (others + 1) << 20));
    events.give_back(thread);
}
BENCHMARK(map_and_unmap)->Arg(10)->Arg(10'000);

}  // namespace
}  // namespace fil

BENCHMARK_MAIN();
