#pragma once
// Graphs as texts, for the tests of the stages that change graphs.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fil/report/call_graph.hpp"
#include "fil/report/selection.hpp"
#include "fil/report/tidy.hpp"
#include "made_snapshot.hpp"

namespace fil::report {

// "a b c": the functions of a callstack, outermost first.
inline frame_list functions(const std::string& words) {
    frame_list stack;
    for (std::size_t at = 0; at < words.size();) {
        const std::size_t end = std::min(words.find(' ', at), words.size());
        stack.push_back(python("a.py", 1, words.substr(at, end - at)));
        at = end + 1;
    }
    return stack;
}

struct made_graph {
    explicit made_graph(const std::map<std::string, std::int64_t>& bytes_of_words) {
        made_snapshot made;
        for (const auto& [words, bytes] : bytes_of_words) made.holds(bytes, functions(words));
        shown = made;
        graph = make_call_graph(shown);
    }

    snapshot shown;
    call_graph graph;
};

// How a node is called: its functions from the root on, "main f×3 g".
inline std::vector<std::string> node_names(const call_graph& graph, const snapshot& shown) {
    std::vector<std::string> names(graph.nodes.size());
    for (std::size_t i = 1; i < names.size(); ++i) {
        const call_graph::node& node = graph.nodes[i];
        const std::string& above = names[to_index(node.parent)];
        names[i] =
            (above.empty() ? "" : above + " ") + shown.frames()[to_index(node.frame)].function;
        if (node.joined > 1) {
            names[i] += (node.why == joined_by::chain ? "…" : "×") + std::to_string(node.joined);
        }
    }
    return names;
}

// Each node's bytes, by name. Fails to be complete if two nodes have one name.
inline std::map<std::string, std::int64_t> totals_of(const call_graph& graph,
                                                     const snapshot& shown) {
    std::map<std::string, std::int64_t> totals;
    const std::vector<std::string> names = node_names(graph, shown);
    for (std::size_t i = 0; i < names.size(); ++i) totals[names[i]] += graph.nodes[i].total;
    return totals;
}

// What a graph of these stacks has to say, worked out by walking each of them: the bytes of every
// beginning. `change` turns a stack (of function names) into the one that is drawn.
inline std::map<std::string, std::int64_t> naive_totals(
    const snapshot& shown,
    const std::function<std::vector<std::string>(std::vector<std::string>)>& change) {
    std::map<std::string, std::int64_t> totals{{"", 0}};
    for (const auto& [at, used] : shown.used(mapping_kind::anonymous)) {
        std::vector<std::string> stack;
        for (const frame& f : frames_of(shown, at)) stack.push_back(frame_text(f));
        totals[""] += used.bytes;
        std::string name;
        for (const std::string& word : change(stack)) {
            name += (name.empty() ? "" : " ") + word;
            totals[name] += used.bytes;
        }
    }
    return totals;
}

// The same of a graph, with the names as naive_totals makes them.
inline std::map<std::string, std::int64_t> text_totals(const call_graph& graph,
                                                       const snapshot& shown) {
    std::map<std::string, std::int64_t> totals;
    std::vector<std::string> names(graph.nodes.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        const call_graph::node& node = graph.nodes[i];
        const std::string& above = names[to_index(node.parent)];
        if (i > 0) {
            names[i] = (above.empty() ? "" : above + " ") +
                       frame_text(shown.frames()[to_index(node.frame)]);
        }
        totals[names[i]] += node.total;
    }
    return totals;
}

}  // namespace fil::report
