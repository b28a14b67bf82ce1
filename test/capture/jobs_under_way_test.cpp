#include "fil/capture/jobs_under_way.hpp"

#include <gtest/gtest.h>

namespace fil {
namespace {

constexpr callstack_id none = callstack_id::none, a{10}, b{11}, c{12};

TEST(jobs_under_way, of_a_place_is_the_innermost_job_around_it) {
    jobs_under_way jobs;
    EXPECT_EQ(jobs.around(500), none);
    jobs.add(900, a);
    jobs.add(600, b);
    EXPECT_EQ(jobs.around(950), none);
    EXPECT_EQ(jobs.around(700), a);
    EXPECT_EQ(jobs.around(500), b);
}

TEST(jobs_under_way, that_are_further_in_than_the_newest_have_ended) {
    jobs_under_way jobs;
    jobs.add(900, a);
    jobs.add(600, b);
    jobs.add(900, c);
    EXPECT_EQ(jobs.around(700), c);
    EXPECT_EQ(jobs.around(500), c);
    jobs.forget();
    EXPECT_EQ(jobs.around(500), none);
}

TEST(jobs_under_way, that_are_too_deep_stand_for_those_inside_them) {
    jobs_under_way jobs;
    for (std::uintptr_t mark = 9000; mark != 0; mark -= 500) jobs.add(mark, callstack_id(mark));
    EXPECT_EQ(jobs.around(8700), callstack_id{9000});
    EXPECT_EQ(jobs.around(10), callstack_id{5500});
}

}  // namespace
}  // namespace fil
