#include "report/content.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace fil {

enum class color : std::uint8_t { red, green };
static bool is_one_of(color one) {
    return one <= color::green;
}
struct point {
    std::int32_t x = 0;
    color of = color::red;
    bool operator==(const point&) const = default;
};
static void fields(auto& archive, auto& one) {
    archive(one.x, one.of);
}

namespace {

struct all {
    std::uint64_t number = 0;
    bool is = false;
    double real = 0;
    std::string text;
    std::optional<std::int16_t> some, none;
    std::vector<point> points;
    std::map<std::string, std::uint32_t> named;

    void pass(auto& archive) { archive(number, is, real, text, some, none, points, named); }
};

std::string written() {
    all from{1ull << 40,          true, 0.5, "text", -3, {}, {{7, color::green}, {-1, color::red}},
             {{"a", 1}, {"b", 2}}};
    content_writer to;
    from.pass(to);
    return to.take();
}

template <typename Value>
Value read_as(const std::string& bytes) {
    Value value{};
    content_reader from(bytes);
    from(value);
    from.end();
    return value;
}
template <typename... Values>
std::string bytes_of(const Values&... values) {
    content_writer to;
    to(values...);
    return to.take();
}

TEST(content, is_read_as_it_was_written) {
    const std::string bytes = written();
    content_reader from(bytes);
    all read;
    read.pass(from);
    from.end();
    EXPECT_EQ(read.number, 1ull << 40);
    EXPECT_TRUE(read.is);
    EXPECT_EQ(read.real, 0.5);
    EXPECT_EQ(read.text, "text");
    EXPECT_EQ(read.some, std::int16_t{-3});
    EXPECT_FALSE(read.none);
    EXPECT_EQ(read.points, (std::vector<point>{{7, color::green}, {-1, color::red}}));
    EXPECT_EQ(read.named, (std::map<std::string, std::uint32_t>{{"a", 1}, {"b", 2}}));
}

TEST(content, has_the_widths_and_the_order_that_it_is_said_to_have) {
    EXPECT_EQ(bytes_of(std::uint16_t{0x1234}), "\x34\x12");
    EXPECT_EQ(bytes_of(std::string("ab")), std::string("\2\0\0\0ab", 6));
    EXPECT_EQ(bytes_of(std::optional<std::uint8_t>(7)), "\1\7");
    EXPECT_EQ(bytes_of(std::optional<std::uint8_t>()), std::string(1, '\0'));
    EXPECT_EQ(bytes_of(std::vector<std::uint8_t>{8, 9}), std::string("\2\0\0\0\10\11", 6));
}

TEST(content, that_is_cut_anywhere_or_goes_on_is_refused) {
    const std::string whole = written();
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        all read;
        content_reader from(std::string_view(whole).substr(0, bytes));
        EXPECT_THROW(read.pass(from), damaged_content) << bytes;
    }
    EXPECT_THROW(read_as<std::uint8_t>("ab"), damaged_content);
}

TEST(content, that_makes_no_sense_is_refused) {
    EXPECT_THROW(read_as<bool>("\2"), damaged_content);
    EXPECT_THROW(read_as<std::optional<bool>>("\2\1"), damaged_content);
    EXPECT_THROW(read_as<color>("\2"), damaged_content);
    for (const double none : {std::nan(""), std::numeric_limits<double>::infinity()})
        EXPECT_THROW(read_as<double>(bytes_of(none)), damaged_content);
    using numbers = std::map<std::uint8_t, std::uint8_t>;
    EXPECT_EQ(read_as<numbers>(std::string("\2\0\0\0\1\5\2\6", 8)).size(), 2u);
    EXPECT_THROW(read_as<numbers>(std::string("\2\0\0\0\2\5\1\6", 8)), damaged_content);
    EXPECT_THROW(read_as<numbers>(std::string("\2\0\0\0\1\5\1\6", 8)), damaged_content);
}

// Five bytes each.
TEST(content, makes_no_room_for_more_than_the_bytes_that_are_left_can_hold) {
    const std::string two = bytes_of(std::vector<point>(2));
    content_reader enough(two), short_by_one(std::string_view(two).substr(0, two.size() - 1)),
        endless("\xff\xff\xff\xff....");
    EXPECT_EQ(enough.count(5), 2u);
    EXPECT_THROW(short_by_one.count(5), damaged_content);
    EXPECT_THROW(endless.count(1), damaged_content);
    content_reader nothing("");
    nothing.bytes(nullptr, 0);
    nothing.end();
}

}  // namespace
}  // namespace fil
