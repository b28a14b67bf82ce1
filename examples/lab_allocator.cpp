// An allocator of your own, replayed with the behaviour of a real program, in Google Benchmark:
//     fil-profile record -o trace.filtrace PROGRAM
//     c++ -O2 -std=c++20 lab_allocator.cpp -o lab $(pkg-config --cflags fil-core) -lbenchmark
//     -lzstd -lpthread TRACE=trace.filtrace ./lab
#include <benchmark/benchmark.h>
#include <fil/trace/replay.hpp>
#include <fstream>
#include <iterator>

namespace trace = fil::trace;

// Never gives anything back: what that costs, and what it saves.
struct bump_allocator : trace::simple_allocator<bump_allocator> {
    void* allocate(std::size_t bytes, std::size_t alignment) {
        static thread_local char *next = nullptr, *end = nullptr;
        next += -reinterpret_cast<std::uintptr_t>(next) % std::max<std::size_t>(alignment, 16);
        if (next == nullptr || bytes > std::size_t(end - next))
            end = (next = static_cast<char*>(std::malloc(bytes + (64 << 20)))) + bytes + (64 << 20);
        return std::exchange(next, next + bytes);
    }
    void release(void*, std::size_t) {}
};

template <typename Allocator>
void replayed(benchmark::State& state) {
    std::ifstream file(std::getenv("TRACE"), std::ios::binary);
    const trace::bytes content{std::istreambuf_iterator<char>(file), {}};
    const trace::reader from(content);
    const trace::replay_plan plan(from, from.busiest(), trace::runtime_memory::blocks);
    trace::prepared_replay prepared(plan);
    for (auto _ : state) {
        Allocator allocator;
        prepared.run(allocator, {trace::touching::first, trace::ordering::strict, 0});
        prepared.release_rest(allocator);
    }
    state.SetItemsProcessed(state.iterations() * std::int64_t(plan.steps()));
}
BENCHMARK(replayed<bump_allocator>)->Iterations(3);
BENCHMARK(replayed<trace::malloc_allocator>);
BENCHMARK(replayed<trace::null_allocator>);  // what the replay itself costs
BENCHMARK_MAIN();
