// An arena that knows its peak exactly, and which callstacks held it, by libfil's headers alone:
// nothing of libfil is linked. It leaves the flamegraph of the peak in the folder that it is given.
//     c++ -std=c++20 core_alone.cpp -o core_alone $(pkg-config --cflags --libs fil-core)
#include <cstdlib>
#include <fil/report/flamegraph.hpp>
#include <fil/report/snapshot_reader.hpp>
#include <fil/track/recorder.hpp>
#include <fstream>
#include <iostream>

// What the core stands on: zeroed memory for its tables. There is one thread, so nobody waits.
struct heap : fil::null_waiting {
    static void* map(std::size_t bytes) { return std::calloc(bytes, 1); }
    static void unmap(void* address, std::size_t) { std::free(address); }
};

// Who allocates? The function that said so last.
struct announced : fil::null_source {
    fil::callstack_id now = fil::callstack_id::unknown;
    fil::callstack_id capture(void*) { return now; }
} who;

alignas(4096) std::byte room[256 << 20], tables[64 << 20];  // the arena's, and the recorder's
fil::live_and_peak total;
fil::registry<heap> blocks;
fil::recorder<announced, fil::own_words, heap> recorder(tables, sizeof tables, total, blocks, who);

struct arena {
    void* take(std::size_t bytes) {
        std::byte* block = next;
        next += (bytes + 15) & ~std::size_t{15};
        recorder.record_alloc(counters, fil::address_of(block), bytes);
        return block;
    }
    void clear() {
        recorder.record_free_range(counters, fil::address_of(room), std::size_t(next - room));
        next = room;
    }
    fil::thread_state& counters;  // of the one thread that uses it
    std::byte* next = room;
};

// What is taken while this object lives is the function's in which it stands.
struct in_function {
    in_function(const char* name, const char* file = __builtin_FILE(),
                std::uint32_t line = __builtin_LINE()) {
        const fil::function_id function =
            recorder.functions().intern({fil::function_kind::announced, name, file, {}, 0});
        who.now = recorder.tree().child(outer, function, line);
    }
    ~in_function() { who.now = outer; }
    const fil::callstack_id outer = who.now;
};

void* decode(arena& memory) {
    const in_function here("decode");
    return memory.take(4 << 20);
}
void load_level(arena& memory) {
    const in_function here("load_level");
    memory.take(8 << 20);
    for (int image = 0; image < 6; ++image) decode(memory);
}

int main(int count, char** arguments) {
    if (count != 2 || !recorder.memory().format() || !recorder.prepare()) return EXIT_FAILURE;
    arena memory{*recorder.lease()};
    load_level(memory);
    memory.clear();
    decode(memory);  // less than there was

    const fil::usage_at_peak usage = fil::read_usage(recorder.view(), total);
    const fil::report::snapshot taken = fil::read_snapshot(recorder.view(), usage).snapshot;
    const auto report = fil::report::make_report_model(taken, {});
    const std::string folder = arguments[1];
    std::ofstream(folder + "/peak-memory.svg") << fil::report::flamegraph_svg(report);
    std::ofstream(folder + "/peak-memory.prof") << fil::report::folded_callstacks(report);
    std::cout << "The peak: " << fil::report::mib_text(usage.used_bytes()) << '\n';
}
