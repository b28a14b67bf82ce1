#include "os/cold/random_bytes.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "checking_child.hpp"
#include "interruptions.hpp"
#include "refused_calls.hpp"

namespace fil::os {
namespace {

TEST(random_bytes, are_others_each_time) {
    std::array<unsigned char, 16> one{}, two{};
    ASSERT_TRUE(fill_randomly(one));
    ASSERT_TRUE(fill_randomly(two));
    EXPECT_NE(one, two);
    EXPECT_TRUE(fill_randomly({}));
}

// So many take longer than a millisecond, and after each comes a signal.
TEST(random_bytes, are_all_there_although_signals_come) {
    std::vector<unsigned char> many(64 << 20);
    const test::interruptions signals;
    const int before = signals.count;
    ASSERT_TRUE(fill_randomly(many));
    EXPECT_GT(signals.count, before);
    EXPECT_NE(std::count(many.end() - 64, many.end(), 0), 64);
}

TEST(random_bytes, that_are_refused_are_none) {
    EXPECT_EQ(status_of_child([] {
                  HOLDS(1, test::refuse_call(SYS_getrandom, ENOSYS));
                  std::array<unsigned char, 16> some{};
                  HOLDS(2, !fill_randomly(some) && errno == ENOSYS);
              }),
              0);
}

}  // namespace
}  // namespace fil::os
