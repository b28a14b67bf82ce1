#include "fil/report/report_model.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fil/report/box_layout.hpp"
#include "made_snapshot.hpp"

using namespace fil::report;
using fil::mapping_kind;

TEST(report_model, the_root_is_the_sum_of_what_is_shown) {
    made_snapshot taken;
    for (std::uint32_t i = 1; i < 500; ++i)
        taken.holds(i == 1 ? 100'000 : 1, {python("a.py", i, "f")});
    const report_model report = make_report_model(taken, {});
    EXPECT_EQ(report.shown_bytes(), 100'099);
    EXPECT_EQ(report.shown_bytes(), report.chosen.shown.total(mapping_kind::anonymous));
    EXPECT_EQ(report.chosen.hidden_bytes, 399);
    EXPECT_EQ(report.owners.size(), report.chosen.shown.frames().size());
    EXPECT_EQ(report.sources.size(), report.chosen.shown.frames().size());
    EXPECT_EQ(report.held.lines.size(), 1u);
    EXPECT_EQ(report.held.small_bytes, 498);
    EXPECT_EQ(report.chosen.on_page, 1u);
}

TEST(report_model, says_which_of_the_users_files_are_newer_than_the_run) {
    std::string name = (std::filesystem::temp_directory_path() / "fil_newerXXXXXX").string();
    const std::string directory = mkdtemp(name.data());
    std::filesystem::create_directories(directory + "/site-packages");
    for (const char* file : {"/a.py", "/site-packages/b.py"})
        std::ofstream(directory + file) << "x\ny\n";
    made_snapshot taken;
    for (const std::uint32_t line : {1u, 2u})
        taken.holds(1, {python(directory + "/a.py", line, "f")});
    taken.holds(1, {python(directory + "/site-packages/b.py", 1, "f")});
    facts about;
    about.started = 1000;
    const report_model report = make_report_model(taken, about);
    ASSERT_EQ(report.about.notes.size(), 1u);
    EXPECT_TRUE(report.about.notes[0].starts_with(directory + "/a.py was changed"));
    std::filesystem::remove_all(directory);
}

TEST(report_model, lines_that_keep_sparse_memory_are_named_where_it_is_much) {
    constexpr std::int64_t mib = 1 << 20;
    made_snapshot taken;
    taken.holds(100 * mib, {python("a.py", 3, "f")});
    taken.holds(9 * mib, {python("a.py", 7, "g"), python("/lib/python3.12/json/x.py", 1, "loads")},
                sparse_afterwards);
    taken.holds(mib, {python("a.py", 7, "g")}, sparse_afterwards);
    taken.holds(mib / 32, {python("a.py", 8, "g")}, sparse_afterwards);
    taken.holds(2 * mib, {python("/lib/python3.12/json/x.py", 1, "loads")}, sparse_afterwards);
    taken.holds(2 * mib, {python("a.py", 3, "f")}, sparse_at_peak);
    facts about;
    about.resident.total = 300 * mib;
    about.resident.last_parts = {{resident_kind::heap, "", 100 * mib, mib}};
    const report_model report = make_report_model(taken, about);
    EXPECT_EQ(report.sparse.bytes, 0) << "below a hundredth";
    EXPECT_EQ(report.last_sparse.bytes, 12 * mib + mib / 32);
    ASSERT_EQ(report.last_sparse.lines.size(), 1u);
    EXPECT_EQ(report.last_sparse.lines[0].bytes, 10 * mib);
    EXPECT_EQ(report.frame_at(report.last_sparse.lines[0].frame).line, 7u);
    EXPECT_EQ(report.last_sparse.rest, 2 * mib + mib / 32);
    EXPECT_EQ(report.all_bytes(), 100 * mib);
}

// Nobody kept the text of what exec() ran, so a reader could not look it up.
TEST(report_model, code_without_a_text_gives_its_bytes_to_the_line_that_called_it) {
    made_snapshot taken;
    taken.holds(10, {python("a.py", 3, "f"), python("<string>", 1, "<module>")});
    taken.holds(20, {python("a.py", 3, "f"), python("<cell>", 1, "<module>")});
    taken.add_text("<cell>", "x = bytes(20)\n");
    const report_model report = make_report_model(taken, {});
    ASSERT_EQ(report.held.lines.size(), 2u);
    EXPECT_EQ(report.frame_at(report.held.lines[0].frame).file, "<cell>");
    EXPECT_EQ(report.frame_at(report.held.lines[1].frame).file, "a.py");
    EXPECT_EQ(report.held.lines[1].bytes, 10);
}

// python -c, or a script that came through stdin: nothing else could be meant.
TEST(report_model, code_without_a_text_that_nobody_called_is_the_program) {
    made_snapshot taken;
    taken.holds(10, {python("<string>", 4, "<module>"), python("<string>", 2, "f"),
                     python("/x/site-packages/p/q.py", 1, "g")});
    taken.holds(20, {python("<frozen runpy>", 1, "r"), python("<string>", 3, "<module>")});
    const report_model report = make_report_model(taken, {});
    ASSERT_EQ(report.held.lines.size(), 2u);
    EXPECT_EQ(report.frame_at(report.held.lines[0].frame).line, 3u);
    EXPECT_EQ(report.frame_at(report.held.lines[1].frame).line, 2u);
}

// Lines of .pth files, which site.py executes; a template that a library compiled; timeit's own.
TEST(report_model, code_without_a_name_is_whose_who_executes_it) {
    made_snapshot taken;
    taken.holds(10,
                {python("<frozen site>", 190, "addpackage"), python("<string>", 1, "<module>")});
    taken.holds(20, {python("/x/site-packages/p/q.py", 1, "g"), python("<string>", 1, "f"),
                     python("<string>", 2, "h")});
    taken.holds(40, {python("/usr/lib/python3.12/timeit.py", 1, "timeit"),
                     python("<timeit-src>", 6, "inner")});
    taken.holds(80, {python("<string>", 4, "<module>"), python("/x/site-packages/p/q.py", 1, "g"),
                     python("<string>", 7, "f")});
    const report_model report = make_report_model(taken, {});
    ASSERT_EQ(report.held.lines.size(), 2u);
    EXPECT_EQ(report.frame_at(report.held.lines[0].frame).line, 4u);
    EXPECT_EQ(report.held.lines[0].bytes, 80);
    EXPECT_EQ(report.frame_at(report.held.lines[1].frame).file, "<timeit-src>");
}

// A program that recurses 20,000 deep and allocates at each level: nothing may grow with the square
// of the depth. (This test would not end, or not fit, if something did.)
TEST(report_model, a_stack_twenty_thousand_deep_is_no_trouble) {
    snapshot taken;
    auto at = callstack_index::empty;
    const frame_index f = taken.add_frame(python("a.py", 5, "walk"));
    const frame_index g = taken.add_frame(python("a.py", 9, "back"));
    for (int i = 0; i < 20'000; ++i) {
        at = taken.add_callstack(at, i % 3 ? f : g);
        taken.add_usage(mapping_kind::anonymous, at, {1000, 1});
    }
    const report_model report = make_report_model(taken, {});
    EXPECT_EQ(report.chosen.shown.used(mapping_kind::anonymous).size(), 10'000u);
    EXPECT_EQ(report.shown_bytes(), 10'000'000);
    ASSERT_EQ(report.held.lines.size(), 2u);
    EXPECT_EQ(report.held.lines[0].bytes + report.held.lines[1].bytes, 20'000'000);  // of them all
    EXPECT_LT(make_layout(report.graph, direction::callers_first).size(), 50u);
    EXPECT_LT(make_layout(report.graph, direction::leaves_first).size(), 200u);
}

TEST(report_model, what_a_librarys_threads_took_is_no_lines) {
    const frame uses = python("a.py", 3, "<module>"),
                starts = python("/x/site-packages/polars/a.py", 1, "g"),
                of_polars = threads_of("/x/site-packages/polars/polars.so");
    made_snapshot taken;
    taken.holds(700, {uses, starts, of_polars}).holds(60, {uses, of_polars}).holds(40, {uses});
    taken.holds(200, {python("a.py", 9, "<module>"), threads_of("/usr/lib/libgomp.so.1")});
    taken.holds(5, {python("a.py", 9, "<module>"), threads_of("/usr/lib/libtbb.so")});
    taken.holds(1, {starts, of_polars});  // nobody's line called it
    const report_model report = make_report_model(taken, {});
    ASSERT_EQ(report.held.threads.size(), 2u);
    const auto [started_at, threads, bytes] = report.held.threads[0];
    EXPECT_EQ(frame_text(report.frame_at(started_at)), "a.py:3 (<module>)");
    EXPECT_EQ(frame_text(report.frame_at(threads)), "[threads of polars]");
    EXPECT_EQ(report.owner_of(threads).package, "polars");
    EXPECT_EQ(bytes, 760);
    EXPECT_EQ(report.held.threads[1].bytes, 200);
    EXPECT_EQ(report.held.small_threads, 5);
    ASSERT_EQ(report.held.lines.size(), 1u);
    EXPECT_EQ(report.held.lines[0].bytes, 40);
    EXPECT_EQ(report.held.lines[0].below, 40);
    EXPECT_EQ(report.held.others, 1);
}

// A program without line tables: a row a function, and the function is found whole.
TEST(report_model, native_code_without_lines_makes_one_row_a_function) {
    made_snapshot taken;
    for (const char* offset : {"x+0x10", "x+0x20"}) {
        taken.holds(10, {{.function = "work",
                          .file = offset,
                          .kind = frame_kind::native,
                          .module = "/home/ada/x"}});
    }
    facts about;
    about.program.kind = frame_kind::native;
    about.program.main_executables = {"/home/ada/x"};
    const report_model report = make_report_model(taken, about);
    ASSERT_EQ(report.held.lines.size(), 1u);
    EXPECT_EQ(report.held.lines[0].bytes, 20);
    const frame& row = report.frame_at(report.held.lines[0].frame);
    EXPECT_EQ(frame_text(row), "x (work)");
    EXPECT_TRUE(is_lineless(row));
}
