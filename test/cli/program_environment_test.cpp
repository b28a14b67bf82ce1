#include "start/program_environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fil::cli {
namespace {

TEST(environment_of_program, adds_its_variables_and_touches_nothing_else) {
    const environment before = {"A=1", "EMPTY=", "B=x=y", "no equals sign", "A=2"};
    const program_environment after = environment_of_program(before, "/l.so", "secret");
    environment expected = before;
    expected.insert(expected.end(),
                    {"LD_PRELOAD=/l.so", "FIL_SESSION=secret", "ARROW_DEFAULT_MEMORY_POOL=system",
                     "MIMALLOC_ARENA_EAGER_COMMIT=0", "TF_ONEDNN_USE_SYSTEM_ALLOCATOR=1"});
    std::ranges::sort(expected);
    environment sorted = after.all;
    std::ranges::sort(sorted);
    EXPECT_EQ(sorted, expected);
}

TEST(environment_of_program, puts_the_library_before_the_users) {
    const auto preload = [](const std::string& users) {
        const auto after = environment_of_program({"LD_PRELOAD=" + users}, "/l.so", "s");
        return *find_variable(after.all, "LD_PRELOAD");
    };
    EXPECT_EQ(preload("/u.so:/v.so"), "/l.so:/u.so:/v.so");
    EXPECT_EQ(preload(""), "/l.so");
    EXPECT_EQ(preload("/l.so:/u.so"), "/l.so:/u.so");
    EXPECT_EQ(preload("/l.so.2"), "/l.so:/l.so.2");
}

TEST(environment_of_program, leaves_the_users_choice_of_allocators) {
    const auto after = environment_of_program(
        {"ARROW_DEFAULT_MEMORY_POOL=mimalloc", "MIMALLOC_ARENA_EAGER_COMMIT="}, "/l.so", "s");
    EXPECT_EQ(find_variable(after.all, "MIMALLOC_ARENA_EAGER_COMMIT"), "");
    EXPECT_EQ(find_variable(after.all, "ARROW_DEFAULT_MEMORY_POOL"), "mimalloc");
    EXPECT_EQ(find_variable(after.set_by_us, "ARROW_DEFAULT_MEMORY_POOL"), std::nullopt);
    const auto set = environment_of_program({}, "/l.so", "s");
    EXPECT_EQ(find_variable(set.set_by_us, "ARROW_DEFAULT_MEMORY_POOL"), "system");
}

TEST(environment_of_program, tells_the_report_no_secret) {
    for (const std::string& variable : environment_of_program({}, "/l.so", "secret").set_by_us)
        EXPECT_EQ(variable.find("secret"), std::string::npos);
}

TEST(environment_of_program, tells_the_report_which_library_not_where) {
    const auto after = environment_of_program({"LD_PRELOAD=/u.so"}, "/a/long/way/l.so", "s");
    EXPECT_EQ(find_variable(after.set_by_us, "LD_PRELOAD"), "l.so");
}

TEST(environment_of_program, replaces_an_outer_session_and_drops_our_own_variable) {
    const auto after = environment_of_program(
        {"FIL_SESSION=old", "FIL_PYTHON=/py", "FIL_SESSION=older"}, "/l.so", "new");
    EXPECT_EQ(
        std::ranges::count_if(after.all, [](auto& v) { return v.starts_with("FIL_SESSION="); }), 1);
    EXPECT_EQ(find_variable(after.all, "FIL_SESSION"), "new");
    EXPECT_EQ(find_variable(after.all, "FIL_PYTHON"), std::nullopt);
}

TEST(turn_thread_pools_off, sets_what_the_user_did_not_and_tells_the_report) {
    program_environment variables{{"OMP_NUM_THREADS=4", "MKL_NUM_THREADS="}, {}};
    turn_thread_pools_off(variables);
    EXPECT_EQ(find_variable(variables.all, "OMP_NUM_THREADS"), "4");
    EXPECT_EQ(find_variable(variables.all, "MKL_NUM_THREADS"), "");
    EXPECT_EQ(find_variable(variables.all, "OPENBLAS_NUM_THREADS"), "1");
    EXPECT_EQ(find_variable(variables.set_by_us, "OPENBLAS_NUM_THREADS"), "1");
    EXPECT_EQ(find_variable(variables.set_by_us, "OMP_NUM_THREADS"), std::nullopt);
}

TEST(turn_thread_pools_off, sets_no_upper_limit_and_no_pool_whose_threads_wait_for_each_other) {
    program_environment variables;
    turn_thread_pools_off(variables);
    for (const char* name :
         {"NUMBA_NUM_THREADS", "NUMEXPR_MAX_THREADS", "OMP_THREAD_LIMIT", "ARROW_IO_THREADS"})
        EXPECT_EQ(find_variable(variables.all, name), std::nullopt) << name;
}

}  // namespace
}  // namespace fil::cli
