#pragma once
// Makes deep graphs drawable: what repeats, or goes straight down for hundreds of frames, becomes
// one node that says how many frames it stands for.
//
// fold_recursion: a function that calls itself from one line is one node ("walk ×19,998"), at once;
// a cycle of two to eight frames (visit, generic_visit, visit ...) is one round of nodes, which
// name their next, if it goes round more than five times: ordinary stacks that pass one wrapper
// twice stay as they are. Functions that call each other without a period (a parser, a visitor) go
// back to the nearest frame like theirs, where for more than 64 frames most have one among the 64
// above them. Bytes move with their node: each total stays what it was for the outermost of the
// joined frames.
//
//     f ─ f ─ f ─ g          f ×3 ─ g           a ─ b ─ a ─ b ─ … a ─ b        a ⇄ b ×20
//           └ h         =>        └ h                                     =>    └ b ⇄ a ×20
//
// fold_chains: of a row of frames that each do nothing but call the next, longer than `longest`,
// the middle becomes one node. Both work on any graph, and change nothing in a shallow one.

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "fil/base/hash.hpp"
#include "fil/report/call_graph.hpp"

namespace fil::report {

// Finds the child of a node by its frame.
class graph_children {
  public:
    // The place to store the child, `root` if there is none yet.
    graph_node& of(graph_node parent, frame_index frame) {
        return children_[std::uint64_t{to_index(parent)} << 32 | to_index(frame)];
    }

  private:
    struct key_hash {
        std::size_t operator()(std::uint64_t key) const { return hash_bytes(&key, sizeof key); }
    };
    std::unordered_map<std::uint64_t, graph_node, key_hash> children_;
};

class recursion_folding {
  public:
    explicit recursion_folding(const call_graph& graph)
        : graph_(graph), place_(graph.nodes.size()) {}

    call_graph folded() {
        for (std::size_t i = 1; i < graph_.nodes.size(); ++i) count_repeats(graph_node(i));
        for (std::size_t i = graph_.nodes.size(); i-- > 1;) tell_caller(graph_node(i));
        for (std::size_t i = 1; i < graph_.nodes.size(); ++i) put(graph_node(i));
        folded_[graph_node::root].self = graph_[graph_node::root].self;
        folded_.sum();
        return std::move(folded_);
    }

  private:
    static constexpr std::size_t longest_cycle = 8;
    static constexpr std::uint32_t rounds = 5;
    static constexpr std::uint32_t widest_circle = 64, longest_unfolded = 64;  // without a period
    static constexpr std::uint32_t cost_of_new = 16;

    using by_period = std::array<std::uint32_t, longest_cycle>;  // [0] is of period 1
    struct place {
        graph_node node = graph_node::root;  // in the folded graph
        std::uint32_t depth = 0;             // how many frames `node` joins, down to here
        by_period repeats{};  // for how many frames, up from here, each equals the one above it
        by_period longest{};  // the same of the deepest frame below that goes on repeating
        // The nearest frame above like this one, in steps; 0: there is none near. How many frames
        // up from here have one (one that has none takes away some), and the same of the deepest
        // frame below that goes on like that.
        std::uint32_t nearest = 0, circling = 0, longest_circling = 0;
    };
    place& at(graph_node n) { return place_[to_index(n)]; }

    void count_repeats(graph_node i) {
        place& here = at(i);
        const place& above = at(graph_[i].parent);
        graph_node ancestor = graph_[i].parent;
        for (std::uint32_t p = 0; p < widest_circle && ancestor != graph_node::root; ++p) {
            if (graph_[ancestor].frame == graph_[i].frame) {
                if (p < longest_cycle) here.repeats[p] = above.repeats[p] + 1;
                if (here.nearest == 0) here.nearest = p + 1;
            }
            if (here.nearest > 0 && p + 1 >= longest_cycle) break;
            ancestor = graph_[ancestor].parent;
        }
        here.longest = here.repeats;
        const std::uint32_t left = above.circling - std::min(above.circling, cost_of_new);
        here.circling = here.nearest > 0 ? above.circling + 1 : left;
        here.longest_circling = here.circling;
    }

    void tell_caller(graph_node i) {
        place& above = at(graph_[i].parent);
        for (std::size_t p = 0; p < longest_cycle; ++p) {
            if (at(i).repeats[p] > 0)
                above.longest[p] = std::max(above.longest[p], at(i).longest[p]);
        }
        if (at(i).circling > 0)
            above.longest_circling = std::max(above.longest_circling, at(i).longest_circling);
    }

    // Of the shortest cycle that `i` closes, how many frames it has; else, of what goes round
    // without one, how many since the same frame; 0: none.
    std::size_t period_at(graph_node i) {
        const place& here = at(i);
        for (std::size_t p = 0; p < longest_cycle; ++p) {
            const bool enough = p == 0 || here.longest[p] > (rounds - 1) * (p + 1);
            if (here.repeats[p] > 0 && enough) return p + 1;
        }
        return here.longest_circling > longest_unfolded ? here.nearest : 0;
    }

    void put(graph_node i) {
        const call_graph::node& node = graph_[i];
        place& here = at(i);
        const place& above = at(node.parent);
        const std::size_t period = period_at(i);
        if (period > 0) {
            graph_node same = i;
            for (std::size_t step = 0; step < period; ++step) {
                const graph_node called = same;
                same = graph_[same].parent;
                const graph_node node_of_round = at(same).node;
                if (period == 1 || node_of_round == at(called).node) continue;
                folded_[node_of_round].next = graph_[called].frame;
                folded_[node_of_round].period = static_cast<std::uint32_t>(period);
            }
            here.node = at(same).node;
            here.depth = at(same).depth + 1;
        } else {
            graph_node& child = children_.of(above.node, node.frame);
            if (child == graph_node::root) {
                child = folded_.add({.parent = above.node, .frame = node.frame, .why = node.why});
            }
            here.node = child;
            here.depth = node.joined;
        }
        call_graph::node& folded = folded_[here.node];
        folded.self += node.self;
        folded.allocations += node.allocations;
        folded.joined = std::max(folded.joined, here.depth);
        if (here.depth > 1) folded.why = joined_by::recursion;
    }

    const call_graph& graph_;
    std::vector<place> place_;
    call_graph folded_;
    graph_children children_;
};

inline call_graph fold_recursion(const call_graph& graph) {
    return recursion_folding(graph).folded();
}

inline call_graph fold_chains(const call_graph& graph, std::uint32_t longest = 200) {
    const std::size_t size = graph.nodes.size();
    // A link is a node that its parent does nothing but call. [i]: links above i in its row, and
    // below it.
    std::vector<std::uint32_t> above(size), below(size);
    for (std::size_t i = 1; i < size; ++i) {
        const graph_node parent = graph.nodes[i].parent;
        const bool link = parent != graph_node::root && graph[parent].total == graph.nodes[i].total;
        if (link) above[i] = above[to_index(parent)] + 1;
    }
    for (std::size_t i = size; i-- > 1;) {
        if (above[i] > 0) below[to_index(graph.nodes[i].parent)] = below[i] + 1;
    }
    call_graph folded;
    folded[graph_node::root] = graph[graph_node::root];
    std::vector<graph_node> place(size, graph_node::root);
    for (std::size_t i = 1; i < size; ++i) {
        call_graph::node node = graph.nodes[i];
        const graph_node parent = place[to_index(node.parent)];
        const std::uint32_t ends = longest / 2;
        const bool middle = above[i] + below[i] > longest && above[i] >= ends && below[i] >= ends;
        if (middle && above[i] > ends) {
            place[i] = parent;
            folded[parent].joined += node.joined;
            continue;
        }
        node.parent = parent;
        if (middle) node.why = joined_by::chain;
        place[i] = folded.add(node);
    }
    return folded;
}

}  // namespace fil::report
