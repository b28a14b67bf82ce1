#include "fil/report/model_json.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "golden.hpp"
#include "made_snapshot.hpp"

using namespace fil::report;
using fil::mapping_kind;

namespace {

facts sample_facts() {
    setenv("TZ", "UTC", 1);
    tzset();
    facts about;
    about.version = "0.1.0";
    about.arguments = {"python", "flights.py", "--year", "2013"};
    about.runtime = "CPython 3.12.1";
    about.program.main_script = "flights.py";
    about.program.main_script_path = "/home/ada/flights.py";
    about.program.launch_directory = "/home/ada";
    about.started = 1700000000;
    about.duration = 5.12;
    about.ending = {ending_facts::how::exited, 3};
    about.peak = 1200;
    about.peak_seconds = 3.21;
    about.resident = {3000, 2000, 900, 100};
    about.timelines = {{0, "", {{0, 10, 20}, {1.5, 30, -1}}}, {7, "worker", {}}};
    about.processes = {{7, "worker", 1000, 1100, 3.2, "workers", ""},
                       {8, "ls", 250, 300, -1, "workers", "still running"}};
    about.others = {3, 20};
    about.exact = {2, 16384, 1, 2, {3}};
    about.variables = {"A=b"};
    about.notes = {"Attention."};
    return about;
}

made_snapshot sample_snapshot() {
    made_snapshot taken;
    const frame load = python("/home/ada/flights.py", 2, "load");
    const frame read = python("/v/lib/python3.12/site-packages/pandas/io.py", 9, "read_csv");
    taken.add_text("/v/lib/python3.12/site-packages/pandas/io.py",
                   "1\n2\n3\n4\n5\n6\n7\n8\n\tif a < b:\n10\n");
    taken.add_text("flights.py", "import pandas\ndf = pandas.read_csv(p)\n");
    taken.holds(1000, {load, read}).holds(200, {load}).holds(50, {});
    taken.holds(4096, {load}, mapping_kind::file);
    taken.add_untouched_mapping({taken.callstack({load, read}), 1 << 20, 4096});
    return taken;
}

}  // namespace

// The page's side of this schema is docs/design/report.md.
TEST(model_json, is_what_the_page_expects) {
    EXPECT_EQ(model_json(make_report_model(sample_snapshot(), sample_facts())),
              on_one_line(golden("model.json")));
}

TEST(model_json, of_nothing_is_complete) {
    const std::string json = model_json(make_report_model(snapshot{}, facts{}));
    EXPECT_NE(json.find(R"("tree":{"up":[],"frame":[],"self":[],"allocations":[],"joined":[]})"),
              json.npos);
    EXPECT_NE(json.find(R"("start":"","start_unix":0)"), json.npos);
}

TEST(model_json, no_name_can_leave_the_element_it_stands_in) {
    const std::string hostile = "</script><script>alert(1)</script>\u2028\xFF\"\\\n";
    made_snapshot taken;
    taken.add_text(hostile, hostile);
    taken.holds(1, {python(hostile, 1, hostile)});
    facts about;
    about.arguments = about.variables = about.notes = {hostile};
    about.runtime = about.version = hostile;
    about.timelines = {{1, hostile, {}}};
    about.processes = {{1, hostile, 1, 1, 0, hostile, hostile}, {2, hostile, 0, 0, 0, "", ""}};
    const std::string json = model_json(make_report_model(taken, about));
    EXPECT_EQ(json.find_first_of("<>&\n"), json.npos);
    EXPECT_EQ(json.find("\u2028"), json.npos);
    EXPECT_EQ(fil::report::valid_utf8(json), json);
}

TEST(model_json, says_what_native_code_lacks) {
    const auto hint = [](const frame& innermost) {
        facts about;
        about.program.kind = frame_kind::native;
        about.program.main_executables = {"/home/ada/x"};
        const made_snapshot taken = made_snapshot().holds(10, {innermost});
        const std::string json = model_json(make_report_model(taken, about));
        const std::size_t at = json.find("\"hint\":\"") + 8;
        return json.substr(at, json.find('"', at) - at);
    };
    frame code{.file = "x+0x10", .kind = frame_kind::native, .module = "/home/ada/x"};
    EXPECT_EQ(hint(code), conventions::native::without_names);
    code.function = "work";
    EXPECT_EQ(hint(code), conventions::native::without_lines);
    code.file = "x.cpp", code.line = 7;
    EXPECT_EQ(hint(code), "");
}

// Whatever a program is like; the rest of the graph stays in its sums.
TEST(model_json, is_bounded_and_loses_nothing) {
    made_snapshot taken;
    for (std::uint32_t i = 1; i < 9000; ++i) {
        taken.holds(9000 - i,
                    {python("a.py", 1, "main"), python("/x/site-packages/p/q.py", i / 90, "f"),
                     python("/x/site-packages/p/" + std::to_string(i) + ".py", i, "g")});
    }
    facts part;
    part.title = "In [3]";
    const std::string json = model_json(make_report_model(taken, part));
    EXPECT_LE(json.size(), model_limits{}.part_bytes);
    EXPECT_GT(json.size(), model_limits{}.part_bytes / 3);
    EXPECT_NE(json.find("[small callstacks]"), json.npos);
    const report_model report = make_report_model(taken, {});
    const call_graph whole = make_call_graph(report.chosen.shown, report.chosen.on_page);
    const call_graph joined = join_small(whole, 50, report.small_callstacks);
    EXPECT_LE(joined.nodes.size(), 100u);
    EXPECT_EQ(joined[graph_node::root].total, whole[graph_node::root].total);
    for (std::size_t i = 1; i < joined.nodes.size(); ++i)
        EXPECT_LT(to_index(joined.nodes[i].parent), i);
}

// Cells of a recursion: how many rounds, how many functions, and which comes next.
TEST(model_json, says_what_a_recursion_joins) {
    made_snapshot taken;
    frame_list stack;
    for (int i = 0; i < 20; ++i) {
        stack.push_back(python("a.py", 1, "ping"));
        stack.push_back(python("a.py", 2, "pong"));
    }
    taken.holds(10, stack);
    const std::string json = model_json(make_report_model(taken, {}));
    EXPECT_NE(json.find(R"("up":[1,1],"frame":[1,0])"), json.npos) << json;
    EXPECT_NE(json.find(R"("joined":[[1,20,2,0],[2,20,2,1]])"), json.npos) << json;
}
