#include "fil/report/leaves_first.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "made_graph.hpp"

using namespace fil::report;

TEST(leaves_first, callers_of_one_line_come_together_below_it) {
    const made_graph made({{"main load alloc", 10}, {"main save alloc", 5}, {"main", 1}});
    EXPECT_EQ(totals_of(leaves_first(made.graph, 0, 1000), made.shown),
              (bytes_by_text{{"", 16},
                             {"alloc", 15},
                             {"alloc load", 10},
                             {"alloc load main", 10},
                             {"alloc save", 5},
                             {"alloc save main", 5},
                             {"main", 1}}));
}

TEST(leaves_first, what_stands_at_the_root_stays) {
    const made_graph made({{"", 5}, {"f", 3}});
    EXPECT_EQ(totals_of(leaves_first(made.graph, 0, 1000), made.shown),
              (bytes_by_text{{"", 8}, {"f", 3}}));
}

TEST(leaves_first, leaves_out_what_is_below_the_share) {
    const made_graph made({{"a x", 990}, {"b x", 9}, {"c", 1}});
    EXPECT_EQ(totals_of(leaves_first(made.graph, 0.005, 1000), made.shown),
              (bytes_by_text{{"", 1000}, {"x", 999}, {"x a", 990}, {"x b", 9}}));
}

TEST(leaves_first, makes_the_heaviest_nodes_if_not_all_may_be_made) {
    const made_graph made({{"a x", 60}, {"b x", 30}, {"y", 50}});
    EXPECT_EQ(totals_of(leaves_first(made.graph, 0, 4), made.shown),
              (bytes_by_text{{"", 140}, {"x", 90}, {"x a", 60}, {"y", 50}}));
}

TEST(leaves_first, agrees_with_a_naive_model) {
    for (unsigned seed = 0; seed < 50; ++seed) {
        const snapshot shown = select(tidied(random_snapshot(seed, 200, 6, 6), {})).shown;
        const auto expected = naive_totals(shown, [](std::vector<std::string> stack) {
            std::reverse(stack.begin(), stack.end());
            return stack;
        });
        const call_graph turned = leaves_first(make_call_graph(shown), 0, 1'000'000);
        EXPECT_EQ(text_totals(turned, shown), expected) << seed;
        std::int64_t ended = 0;
        for (const auto& node : turned.nodes) ended += node.self;
        EXPECT_EQ(ended, turned[graph_node::root].total);
    }
}
