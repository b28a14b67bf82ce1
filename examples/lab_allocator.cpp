// An allocator of your own, replayed with the behaviour of a real program, in Google Benchmark:
//     fil-profile record -o trace.filtrace PROGRAM
//     c++ -O2 -std=c++20 lab_allocator.cpp $(pkg-config --cflags fil-core) -lbenchmark -lzstd
//     TRACE=trace.filtrace ./a.out
#include <benchmark/benchmark.h>
#include <fil/trace/replayed_file.hpp>
// Never gives anything back: what that costs, and what it saves.
struct bump_allocator : fil::trace::simple_allocator<bump_allocator> {
    void* allocate(std::size_t bytes, std::size_t alignment) {
        static thread_local void* next = nullptr;
        static thread_local std::size_t left = 0;
        while (!std::align(std::max<std::size_t>(alignment, 16), bytes, next, left))
            if (!(next = std::malloc(left = bytes + alignment + (64 << 20)))) return left = 0, next;
        left -= bytes;
        return std::exchange(next, static_cast<char*>(next) + bytes);
    }
    void release(void*, std::size_t) {}
};
template <typename Allocator>
void replayed(benchmark::State& state) {
    fil::trace::replayed_file trace(std::getenv("TRACE"));
    Allocator allocator;
    for (auto _ : state) trace.run(allocator);
    state.SetItemsProcessed(state.iterations() * trace.steps());
}
BENCHMARK(replayed<bump_allocator>)->Iterations(3);
BENCHMARK(replayed<fil::trace::malloc_allocator>);
BENCHMARK(replayed<fil::trace::null_allocator>);  // what the replay itself costs
BENCHMARK_MAIN();
