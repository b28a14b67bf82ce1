#include "fil/report/your_lines.hpp"

#include <gtest/gtest.h>

#include "made_graph.hpp"

using namespace fil::report;

namespace {

// Functions in capitals are the user's own.
std::vector<ownership> owners_of(const snapshot& shown) {
    std::vector<ownership> owners;
    for (const frame& f : shown.frames()) {
        const bool user = f.function[0] >= 'A' && f.function[0] <= 'Z';
        owners.push_back({user ? frame_owner::user : frame_owner::library});
    }
    return owners;
}

std::vector<your_line> lines_in(const call_graph& graph, const std::vector<ownership>& owners) {
    return your_lines(graph, owners, std::vector<code_text>(owners.size()));
}

using found = std::vector<std::pair<std::string, std::int64_t>>;

found lines_of(const made_graph& made) {
    found lines;
    for (const your_line& line : lines_in(made.graph, owners_of(made.shown))) {
        lines.push_back({made.shown.frames()[to_index(line.frame)].function, line.bytes});
    }
    return lines;
}

}  // namespace

TEST(your_lines, bytes_go_to_the_innermost_line_of_the_users_own) {
    EXPECT_EQ(lines_of(made_graph({{"Main Load read parse", 100},
                                   {"Main read parse", 20},
                                   {"Main Wide", 300},
                                   {"Main Load read Callback", 7}})),
              (found{{"Wide", 300}, {"Load", 100}, {"Main", 20}, {"Callback", 7}}));
}

TEST(your_lines, what_stands_below_no_line_of_the_users_own_goes_to_nobody) {
    EXPECT_EQ(lines_of(made_graph({{"import parse", 100}})), found{});
    EXPECT_EQ(lines_of(made_graph({})), found{});
}

TEST(your_lines, one_line_called_from_two_places_is_one_entry_at_the_heavier) {
    const made_graph made({{"A Load x", 10}, {"B Load x", 30}, {"B Load y", 30}, {"C Load x", 50}});
    const auto lines = lines_in(made.graph, owners_of(made.shown));
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].bytes, 120);
    EXPECT_EQ(node_names(made.graph, made.shown)[to_index(lines[0].node)], "B Load");
}

TEST(your_lines, agree_with_a_naive_model) {
    for (unsigned seed = 0; seed < 30; ++seed) {
        const snapshot shown = select(tidied(random_snapshot(seed, 200, 6, 12), {})).shown;
        const call_graph graph = make_call_graph(shown);
        std::vector<ownership> owners;
        for (const frame& f : shown.frames()) {
            owners.push_back({f.file == "a.py" ? frame_owner::user : frame_owner::library});
        }
        bytes_by_text expected;
        for (const auto& [at, used] : shown.used(fil::mapping_kind::anonymous)) {
            const frame_list stack = frames_of(shown, at);
            for (auto f = stack.rbegin(); f != stack.rend(); ++f) {
                if (f->file != "a.py") continue;
                expected[frame_text(*f)] += used.bytes;
                break;
            }
        }
        bytes_by_text got;
        for (const your_line& line : lines_in(graph, owners)) {
            const frame& f = shown.frames()[to_index(line.frame)];
            got[frame_text(f)] += line.bytes;
            EXPECT_EQ(graph[line.node].frame, line.frame);
        }
        EXPECT_EQ(got, expected) << seed;
    }
}
