// Counts words with containers whose memory comes from a pool of the program's own, and tells
// libfil who uses it.
//
//     own_allocator_cpp [DIRECTORY]        a report goes into a new folder of DIRECTORY
//
// Callstacks are native ones: libfil unwinds the stack of whoever takes a block, at the price of a
// few comparisons. (A program that knows better, as an interpreter does, registers a source of its
// own: fil_source_register() in fil.h.) What stands between a container and the pool is one class
// of fil.hpp, which reports each block.
//
//     c++ -g -std=c++20 own_allocator.cpp -o own_allocator $(pkg-config --cflags --libs fil)

#include <fil.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace {

// ---- the program ----

using visits = std::pmr::vector<std::pmr::string>;

// The pages that somebody looked at, in order.
visits read_log(std::pmr::memory_resource& memory) {
    visits pages(&memory);
    pages.reserve(200'000);
    unsigned random = 2013;
    while (pages.size() < pages.capacity()) {
        random = random * 1664525 + 1013904223;
        pages.emplace_back("/library/shelf/book/page/").append(std::to_string(random >> 22));
    }
    return pages;
}

// How often the most common step from one page to the next was taken.
unsigned most_common_step(const visits& pages, std::pmr::memory_resource& memory) {
    std::pmr::map<std::pair<std::string_view, std::string_view>, unsigned> steps(&memory);
    unsigned most = 0;
    for (std::size_t i = 1; i < pages.size(); ++i) {
        most = std::max(most, ++steps[{pages[i - 1], pages[i]}]);
    }
    return most;
}

int fail(const char* message) {
    std::fprintf(stderr, "own_allocator_cpp: %s\n", message);
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    libfil::recording recording;
    if (!recording) return fail(recording.message());

    std::pmr::unsynchronized_pool_resource pool;
    libfil::reporting_resource memory(&pool);
    {
        const visits pages = read_log(memory);
        const unsigned most = most_common_step(pages, memory);
        std::printf("%zu visits, the most common step %u times\n", pages.size(), most);
    }

    if (!recording.is_own()) return 0;  // fil-profile records, and reports
    fil_report_options options = FIL_REPORT_OPTIONS_INIT;
    options.command = libfil::text(argv[0]);
    options.ending = FIL_ENDING_EXIT;
    const auto report = recording.write_report(argc > 1 ? argv[1] : "fil-result", options);
    if (!report) return fail(report.message());
    std::printf("%s\n", report.path);
}
