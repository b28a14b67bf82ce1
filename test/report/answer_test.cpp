#include "fil/report/answer.hpp"

#include <gtest/gtest.h>

#include "made_snapshot.hpp"

using namespace fil::report;

namespace {

constexpr std::int64_t mib = 1 << 20;
using lines = std::vector<std::string>;

report_model made(const made_snapshot& taken, facts about = {}) {
    if (about.peak == 0) about.peak = taken.total(fil::mapping_kind::anonymous);
    return make_report_model(taken, about);
}

made_snapshot two_lines() {
    made_snapshot taken;
    taken.holds(30 * mib, {python("a.py", 3, "<module>"), python("a.py", 7, "work")});
    taken.holds(10 * mib, {python("a.py", 4, "<module>")});
    return taken;
}

TEST(answer, is_the_peak_and_the_users_lines) {
    facts about;
    about.duration = 5, about.peak_seconds = 3.16;
    EXPECT_EQ(answer_of(made(two_lines(), about)),
              (lines{"Peak memory was 40.0 MiB, 3.2 s after the start.",
                     "  30.0 MiB ███████▌   a.py:7 work", "  10.0 MiB ██▌        a.py:4"}));
}

TEST(answer, has_five_lines_and_none_that_holds_little) {
    made_snapshot taken;
    for (std::uint32_t i = 1; i <= 8; ++i) taken.holds(mib, {python("a.py", i, "f")});
    EXPECT_EQ(answer_of(made(taken)).size(), 6u);
    made_snapshot uneven;
    uneven.holds(1000 * mib, {python("a.py", 1, "f")}).holds(mib, {python("a.py", 2, "f")});
    EXPECT_EQ(answer_of(made(uneven)).size(), 2u);
}

TEST(answer, has_one_row_for_all_lines_that_import) {
    const frame importer = python("<frozen importlib._bootstrap>", 1360, "_find_and_load");
    made_snapshot taken = two_lines();
    taken.holds(8 * mib, {python("a.py", 1, "<module>"), importer});
    EXPECT_EQ(answer_of(made(taken)).back(), "   8.0 MiB █▋         a.py:1");
    taken.holds(12 * mib, {python("a.py", 2, "<module>"), importer});
    EXPECT_EQ(answer_of(made(taken)),
              (lines{"Peak memory was 60.0 MiB.", "  30.0 MiB █████      a.py:7 work",
                     "  20.0 MiB ███▍       imports in 2 lines", "  10.0 MiB █▋         a.py:4"}));
}

TEST(answer, says_what_is_below_none_of_them) {
    made_snapshot taken = two_lines();
    taken.holds(60 * mib, {python("/usr/lib/python3.11/json/decoder.py", 1, "f")});
    EXPECT_EQ(answer_of(made(taken)).back(), "  60.0 MiB ██████     not below any line of yours");
    made_snapshot nothing_of_the_users;
    nothing_of_the_users.holds(mib, {python("/usr/lib/python3.11/json/decoder.py", 1, "f")});
    EXPECT_EQ(answer_of(made(nothing_of_the_users)).back(),
              "None of it was allocated below a line of your own code.");
    EXPECT_EQ(answer_of(made({})).back(), "Nothing was allocated while it was recorded.");
}

TEST(answer, names_what_compiles_the_program) {
    made_snapshot taken;
    taken.holds(90 * mib, {{.function = "[compiling]"}}).holds(10 * mib, {python("a.py", 4, "f")});
    facts about;
    about.program.main_script = "jobs/big.py";
    EXPECT_EQ(answer_of(made(taken, about)),
              (lines{"Peak memory was 100.0 MiB.", "  10.0 MiB █          a.py:4 f",
                     "  90.0 MiB █████████  compiling big.py"}));
    about.program.main_script = "";
    about.program.started_script = "other.py";
    EXPECT_TRUE(answer_of(made(taken, about)).back().ends_with("compiling other.py"));
    made_snapshot alone;
    alone.holds(90 * mib, {{.function = "[compiling]"}});
    EXPECT_EQ(answer_of(made(alone)).back(), "  90.0 MiB ██████████ compiling the program");
}

TEST(answer, what_was_asked_for_in_vain_is_not_in_use) {
    facts about;
    about.kind = report_kind::out_of_memory;
    made_snapshot taken = two_lines();
    taken.asks_for(70 * mib, {python("a.py", 9, "f")});
    EXPECT_EQ(answer_of(made(taken, about)),
              (lines{"In use when memory ran out: 40.0 MiB, and 70.0 MiB more were asked for.",
                     "  70.0 MiB ░░░░░░░░░░ asked for at a.py:9 f",
                     "  30.0 MiB ███████▌   a.py:7 work", "  10.0 MiB ██▌        a.py:4"}));
}

TEST(answer, says_first_what_threads_of_libraries_took) {
    made_snapshot taken = two_lines();
    taken.holds(60 * mib, {python("a.py", 5, "f"), threads_of("/x/libgomp.so.1")});
    EXPECT_EQ(answer_of(made(taken))[1], "  60.0 MiB ██████     gomp's threads, started at a.py:5");
    made_snapshot nothing_else;
    nothing_else.holds(mib, {python("a.py", 5, "f"), threads_of("/x/site-packages/polars/x.so")});
    EXPECT_EQ(answer_of(made(nothing_else)).back(),
              "  1.0 MiB ██████████ polars' threads, started at a.py:5");
}

TEST(answer, says_of_which_moment_it_is) {
    facts about;
    about.ending.kind = ending_facts::how::running;
    EXPECT_EQ(answer_of(made(two_lines(), about)).front(), "Peak memory so far was 40.0 MiB.");
    about.kind = report_kind::out_of_memory;
    EXPECT_EQ(answer_of(made(two_lines(), about)).front(), "In use when memory ran out: 40.0 MiB.");
}

TEST(answer, says_of_several_processes_which_held_how_much) {
    facts about;
    process_facts program{.pid = 7, .name = "python a.py", .bytes = 22 * mib},
        worker{.pid = 8, .name = "python a.py", .bytes = 8 * mib, .equals = "workers of a.py"},
        small{.pid = 9, .name = "sh", .bytes = 2 * mib};
    about.processes = {program, worker, worker, small};
    about.others = {3, mib};
    EXPECT_EQ(answer_of(made(two_lines(), about)),
              (lines{"Peak memory of all processes together was 40.0 MiB.",
                     "  30.0 MiB ███████▌   a.py:7 work", "  10.0 MiB ██▌        a.py:4",
                     "22.0 MiB in PID 7: python a.py", "16.0 MiB in 2 workers of a.py"}));
    about.processes = {program};
    EXPECT_EQ(answer_of(made(two_lines(), about)).size(), 3u) << "the others held nothing";
}

TEST(answer, no_row_is_wider_than_the_terminal) {
    made_snapshot taken;
    taken.add_text("<cell>",
                   "x = '" + std::string(300, 'x') + "'\n\ty = 'ü記" + std::string(99, 'z'));
    for (const std::uint32_t line : {1u, 2u})
        taken.holds(line * mib, {python("<cell>", line, "<module>")});
    taken.holds(9 * mib, {python("/a/b/記憶/" + std::string(90, 'q') + ".py", 1, "f")});
    taken.holds(8 * mib, {python("/home/somebody/work/jobs/long/way/down/x.py", 12345, "f")});
    taken.holds(7 * mib, {python("記憶.py", 1, std::string(200, 'g'))});
    const report_model report = made(taken);
    for (std::size_t columns = 25; columns < 120; ++columns) {
        for (const bool ascii : {false, true}) {
            answer_look look;
            look.columns = columns, look.ascii = ascii;
            const lines all = answer_of(report, look);
            for (std::size_t i = 1; i < all.size(); ++i)
                EXPECT_LE(cells(all[i]), columns) << all[i];
        }
    }
    answer_look narrow;
    narrow.columns = 60;
    const std::string row = answer_of(report, narrow)[2];
    EXPECT_TRUE(row.ends_with(" …/work/jobs/long/way/down/x.py:12345 f")) << row;
}

// Its name is all that is known of it: many such rows of one program would look alike.
TEST(answer, a_place_without_a_line_keeps_its_name) {
    const frame allocates{.function = "google::protobuf::internal::AllocateMemory(Policy const*)",
                          .file = "gcs_server",
                          .kind = frame_kind::native};
    EXPECT_EQ(place_text(allocates, 80, {}),
              "gcs_server google::protobuf::internal::AllocateMemory(Policy const*)");
    EXPECT_EQ(place_text(allocates, 50, {}), "gcs_server protobuf::internal::AllocateMemory");
    EXPECT_EQ(place_text(allocates, 30, {}), "gcs_server AllocateMemory");
    EXPECT_EQ(place_text(allocates, 20, {}), "AllocateMemory");
    EXPECT_EQ(place_text(allocates, 6, {}), "Alloc…");
    frame placed = allocates;
    placed.file = "src/arena.cc", placed.line = 70;
    EXPECT_EQ(place_text(placed, 45, {}), "src/arena.cc:70 internal::AllocateMemory");
    EXPECT_EQ(place_text(placed, 20, {}), "src/arena.cc:70");
}

TEST(answer, names_have_no_power_over_a_terminal) {
    made_snapshot taken;
    taken.holds(mib, {python("a\033[2J\r\n\u009bb\u202egpj.py", 1, "f\b\x7f\xff")});
    const std::string row = answer_of(made(taken)).back();
    EXPECT_EQ(row.substr(row.find(" a")),
              " a\\u001b[2J\\u000d\\u000a\\u009bb\\u202egpj.py:1 f\\u0008\\u007f\uFFFD");
    made_snapshot hebrew;
    hebrew.holds(mib, {python("a.py", 1, "\u05d0\u05d1")});
    EXPECT_TRUE(answer_of(made(hebrew)).back().ends_with("\u05d0\u05d1\u200e"));
}

TEST(answer, is_coloured_only_on_demand) {
    answer_look look;
    for (const std::string& line : answer_of(made(two_lines()), look))
        EXPECT_EQ(line.find('\033'), line.npos);
    look.colours = true;
    const lines coloured = answer_of(made(two_lines()), look);
    EXPECT_EQ(coloured[0], "Peak memory was \033[1m40.0 MiB\033[0m.");
    EXPECT_NE(coloured[1].find("\033[31m███████▌\033[0m"), coloured[1].npos);
}

TEST(answer, of_another_character_set_is_ascii) {
    answer_look look;
    look.ascii = true;
    made_snapshot taken;
    taken.holds(30 * mib, {python("/home/somebody/somewhere/else/\u00fc/deep/down/here/in/a.py", 3,
                                  "function_with_a_name")});
    taken.holds(10 * mib, {python("\u00fc.py", 4, "<module>")});
    for (const std::string& line : answer_of(made(taken), look))
        for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << line;
    EXPECT_EQ(answer_of(made(taken), look)[2].substr(2, 29), "10.0 MiB ###        \\u00fc.py");
}

}  // namespace
