#include "fil/report/text_report.hpp"

#include <gtest/gtest.h>

#include "made_snapshot.hpp"
#include "report_fixtures.hpp"

using namespace fil::report;

namespace {

constexpr std::int64_t mib = 1 << 20;

std::string text_of(const fixtures::recording& made, const answer_look& look = {}) {
    return text_report(make_report_model(made.what, made.facts), look);
}

std::string text_of(const made_snapshot& taken, facts about = {}, const answer_look& look = {}) {
    if (about.peak == 0) about.peak = taken.total(fil::mapping_kind::anonymous);
    return text_report(make_report_model(taken, std::move(about)), look);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t from = 0, end; (end = text.find('\n', from)) != text.npos; from = end + 1)
        lines.push_back(text.substr(from, end - from));
    return lines;
}

}  // namespace

TEST(text_report, is_the_peak_the_lines_and_the_heaviest_callstacks) {
    made_snapshot taken;
    taken.add_text("a.py", "\n\nx = f(1)\n");
    const frame main = python("a.py", 9, "<module>");
    taken.holds(30 * mib, {main, python("a.py", 3, "work"),
                           python("/x/site-packages/numpy/core.py", 7, "ones")});
    taken.holds(10 * mib, {main, python("a.py", 4, "rest")});
    taken.holds(5 * mib, {python("/usr/lib/python3.11/json/decoder.py", 1, "f")});
    facts about;
    about.arguments = {"a.py", "--year", "2013"};
    about.runtime = "CPython 3.11.2";
    about.duration = 5, about.peak_seconds = 3.16;
    about.ending = {ending_facts::how::exited, 0};
    about.resident.total = 60 * mib;
    about.notes = {"Something that needs saying."};
    EXPECT_EQ(text_of(taken, about), R"(a.py --year 2013
Peak memory was 45.0 MiB, 3.2 s after the start.
CPython 3.11.2, ran 5.0 s, exit 0, resident then 60.0 MiB

Something that needs saying.

Your lines that held the peak
  30.0 MiB 66.7 %  a.py:3 work  x = f(1)
  10.0 MiB 22.2 %  a.py:4 rest
   5.0 MiB 11.1 %  not below any line of yours

The heaviest callstacks
  40.0 MiB 88.9 %  a.py:9
  30.0 MiB 66.7 %    a.py:3 work
                     numpy/core.py:7 ones
  10.0 MiB 22.2 %    a.py:4 rest
   5.0 MiB 11.1 %  json/decoder.py:1 f
)");
}

TEST(text_report, its_lines_add_up_to_the_peak) {
    made_snapshot taken;
    for (std::uint32_t i = 1; i <= 30; ++i)
        taken.holds(mib, {python("a.py", i, "f" + std::to_string(i))});
    const std::string text = text_of(taken);
    EXPECT_NE(text.find("  10.0 MiB 33.3 %  in more lines of yours\n"), text.npos) << text;
    made_snapshot flat;
    for (std::uint32_t i = 1; i < 100; ++i)
        flat.holds(i == 1 ? 100 * mib : mib, {python("a.py", 1, "f"), python("a.py", i + 1, "g")});
    // Most of the callees are no hundredth: the caller's row holds them all, and nothing is left.
    EXPECT_EQ(text_of(flat).find("in small callstacks"), std::string::npos);
    made_snapshot small;
    small.holds(999 * mib, {python("a.py", 1, "f")}).holds(mib, {python("a.py", 2, "g")});
    EXPECT_NE(text_of(small).find("    1.0 MiB  0.1 %  in small callstacks\n"), std::string::npos);
}

TEST(text_report, says_what_stayed_resident_when_the_data_was_gone) {
    fixtures::recording made = fixtures::native();
    constexpr std::string_view stayed =
        "What stayed resident, 4.8 s after the start: 1.0 MiB in use, 48.0 MiB code of the program "
        "and its libraries, files, 39.0 MiB freed but kept by malloc, and its headers, 6.0 MiB "
        "free pages that malloc keeps\n";
    EXPECT_NE(text_of(made, {.columns = 400}).find(stayed), std::string::npos);
    made.facts.resident.last_parts.clear();
    EXPECT_EQ(text_of(made).find("stayed"), std::string::npos);
}

TEST(text_report, processes_stand_with_their_own_peaks_and_equal_ones_together_if_they_are_many) {
    fixtures::recording made = fixtures::processes();
    made.facts.processes.back().note = "25.2 MiB inherited and copied by writing";
    std::string text = text_of(made);
    EXPECT_NE(text.find("\n  25.2 MiB inherited and copied by writing.\n"), text.npos);
    EXPECT_NE(text.find("  40.0 MiB 16.4 %  own peak 44.0 MiB  python pool.py (pid 6)\n"),
              text.npos)
        << text;
    EXPECT_NE(text.find("  27 others held nothing at that moment, and at most 1.5 MiB before or "
                        "after.\n"),
              text.npos);
    for (int pid = 20; pid < 30; ++pid)
        made.facts.processes.push_back(
            {pid, "python worker.py", mib, 2 * mib, 0.1, "× python worker.py --number #", ""});
    text = text_of(made);
    EXPECT_NE(text.find("own peak 40.0 MiB  16 × python worker.py --number #\n"), text.npos)
        << text;
}

TEST(text_report, no_row_is_wider_than_the_terminal) {
    for (const char* name : {"pandas", "processes", "threads", "recursion", "cycle", "native",
                             "hostile", "empty", "chain"}) {
        const fixtures::recording made = *fixtures::by_name(name);
        for (const std::size_t columns : {60u, 80u, 132u}) {
            for (const std::string& line : lines_of(text_of(made, {.columns = columns})))
                EXPECT_LE(shown_cells(line), columns) << name << ": " << line;
        }
    }
    const std::string wide = text_of(*fixtures::by_name("pandas"), {.columns = 132});
    EXPECT_NE(wide.find("x = np.hstack([x, x ** 2, np.sqrt(np.abs(x))])\n"), wide.npos);
}

TEST(text_report, has_no_colours_but_where_it_is_told_so) {
    const fixtures::recording made = fixtures::hostile();
    EXPECT_EQ(text_of(made).find('\033'), std::string::npos);
    EXPECT_NE(text_of(made, {.colours = true}).find("\033[1mYour lines that held the peak\033[0m"),
              std::string::npos);
    for (const char c : text_of(made, {.ascii = true})) ASSERT_GE(c, '\n');
}

TEST(text_report, texts_of_the_program_are_harmless) {
    made_snapshot taken;
    taken.add_text("a.py", "x = '\033[2J' # \u202e\n");
    taken.holds(mib, {python("a.py", 1, "f\r\033]0;x\a")});
    facts about;
    about.arguments = {"a.py", "\033[31m\n\u202e"};
    about.notes = {"\033[2J"};
    about.processes = {{1, "\033[2J", mib, mib, 0, "", ""}, {2, "b\nc", mib, mib, 0, "", ""}};
    const std::string text = text_of(taken, about);
    for (const std::string& line : lines_of(text)) {
        for (const char c : line) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20) << text;
        EXPECT_EQ(line.find("\u202e"), line.npos);
    }
    EXPECT_NE(text.find("\\u202e"), text.npos);
}

TEST(text_report, when_memory_ran_out_says_what_was_asked_for_in_vain) {
    made_snapshot taken;
    taken.holds(30 * mib, {python("a.py", 3, "work")});
    taken.holds(900 * mib, {python("a.py", 4, "more")}, fil::mapping_kind::requested);
    facts about;
    about.kind = report_kind::out_of_memory;
    about.limit = {400 * mib, "the control group /job"};
    const std::string text = text_of(taken, about);
    EXPECT_NE(
        text.find("In use when memory ran out: 30.0 MiB, and 900.0 MiB more were asked for.\n"),
        text.npos)
        << text;
    EXPECT_NE(text.find("\nlimit 400.0 MiB (the control group /job)\n"), text.npos) << text;
    EXPECT_NE(text.find("\nYour lines that held memory when it ran out\n"
                        "  900.0 MiB         asked for at a.py:4 more\n"
                        "   30.0 MiB  100 %  a.py:3 work\n"),
              text.npos)
        << text;
}

TEST(text_report, says_that_nothing_was_allocated) {
    EXPECT_NE(text_of(made_snapshot()).find("Nothing was allocated while it was recorded."),
              std::string::npos);
}

TEST(text_report, long_sentences_are_wrapped_between_words) {
    EXPECT_EQ(wrapped("one two three", 7), (std::vector<std::string>{"one two", "three"}));
    EXPECT_EQ(wrapped("incomprehensible word", 7),
              (std::vector<std::string>{"incomprehensible", "word"}));
    EXPECT_TRUE(wrapped("", 7).empty());
}
