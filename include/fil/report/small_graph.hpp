#pragma once
// A graph for where there is little room: the user's own lines and what they called, recursion and
// runs of frames folded, small nodes left out. The plain page and the terminal draw it. Pure
// functions.

#include <cstddef>
#include <vector>

#include "fil/report/box_layout.hpp"
#include "fil/report/call_graph.hpp"
#include "fil/report/graph_folding.hpp"
#include "fil/report/ownership.hpp"

namespace fil::report {

// Libraries' frames below a line of the user's become one node, named by the outermost that is not
// the standard library's: an import of pandas is pandas'.
inline call_graph fold_libraries(const call_graph& graph, const std::vector<ownership>& owners) {
    auto is_library = [&](const call_graph::node& node) {
        const frame_owner owner = owners[to_index(node.frame)].owner;
        return owner == frame_owner::library || owner == frame_owner::standard_library ||
               owner == frame_owner::native;
    };
    call_graph folded;
    std::vector<graph_node> place(graph.nodes.size(), graph_node::root);
    std::vector<bool> library(1);  // by node of `folded`
    folded[graph_node::root].self = graph[graph_node::root].self;
    for (std::size_t i = 1; i < graph.nodes.size(); ++i) {
        call_graph::node node = graph.nodes[i];
        node.parent = place[to_index(node.parent)];
        if (is_library(node) && library[to_index(node.parent)]) {
            place[i] = node.parent;
            call_graph::node& above = folded[node.parent];
            above.self += node.self;
            const bool is_importer =
                owners[to_index(above.frame)].owner == frame_owner::standard_library;
            const bool says_more = owners[to_index(node.frame)].owner == frame_owner::library;
            if (is_importer && says_more) above.frame = node.frame;
            continue;
        }
        place[i] = folded.add(node);
        library.push_back(is_library(node));
    }
    folded.sum();
    return folded;
}

struct small_limits {
    double least_share;
    std::size_t most_boxes;
};

// `owners`: by frame.
inline layout small_layout(const call_graph& graph, const std::vector<ownership>& owners,
                           const small_limits& limits) {
    constexpr std::uint32_t longest_chain = 10;
    const call_graph folded =
        fold_chains(fold_libraries(fold_recursion(graph), owners), longest_chain);
    return placed(widest(folded, limits.least_share, limits.most_boxes));
}

}  // namespace fil::report
