#include "fil/report/graph_folding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "fil/report/box_layout.hpp"
#include "made_graph.hpp"

using namespace fil::report;

namespace {

std::string repeated(const std::string& words, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += (i ? " " : "") + words;
    return all;
}

bytes_by_text folded(const std::map<std::string, std::int64_t>& stacks) {
    const made_graph made(stacks);
    return totals_of(fold_recursion(made.graph), made.shown);
}

bytes_by_text chains(const std::map<std::string, std::int64_t>& stacks, std::uint32_t longest) {
    const made_graph made(stacks);
    return totals_of(fold_chains(made.graph, longest), made.shown);
}

}  // namespace

TEST(fold_recursion, a_function_that_calls_itself_is_one_node) {
    EXPECT_EQ(folded({{"main f f f g", 10}, {"main f f", 5}, {"main f g", 1}}),
              (bytes_by_text{{"", 16}, {"main", 16}, {"main f×3", 16}, {"main f×3 g", 11}}));
}

TEST(fold_recursion, what_stands_at_the_root_stays) {
    EXPECT_EQ(folded({{"", 5}, {"f f", 3}}), (bytes_by_text{{"", 8}, {"f×2", 3}}));
}

TEST(fold_recursion, an_ordinary_stack_stays_as_it_is) {
    const std::string twice = "a wrapper f wrapper g wrapper f wrapper g";
    const made_graph made({{twice, 10}});
    EXPECT_EQ(totals_of(fold_recursion(made.graph), made.shown), totals_of(made.graph, made.shown));
}

TEST(fold_recursion, a_cycle_is_folded_once_it_has_gone_round_five_times) {
    EXPECT_EQ(folded({{repeated("f g", 5), 10}}),
              (totals_of(made_graph({{repeated("f g", 5), 10}}).graph,
                         made_graph({{repeated("f g", 5), 10}}).shown)));
    EXPECT_EQ(folded({{"main " + repeated("f g", 5000) + " end", 10}, {"main f g f x", 1}}),
              (bytes_by_text{{"", 11},
                             {"main", 11},
                             {"main f×5000", 11},
                             {"main f×5000 g×5000", 10},
                             {"main f×5000 g×5000 end", 10},
                             {"main f×5000 x", 1}}));
    EXPECT_EQ(folded({{repeated("a b c d e f g h", 1000), 10}}).size(), 9u);
}

TEST(fold_recursion, the_frames_of_a_cycle_know_which_comes_next) {
    const made_graph made({{"main " + repeated("f g h", 20) + " end", 10}});
    const call_graph graph = fold_recursion(made.graph);
    ASSERT_EQ(graph.nodes.size(), 6u);
    auto name = [&](frame_index i) { return made.shown.frames()[to_index(i)].function; };
    EXPECT_EQ(graph.nodes[1].period, 1u);
    for (const std::size_t i : {2u, 3u, 4u}) {
        EXPECT_EQ(graph.nodes[i].period, 3u);
        EXPECT_EQ(name(graph.nodes[i].next), (std::array{"g", "h", "f"})[i - 2]);
    }
    EXPECT_EQ(graph.nodes[5].period, 1u);
}

// A parser, a visitor: whatever comes next in the input. Some of it is rare.
std::string at_random(int frames, unsigned functions) {
    std::string words = "main";
    std::mt19937 roll(1);
    for (int i = 0; i < frames; ++i) {
        words += i % 2 == 0 ? " go" : " f" + std::to_string(roll() % functions);
        if (i % 400 == 399) words += " rare";
    }
    return words;
}

TEST(fold_recursion, functions_that_call_each_other_at_random_are_a_few_rows) {
    const made_graph made(
        {{at_random(3000, 5) + " end", 10}, {at_random(2000, 5), 5}, {"main", 1}});
    const call_graph folded = fold_recursion(made.graph);
    EXPECT_LT(folded.nodes.size(), 300u);
    EXPECT_EQ(folded[graph_node::root].total, 16);
    std::uint32_t deepest = 0;
    for (const box& drawn : placed(folded)) deepest = std::max(deepest, drawn.depth);
    EXPECT_LE(deepest, 25u);  // of 3,000; what stands before all have been met does not fold
}

TEST(fold_recursion, a_stack_that_goes_round_for_a_while_stays_as_it_is) {
    const std::string words =
        "main a b c a d b a c d a e b a d c b e a b d c e a c b d e c a b e d a c e b c d b a e";
    const made_graph made({{words, 10}});
    EXPECT_EQ(fold_recursion(made.graph).nodes.size(), made.graph.nodes.size());
}

TEST(fold_recursion, keeps_every_byte_and_allocation) {
    for (unsigned seed = 0; seed < 30; ++seed) {
        const snapshot shown = select(tidied(random_snapshot(seed, 300, 60, 2), {})).shown;
        const call_graph graph = make_call_graph(shown);
        const call_graph folded = fold_recursion(graph);
        EXPECT_EQ(folded[graph_node::root].total, graph[graph_node::root].total);
        std::uint64_t before = 0;
        std::uint64_t after = 0;
        for (const auto& node : graph.nodes) before += node.allocations;
        for (const auto& node : folded.nodes) after += node.allocations;
        EXPECT_EQ(after, before);
        for (std::size_t i = 1; i < folded.nodes.size(); ++i) {
            EXPECT_LT(to_index(folded.nodes[i].parent), i);
        }
    }
}

TEST(fold_recursion, agrees_with_a_naive_model_that_joins_equal_neighbours) {
    for (unsigned seed = 0; seed < 30; ++seed) {
        const snapshot shown = select(tidied(random_snapshot(seed, 200, 8, 3), {})).shown;
        const auto expected = naive_totals(shown, [](std::vector<std::string> stack) {
            stack.erase(std::unique(stack.begin(), stack.end()), stack.end());
            return stack;
        });
        EXPECT_EQ(text_totals(fold_recursion(make_call_graph(shown)), shown), expected) << seed;
    }
}

TEST(fold_chains, the_middle_of_a_long_run_becomes_one_node) {
    EXPECT_EQ(chains({{"a b c d e f g h", 10}}, 4), (bytes_by_text{{"", 10},
                                                                   {"a", 10},
                                                                   {"a b", 10},
                                                                   {"a b c…4", 10},
                                                                   {"a b c…4 g", 10},
                                                                   {"a b c…4 g h", 10}}));
}

TEST(fold_chains, ends_where_a_frame_does_more_than_call_the_next) {
    EXPECT_EQ(chains({{"a b c d e f g", 10}, {"a b c", 1}}, 2),
              (bytes_by_text{{"", 11},
                             {"a", 11},
                             {"a b", 11},
                             {"a b c", 11},
                             {"a b c d", 10},
                             {"a b c d e…2", 10},
                             {"a b c d e…2 g", 10}}));
}

TEST(fold_chains, short_runs_stay) {
    const made_graph made({{"a b c d e", 10}, {"a b x y z", 5}});
    EXPECT_EQ(totals_of(fold_chains(made.graph, 10), made.shown),
              totals_of(made.graph, made.shown));
}
