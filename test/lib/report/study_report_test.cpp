#include "report/study_report.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "../../trace/trace_events.hpp"

namespace fil::report {
namespace {

using namespace trace;

struct studied : testing::Test {
    // Of callstack 7, which is line 1, and of callstack 8, which is line 2.
    studied() {
        for (const event& one : {came(0, 100), other(1, 5000), came(2, 100), went(0)})
            study.add(one);
        study.finish();
    }
    static event other(std::uint64_t block, std::uint64_t bytes) {
        event one = came(block, bytes);
        one.callstack = callstack_id{8};
        return one;
    }

    trace_study study{{0, 0, 0, 0, 0, 0, 0, 1, 2}, 3, 4};
    study_report report{"42 <game> \"x\"",
                        "a&b.trace",
                        1,
                        {"no line of your own", "load.py:3 <load>", "draw.py:9"},
                        &study};
};

TEST_F(studied, groups_come_by_their_bytes_and_those_without_are_left_out) {
    EXPECT_EQ(busiest_groups(study), (std::vector<std::uint32_t>{2, 1}));
}

TEST(study_report, the_middle_is_where_half_of_them_are) {
    EXPECT_EQ(middle_class(std::array<std::uint64_t, 4>{1, 1, 5, 1}), 2u);
    EXPECT_EQ(middle_class(std::array<std::uint64_t, 4>{5, 0, 0, 5}), 0u);
    EXPECT_EQ(middle_class(std::array<std::uint64_t, 4>{}), 0u);
}

TEST(study_report, of_many_lines_twenty_are_shown) {
    const std::string few = lines_text({"a", "b"}, {10, 30});
    EXPECT_LT(few.find('b'), few.find('a')) << few;
    std::vector<std::string> names;
    for (int i = 0; i < 50; ++i) names.push_back("line" + std::to_string(i) + ";");
    const std::string text = lines_text(names, std::vector<std::uint64_t>(50, 7));
    std::size_t shown = 0;
    for (const std::string& name : names) shown += text.find(name) != text.npos;
    EXPECT_EQ(shown, 20u);
}

TEST_F(studied, as_a_text_it_names_the_lines_heaviest_first) {
    const std::string text = study_text(report);
    ASSERT_NE(text.find("load.py:3 <load>"), text.npos) << text;
    EXPECT_LT(text.find("draw.py:9"), text.find("load.py:3"));
    EXPECT_NE(text.find("42 <game>"), text.npos);
}

TEST_F(studied, as_a_page_or_json_names_cannot_become_something_else) {
    const std::string page = study_page(report), json = study_json(report);
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
    EXPECT_EQ(page.find("<game>"), page.npos);
    EXPECT_EQ(page.find("<load>"), page.npos);
    EXPECT_NE(json.find("42 <game> \\\"x\\\""), json.npos) << json.substr(0, 200);
    EXPECT_EQ(json.front(), '{');
}

}  // namespace
}  // namespace fil::report
