#include "start/redraw_options.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "os/refusal.hpp"
#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

using place = drawn_output::place;
using words = std::vector<std::string>;

std::string refused(const words& line) {
    try {
        parse_redraw(line, "");
    } catch (const refusal& no) {
        EXPECT_EQ(no.status, 2);
        return no.what();
    }
    return "accepted";
}

drawn_output only_output(const words& line, const std::string& before = "") {
    const redraw_options asked = parse_redraw(line, before);
    EXPECT_EQ(asked.outputs.size(), 1u);
    return asked.outputs.front();
}

class redraw_options_test : public test::in_temporary_directory {};

TEST_F(redraw_options_test, html_goes_where_run_puts_it_and_the_others_to_stdout) {
    const drawn_output html = only_output({"a"});
    EXPECT_EQ(html.format, FIL_FORMAT_HTML);
    EXPECT_EQ(html.where, place::report);
    EXPECT_EQ(html.folder, "fil-result");
    for (const char* format : {"svg", "folded", "json", "text"})
        EXPECT_EQ(only_output({"--format", format, "a"}).where, place::standard_output);
}

TEST_F(redraw_options_test, what_follows_a_format_is_a_path) {
    const redraw_options asked = parse_redraw({"--format", "json", "a", "b"}, "");
    EXPECT_EQ(asked.paths, (words{"a", "b"}));
    EXPECT_EQ(parse_redraw({"a", "--format=text", "--", "-b"}, "").paths, (words{"a", "-b"}));
}

TEST_F(redraw_options_test, one_format_goes_into_a_file_or_into_a_folder_that_is_one) {
    std::filesystem::create_directory("there");
    EXPECT_EQ(only_output({"--format", "json", "-o", "x", "a"}).path, "x");
    EXPECT_EQ(only_output({"--format", "json", "-o", "x", "a"}).folder, "");
    EXPECT_EQ(only_output({"--format", "json", "a"}, "x").path, "x");  // -o before the verb
    EXPECT_EQ(only_output({"--format", "json", "-o", "there", "a"}).path, "there/report.json");
    const drawn_output made = only_output({"--format", "text", "-o", "new/", "a"});
    EXPECT_EQ(made.path, "new/report.txt");
    EXPECT_EQ(made.folder, "new/");
    EXPECT_EQ(only_output({"--format", "svg", "-o", "-", "a"}).where, place::standard_output);
}

TEST_F(redraw_options_test, html_is_a_folder_unless_the_file_is_called_so) {
    EXPECT_EQ(only_output({"-o", "x", "a"}).where, place::report);
    EXPECT_EQ(only_output({"-o", "x.html", "a"}).where, place::file);
    EXPECT_EQ(only_output({"-o", "-", "a"}).where, place::standard_output);
    std::filesystem::create_directory("x.html");
    EXPECT_EQ(only_output({"-o", "x.html", "a"}).where, place::report);
}

TEST_F(redraw_options_test, several_formats_go_into_one_folder_each_once) {
    const redraw_options asked =
        parse_redraw({"--format", "html,json", "--format", "text,json", "-o", "all", "a"}, "");
    ASSERT_EQ(asked.outputs.size(), 3u);
    EXPECT_EQ(asked.outputs[0].where, place::report);
    EXPECT_EQ(asked.outputs[1].path, "all/report.json");
    EXPECT_EQ(asked.outputs[2].path, "all/report.txt");
    for (const drawn_output& output : asked.outputs) EXPECT_EQ(output.folder, "all");
    const redraw_options by_themselves = parse_redraw({"--format", "text,html", "a"}, "");
    EXPECT_EQ(by_themselves.outputs[0].where, place::standard_output);
    EXPECT_EQ(by_themselves.outputs[1].where, place::report);
}

TEST_F(redraw_options_test, what_makes_no_sense_is_refused) {
    EXPECT_EQ(refused({"--format", "xml", "a"}),
              "there is no format 'xml': html, svg, folded, json or text");
    EXPECT_NE(refused({"--format", "json,text", "a"}).find("only one format"), std::string::npos);
    EXPECT_NE(refused({"--format", "html,text", "-o", "-", "a"}).find("only one format"),
              std::string::npos);
    EXPECT_NE(refused({}).find("which report?"), std::string::npos);
    EXPECT_NE(refused({"--nonsense", "a"}).find("--nonsense"), std::string::npos);
    EXPECT_NE(refused({"--format"}).find("--format"), std::string::npos);
    for (const char* text : {"-1", "1h", "s", "nan", "inf"})
        EXPECT_NE(refused({"--at", text, "a"}).find(" is no number of seconds"), std::string::npos)
            << text;
    EXPECT_EQ(parse_redraw({"--at", "12.5s", "a"}, "").at, 12.5);
    EXPECT_EQ(parse_redraw({"--at", "3", "a"}, "").at, 3);
}

TEST_F(redraw_options_test, help_is_help_alone) {
    const redraw_options asked = parse_redraw({"--help"}, "");
    EXPECT_NE(asked.shown.find("--format"), asked.shown.npos);
    EXPECT_TRUE(asked.outputs.empty());
    for (std::size_t at = 0, end; (end = asked.shown.find('\n', at)) != asked.shown.npos;
         at = end + 1)
        EXPECT_LE(end - at, 95u) << asked.shown.substr(at, end - at);
}

}  // namespace
}  // namespace fil::cli
