#include "fil/capture/function_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "scratch_recording.hpp"

namespace fil {
namespace {

constexpr std::size_t bytes = 256 << 20;  // of a recording

TEST(function_table, the_same_texts_are_the_same_function) {
    test::scratch_recording r(bytes);
    function_table<linux_system> table(r.memory());
    const function_text text{function_kind{1}, "load", "flights.py", "/home", 4};
    const function_id id = table.intern(text);
    EXPECT_EQ(table.intern(text), id);
    function_text other = text;
    other.first_line = 5;
    EXPECT_NE(table.intern(other), id);
    const recording_view view = r.view();
    EXPECT_EQ(view.text(view.function(id)->name), "load");
    EXPECT_EQ(view.text(view.function(id)->directory), "/home");
    EXPECT_EQ(view.function(id)->first_line, 4u);
}

TEST(function_table, holds_thousands_and_cuts_what_is_too_long) {
    test::scratch_recording r(bytes);
    function_table<linux_system> table(r.memory());
    std::vector<function_id> ids;
    for (std::uint32_t i = 0; i < 20000; ++i) {
        ids.push_back(table.intern({function_kind{1}, "f", "x.py", "", i}));
    }
    for (std::uint32_t i = 0; i < 20000; ++i) {
        ASSERT_EQ(table.intern({function_kind{1}, "f", "x.py", "", i}), ids[i]);
    }
    const std::string huge(100000, 'x');
    const function_id id = table.intern({function_kind{1}, huge, huge, "", 1});
    EXPECT_EQ(table.intern({function_kind{1}, huge, huge, "", 1}), id);
    const recording_view view = r.view();
    EXPECT_EQ(view.text(view.function(id)->name).size(), longest_text);
}

TEST(function_table, a_function_whose_text_does_not_fit_is_none_and_counted) {
    constexpr std::uint64_t small = 1 << 20;
    void* base = system_pages::map(small);
    recording_memory memory(base, small);
    ASSERT_TRUE(memory.format(1, 0));
    function_table<linux_system> table(memory);
    const function_id first = table.intern({function_kind{1}, "f", "x.py", "", 1});
    EXPECT_NE(first, function_id::none);
    std::uint32_t line = 1;
    const std::string long_name(20000, 'n');
    function_id last = first;
    while (last != function_id::none && line < 100) {
        last = table.intern({function_kind{1}, long_name, "x.py", "", ++line});
    }
    EXPECT_EQ(last, function_id::none);
    EXPECT_EQ(memory.header().dropped_events, 1u);
    const recording_view view(base, small);
    for (std::uint32_t id = 1; id < view.function_count(); ++id) {
        EXPECT_NE(view.text(view.function(function_id{id})->name), "");
    }
    system_pages::unmap(base, small);
}

// Few texts, so that most come again, in every combination.
TEST(function_table, agrees_with_a_map_while_it_grows) {
    test::scratch_recording r(bytes);
    function_table<linux_system> table(r.memory());
    std::map<std::tuple<int, std::string, std::string, std::string, std::uint32_t>, function_id>
        model;
    std::mt19937 random(5);
    const auto text = [&](const char* stem) { return stem + std::to_string(random() % 12); };
    for (int step = 0; step < 100000; ++step) {
        const std::string name = text("f"), file = text("m"), directory = text("d");
        const auto kind = random() % 2 == 0 ? function_kind{1} : function_kind::announced;
        const std::uint32_t line = random() % 10;
        const function_id id = table.intern({kind, name, file, directory, line});
        const auto [known, is_new] =
            model.try_emplace({static_cast<int>(kind), name, file, directory, line}, id);
        ASSERT_EQ(known->second, id);
    }
    const recording_view view = r.view();
    EXPECT_EQ(view.function_count(), model.size() + 1);
    for (const auto& [key, id] : model) {
        ASSERT_EQ(view.text(view.function(id)->name), std::get<1>(key));
        ASSERT_EQ(view.function(id)->first_line, std::get<4>(key));
    }
}

}  // namespace
}  // namespace fil
