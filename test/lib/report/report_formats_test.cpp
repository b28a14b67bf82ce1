// What each holds is tested where it is made (test/report); here, that it is whole and the one
// asked for.

#include "report/report_formats.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "../../report/report_fixtures.hpp"
#include "fil/report/moment_text.hpp"

namespace fil::report {
namespace {

struct formats : testing::Test {
    std::string as(report_format format) const {
        std::ostringstream text;
        write_report_as(text, format, from);
        return text.str();
    }
    session_snapshot from = fixtures::session_of(fixtures::pandas(50));
};

TEST_F(formats, each_is_what_it_is_called) {
    const std::string page = as(report_format::page), svg = as(report_format::svg),
                      json = as(report_format::json);
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>")) << page.substr(0, 40);
    EXPECT_TRUE(page.ends_with("</html>\n"));
    EXPECT_TRUE(svg.starts_with("<?xml")) << svg.substr(0, 40);
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
    EXPECT_EQ(json.front(), '{');
    const std::string folded = as(report_format::folded);
    EXPECT_EQ(folded.find_first_not_of("0123456789", folded.rfind(' ') + 1), folded.size() - 1);
    EXPECT_NE(as(report_format::text), folded);
}

TEST_F(formats, the_graph_stands_on_its_head_where_that_is_asked) {
    const report_model report = report_model_of(from);
    EXPECT_EQ(svg_of(report), svg_of(report, direction::callers_first));
    EXPECT_NE(svg_of(report), svg_of(report, direction::leaves_first));
}

TEST_F(formats, the_page_says_of_which_moment_it_is) {
    const auto title = [&] {
        const std::string page = as(report_format::page);
        const std::size_t at = page.find("<title>");
        return page.substr(at, page.find("</title>") - at);
    };
    const std::string at_peak = title();
    EXPECT_NE(at_peak.find("Fil Memory Profile"), at_peak.npos);
    const std::string peak_page = as(report_format::page);
    from.about.kind = report_kind::out_of_memory;
    EXPECT_NE(title(), at_peak);
    const std::string usual(text_of_moment(report_kind::peak).at);
    EXPECT_NE(peak_page.find(usual), peak_page.npos);
    EXPECT_NE(as(report_format::page).find(text_of_moment(report_kind::out_of_memory).at),
              std::string::npos);
}

TEST_F(formats, of_nothing_there_is_a_report_too) {
    from = {};
    for (const auto format :
         {report_format::page, report_format::svg, report_format::json, report_format::text})
        EXPECT_FALSE(as(format).empty());
    EXPECT_EQ(as(report_format::folded), "");
}

}  // namespace
}  // namespace fil::report
