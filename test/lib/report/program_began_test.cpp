#include "report/program_began.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "fil/capture/call_tree.hpp"
#include "fil/capture/function_table.hpp"
#include "fil/recording/memory.hpp"
#include "os/linux_system.hpp"

namespace fil {
namespace {

struct called {
    const char* function;
    const char* file;
    std::uint32_t kind = 1;  // Python's
};

// Of a program that was seen in these callstacks only, each from the outermost on.
bool began(const std::vector<std::vector<called>>& callstacks) {
    constexpr std::uint64_t bytes = 4 << 20;
    void* base = system_pages::map(bytes);
    recording_memory memory(base, bytes);
    EXPECT_TRUE(memory.format(42, 1));
    function_table<linux_system> functions(memory);
    call_tree<linux_system> tree(memory);
    for (const auto& callstack : callstacks) {
        callstack_id at = callstack_id::none;
        for (const called& one : callstack)
            at = tree.child(
                at, functions.intern({function_kind{one.kind}, one.function, one.file, "", 1}), 1);
    }
    const bool answer = program_began(recording_view(base, bytes));
    system_pages::unmap(base, bytes);
    return answer;
}

constexpr called importer{"_find_and_load", "<frozen importlib._bootstrap>"},
    site{"<module>", "/usr/lib/python3.11/site.py"}, script{"<module>", "/home/a.py"},
    runs_module{"_run_module_as_main", "<frozen runpy>"},
    finds{"_get_module_details", "<frozen runpy>"},
    package{"<module>", "/home/package/__init__.py"}, runs_code{"_run_code", "<frozen runpy>"};

TEST(program_began, a_script_has_where_its_own_code_ran) {
    EXPECT_FALSE(began({{importer}, {importer, site}}));
    EXPECT_TRUE(began({{importer, site}, {script}}));
}

TEST(program_began, a_module_has_where_it_or_its_package_ran) {
    EXPECT_FALSE(began({{runs_module, finds}, {importer, site}}));
    EXPECT_TRUE(began({{runs_module, finds, importer, package}}));
    EXPECT_TRUE(began({{runs_module, runs_code, script}}));
}

TEST(program_began, nothing_is_told_of_other_runtimes) {
    EXPECT_TRUE(began({}));
    EXPECT_TRUE(began({{{"main", "a.c", 2}}}));
    EXPECT_FALSE(began({{{"main", "a.c", 2}, importer}}));
}

}  // namespace
}  // namespace fil
