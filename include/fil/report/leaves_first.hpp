#pragma once
// The graph turned round: the line that allocated stands on top, its callers below it, so that what
// one line allocates for many callers comes together.
//
// Every callstack is followed from its end; those that have walked through the same frames make one
// node, whether a frame stands for a recursion or not (for frames that only call the next it does
// not). Turned whole, the graph could be as large as all callstacks written out, so it is made from
// the heaviest node down: nothing below `least_share` of the whole, at most `most` nodes. Here
// `self` is what ends at a node because its callstacks have no more callers; what was left out is
// in the totals above it alone. The page turns what its reader folded (view.js), in the same way:
// test/report/cases.json holds both to it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fil/report/call_graph.hpp"

namespace fil::report {

// What is less is of no use to any reader, and may be very much.
inline constexpr double least_share_turned = 1.0 / 20'000;

class turning {
  public:
    turning(const call_graph& graph, double least_share, std::size_t most)
        : graph_(graph), most_(most) {
        least_ = least_share * static_cast<double>(graph[graph_node::root].total);
    }

    call_graph turned() {
        const call_graph::node& root = graph_[graph_node::root];
        turned_[graph_node::root].total = root.total;
        turned_[graph_node::root].self = root.self;
        std::vector<walker> all;
        for (std::size_t i = 1; i < graph_.nodes.size(); ++i) {
            const call_graph::node& node = graph_.nodes[i];
            if (node.self > 0) all.push_back({node.self, node.allocations, graph_node(i)});
        }
        split(graph_node::root, all);
        while (!open_.empty() && turned_.nodes.size() < most_) {
            std::ranges::pop_heap(open_, lighter);
            const open_group group = std::move(open_.back());
            open_.pop_back();
            const graph_node node = turned_.add(group.node);
            split(node, up(node, group.walkers));
        }
        return std::move(turned_);
    }

  private:
    // A callstack, and how far up it was followed.
    struct walker {
        std::int64_t bytes;
        std::uint64_t allocations;
        graph_node at;
    };
    struct open_group {
        call_graph::node node;
        std::uint64_t number;  // equals come in the order they were found
        std::vector<walker> walkers;
    };

    // Of equals, the one found first goes first.
    static bool lighter(const open_group& a, const open_group& b) {
        return a.node.total != b.node.total ? a.node.total < b.node.total : a.number > b.number;
    }

    // One step up: to the callers. Who has none ends here.
    std::vector<walker> up(graph_node node, const std::vector<walker>& walkers) {
        std::vector<walker> callers;
        for (walker w : walkers) {
            w.at = graph_[w.at].parent;
            if (w.at != graph_node::root) {
                callers.push_back(w);
            } else {
                turned_[node].self += w.bytes;
                turned_[node].allocations += w.allocations;
            }
        }
        return callers;
    }

    // Those at the same frame go on together; of equals, who is met first stands first.
    void split(graph_node parent, const std::vector<walker>& walkers) {
        std::vector<open_group> groups;
        std::unordered_map<std::uint64_t, std::size_t> group_of;
        for (const walker& w : walkers) {
            const call_graph::node& at = graph_[w.at];
            const bool is_chain = at.why == joined_by::chain;
            const auto key = std::uint64_t{to_index(at.frame)} << 1 | (is_chain ? 1 : 0);
            const auto [found, is_new] = group_of.try_emplace(key, groups.size());
            if (is_new) groups.push_back({{.parent = parent, .frame = at.frame}, 0, {}});
            open_group& group = groups[found->second];
            group.node.total += w.bytes;
            if (is_new || at.joined > group.node.joined) {
                group.node.joined = at.joined;
                group.node.why = at.why;
                group.node.period = at.period;
                group.node.next = at.next;
            }
            group.walkers.push_back(w);
        }
        for (open_group& group : groups) {
            if (static_cast<double>(group.node.total) < least_) continue;
            group.number = found_++;
            open_.push_back(std::move(group));
            std::ranges::push_heap(open_, lighter);
        }
    }

    const call_graph& graph_;
    double least_ = 0;
    std::size_t most_;
    std::uint64_t found_ = 0;
    call_graph turned_;
    std::vector<open_group> open_;  // a heap: the heaviest is made first
};

inline call_graph leaves_first(const call_graph& graph, double least_share, std::size_t most) {
    return turning(graph, least_share, most).turned();
}

}  // namespace fil::report
