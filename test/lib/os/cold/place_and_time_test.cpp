#include "os/cold/place_and_time.hpp"

#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "checking_child.hpp"

namespace fil::os {
namespace {

TEST(place_and_time, the_time_is_now_and_the_place_is_here) {
    using namespace std::chrono;
    const auto now = duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
    EXPECT_NEAR(double(seconds_since_1970()), double(now), 5);
    utsname names{};
    ASSERT_EQ(uname(&names), 0);
    EXPECT_EQ(host_name(), names.nodename);
}

std::int32_t offset_in(const char* zone, std::int64_t moment) {
    setenv("TZ", zone, 1);
    tzset();
    return utc_offset(moment);
}

TEST(place_and_time, local_time_is_ahead_in_the_east_and_in_summer) {
    constexpr std::int64_t january = 1'768'000'000, july = 1'784'000'000;
    EXPECT_EQ(status_of_child([] {
                  const char* berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
                  HOLDS(1, offset_in(berlin, january) == 3600);
                  HOLDS(2, offset_in(berlin, july) == 7200);
                  HOLDS(3, offset_in("EST5", july) == -5 * 3600);
                  HOLDS(4, offset_in("UTC0", january) == 0);
                  HOLDS(5, offset_in(berlin, INT64_MAX) == 0);  // no year holds it
              }),
              0);
}

}  // namespace
}  // namespace fil::os
