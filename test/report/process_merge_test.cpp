#include "fil/report/process_merge.hpp"

#include <gtest/gtest.h>

#include "fil/report/folded.hpp"
#include "fil/report/plain_page.hpp"
#include "fil/report/report_model.hpp"
#include "made_snapshot.hpp"

using namespace fil::report;
using fil::mapping_kind;

namespace {

const process_facts parent{.pid = 7, .name = "python a.py"}, child{.pid = 8, .name = "python a.py"};

TEST(process_merge, each_process_stands_below_its_own_frame) {
    made_snapshot first, second;
    first.holds(10, {python("a.py", 1, "f")})
        .holds(3, {python("a.py", 1, "f"), python("b.py", 2, "g")});
    second.holds(20, {python("a.py", 1, "f")})
        .holds(5, {python("m.py", 1, "m")}, mapping_kind::file);
    process_merge merge;
    merge.add(first, parent);
    merge.add(second, child);
    const snapshot merged = merge.take();
    EXPECT_EQ(bytes_of(merged), (bytes_by_text{{"python a.py (pid 7);a.py:1 (f)", 10},
                                               {"python a.py (pid 7);a.py:1 (f);b.py:2 (g)", 3},
                                               {"python a.py (pid 8);a.py:1 (f)", 20}}));
    EXPECT_EQ(bytes_of(merged, mapping_kind::file),
              (bytes_by_text{{"python a.py (pid 8);m.py:1 (m)", 5}}));
    EXPECT_EQ(merged.frames().size(), 5u) << "equal frames are one";
}

TEST(process_merge, the_only_one_has_none) {
    made_snapshot only;
    only.holds(10, {python("a.py", 1, "f")});
    process_merge merge;
    merge.add(only);
    EXPECT_EQ(bytes_of(merge.take()), (bytes_by_text{{"a.py:1 (f)", 10}}));
}

TEST(process_merge, of_two_texts_with_one_name_none_is_shown) {
    made_snapshot first, second;
    first.add_text("<stdin>", "1\n");
    first.add_text("<same>", "x\n");
    second.add_text("<stdin>", "2\n");
    second.add_text("<same>", "x\n");
    process_merge merge;
    merge.add(first, parent);
    merge.add(second, child);
    EXPECT_EQ(merge.take().texts(), (std::map<std::string, std::string>{{"<same>", "x\n"}}));
}

TEST(process_merge, a_process_is_no_line_and_no_librarys_code) {
    made_snapshot first, second;
    first.holds(10, {python("<string>", 1, "<module>")}).holds(1, {});
    second.holds(20, {python("/v/lib/python3.12/site-packages/x.py", 1, "f")});
    facts about;
    about.processes = {parent, child};
    process_merge merge;
    merge.add(tidied(first, about.program), parent);
    merge.add(tidied(second, about.program), child);
    const report_model report = report_model_of({about, merge.take(), {}});
    ASSERT_EQ(report.held.lines.size(), 1u) << "python -c is a line of the user's";
    EXPECT_EQ(report.held.lines[0].bytes, 10);
    EXPECT_EQ(report.held.others, 21);
    ASSERT_EQ(report.processes.size(), 2u);
    EXPECT_EQ(report.frame_at(report.processes[1]).function, "python a.py (pid 8)");
    EXPECT_EQ(report.owner_of(report.processes[1]).owner, frame_owner::process);
    const call_graph folded = fold_libraries(report.graph, report.owners);
    EXPECT_EQ(folded.nodes.size(), 6u) << "nothing is folded into a process";
}

TEST(process_merge, in_the_list_each_process_has_one_callstack_without_frames) {
    made_snapshot taken;
    taken.holds(1, {}).holds(2, {{.function = "[compiling]", .kind = frame_kind::compiling}});
    process_merge merge;
    for (const process_facts& process : {parent, child}) merge.add(tidied(taken, {}), process);
    EXPECT_EQ(folded_usage(merge.take()).size(), 2u);
}

}  // namespace
