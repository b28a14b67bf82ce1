#include "start/command_line.hpp"

#include <gtest/gtest.h>

#include "os/refusal.hpp"

namespace fil::cli {
namespace {

using words = std::vector<std::string>;

std::string refused(const words& line) {
    try {
        parse_command_line(line);
    } catch (const refusal& no) {
        EXPECT_EQ(no.status, 2);
        return no.what();
    }
    return "accepted";
}

TEST(command_line, nothing_at_all_shows_the_same_help_as_help) {
    const invocation none = parse_command_line({});
    EXPECT_TRUE(none.verb.empty());
    EXPECT_EQ(none.shown, parse_command_line({"--help"}).shown);
    EXPECT_EQ(none.shown, parse_command_line({"-h"}).shown);
    const std::string of_run = parse_command_line({"run", "--help"}).shown;
    EXPECT_TRUE(of_run.starts_with(none.shown));
    EXPECT_NE(of_run.find("\n  --native  "), std::string::npos);
    EXPECT_NE(none.shown.find("run SCRIPT|-m MODULE|PROGRAM"), std::string::npos);
    EXPECT_NE(none.shown.find("-o DIR"), std::string::npos);
    EXPECT_NE(none.shown.find("--no-browser  "), std::string::npos);
}

TEST(command_line, help_is_one_screen) {
    const std::string help = parse_command_line({"--help"}).shown;
    int lines = 0;
    for (std::size_t at = 0, end; (end = help.find('\n', at)) != help.npos; at = end + 1, ++lines)
        EXPECT_LE(end - at, 80u) << help.substr(at, end - at);
    EXPECT_LE(lines, 24);
}

TEST(command_line, live_stands_before_run_or_right_after_it) {
    for (const auto& words : {std::vector<std::string>{"--live", "run", "x.py", "--live"},
                              std::vector<std::string>{"run", "--live", "x.py", "--live"}}) {
        const invocation asked = parse_command_line(words);
        EXPECT_TRUE(asked.live);
        EXPECT_EQ(asked.verb, "run");
        EXPECT_EQ(asked.words, (std::vector<std::string>{"x.py", "--live"}));
    }
    EXPECT_FALSE(parse_command_line({"run", "x.py", "--live"}).live);
}

TEST(command_line, live_and_snapshot_have_a_help_of_their_own) {
    for (const char* verb : {"live", "snapshot"}) {
        const std::string help = parse_command_line({verb, "--help"}).shown;
        EXPECT_NE(help.find(std::string("fil-profile ") + verb), std::string::npos);
        EXPECT_NE(help, parse_command_line({"--help"}).shown);
    }
}

TEST(command_line, version_is_the_version_only) {
    EXPECT_EQ(parse_command_line({"--version"}).shown, "1.2.3\n");
}

TEST(command_line, everything_after_the_verb_is_the_programs) {
    const words after = {"x.py", "-o",    "there",        "-m", "--help", "--version", "--", "++",
                         "run",  "--xyz", "--no-browser", "",   "-",      "{}",        "/?"};
    words line = {"run"};
    line.insert(line.end(), after.begin(), after.end());
    const invocation asked = parse_command_line(line);
    EXPECT_EQ(asked.verb, "run");
    EXPECT_EQ(asked.words, after);
    EXPECT_EQ(asked.output, "fil-result");
    EXPECT_TRUE(asked.browser);
}

TEST(command_line, what_is_kept_to_draw_a_report_again_is_said) {
    const auto kept = [](words line) {
        line.insert(line.end(), {"run", "x", "--no-recording"});
        return parse_command_line(line).snapshot;
    };
    EXPECT_EQ(kept({}), FIL_SNAPSHOT_KEPT);
    EXPECT_EQ(kept({"--embed-sources"}), FIL_SNAPSHOT_WITH_SOURCES);
    EXPECT_EQ(kept({"--no-recording"}), FIL_SNAPSHOT_NOT_KEPT);
    EXPECT_EQ(kept({"--no-recording", "--embed-sources"}), FIL_SNAPSHOT_NOT_KEPT);
}

TEST(command_line, options_before_the_verb_are_ours) {
    const invocation asked =
        parse_command_line({"-o", "run", "--no-browser", "--python", "py", "run", "x"});
    EXPECT_EQ(asked.output, "run");
    EXPECT_FALSE(asked.browser);
    EXPECT_EQ(asked.python, "py");
    EXPECT_EQ(asked.words, words{"x"});
    EXPECT_EQ(parse_command_line({"--python=py", "-ohere", "run"}).output, "here");
    EXPECT_EQ(parse_command_line({"-o", "a", "-o", "b", "run"}).output, "b");
    EXPECT_EQ(parse_command_line({"-o", "a b", "run"}).output, "a b");
}

TEST(command_line, mistakes_are_one_line_each) {
    EXPECT_NE(refused({"--bogus", "run", "x"}).find("--bogus"), std::string::npos);
    EXPECT_NE(refused({"-o"}).find("-o"), std::string::npos);
    EXPECT_NE(refused({"-o", "x"}).find("what should be run"), std::string::npos);
    EXPECT_NE(refused({"x.py"}).find("fil-profile run x.py"), std::string::npos);
    for (const words& line : {words{"--bogus"}, words{"-o"}, words{"x.py"}, words{"--", "run"}})
        EXPECT_EQ(refused(line).find('\n'), std::string::npos);
}

TEST(command_line, says_why_each_process_has_no_report_of_its_own_peak) {
    for (const words& line : {words{"--peak", "process", "run", "x.py"}, words{"--peak=process"}})
        EXPECT_EQ(refused(line).find("there is no report of each process at its own peak"), 0u);
    EXPECT_EQ(parse_command_line({"snapshot", "--peak", "7"}).verb, "snapshot");
}

}  // namespace
}  // namespace fil::cli
