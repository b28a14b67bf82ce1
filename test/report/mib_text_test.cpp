#include "fil/report/mib_text.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "golden.hpp"

using namespace fil::report;

TEST(size_text, is_in_the_unit_that_people_read) {
    std::istringstream cases(golden("sizes.tsv"));
    int seen = 0;
    std::int64_t bytes = 0;
    for (std::string text; cases >> bytes && cases.get() && std::getline(cases, text); ++seen) {
        EXPECT_EQ(size_text(bytes), text);
    }
    EXPECT_GT(seen, 20);
    EXPECT_EQ(size_text(-(3 << 20)), "-3.0 MiB");
}

TEST(mib_text, one_decimal_always) {
    EXPECT_EQ(mib_text(0), "0.0 MiB");
    EXPECT_EQ(mib_text(1 << 20), "1.0 MiB");
    EXPECT_EQ(mib_text(680001234), "648.5 MiB");
    EXPECT_EQ(mib_text(std::int64_t{1} << 50), "1,073,741,824.0 MiB");
}

TEST(mib_text, halves_round_up) {
    EXPECT_EQ(mib_text((1 << 20) / 20), "0.0 MiB");      // just below 0.05
    EXPECT_EQ(mib_text((1 << 20) / 20 + 1), "0.1 MiB");  // just above
    EXPECT_EQ(mib_text((1 << 18) + (1 << 20)), "1.3 MiB");
    EXPECT_EQ(mib_text(-(1 << 18)), "-0.3 MiB");
}

TEST(with_commas, separates_thousands) {
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(1000), "1,000");
    EXPECT_EQ(with_commas(83886232), "83,886,232");
    EXPECT_EQ(with_commas(-123456), "-123,456");
}

TEST(percent_text, two_decimals_of_any_size) {
    EXPECT_EQ(percent_text(1411, 10000), "14.11");
    EXPECT_EQ(percent_text(1, 3), "33.33");
    EXPECT_EQ(percent_text(5, 5), "100.00");
    EXPECT_EQ(percent_text(0, 0), "0.00");
    EXPECT_EQ(percent_text(std::int64_t{1} << 61, std::int64_t{1} << 62), "50.00");
}
