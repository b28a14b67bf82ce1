#include "fil/report/box_layout.hpp"

#include <gtest/gtest.h>

#include <map>

#include "made_graph.hpp"

using namespace fil::report;

namespace {

// Each row's boxes stand beside each other inside their parents.
void expect_sound(const layout& boxes) {
    ASSERT_FALSE(boxes.empty());
    std::map<std::uint32_t, std::map<std::int64_t, std::int64_t>> rows;  // start -> end
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        const box& b = boxes[i];
        rows[b.depth][b.start] = b.start + b.bytes;
        if (i == 0) continue;
        const box& parent = boxes[b.parent];
        ASSERT_LT(b.parent, i);
        EXPECT_EQ(b.depth, parent.depth + 1);
        EXPECT_GE(b.start, parent.start);
        EXPECT_LE(b.start + b.bytes, parent.start + parent.bytes);
        EXPECT_GT(b.bytes, 0);
    }
    std::size_t in_rows = 0;
    for (const auto& [depth, row] : rows) {
        std::int64_t end = 0;
        for (const auto& [start, next] : row) {
            EXPECT_GE(start, end);
            end = next;
        }
        in_rows += row.size();
    }
    EXPECT_EQ(in_rows, boxes.size());
}

// A recursion `depth` deep that allocates at each level, through `functions` functions.
call_graph deep_graph(std::uint32_t depth, std::uint32_t functions, std::int64_t each) {
    call_graph graph;
    auto at = graph_node::root;
    for (std::uint32_t i = 0; i < depth; ++i) {
        at = graph.add({.parent = at, .frame = frame_index(i % functions), .self = each});
    }
    graph[at].self += 1'000'000;
    graph.sum();
    return graph;
}

}  // namespace

TEST(layout, siblings_stand_heaviest_first_from_their_parents_left_edge) {
    const made_graph made(
        {{"main a", 10}, {"main b", 30}, {"main c", 20}, {"main", 5}, {"x", 100}});
    const layout boxes = make_layout(made.graph, direction::callers_first);
    std::map<std::string, std::int64_t> starts;
    for (const box& b : boxes) {
        starts[b.depth == 0 ? "all" : made.shown.frames()[to_index(b.frame)].function] = b.start;
    }
    EXPECT_EQ(starts,
              (std::map<std::string, std::int64_t>{
                  {"all", 0}, {"x", 0}, {"main", 100}, {"b", 100}, {"c", 130}, {"a", 150}}));
    EXPECT_EQ(boxes[0].bytes, 165);
    expect_sound(boxes);
}

TEST(layout, of_nothing_is_the_root) {
    for (const direction from : {direction::callers_first, direction::leaves_first}) {
        const layout boxes = make_layout(call_graph{}, from);
        ASSERT_EQ(boxes.size(), 1u);
        EXPECT_EQ(boxes[0].bytes, 0);
    }
}

TEST(layout, what_is_too_narrow_is_not_drawn) {
    const made_graph made({{"a", 9970}, {"b", 20}, {"c", 10}});
    EXPECT_EQ(make_layout(made.graph, direction::callers_first).size(), 3u);
    EXPECT_EQ(make_layout(made.graph, direction::leaves_first).size(), 3u);
}

TEST(layout, draws_the_widest_if_there_are_too_many) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        const snapshot shown = select(tidied(random_snapshot(seed, 300, 6, 8), {})).shown;
        for (const direction from : {direction::callers_first, direction::leaves_first}) {
            const layout all = make_layout(make_call_graph(shown), from, {.least_share = 0});
            const layout some =
                make_layout(make_call_graph(shown), from, {.least_share = 0, .most_boxes = 50});
            expect_sound(all);
            expect_sound(some);
            ASSERT_EQ(some.size(), 50u);
            std::vector<std::int64_t> widths;
            for (const box& b : all) widths.push_back(b.bytes);
            std::ranges::sort(widths, std::greater<>{});
            for (const box& b : some) EXPECT_GE(b.bytes, widths[49]);
        }
    }
}

TEST(layout, a_stack_twenty_thousand_deep_is_a_few_boxes) {
    for (const direction from : {direction::callers_first, direction::leaves_first}) {
        for (const std::uint32_t functions : {1u, 2u, 7u, 20'000u}) {
            for (const std::int64_t each : {0, 1'000}) {
                const layout boxes = make_layout(deep_graph(20'000, functions, each), from);
                expect_sound(boxes);
                EXPECT_LE(boxes.size(), functions == 20'000 && each > 0 ? 10'000u : 300u)
                    << functions << " functions, " << each << " bytes each";
            }
        }
    }
}

TEST(layout, a_recursion_says_how_deep_it_was) {
    const layout boxes = make_layout(deep_graph(19'998, 1, 0), direction::callers_first);
    ASSERT_EQ(boxes.size(), 2u);
    EXPECT_EQ(boxes[1].joined, 19'998u);
    EXPECT_EQ(boxes[1].why, joined_by::recursion);
}
