#include "fil/capture/call_tree.hpp"

#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "os/linux_system.hpp"

namespace fil {
namespace {

struct recording {
    static constexpr std::uint64_t bytes = std::uint64_t{8} << 30;  // sparse
    void* base = system_pages::map(bytes);
    bool formatted = recording_memory(base, bytes).format(1, 0);
    recording_memory memory{base, bytes};
    call_tree<linux_system> tree{memory};
    ~recording() { system_pages::unmap(base, bytes); }
};

struct place {
    callstack_id caller;
    function_id function;
    std::uint32_t line;
};

// A tree of that many callstacks, each under a random earlier one.
std::vector<place> grow(recording& r, std::size_t count) {
    std::mt19937 random(1);
    std::vector<callstack_id> known{callstack_id::unknown};
    std::vector<place> places;
    while (places.size() < count) {
        const place at{known[random() % known.size()], function_id{1 + unsigned(random() % 1000)},
                       unsigned(random() % 100)};
        known.push_back(r.tree.child(at.caller, at.function, at.line));
        places.push_back(at);
    }
    return places;
}

// What does it cost to find a callstack that is there, among that many? This is the price of each
// frame that changed since the thread's last allocation. And do two threads find undisturbed?
void find_child(benchmark::State& state) {
    static recording* r;
    static std::vector<place> places;
    if (state.thread_index() == 0) {
        r = new recording;
        places = grow(*r, static_cast<std::size_t>(state.range(0)));
    }
    std::size_t next = 0;
    for (auto _ : state) {
        next = (next + 7919) % places.size();
        const place& at = places[next];
        benchmark::DoNotOptimize(r->tree.child(at.caller, at.function, at.line));
    }
    if (state.thread_index() == 0) delete r;
}
BENCHMARK(find_child)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(find_child)->Arg(10'000)->Threads(2)->UseRealTime();

// What does a whole stack of that depth cost when nothing is remembered (the plain walk's
// interning, the worst case of a source)?
void find_whole_stack(benchmark::State& state) {
    recording r;
    const auto depth = static_cast<std::uint32_t>(state.range(0));
    for (auto _ : state) {
        callstack_id id = callstack_id::unknown;
        for (std::uint32_t i = 0; i < depth; ++i) id = r.tree.child(id, function_id{i + 1}, i);
        benchmark::DoNotOptimize(id);
    }
}
BENCHMARK(find_whole_stack)->Arg(10)->Arg(50)->Arg(1000);

// What does a callstack cost that is new (with the tree's growth in it)?
void add_child(benchmark::State& state) {
    recording r;
    std::uint32_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            r.tree.child(callstack_id::unknown, function_id{1 + next / 1000}, next));
        ++next;
    }
}
BENCHMARK(add_child)->Iterations(2'000'000);

}  // namespace
}  // namespace fil

BENCHMARK_MAIN();
