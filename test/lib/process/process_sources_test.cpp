#include "process/process_sources.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace fil {
namespace {

// A source that answers what it is told to, and remembers how it was asked.
struct scripted {
    fil_callstack answer;
    int questions = 0, runs = 0;
    std::vector<void*> memory = {};

    static fil_callstack capture(void* context, void* thread_memory) {
        auto& its = *static_cast<scripted*>(context);
        ++its.questions;
        its.memory.push_back(thread_memory);
        return its.answer;
    }
    static void run_changed(void* context, int is_on) {
        static_cast<scripted*>(context)->runs += is_on != 0 ? 1 : 100;
    }
    fil_source as_source(std::size_t bytes = 0) {
        fil_source source{};
        source.struct_size = sizeof source;
        source.thread_bytes = bytes;
        source.capture = capture;
        source.context = this;
        source.run_changed = run_changed;
        return source;
    }
};

struct process_sources_test : testing::Test {
    std::unique_ptr<process_sources> sources = std::make_unique<process_sources>();
    alignas(64) std::byte slots[process_sources::thread_bytes] = {};
    alignas(64) std::byte others_slots[process_sources::thread_bytes] = {};

    callstack_id captured() {
        void* const memory = slots;
        return sources->capture(memory);
    }
};

TEST_F(process_sources_test, without_a_source_nobody_knows) {
    EXPECT_EQ(captured(), callstack_id::none);
}

TEST_F(process_sources_test, the_newest_is_asked_first_and_older_ones_where_it_does_not_know) {
    scripted older{7}, newer{8};
    ASSERT_TRUE(sources->add(older.as_source()));
    EXPECT_EQ(captured(), callstack_id{7});
    ASSERT_TRUE(sources->add(newer.as_source()));
    EXPECT_EQ(captured(), callstack_id{8});
    EXPECT_EQ(older.questions, 1);
    newer.answer = FIL_CALLSTACK_NONE;
    EXPECT_EQ(captured(), callstack_id{7});
    EXPECT_EQ(captured(), callstack_id{7});
    older.answer = FIL_CALLSTACK_NONE;
    EXPECT_EQ(captured(), callstack_id::none);
}

TEST_F(process_sources_test, an_answer_that_is_no_callstack_is_unknown) {
    scripted one{max_callstacks};
    ASSERT_TRUE(sources->add(one.as_source()));
    EXPECT_EQ(captured(), callstack_id::unknown);
    one.answer = ~fil_callstack{0};
    EXPECT_EQ(captured(), callstack_id::unknown);
}

TEST_F(process_sources_test, each_thread_has_memory_of_its_own_zeroed_and_kept) {
    scripted one{7};
    ASSERT_TRUE(sources->add(one.as_source(5000)));
    captured();
    auto* mine = static_cast<char*>(one.memory.at(0));
    EXPECT_EQ(mine[0] | mine[4999], 0);
    mine[4999] = 1;
    captured();
    EXPECT_EQ(one.memory.at(1), mine);
    void* const another = others_slots;
    sources->capture(another);
    EXPECT_NE(one.memory.at(2), mine);
    EXPECT_EQ(static_cast<char*>(one.memory.at(2))[4999], 0);
}

TEST_F(process_sources_test, four_find_room_and_hear_of_runs) {
    scripted all[process_sources::max_sources + 1] = {{1}, {2}, {3}, {4}, {5}};
    for (std::size_t i = 0; i != process_sources::max_sources; ++i)
        ASSERT_TRUE(sources->add(all[i].as_source()));
    EXPECT_FALSE(sources->add(all[process_sources::max_sources].as_source()));
    sources->run_changed(true);
    sources->run_changed(false);
    for (std::size_t i = 0; i != process_sources::max_sources; ++i) EXPECT_EQ(all[i].runs, 101);
    EXPECT_EQ(all[process_sources::max_sources].runs, 0);
}

}  // namespace
}  // namespace fil
