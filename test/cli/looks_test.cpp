#include "live/looks.hpp"

#include <gtest/gtest.h>

#include "fake_session.hpp"

namespace fil::cli {
namespace {

void look_at(looks& seen, double seconds, std::int64_t a, std::int64_t b) {
    test::fake_look look;
    look.numbers.seconds = seconds;
    look.numbers.used = a + b;
    look.rows[FIL_LOOK_LINES] = {{a, 0, "a.py:1"}, {b, 0, "b.py:2"}};
    look.rows[FIL_LOOK_PROCESSES] = {{a + b, 12, "python"}};
    seen.take(look.handle());
}

TEST(looks, say_by_how_much_a_row_grew_in_ten_seconds) {
    looks seen;
    EXPECT_TRUE(seen.are_none());
    for (int second = 1; second <= 15; ++second) look_at(seen, second, 1000, 10 * second);
    EXPECT_EQ(seen.newest().used, 1150);
    const auto rows = seen.rows(FIL_LOOK_LINES, row_order::by_size);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].growth, 0);
    EXPECT_EQ(rows[1].growth, 100);  // from the fifth second on
    EXPECT_EQ(seen.rows(FIL_LOOK_PROCESSES, row_order::by_size)[0].growth, 100);
}

TEST(looks, are_sorted_by_growth_if_so_wanted) {
    looks seen;
    look_at(seen, 1, 1000, 10);
    look_at(seen, 2, 900, 20);
    EXPECT_EQ(seen.rows(FIL_LOOK_LINES, row_order::by_size)[0].text, "a.py:1");
    EXPECT_EQ(seen.rows(FIL_LOOK_LINES, row_order::by_growth)[0].text, "b.py:2");
}

}  // namespace
}  // namespace fil::cli
