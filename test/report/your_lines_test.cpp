#include "fil/report/your_lines.hpp"

#include <gtest/gtest.h>

#include "made_graph.hpp"

using namespace fil::report;
using fil::mapping_kind;

namespace {

// Functions in capitals are the user's own.
std::vector<ownership> owners_of(const snapshot& shown) {
    std::vector<ownership> owners;
    for (const frame& f : shown.frames()) {
        const bool user = f.function[0] >= 'A' && f.function[0] <= 'Z';
        owners.push_back({user ? frame_owner::user : frame_owner::library});
    }
    return owners;
}

held_by_lines held_in(const snapshot& whole, const std::vector<ownership>& owners) {
    std::vector<frame_index> rows;
    for (std::uint32_t i = 0; i < owners.size(); ++i) rows.push_back(frame_index{i});
    return your_lines(whole, owners, std::vector<code_text>(owners.size()), rows);
}

using found = std::vector<std::pair<std::string, std::int64_t>>;

found lines_of(const made_graph& made) {
    found lines;
    for (const your_line& line : held_in(made.shown, owners_of(made.shown)).lines) {
        lines.push_back({made.shown.frames()[to_index(line.frame)].function, line.bytes});
    }
    return lines;
}

}  // namespace

TEST(your_lines, bytes_go_to_the_innermost_line_of_the_users_own) {
    EXPECT_EQ(lines_of(made_graph({{"Main Load read parse", 100},
                                   {"Main read parse", 20},
                                   {"Main Wide", 300},
                                   {"Main Load read Callback", 7}})),
              (found{{"Wide", 300}, {"Load", 100}, {"Main", 20}, {"Callback", 7}}));
}

TEST(your_lines, what_stands_below_no_line_of_the_users_own_goes_to_nobody) {
    EXPECT_EQ(lines_of(made_graph({{"import parse", 100}})), found{});
    EXPECT_EQ(lines_of(made_graph({})), found{});
}

TEST(your_lines, a_line_says_what_it_holds_and_what_all_that_it_called_holds) {
    const made_graph made({{"A Load x", 10}, {"B Load x", 30}, {"B Load A y", 5}, {"A Load A", 1}});
    const held_by_lines held = held_in(made.shown, owners_of(made.shown));
    ASSERT_EQ(held.lines.size(), 2u);
    EXPECT_EQ(held.lines[0].bytes, 40);
    EXPECT_EQ(held.lines[0].below, 46);
    EXPECT_EQ(held.lines[1].bytes, 6);
    EXPECT_EQ(held.lines[1].below, 16);
}

TEST(your_lines, a_line_imports_if_nearly_all_of_its_own_was_imported) {
    const frame importer{.function = "find", .file = "<frozen importlib._bootstrap_external>"};
    const auto is_import = [&](std::int64_t imported, std::int64_t other) {
        made_snapshot made;
        made.holds(imported, {{.function = "A"}, importer, {.function = "library"}});
        made.holds(other, {{.function = "A"}, {.function = "library"}});
        made.holds(99, {{.function = "A"}, importer, {.function = "B"}, {.function = "library"}});
        const held_by_lines held = held_in(made, owners_of(made));
        EXPECT_FALSE(held.lines.back().imports);  // B, which was imported, does not itself
        return held.lines.front().imports;
    };
    EXPECT_TRUE(is_import(1000, 0));
    EXPECT_TRUE(is_import(900, 100));
    EXPECT_FALSE(is_import(899, 101));
    EXPECT_FALSE(is_import(0, 1000));
}

TEST(your_lines, those_that_are_not_listed_are_counted) {
    held_by_lines held;
    held.lines = {{frame_index{0}, 99'950}, {frame_index{1}, 105}, {frame_index{2}, 20}};
    leave_out_small_lines(held);
    ASSERT_EQ(held.lines.size(), 2u);
    EXPECT_EQ(held.small_lines, 1u);
    EXPECT_EQ(held.small_bytes, 20);
    held.lines.assign(300, {frame_index{0}, 7});
    leave_out_small_lines(held);
    EXPECT_EQ(held.lines.size(), 200u);
    EXPECT_EQ(held.small_bytes, 700);
}

// Each is too small to be listed, together they may be most of all.
TEST(your_lines, those_that_import_are_one_row_however_small_they_are) {
    held_by_lines held;
    held.lines = {{frame_index{0}, 50'000}};
    held.lines.insert(held.lines.end(), 1000, {frame_index{1}, 60, 0, true});
    held.lines.push_back({frame_index{2}, 7});
    gather_imports(held);
    leave_out_small_lines(held);
    EXPECT_EQ(held.importing_lines, 1000u);
    EXPECT_EQ(held.importing_bytes, 60'000);
    EXPECT_EQ(held.imports.size(), 20u);
    EXPECT_EQ(held.small_lines, 1u);
    EXPECT_EQ(held.small_bytes, 7);
    const std::vector<line_row> rows = rows_of_lines(held);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].line, nullptr);
    EXPECT_EQ(rows[0].bytes, 60'000);
    EXPECT_EQ(rows[1].bytes, 50'000);
    held_by_lines alone;
    alone.lines = {{frame_index{0}, 10}, {frame_index{1}, 5, 0, true}};
    gather_imports(alone);
    EXPECT_EQ(rows_of_lines(alone).size(), 2u);
    EXPECT_EQ(alone.lines.size(), 2u);
}

TEST(your_lines, agree_with_a_naive_model) {
    for (unsigned seed = 0; seed < 30; ++seed) {
        const snapshot shown = select(tidied(random_snapshot(seed, 200, 6, 12), {})).shown;
        std::vector<ownership> owners;
        for (const frame& f : shown.frames()) {
            owners.push_back({f.file == "a.py" ? frame_owner::user : frame_owner::library});
        }
        bytes_by_text expected;
        for (const auto& [at, used] : shown.used(fil::mapping_kind::anonymous)) {
            const frame_list stack = frames_of(shown, at);
            for (auto f = stack.rbegin(); f != stack.rend(); ++f) {
                if (f->file != "a.py") continue;
                expected[frame_text(*f)] += used.bytes;
                break;
            }
        }
        bytes_by_text got;
        const held_by_lines held = held_in(shown, owners);
        std::int64_t sum = held.others;
        for (const your_line& line : held.lines) {
            got[frame_text(shown.frames()[to_index(line.frame)])] += line.bytes;
            sum += line.bytes;
        }
        EXPECT_EQ(got, expected) << seed;
        EXPECT_EQ(sum, shown.total(fil::mapping_kind::anonymous)) << seed;
    }
}

TEST(your_lines, what_a_thread_took_for_a_line_is_counted_by_how_that_is_known) {
    const auto errand = [](std::uint32_t how) {
        return frame{.function = "t", .first_line = how, .kind = frame_kind::errand};
    };
    const auto call = [](std::string function) { return frame{.function = std::move(function)}; };
    snapshot whole;
    const auto hold = [&](std::int64_t bytes, const std::vector<frame>& frames) {
        callstack_index at = callstack_index::empty;
        for (const frame& f : frames) at = whole.add_callstack(at, whole.add_frame(f));
        whole.add_usage(mapping_kind::anonymous, at, {bytes, 1});
    };
    hold(1, {call("Main")});
    hold(10, {call("Main"), call("submit"), errand(1), call("parse")});
    hold(200, {call("Main"), errand(2), call("parse")});
    hold(3000, {call("Main"), errand(3), call("parse")});
    hold(5000, {call("Main"), errand(5), call("parse")});
    hold(40000, {call("Other"), errand(3), call("Own"), call("parse")});
    const held_by_lines held = held_in(whole, owners_of(whole));
    ASSERT_EQ(held.lines.size(), 2u);
    EXPECT_EQ(held.lines[0].guessed, 0);
    EXPECT_EQ(held.lines[1].bytes, 8211);
    EXPECT_EQ(held.lines[1].guessed, 8000);
    EXPECT_EQ(held.errands.by_task, 10);
    EXPECT_EQ(held.errands.by_start, 200);
    EXPECT_EQ(held.errands.by_job, 5000);
    EXPECT_EQ(held.errands.guessed, 3000);
}
