#pragma once
// Which of the user's own lines held the memory: the first thing that a reader wants to know.
//
// Each callstack's bytes go to its innermost frame of the user's own code, however deep in
// libraries they were allocated. What stands below no such frame goes to nobody. Heaviest first.
//
// Code that was made while the program ran (exec, eval) and whose text nobody kept is no line that
// a reader could look at: there the line counts that called it. If none did, it is the program
// itself (python -c, or what came through stdin), and counts; but for code that nobody gave a name:
// that is whose who executes it. (`<string>` below site.py is a line of somebody's .pth file.)

#include <cstdint>
#include <map>
#include <range/v3/action/sort.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/map.hpp>
#include <vector>

#include "fil/report/call_graph.hpp"
#include "fil/report/frame_owner.hpp"

namespace fil::report {

struct your_line {
    frame_index frame;
    std::int64_t bytes = 0;
    graph_node node = graph_node::root;  // where the most of them are in the graph
};

// What a reader could look up of a frame's code.
enum class code_text : std::uint8_t { kept, lost, lost_and_nameless };

// Both have one entry for each frame.
inline std::vector<your_line> your_lines(const call_graph& graph,
                                         const std::vector<ownership>& owners,
                                         const std::vector<code_text>& texts) {
    std::vector<graph_node> innermost(graph.nodes.size(), graph_node::root);
    std::vector<std::int64_t> held(graph.nodes.size());  // by what `innermost` says
    auto counts = [&](const call_graph::node& node) {
        if (owners[to_index(node.frame)].owner != frame_owner::user) return false;
        const code_text text = texts[to_index(node.frame)];
        if (text == code_text::kept) return true;
        const graph_node caller = innermost[to_index(node.parent)];
        if (caller != graph_node::root && texts[to_index(graph[caller].frame)] == code_text::kept)
            return false;
        return text == code_text::lost || node.parent == caller;  // the root's, or the program's
    };
    for (std::size_t i = 1; i < graph.nodes.size(); ++i) {
        const call_graph::node& node = graph.nodes[i];
        innermost[i] = counts(node) ? graph_node(i) : innermost[to_index(node.parent)];
        held[to_index(innermost[i])] += node.self;
    }
    std::map<frame_index, your_line> lines;
    for (std::size_t i = 1; i < graph.nodes.size(); ++i) {
        if (held[i] == 0) continue;
        const frame_index frame = graph.nodes[i].frame;
        your_line& line = lines.try_emplace(frame, your_line{frame}).first->second;
        line.bytes += held[i];
        if (line.node == graph_node::root || held[i] > held[to_index(line.node)]) {
            line.node = graph_node(i);
        }
    }
    return lines | ranges::views::values | ranges::to<std::vector>() |
           ranges::actions::sort([](const your_line& a, const your_line& b) {
               return a.bytes != b.bytes ? a.bytes > b.bytes : a.frame < b.frame;
           });
}

}  // namespace fil::report
