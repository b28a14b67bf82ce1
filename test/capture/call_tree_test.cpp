#include "fil/capture/call_tree.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>
#include <vector>

#include "fil/capture/function_table.hpp"
#include "fil/recording/view.hpp"

namespace fil {
namespace {

struct recording {
    static constexpr std::uint64_t bytes = 256 << 20;
    void* base = system_pages::map(bytes);
    bool formatted = recording_memory(base, bytes).format(1, 0);
    recording_memory memory{base, bytes};
    ~recording() { system_pages::unmap(base, bytes); }
};

TEST(call_tree, the_same_place_is_the_same_callstack) {
    recording r;
    call_tree<> tree(r.memory);
    const callstack_id one = tree.child(callstack_id::unknown, function_id{1}, 10);
    const callstack_id two = tree.child(one, function_id{1}, 10);
    EXPECT_NE(one, two);
    EXPECT_EQ(tree.child(callstack_id::unknown, function_id{1}, 10), one);
    EXPECT_EQ(tree.child(one, function_id{1}, 10), two);
    EXPECT_NE(tree.child(one, function_id{1}, 11), two);
}

TEST(call_tree, agrees_with_a_map_while_it_grows) {
    recording r;
    call_tree<> tree(r.memory);
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, callstack_id> model;
    std::vector<callstack_id> known{callstack_id::unknown};
    std::mt19937 random(3);
    for (int step = 0; step < 100000; ++step) {
        const callstack_id caller = known[random() % std::min<std::size_t>(known.size(), 500)];
        const std::uint32_t function = 1 + random() % 40, line = random() % 30;
        const callstack_id id = tree.child(caller, function_id{function}, line);
        auto [entry, is_new] = model.try_emplace({to_index(caller), function, line}, id);
        ASSERT_EQ(entry->second, id);
        if (is_new) known.push_back(id);
        ASSERT_LT(to_index(caller), to_index(id));
    }
    const recording_view view(r.base, recording::bytes);
    EXPECT_EQ(view.callstack_count(), known.size() + 1);
}

TEST(call_tree, threads_that_intern_at_once_agree) {
    recording r;
    call_tree<> tree(r.memory);
    constexpr int threads = 4;
    std::vector<std::vector<callstack_id>> found(threads);
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
        workers.emplace_back([&, t] {
            for (std::uint32_t i = 0; i < 30000; ++i) {
                found[t].push_back(tree.child(callstack_id::unknown, function_id{1 + i % 7}, i));
            }
        });
    }
    for (std::thread& worker : workers) worker.join();
    for (int t = 1; t < threads; ++t) EXPECT_EQ(found[t], found[0]);
}

TEST(function_table, the_same_texts_are_the_same_function) {
    recording r;
    function_table<> table(r.memory);
    const function_text text{function_kind::python, "load", "flights.py", "/home", 4};
    const function_id id = table.intern(text);
    EXPECT_EQ(table.intern(text), id);
    function_text other = text;
    other.first_line = 5;
    EXPECT_NE(table.intern(other), id);
    const recording_view view(r.base, recording::bytes);
    EXPECT_EQ(view.text(view.function(id)->name), "load");
    EXPECT_EQ(view.text(view.function(id)->directory), "/home");
    EXPECT_EQ(view.function(id)->first_line, 4u);
}

TEST(function_table, holds_thousands_and_cuts_what_is_too_long) {
    recording r;
    function_table<> table(r.memory);
    std::vector<function_id> ids;
    for (std::uint32_t i = 0; i < 20000; ++i) {
        ids.push_back(table.intern({function_kind::python, "f", "x.py", "", i}));
    }
    for (std::uint32_t i = 0; i < 20000; ++i) {
        ASSERT_EQ(table.intern({function_kind::python, "f", "x.py", "", i}), ids[i]);
    }
    const std::string huge(100000, 'x');
    const function_id id = table.intern({function_kind::python, huge, huge, "", 1});
    EXPECT_EQ(table.intern({function_kind::python, huge, huge, "", 1}), id);
    const recording_view view(r.base, recording::bytes);
    EXPECT_EQ(view.text(view.function(id)->name).size(), recording_memory::longest_text);
}

TEST(function_table, a_function_whose_text_does_not_fit_is_none_and_counted) {
    constexpr std::uint64_t small = 1 << 20;
    void* base = system_pages::map(small);
    recording_memory memory(base, small);
    ASSERT_TRUE(memory.format(1, 0));
    function_table<> table(memory);
    const function_id first = table.intern({function_kind::python, "f", "x.py", "", 1});
    EXPECT_NE(first, function_id::none);
    std::uint32_t line = 1;
    const std::string long_name(20000, 'n');
    function_id last = first;
    while (last != function_id::none && line < 100) {
        last = table.intern({function_kind::python, long_name, "x.py", "", ++line});
    }
    EXPECT_EQ(last, function_id::none);
    EXPECT_EQ(memory.header().dropped_events, 1u);
    const recording_view view(base, small);
    for (std::uint32_t id = 1; id < view.function_count(); ++id) {
        EXPECT_NE(view.text(view.function(function_id{id})->name), "");
    }
    system_pages::unmap(base, small);
}

}  // namespace
}  // namespace fil
