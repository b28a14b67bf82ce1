// The whole Python source in real interpreters: stacks.py under the probe library, in each one
// found. Stacks are compared with what the interpreter says of itself, blocks with what was asked
// for.

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "interpreters.hpp"

namespace {

void run_everywhere(const std::string& environment) {
    const std::string environment_of_all = "FIL_PROBE_KIND=" FIL_PROBE_KIND " ";
    bool has_3_11 = false;
    for (const std::string& python : fil::test::interpreters()) {
        int status = 0;
        const std::string output =
            fil::test::output_of(environment + " " + environment_of_all +
                                     "LD_PRELOAD='" FIL_PROBE_LIBRARY "' timeout 150 '" + python +
                                     "' '" FIL_STACKS_SCRIPT "' 2>&1",
                                 &status);
        EXPECT_EQ(status, 0) << python << "\n" << output;
        EXPECT_NE(output.find(" passed on 3."), std::string::npos) << python << "\n" << output;
        has_3_11 |= output.find(" passed on 3.11.") != std::string::npos;
        std::cout << python << " " << environment << " " << output.substr(0, 400);
    }
    EXPECT_TRUE(has_3_11) << "no CPython 3.11 was found";
}

}  // namespace

TEST(stacks, agree_with_the_interpreter) {
    run_everywhere("");
}

// The interpreter sets its allocators anew while it starts: the wrappers must come back.
TEST(stacks, agree_under_debug_hooks) {
    run_everywhere("PYTHONMALLOC=debug");
}
TEST(stacks, agree_where_malloc_does_it_all) {
    run_everywhere("PYTHONMALLOC=malloc");
}
TEST(stacks, agree_where_pymalloc_was_asked_for) {
    run_everywhere("PYTHONMALLOC=pymalloc");
}
TEST(stacks, agree_under_malloc_with_debug_hooks) {
    run_everywhere("PYTHONMALLOC=malloc_debug");
}
TEST(stacks, agree_beside_tracemalloc) {
    const bool reads_frames = std::string(FIL_PROBE_KIND) == "frames";
    if (reads_frames) return run_everywhere("PYTHONTRACEMALLOC=1");
    // The public API would wait for a lock of tracemalloc's: no stacks then, and no harm.
    for (const std::string& python : fil::test::interpreters()) {
        int status = 0;
        const std::string output = fil::test::output_of(
            "PYTHONTRACEMALLOC=1 FIL_PROBE_KIND=" FIL_PROBE_KIND " LD_PRELOAD='" FIL_PROBE_LIBRARY
            "' timeout 60 '" +
                python + "' -c 'import json; print(len(json.dumps(list(range(99999)))))' 2>&1",
            &status);
        EXPECT_EQ(status, 0) << python << "\n" << output;
        EXPECT_EQ(output, "688883\n") << python;
    }
}
