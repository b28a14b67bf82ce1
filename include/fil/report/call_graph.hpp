#pragma once
// The call tree with sums: what each box of a graph holds, itself and with all that it called.
//
// Node 0 is the root, "all". Parents stand before their children, siblings have different frames,
// and every node holds something. Made from the memory that the report explains (the anonymous
// kind). The stages after it (graph_folding, leaves_first, layout) take and give such graphs, so
// what is drawn can be put together as wanted. Nothing recurses: trees may be 20,000 deep.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fil/report/snapshot_like.hpp"

namespace fil::report {

enum class graph_node : std::uint32_t { root = 0 };
constexpr std::uint32_t to_index(graph_node n) {
    return static_cast<std::uint32_t>(n);
}

// Why a node stands for several frames, one below the other.
enum class joined_by : std::uint8_t { nothing, recursion, chain };

struct call_graph {
    struct node {
        graph_node parent = graph_node::root;
        frame_index frame = frame_index{0};  // of the root: means nothing
        std::int64_t self = 0;               // bytes of the callstack that ends here
        std::int64_t total = 0;              // and of those below
        std::uint64_t allocations = 0;       // so far, of the callstack that ends here
        std::uint32_t joined = 1;            // how many frames it stands for, at most
        joined_by why = joined_by::nothing;
        // Of a recursion through several frames: how many, and which comes after this one.
        std::uint32_t period = 1;
        frame_index next = frame_index{0};
    };
    std::vector<node> nodes = std::vector<node>(1);

    node& operator[](graph_node n) { return nodes[to_index(n)]; }
    const node& operator[](graph_node n) const { return nodes[to_index(n)]; }

    graph_node add(const node& n) {
        nodes.push_back(n);
        return graph_node(nodes.size() - 1);
    }

    // total = self + what the children hold.
    void sum() {
        for (node& n : nodes) n.total = n.self;
        for (std::size_t i = nodes.size(); i-- > 1;)
            (*this)[nodes[i].parent].total += nodes[i].total;
    }
};

// Callers first, in the order of the snapshot's callstacks; of the first `count` callstacks that
// hold something. The snapshot is tidy and selected.
template <snapshot_like Snapshot>
call_graph make_call_graph(const Snapshot& snapshot, std::size_t count = ~std::size_t{0}) {
    const auto& callstacks = snapshot.callstacks();
    std::vector<usage> own(callstacks.size());
    const auto& entries = snapshot.used(mapping_kind::anonymous);
    for (std::size_t i = 0; i < std::min<std::size_t>(entries.size(), count); ++i) {
        own[to_index(entries[i].callstack)] += entries[i].used;
    }
    std::vector<bool> holds(callstacks.size());
    for (std::size_t i = callstacks.size(); i-- > 1;) {
        if (own[i].bytes > 0) holds[i] = true;
        if (holds[i]) holds[to_index(callstacks[i].caller)] = true;
    }
    call_graph graph;
    graph[graph_node::root].self = own[0].bytes;
    std::vector<graph_node> node_of(callstacks.size(), graph_node::root);
    for (std::size_t i = 1; i < callstacks.size(); ++i) {
        if (!holds[i]) continue;
        node_of[i] = graph.add({.parent = node_of[to_index(callstacks[i].caller)],
                                .frame = callstacks[i].frame,
                                .self = own[i].bytes,
                                .allocations = own[i].allocations});
    }
    graph.sum();
    return graph;
}

}  // namespace fil::report
