#include "fil/report/json_writer.hpp"

#include <gtest/gtest.h>

#include <limits>

using fil::report::json_writer;

namespace {

std::string text_of(std::string_view text) {
    return json_writer().value(text).take();
}
std::string number(double value) {
    return json_writer().value(value).take();
}

}  // namespace

TEST(json_writer, puts_commas_where_they_belong) {
    json_writer json;
    json.begin('{').pair("a", 1).key("b").begin('[').end(']');
    json.key("c").begin('[').value(1).value("x").begin('{').end('}').end(']').end('}');
    EXPECT_EQ(json.take(), R"({"a":1,"b":[],"c":[1,"x",{}]})");
}

TEST(json_writer, no_text_can_end_the_element_or_the_string) {
    EXPECT_EQ(text_of("</script><!--&\"\\"), R"("\u003c/script\u003e\u003c!--\u0026\"\\")");
    EXPECT_EQ(text_of("a\n\t\x01\x7F"), R"("a\n\u0009\u0001\u007f")");
    EXPECT_EQ(text_of(std::string_view("\0", 1)), R"("\u0000")");
    EXPECT_EQ(text_of("\u2028\u2029"), R"("\u2028\u2029")");
}

TEST(json_writer, other_text_stays_and_broken_text_is_replaced) {
    EXPECT_EQ(text_of("é שלום \u202E \U0001F600"), "\"é שלום \u202E \U0001F600\"");
    EXPECT_EQ(text_of("caf\xE9"), "\"caf\uFFFD\"");
    EXPECT_EQ(text_of("\xED\xB3\xBF"), "\"\uFFFD\uFFFD\uFFFD\"");
}

TEST(json_writer, numbers_are_exact_or_have_six_digits) {
    EXPECT_EQ(json_writer().value(std::int64_t{9007199254740991}).take(), "9007199254740991");
    EXPECT_EQ(json_writer().value(-1).take(), "-1");
    EXPECT_EQ(number(0.25), "0.25");
    EXPECT_EQ(number(1.0 / 3), "0.333333");
    EXPECT_EQ(number(0), "0");
    EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "0");
    EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "0");
}
