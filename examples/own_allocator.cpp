// Counts words with containers whose memory comes from a pool of the program's own, and tells
// libfil who uses it.
//
//     own_allocator_cpp [DIRECTORY]        a report goes into a new folder of DIRECTORY
//
// Here libfil asks for callstacks instead of being handed them: the program registers a *source*,
// which says where this thread is in terms of the program's own steps. A step is an object that
// lives as long as its scope. The memory resource reports what containers take from the pool and
// give back; which container it was, the steps tell.
//
//     c++ -std=c++20 own_allocator.cpp $(pkg-config --cflags --libs fil)

#include <fil.h>

#include <cstdio>
#include <map>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace {

fil_text text(std::string_view string) {
    return {string.data(), string.size()};
}

// ---- callstacks ----

// A step of the program: while it lives, what this thread allocates belongs to the line it stands
// on. Steps nest as scopes do.
class step {
  public:
    // The line is the caller's. (std::source_location is not there for every clang yet.)
    explicit step(std::string_view name, std::string_view file = __builtin_FILE(),
                  std::uint32_t line = __builtin_LINE())
        : caller_(now_) {
        const fil_function function =
            fil_function_intern(FIL_FUNCTION_ANNOUNCED, text(name), text(file), 0);
        now_ = fil_callstack_child(caller_, function, line);
    }
    step(const step&) = delete;
    ~step() { now_ = caller_; }

    // The source: called by libfil whenever this thread reports a block.
    static fil_callstack capture(void*, void*) { return now_; }

  private:
    static thread_local constinit fil_callstack now_;
    fil_callstack caller_;
};

thread_local constinit fil_callstack step::now_ = FIL_CALLSTACK_UNKNOWN;

// ---- the allocator ----

// Hands out memory of the pool behind it, and reports each block: what comes after it came, what
// goes before it goes.
class reporting_resource : public std::pmr::memory_resource {
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        void* block = pool_.allocate(bytes, alignment);
        fil_record_alloc(block, bytes);
        return block;
    }
    void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override {
        fil_record_free(block);
        pool_.deallocate(block, bytes, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }

    std::pmr::unsynchronized_pool_resource pool_;
};

// ---- the program ----

using visits = std::pmr::vector<std::pmr::string>;

// The pages that somebody looked at, in order.
visits read_log(std::pmr::memory_resource& memory) {
    visits pages(&memory);
    const step reading("read_log");
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
    const step counting("most_common_step");
    std::pmr::map<std::pair<std::string_view, std::string_view>, unsigned> steps(&memory);
    unsigned most = 0;
    for (std::size_t i = 1; i < pages.size(); ++i) {
        most = std::max(most, ++steps[{pages[i - 1], pages[i]}]);
    }
    return most;
}

int fail(const fil_error& error) {
    std::fprintf(stderr, "own_allocator_cpp: %s\n", error.message);
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    fil_error error = FIL_ERROR_INIT;
    const fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
    const fil_status started = fil_recorder_start(&options, &error);
    if (started != FIL_OK && started != FIL_ERROR_WHOLE_PROGRAM) return fail(error);
    const fil_source source{sizeof source, 0, step::capture, nullptr, nullptr, 0};
    if (fil_source_register(&source, &error) != FIL_OK) return fail(error);

    reporting_resource memory;
    {
        const step whole("main");
        const visits pages = read_log(memory);
        const unsigned most = most_common_step(pages, memory);
        std::printf("%zu visits, the most common step %u times\n", pages.size(), most);
    }

    if (started == FIL_ERROR_WHOLE_PROGRAM) return 0;  // fil-profile records, and reports
    char path[4096];
    fil_report_options report = FIL_REPORT_OPTIONS_INIT;
    report.directory = text(argc > 1 ? argv[1] : "fil-result");
    report.command = text(argv[0]);
    report.ending = FIL_ENDING_EXIT;
    if (fil_recording_report(&report, path, sizeof path, &error) != FIL_OK) return fail(error);
    std::printf("%s\n", path);
}
