#pragma once
// Where the boxes of a graph stand: rows from the root down, places in bytes from the left.
//
// Boxes below `least_share` are not drawn, and of the others at most `most_boxes`, the widest.
// Siblings stand heaviest first from their parent's left edge. Positions are fractions of the
// root's width, so they fit any page. Colours are not decided here; heat() says how red a box is.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "fil/report/call_graph.hpp"
#include "fil/report/graph_folding.hpp"
#include "fil/report/leaves_first.hpp"
#include "fil/report/small_nodes.hpp"

namespace fil::report {

enum class direction : std::uint8_t { callers_first, leaves_first };

struct layout_limits {
    double least_share = 0.002;
    std::size_t most_boxes = 10'000;
    std::uint32_t longest_chain = 200;  // frames that do nothing but call the next
};

struct box {
    std::uint32_t parent = 0;  // a box; of the root: itself
    std::uint32_t depth = 0;   // its row; the root's is 0
    std::int64_t start = 0;    // where it begins, in bytes from the left
    std::int64_t bytes = 0;    // with all below
    frame_index frame = {};    // of the root: means nothing
    std::uint32_t joined = 1;  // how many frames it stands for, at most
    joined_by why = joined_by::nothing;
    std::uint32_t period = 1;  // of a recursion: of how many frames, and
    frame_index next = {};     // which comes after this one
};

// [0] is the root; parents come before their children.
using layout = std::vector<box>;

// The widest nodes of a graph whose totals do not grow from parent to child: again a graph.
inline call_graph widest(const call_graph& graph, double least_share, std::size_t most) {
    const std::vector<std::uint32_t> chosen = widest_nodes(graph, least_share, most);
    const std::size_t size = graph.nodes.size();
    call_graph result;
    std::vector<graph_node> place(size, graph_node::root);
    for (const std::uint32_t i : chosen) {
        call_graph::node node = graph.nodes[i];
        if (i == 0) {
            result[graph_node::root] = node;
        } else {
            node.parent = place[to_index(node.parent)];
            place[i] = result.add(node);
        }
    }
    return result;
}

inline layout placed(const call_graph& graph) {
    const std::size_t size = graph.nodes.size();
    std::vector<std::size_t> order(size - 1);
    std::iota(order.begin(), order.end(), std::size_t{1});
    // By parent, then heaviest first: each box's left neighbour comes just before it.
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        const call_graph::node& x = graph.nodes[a];
        const call_graph::node& y = graph.nodes[b];
        if (x.parent != y.parent) return x.parent < y.parent;
        return x.total != y.total ? x.total > y.total : a < b;
    });
    layout boxes(size);
    boxes[0].bytes = graph[graph_node::root].total;
    std::vector<std::int64_t> used(size);  // bytes of the children placed so far
    for (const std::size_t i : order) {
        const call_graph::node& node = graph.nodes[i];
        const std::uint32_t parent = to_index(node.parent);
        boxes[i] = {.parent = parent,
                    .depth = boxes[parent].depth + 1,
                    .start = boxes[parent].start + used[parent],
                    .bytes = node.total,
                    .frame = node.frame,
                    .joined = node.joined,
                    .why = node.why,
                    .period = node.period,
                    .next = node.next};
        used[parent] += node.total;
    }
    return boxes;
}

// `graph` is a whole one, as make_call_graph() gives it.
inline layout make_layout(const call_graph& graph, direction from,
                          const layout_limits& limits = {}) {
    call_graph drawn = fold_recursion(graph);
    if (from == direction::leaves_first) {
        // More nodes than are drawn, since chains among them will be folded.
        drawn = leaves_first(drawn, least_share_turned, 10 * limits.most_boxes);
    }
    drawn = widest(drawn, limits.least_share, drawn.nodes.size());
    drawn = fold_chains(drawn, limits.longest_chain);
    return placed(widest(drawn, 0, limits.most_boxes));
}

}  // namespace fil::report
