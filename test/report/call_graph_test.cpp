#include "fil/report/call_graph.hpp"

#include <gtest/gtest.h>

#include "made_graph.hpp"

using namespace fil::report;
using fil::mapping_kind;

TEST(call_graph, each_node_holds_its_own_bytes_and_those_below) {
    const made_graph made({{"main load", 100}, {"main load read", 20}, {"main", 3}, {"other", 4}});
    EXPECT_EQ(
        totals_of(made.graph, made.shown),
        (bytes_by_text{
            {"", 127}, {"main", 123}, {"main load", 120}, {"main load read", 20}, {"other", 4}}));
}

TEST(call_graph, leaves_out_what_holds_nothing_of_the_heap) {
    made_snapshot made;
    made.holds(5, functions("a")).holds(7, functions("a b"), mapping_kind::file);
    made.callstack(functions("a c d"));
    EXPECT_EQ(totals_of(make_call_graph(made), made), (bytes_by_text{{"", 5}, {"a", 5}}));
}

TEST(call_graph, of_nothing_is_its_root) {
    const call_graph graph = make_call_graph(snapshot{});
    EXPECT_EQ(graph.nodes.size(), 1u);
    EXPECT_EQ(graph[graph_node::root].total, 0);
}

TEST(call_graph, knows_how_often_a_callstack_allocated) {
    made_snapshot made;
    made.add_usage(mapping_kind::anonymous, made.callstack(functions("a b")), {10, 7});
    const call_graph graph = make_call_graph(made);
    EXPECT_EQ(graph.nodes[1].allocations, 0u);
    EXPECT_EQ(graph.nodes[2].allocations, 7u);
}

TEST(call_graph, agrees_with_a_naive_model_and_puts_parents_first) {
    for (unsigned seed = 0; seed < 50; ++seed) {
        const snapshot shown = select(tidied(random_snapshot(seed, 200, 6, 6), {})).shown;
        const call_graph graph = make_call_graph(shown);
        EXPECT_EQ(text_totals(graph, shown), naive_totals(shown, [](auto stack) { return stack; }));
        for (std::size_t i = 1; i < graph.nodes.size(); ++i) {
            EXPECT_LT(to_index(graph.nodes[i].parent), i);
        }
    }
}
