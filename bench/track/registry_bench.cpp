#include "fil/track/registry.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "os/linux_system.hpp"

namespace fil {
namespace {

constexpr callstack_id somebody{1000};
constexpr auto ignore = [](std::uintptr_t, const registered_block&) {};

// Each thread's blocks, 1 GiB apart, as glibc's arenas keep them.
std::uintptr_t first_address(const benchmark::State& state) {
    return (std::uintptr_t{1} << 40) + (std::uintptr_t(state.thread_index()) << 30);
}

process_registry& shared_registry() {
    static const auto one = std::make_unique<process_registry>();
    return *one;
}

// What do putting a block in and taking it out cost while its slots are in the cache, by its size:
// in one slot, two, three? And are two threads as fast as one?
void put_in_and_take_out(benchmark::State& state) {
    process_registry& blocks = shared_registry();
    const std::uintptr_t address = first_address(state);
    const auto bytes = static_cast<std::uint64_t>(state.range(0));
    for (auto _ : state) {
        blocks.insert(address, somebody, bytes, false, ignore);
        benchmark::DoNotOptimize(blocks.take(address));
    }
}
BENCHMARK(put_in_and_take_out)->Arg(16)->Arg(100)->Arg(std::int64_t{1} << 30);
BENCHMARK(put_in_and_take_out)->Arg(100)->Threads(2);

// And with that many live blocks of 64 bytes, replaced in random order (the cache no longer helps)?
void replace_at_random(benchmark::State& state) {
    process_registry& blocks = shared_registry();
    const auto count = static_cast<std::size_t>(state.range(0));
    std::vector<std::uintptr_t> addresses(count);
    for (std::size_t i = 0; i < count; ++i) addresses[i] = first_address(state) + i * 64;
    std::shuffle(addresses.begin(), addresses.end(), std::mt19937(1));
    for (const std::uintptr_t at : addresses) blocks.insert(at, somebody, 64, false, ignore);
    std::size_t next = 0;
    for (auto _ : state) {
        const std::uintptr_t at = addresses[next];
        benchmark::DoNotOptimize(blocks.take(at));
        blocks.insert(at, somebody, 64, false, ignore);
        if (++next == count) next = 0;
    }
    for (const std::uintptr_t at : addresses) blocks.take(at);
}
BENCHMARK(replace_at_random)->Arg(1000)->Arg(1'000'000);

// What does the free of a block cost that was never seen (there before us, or another allocator's)?
void take_unknown(benchmark::State& state) {
    process_registry& blocks = shared_registry();
    const std::uintptr_t address = (std::uintptr_t{1} << 45) + 4096;
    for (auto _ : state) benchmark::DoNotOptimize(blocks.take(address));
}
BENCHMARK(take_unknown);

}  // namespace
}  // namespace fil

BENCHMARK_MAIN();
