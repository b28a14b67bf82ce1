#include "fil/capture/call_tree.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>
#include <vector>

#include "scratch_recording.hpp"

namespace fil {
namespace {

constexpr std::size_t bytes = 256 << 20;  // of a recording

TEST(call_tree, the_same_place_is_the_same_callstack) {
    test::scratch_recording r(bytes);
    call_tree<linux_system> tree(r.memory());
    const callstack_id one = tree.child(callstack_id::unknown, function_id{1}, 10);
    const callstack_id two = tree.child(one, function_id{1}, 10);
    EXPECT_NE(one, two);
    EXPECT_EQ(tree.child(callstack_id::unknown, function_id{1}, 10), one);
    EXPECT_EQ(tree.child(one, function_id{1}, 10), two);
    EXPECT_NE(tree.child(one, function_id{1}, 11), two);
}

TEST(call_tree, agrees_with_a_map_while_it_grows) {
    test::scratch_recording r(bytes);
    call_tree<linux_system> tree(r.memory());
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
    const recording_view view = r.view();
    EXPECT_EQ(view.callstack_count(), known.size() + 1);
}

TEST(call_tree, threads_that_intern_at_once_agree) {
    test::scratch_recording r(bytes);
    call_tree<linux_system> tree(r.memory());
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

}  // namespace
}  // namespace fil
