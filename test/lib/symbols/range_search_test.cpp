#include "symbols/range_search.hpp"

#include <gtest/gtest.h>

namespace {

struct range {
    std::uint64_t begin, end;
};
const std::vector<range> ranges = {{10, 100}, {20, 30}, {40, 50}, {200, 201}};

std::uint64_t found(std::uint64_t address) {
    const range* at = fil::range_at(ranges, address);
    return at == nullptr ? 0 : at->begin;
}

TEST(range_search, the_innermost_that_holds_an_address) {
    EXPECT_EQ(found(10), 10u);
    EXPECT_EQ(found(20), 20u);
    EXPECT_EQ(found(29), 20u);
    EXPECT_EQ(found(30), 10u);  // an end is outside
    EXPECT_EQ(found(99), 10u);
    EXPECT_EQ(found(200), 200u);
}

TEST(range_search, none_where_there_is_none) {
    for (const std::uint64_t address : {0, 9, 100, 199, 201}) EXPECT_EQ(found(address), 0u);
    EXPECT_EQ(fil::range_at(std::vector<range>{}, 5), nullptr);
}

}  // namespace
