#include "fil/report/plain_page.hpp"

#include <gtest/gtest.h>

#include "made_graph.hpp"

using namespace fil::report;

namespace {

plain_page plain_page_of(const made_snapshot& taken, facts about = {}) {
    return make_plain_page(make_report_model(taken, std::move(about)));
}

}  // namespace

TEST(plain_page, says_what_the_first_screen_says) {
    made_snapshot taken;
    taken.add_text("flights.py", "import pandas\ndf = pandas.read_csv(p)\n");
    taken.holds(64 << 20, {python("flights.py", 2, "load"),
                           python("/x/site-packages/pandas/io.py", 9, "read_csv"),
                           python("/x/site-packages/pandas/c.py", 7, "parse")});
    taken.holds(1 << 20, {python("/x/site-packages/pandas/z.py", 1, "<module>")});
    facts about;
    about.arguments = {"flights.py"};
    about.program.main_script = "flights.py";
    about.duration = 5;
    about.peak_seconds = 3;
    const plain_page page = plain_page_of(taken, about);
    EXPECT_NE(page.head.find("<bdi>flights.py</bdi>"), page.head.npos);
    EXPECT_NE(page.head.find("<strong>65.0 MiB</strong>"), page.head.npos);
    EXPECT_NE(page.head.find("at 3.0 s of 5.0 s"), page.head.npos);
    EXPECT_NE(page.lines.find("64.0 MiB</span>"), page.lines.npos);
    EXPECT_NE(page.lines.find("<bdi>flights.py</bdi>:2 <bdi>load</bdi>"), page.lines.npos);
    EXPECT_NE(page.lines.find("<code>df = pandas.read_csv(p)</code>"), page.lines.npos);
    EXPECT_NE(page.lines.find("1.0 MiB not below any line of yours"), page.lines.npos);
    EXPECT_NE(page.graph.find(">load  flights.py:2</text>"), page.graph.npos);
    EXPECT_NE(page.graph.find(">read_csv  pandas/io.py:9</text>"), page.graph.npos);
    EXPECT_EQ(page.graph.find("parse"), page.graph.npos);  // folded into read_csv
}

TEST(plain_page, says_what_threads_of_libraries_took_before_the_lines) {
    made_snapshot taken;
    taken.holds(300, {python("a.py", 5, "f"), threads_of("/x/site-packages/po<l>ars/x.so")});
    const std::string row =
        "po&lt;l&gt;ars' threads, started at <bdi>a.py</bdi>:5, for any later line";
    EXPECT_NE(plain_page_of(taken).lines.find(row), std::string::npos);
    EXPECT_NE(plain_page_of(taken).graph.find(">[threads of po&lt;l&gt;ars]</text>"),
              std::string::npos);
    taken.holds(100, {python("a.py", 9, "f")});
    const std::string lines = plain_page_of(taken).lines;
    EXPECT_LT(lines.find(row), lines.find("<bdi>a.py</bdi>:9"));
}

TEST(plain_page, says_of_imports_and_of_missing_lines_what_the_page_says) {
    const frame importer = python("<frozen importlib._bootstrap>", 1360, "_find_and_load");
    made_snapshot taken;
    taken.add_text("a.py", "import one\nimport two\n\tx = 1\n");
    for (const std::uint32_t line : {1u, 2u})
        taken.holds(10 << 20, {python("a.py", line, "<module>"), importer});
    taken.holds(30 << 20, {python("a.py", 3, "f")});
    taken.holds(5 << 20, {{.function = "[compiling]"}});
    const std::string lines = plain_page_of(taken).lines;
    EXPECT_NE(lines.find("20.0 MiB</span>"), lines.npos) << lines;
    EXPECT_NE(lines.find("imports in 2 lines"), lines.npos);
    EXPECT_EQ(lines.find("import one"), lines.npos);
    EXPECT_NE(lines.find("<code>x = 1</code>"), lines.npos);
    EXPECT_NE(lines.find("5.0 MiB compiling the program"), lines.npos);
    EXPECT_EQ(lines.find("not below"), lines.npos);
    EXPECT_EQ(lines.find("build with -g"), lines.npos);
    facts about;
    about.program.kind = frame_kind::native;
    about.program.main_executables = {"/home/ada/x"};
    const made_snapshot native = made_snapshot().holds(
        10, {{.function = "work", .kind = frame_kind::native, .module = "/home/ada/x"}});
    EXPECT_NE(plain_page_of(native, about).lines.find("build with -g for lines"), lines.npos);
}

TEST(plain_page, is_small_whatever_the_program_and_escapes_its_names) {
    made_snapshot taken;
    const std::string hostile = "<script>alert(1)</script>\"&";
    frame_list stack;
    for (std::uint32_t i = 1; i < 3000; ++i) {
        stack.push_back(python(hostile + ".py", i, hostile));
        if (i % 30 == 0) taken.holds(i * 1000, stack);
    }
    facts about;
    about.arguments = about.notes = {hostile};
    about.runtime = hostile;
    const plain_page page = plain_page_of(taken, about);
    const std::string all = page.head + page.lines + page.graph;
    EXPECT_EQ(all.find("<script"), all.npos);
    EXPECT_LT(all.size(), 30'000u);
    EXPECT_EQ(plain_page_of({}).graph, "");
}

TEST(plain_page, libraries_fold_below_the_line_that_called_them) {
    const made_graph made({{"Main read parse", 20}, {"Main read", 1}, {"Main read Call read", 7}});
    std::vector<ownership> owners;
    for (const frame& f : made.shown.frames()) {
        const bool user = f.function[0] >= 'A' && f.function[0] <= 'Z';
        owners.push_back({user ? frame_owner::user : frame_owner::library});
    }
    EXPECT_EQ(totals_of(fold_libraries(made.graph, owners), made.shown),
              (bytes_by_text{{"", 28},
                             {"Main", 28},
                             {"Main read", 28},
                             {"Main read Call", 7},
                             {"Main read Call read", 7}}));
}
