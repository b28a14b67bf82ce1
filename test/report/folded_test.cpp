#include "fil/report/folded.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "fil/report/tidy.hpp"
#include "golden.hpp"
#include "made_snapshot.hpp"

using namespace fil::report;

namespace {

std::string folded(const snapshot& shown, std::uint64_t most_frames = 2'000'000) {
    std::ostringstream out;
    write_folded(out, shown, most_frames);
    return out.str();
}

}  // namespace

TEST(folded, each_callstack_is_a_line_heaviest_first) {
    const frame module = python("tests/test-scripts/threaded.py", 24, "<module>");
    const frame main = python("tests/test-scripts/threaded.py", 21, "main");
    made_snapshot made;
    made.holds(4096, {});
    made.holds(52428928, {module, main, python("tests/test-scripts/threaded.py", 7, "h"),
                          python("/site/numpy/_core/numeric.py", 226, "ones")});
    made.holds(7, {module, python("<frozen importlib._bootstrap>", 1360, "_find_and_load")});
    made.holds(100, {module, main});
    EXPECT_EQ(folded(select(tidied(made, {})).shown), golden("peak-memory.prof"));
}

TEST(folded, what_is_held_without_frames_is_one_line_compiler_or_not) {
    made_snapshot made;
    made.holds(4096, {});
    made.holds(100, {python("", 0, "[compiling]")});
    made.holds(7, {python("a.py", 1, "f")});
    program_facts program;
    program.main_script = "src/wide.py";
    EXPECT_EQ(folded(tidied(made, program)), "[No Python stack] 4196\na.py:1 (f) 7\n");
}

TEST(folded, what_threads_took_stands_where_they_were_started) {
    const frame module = python("a.py", 1, "<module>"), call = python("a.py", 7, "f");
    made_snapshot made;
    made.holds(5, {module, call}).holds(7, {module, call, threads_of("/x/libgomp.so.1")});
    made.holds(6, {module, threads_of("/x/libgomp.so.1")});
    const selection chosen = select(tidied(made, {}));
    EXPECT_EQ(folded(chosen.shown), "a.py:1 (<module>);a.py:7 (f) 12\na.py:1 (<module>) 6\n");
    EXPECT_EQ(folded_usage(chosen.shown).size(), 2u);
}

TEST(folded, nothing_is_an_empty_file) {
    EXPECT_EQ(folded(snapshot{}), "");
}

TEST(folded, odd_names_stay_as_they_are_on_one_line_of_utf8) {
    made_snapshot made;
    made.holds(1, {python("a;b c:d\n<\"&'>\u202E.py", 3, "</script>"), python("\xFF", 0, "")});
    EXPECT_EQ(folded(made), "a%3Bb c:d <\"&'>\u202E.py:3 (</script>);\uFFFD:0 () 1\n");
}

TEST(folded, a_name_with_the_separator_in_it_is_one_frame_and_can_be_had_back) {
    made_snapshot made;
    made.holds(1, {python("a;b/100%.py", 3, "f"), python("%3B;%25%;%.py", 4, "g")});
    EXPECT_EQ(folded(made), "a%3Bb/100%.py:3 (f);%253B%3B%2525%%3B%.py:4 (g) 1\n");
}

TEST(folded, native_frames_have_lines_or_addresses) {
    made_snapshot made;
    made.holds(7, {{.function = "main", .file = "/src/a.c", .line = 9, .kind = frame_kind::native},
                   {.function = "grow", .file = "libx.so+0x12", .kind = frame_kind::native}});
    EXPECT_EQ(folded(made), "/src/a.c:9 (main);libx.so+0x12 (grow) 7\n");
}

TEST(folded, very_deep_stacks_lose_their_middle_if_all_would_be_too_much) {
    made_snapshot made;
    frame_list stack(1000, python("a.py", 5, "f"));
    stack.front() = python("a.py", 9, "first");
    stack.back() = python("a.py", 1, "last");
    made.holds(7, stack).holds(3, {python("a.py", 2, "g")});
    const std::string whole = folded(made, 1001);
    EXPECT_EQ(std::count(whole.begin(), whole.end(), ';'), 999);
    const std::string cut = folded(made, 1000);
    EXPECT_EQ(std::count(cut.begin(), cut.end(), ';'), 500);
    EXPECT_TRUE(cut.starts_with("a.py:9 (first);a.py:5 (f);"));
    EXPECT_NE(cut.find(";a.py:5 (f);[500 frames];a.py:5 (f);"), cut.npos);
    EXPECT_TRUE(cut.ends_with(";a.py:1 (last) 7\na.py:2 (g) 3\n"));
}
