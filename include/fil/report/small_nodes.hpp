#pragma once
// Which nodes of a graph are large enough to be worth their room, and what becomes of the others.
//
// Totals do not grow from parent to child, so the widest nodes of a graph make a tree. Where a
// drawing only wants those, the others are left out (box_layout.hpp); in the page, where sums must
// stay what they are, the small ones that a node calls become one: "[small callstacks]". Pure
// functions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "fil/report/call_graph.hpp"

namespace fil::report {

// The root, and of the nodes with at least `least_share` of it `most` at most; in their order.
inline std::vector<std::uint32_t> widest_nodes(const call_graph& graph, double least_share,
                                               std::size_t most) {
    const double least = least_share * static_cast<double>(graph[graph_node::root].total);
    auto wide = [&](std::uint32_t i) {
        return i == 0 || static_cast<double>(graph.nodes[i].total) >= least;
    };
    auto wider = [&](std::uint32_t a, std::uint32_t b) {
        const std::int64_t x = graph.nodes[a].total;
        const std::int64_t y = graph.nodes[b].total;
        return x != y ? x > y : a < b;
    };
    const auto size = static_cast<std::uint32_t>(graph.nodes.size());
    std::vector<std::uint32_t> chosen;
    for (std::uint32_t i = 0; i < size; ++i)
        if (wide(i)) chosen.push_back(i);
    if (chosen.size() > most) {
        std::ranges::sort(chosen, wider);
        chosen.resize(most);
        std::ranges::sort(chosen);
    }
    return chosen;
}

// All but the `most` widest nodes become one below each of those that called them, with the frame
// `small`.
inline call_graph join_small(const call_graph& graph, std::size_t most, frame_index small) {
    if (graph.nodes.size() <= most) return graph;
    std::vector<bool> keeps(graph.nodes.size());
    for (const std::uint32_t i : widest_nodes(graph, 0, most)) keeps[i] = true;
    call_graph result;
    result[graph_node::root] = graph[graph_node::root];
    std::vector<graph_node> place(graph.nodes.size(), graph_node::root);
    std::vector<graph_node> small_of(1, graph_node::root);  // by node of the result; root: none yet
    for (std::size_t i = 1; i < graph.nodes.size(); ++i) {
        call_graph::node node = graph.nodes[i];
        const std::size_t parent = to_index(node.parent);
        node.parent = place[parent];
        if (!keeps[i]) {
            graph_node joined = place[parent];
            if (parent == 0 || keeps[parent]) {
                joined = small_of[to_index(node.parent)];
                if (joined == graph_node::root) {
                    joined = result.add({.parent = node.parent, .frame = small});
                    small_of[to_index(node.parent)] = joined;
                    small_of.push_back(graph_node::root);
                }
            }
            result[joined].self += node.self;
            result[joined].allocations += node.allocations;
            place[i] = joined;
            continue;
        }
        place[i] = result.add(node);
        small_of.push_back(graph_node::root);
    }
    result.sum();
    return result;
}

}  // namespace fil::report
