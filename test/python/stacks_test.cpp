// The whole Python source in real interpreters: stacks.py under the probe library, in each one
// found. Stacks are compared with what the interpreter says of itself, blocks with what was asked
// for.

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "interpreters.hpp"

namespace {

std::string run_in(const std::string& python, const std::string& environment,
                   const std::string& only) {
    int status = 0;
    std::string output = fil::test::output_of(
        environment +
            " FIL_PROBE_KIND=" FIL_PROBE_KIND " LD_PRELOAD='" FIL_PROBE_LIBRARY "' timeout 150 '" +
            python + "' '" FIL_STACKS_SCRIPT "' " + only + " 2>&1",
        &status);
    EXPECT_EQ(status, 0) << python << "\n" << output;
    EXPECT_NE(output.find(" passed on 3."), std::string::npos) << python << "\n" << output;
    std::cout << python << " " << environment << " " << output.substr(0, 400);
    return output;
}

void run_everywhere(const std::string& environment, const std::string& only = "") {
    bool has_3_11 = false;
    for (const std::string& python : fil::test::interpreters())
        has_3_11 |= run_in(python, environment, only).find(" passed on 3.11.") != std::string::npos;
    EXPECT_TRUE(has_3_11) << "no CPython 3.11 was found";
}

const std::string about_allocators =
    "test_plain_calls test_calls_through_c "
    "test_freed_code_is_never_mistaken_for_its_successor "
    "test_blocks_stand_at_the_line_that_made_them test_each_size_is_counted_once "
    "test_a_failed_realloc_keeps_the_block test_nothing_bytes_is_something "
    "test_no_byte_is_counted_twice test_objects_all_over_are_seen";

// The public API would wait for itself while tracemalloc is on, so it is not asked for stacks then.
const std::string beside_tracemalloc =
    std::string(FIL_PROBE_KIND) == "frames"
        ? about_allocators
        : "test_each_size_is_counted_once test_nothing_bytes_is_something "
          "test_no_byte_is_counted_twice test_objects_all_over_are_seen";

}  // namespace

TEST(stacks, agree_with_the_interpreter) {
    run_everywhere("");
}

// From 3.11 on a line's entry then has a kind of its own, with no columns.
TEST(stacks, agree_where_lines_are_kept_without_columns) {
    run_everywhere("PYTHONNODEBUGRANGES=1",
                   "test_lines_are_those_of_the_interpreter test_plain_calls");
}

// The interpreter sets its allocators anew while it starts: the wrappers must come back.
TEST(stacks, agree_whatever_allocators_were_asked_for) {
    for (const char* name : {"pymalloc", "malloc", "debug", "malloc_debug"}) {
        run_everywhere(std::string("PYTHONMALLOC=") + name, about_allocators);
    }
    run_everywhere("PYTHONDEVMODE=1", about_allocators);
}
TEST(stacks, agree_where_the_interpreters_blocks_are_mimallocs) {
    bool has_one = false;
    for (const std::string& python : fil::test::interpreters()) {
        int status = 0;
        fil::test::output_of("PYTHONMALLOC=mimalloc '" + python + "' -c '' 2>&1", &status);
        if (status != 0) continue;  // before 3.13
        has_one = true;
        run_in(python, "PYTHONMALLOC=mimalloc", about_allocators);
    }
    if (!has_one) GTEST_SKIP() << "no CPython from 3.13 on was found";
}

TEST(stacks, agree_beside_tracemalloc) {
    run_everywhere("PYTHONTRACEMALLOC=1", beside_tracemalloc);
    run_everywhere("PYTHONTRACEMALLOC=1 PYTHONMALLOC=debug", beside_tracemalloc);
}
