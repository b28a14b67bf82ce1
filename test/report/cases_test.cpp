// What the report does in C++ and, for who opens it, in JavaScript: both must do the same. One
// table of cases, cases.json; test/e2e/test_report_cases.py holds the page's scripts to it.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>
#include <string>
#include <vector>

#include "fil/report/answer.hpp"
#include "fil/report/box_label.hpp"
#include "fil/report/box_layout.hpp"
#include "fil/report/leaves_first.hpp"
#include "fil/report/markup.hpp"
#include "fil/report/source_lines.hpp"
#include "fil/report/svg_picture.hpp"

using namespace fil::report;
using boost::property_tree::ptree;

namespace {

const ptree& all_cases() {
    static const ptree read = [] {
        ptree tree;
        read_json(FIL_GOLDEN_DIRECTORY "/../cases.json", tree);
        return tree;
    }();
    return read;
}

// Each case of a kind: its entries.
template <typename Check>
void for_each_case(const std::string& kind, Check&& check) {
    int seen = 0;
    for (const auto& [name, entry] : all_cases().get_child(kind)) {
        std::vector<ptree> parts;
        for (const auto& [key, part] : entry) parts.push_back(part);
        check(parts, entry);
        ++seen;
    }
    EXPECT_GE(seen, 5) << kind;
}

std::string text_of(const ptree& entry) {
    return entry.get_value<std::string>();
}

// Functions are frames of a snapshot, by name.
struct made_case {
    explicit made_case(const ptree& entry) {
        for (const auto& [key, node] : entry.get_child("nodes")) {
            std::vector<std::string> parts;
            for (const auto& [name, part] : node) parts.push_back(text_of(part));
            call_graph::node made{.parent = graph_node(std::stoul(parts[0])),
                                  .frame = frame_of(parts[1]),
                                  .self = std::stoll(parts[2])};
            if (parts.size() > 3) {
                made.joined = static_cast<std::uint32_t>(std::stoul(parts[3]));
                made.period =
                    parts.size() > 4 ? static_cast<std::uint32_t>(std::stoul(parts[4])) : 1;
                made.why = made.period == 0 ? joined_by::chain : joined_by::recursion;
            }
            if (parts.size() > 5) made.next = frame_of(parts[5]);
            graph.add(made);
        }
        graph.sum();
    }

    frame_index frame_of(const std::string& function) {
        return names.add_frame({.function = function, .file = "x.py", .line = 1});
    }

    // "depth start name bytes" of each box but the root, row by row.
    std::vector<std::string> rows(const call_graph& drawn) const {
        layout boxes = placed(drawn);
        boxes.erase(boxes.begin());
        std::ranges::sort(boxes, {}, [](const box& b) { return std::pair(b.depth, b.start); });
        std::vector<std::string> rows;
        for (const box& b : boxes) {
            const frame& f = names.frames()[to_index(b.frame)];
            const frame& next = b.period > 1 ? names.frames()[to_index(b.next)] : f;
            rows.push_back(std::to_string(b.depth) + " " + std::to_string(b.start) + " " +
                           f.function + joined_text(b, f, next) + " " + std::to_string(b.bytes));
        }
        return rows;
    }

    snapshot names;
    call_graph graph;
};

std::vector<std::string> texts_of(const ptree& list) {
    std::vector<std::string> texts;
    for (const auto& [key, entry] : list) texts.push_back(text_of(entry));
    return texts;
}

}  // namespace

TEST(report_cases, invisible_characters_are_spelled_out) {
    for_each_case("visible", [](const auto& parts, const ptree&) {
        EXPECT_EQ(escaped(text_of(parts[0])), text_of(parts[1]));
        if (text_of(parts[0]).find('\t') == std::string::npos) {  // a terminal shows a blank
            EXPECT_EQ(harmless(text_of(parts[0])).substr(0, text_of(parts[1]).size()),
                      text_of(parts[1]));
        }
    });
}

TEST(report_cases, texts_are_as_wide_as_they_are) {
    for_each_case("cells", [](const auto& parts, const ptree&) {
        EXPECT_EQ(cells(text_of(parts[0])), std::stoul(text_of(parts[1]))) << text_of(parts[0]);
    });
}

TEST(report_cases, times_and_shares_are_said_in_one_way) {
    for_each_case("seconds", [](const auto& parts, const ptree&) {
        EXPECT_EQ(seconds_text(std::stod(text_of(parts[0]))), text_of(parts[1]));
    });
    for_each_case("percent", [](const auto& parts, const ptree&) {
        EXPECT_EQ(share_text(std::stoll(text_of(parts[0])), std::stoll(text_of(parts[1]))),
                  text_of(parts[2]));
    });
}

TEST(report_cases, a_label_gives_way_from_its_path_on) {
    for_each_case("labels", [](const auto&, const ptree& entry) {
        box_label label{entry.get<std::string>("function"), entry.get<std::string>("path"),
                        entry.get<std::uint32_t>("line"), entry.get<std::string>("joined", "")};
        if (const auto parts = entry.get_child_optional("parts"))
            label.short_name = texts_of(*parts);
        for (const auto& [room, cut] : entry.get_child("cut"))
            EXPECT_EQ(cut_label(label, std::stoul(room)), text_of(cut)) << room;
    });
}

TEST(report_cases, sources_are_cut_at_their_end) {
    for_each_case("sources", [](const auto& parts, const ptree&) {
        const std::string source = source_text(text_of(parts[0]));
        EXPECT_EQ(harmless(source, std::stoul(text_of(parts[1])), {}), text_of(parts[2]));
    });
}

TEST(report_cases, callers_first_and_leaves_first) {
    for_each_case("graphs", [](const auto&, const ptree& entry) {
        const made_case made(entry);
        const std::string about = entry.get<std::string>("about");
        EXPECT_EQ(made.rows(made.graph), texts_of(entry.get_child("rows"))) << about;
        EXPECT_EQ(made.rows(leaves_first(made.graph, least_share_turned, 1000)),
                  texts_of(entry.get_child("turned")))
            << about;
    });
}
