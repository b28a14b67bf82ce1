// Made-up stacks: words of an array, the outermost last.
#include "fil/capture/job_search.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "fil/capture/threads_that_ask.hpp"

namespace fil {
namespace {

constexpr std::uintptr_t into_loop = 0x401234, into_wait = 0x401200;
constexpr std::uintptr_t of_a = 0xA000, of_b = 0xB000, inside_c = 0xC001;

// Words that lead somewhere: an asker's stack, blocks; inside_c only when all words count.
constexpr std::uintptr_t stack_of_d = 0xD000;
callstack_id leads_to(std::uintptr_t word, evidence how) {
    if (word >> 12 == 0xD) return callstack_id{13};
    if (how == evidence::stack) return callstack_id::none;
    if (word >> 12 == 0xA) return callstack_id{10};
    if (word >> 12 == 0xB) return callstack_id{11};
    return how == evidence::any && word == inside_c ? callstack_id{12} : callstack_id::none;
}

struct made_up {
    static constexpr int words = 200;
    std::uintptr_t stack[words] = {};
    std::unique_ptr<pool_landmarks> landmarks = std::make_unique<pool_landmarks>();

    std::uintptr_t at(int i) const { return reinterpret_cast<std::uintptr_t>(&stack[i]); }

    // The loop's frame has so many words.
    void teach(int times = 3, int frame = 4) {
        const std::uintptr_t cfa = 9000 - frame * sizeof(std::uintptr_t);
        const stack_place idle[] = {{1, 9000}, {into_wait, cfa}, {3, 7000}};
        const stack_place works[] = {{1, 9000}, {into_loop, cfa}, {4, 7000}, {5, 6000}};
        for (int i = 0; i < times; ++i) landmarks->learn(idle, 3, works, 4);
    }

    template <typename IsFrame>
    callstack_id ask(IsFrame is_frame) {
        job_search search(*landmarks);
        const job_search::mark mark = search.find_mark(at(0), at(words), is_frame);
        return search.asker(mark, at(0), at(words), leads_to);
    }
    callstack_id ask() {
        return ask([](std::uintptr_t) { return true; });
    }
};

TEST(job_search, a_stack_that_says_nothing_has_no_asker) {
    made_up pool;
    EXPECT_EQ(pool.ask(), callstack_id::none);
    pool.teach();
    pool.stack[100] = into_loop;
    EXPECT_EQ(pool.ask(), callstack_id::none);
}

TEST(job_search, the_first_word_inward_of_the_landmark_counts) {
    made_up pool;
    pool.teach();
    pool.stack[100] = into_loop;
    pool.stack[98] = of_a;
    pool.stack[20] = of_b;   // what an earlier job left
    pool.stack[150] = of_b;  // the pool's creator
    EXPECT_EQ(pool.ask(), callstack_id{10});
}

TEST(job_search, a_landmark_is_believed_once_it_was_seen_three_times) {
    made_up pool;
    pool.teach(2);
    pool.stack[100] = into_loop;
    pool.stack[98] = of_a;
    pool.stack[150] = of_b;
    EXPECT_EQ(pool.ask(), callstack_id{11});  // from the end inward
    pool.teach(1);
    EXPECT_EQ(pool.ask(), callstack_id{10});
}

TEST(job_search, the_loops_frame_is_asked_after_the_jobs_and_no_further) {
    made_up pool;
    pool.teach(3, 4);
    pool.stack[100] = into_loop;
    pool.stack[104] = of_a;
    EXPECT_EQ(pool.ask(), callstack_id{10});
    pool.stack[104] = 0;
    pool.stack[105] = of_a;
    EXPECT_EQ(pool.ask(), callstack_id::none);
}

TEST(job_search, of_jobs_inside_jobs_the_innermost_counts) {
    made_up pool;
    pool.teach();
    pool.stack[100] = pool.stack[50] = into_loop;
    pool.stack[99] = of_a;
    pool.stack[49] = of_b;
    EXPECT_EQ(pool.ask(), callstack_id{11});
    // If it is not what a call before it left there.
    EXPECT_EQ(pool.ask([&](std::uintptr_t place) { return place == pool.at(100); }),
              callstack_id{10});
    // And if it says nothing, the next.
    pool.stack[49] = 0;
    EXPECT_EQ(pool.ask(), callstack_id{10});
}

TEST(job_search, an_address_inside_a_block_counts_where_nothing_else_does) {
    made_up pool;
    pool.teach();
    pool.stack[100] = into_loop;
    pool.stack[99] = inside_c;
    EXPECT_EQ(pool.ask(), callstack_id{12});
    pool.stack[60] = of_a;
    EXPECT_EQ(pool.ask(), callstack_id{10});
}

TEST(job_search, what_is_inside_a_job_counts_before_the_loops_frame) {
    made_up pool;
    pool.teach(3, 4);
    pool.stack[100] = into_loop;
    pool.stack[90] = inside_c;
    pool.stack[102] = of_a;
    EXPECT_EQ(pool.ask(), callstack_id{12});
}

TEST(job_search, a_slot_is_learnt_where_what_leads_to_askers_changes) {
    made_up pool;
    pool.teach();
    pool.stack[100] = into_loop;
    const auto mark = [&] {
        return job_search(*pool.landmarks)
            .find_mark(pool.at(0), pool.at(pool.words), [](std::uintptr_t) { return true; });
    };
    const auto leads = [](std::uintptr_t word) {
        return leads_to(word, evidence::sure) != callstack_id::none;
    };
    job_slot::last_sample last;
    for (std::uint32_t i = 0; i <= job_slot::enough; ++i) {
        pool.stack[99] = of_b;                      // never changes: the pool's own
        pool.stack[97] = i % 2 == 0 ? of_a : of_b;  // the job
        pool.stack[96] = i;                         // changes, and leads nowhere
        mark().of->slot.sample(last, pool.at(100), pool.at(0), pool.at(pool.words), leads);
    }
    EXPECT_EQ(mark().of->slot.offset(), -3);
    pool.stack[97] = of_a;
    EXPECT_EQ(pool.ask(), callstack_id{10});
}

TEST(job_search, of_what_frames_keep_the_innermost_counts_unless_it_is_inside_a_block) {
    const std::uintptr_t kept[] = {7, inside_c, of_b, of_a};
    EXPECT_EQ(job_search::kept_asker(kept, leads_to), callstack_id{11});
    const std::uintptr_t certain[] = {7, inside_c, of_b, stack_of_d};
    EXPECT_EQ(job_search::kept_asker(certain, leads_to), callstack_id{13});
    EXPECT_EQ(job_search::kept_asker(std::span(kept).first(2), leads_to), callstack_id{12});
    EXPECT_EQ(job_search::kept_asker({}, leads_to), callstack_id::none);
}

TEST(job_search, reads_a_bounded_number_of_words) {
    std::vector<std::uintptr_t> stack(3 * job_search::most_words);
    stack[10] = of_a;
    auto landmarks = std::make_unique<pool_landmarks>();
    job_search search(*landmarks);
    const auto from = reinterpret_cast<std::uintptr_t>(stack.data());
    const auto end = from + stack.size() * sizeof(std::uintptr_t);
    const auto mark = search.find_mark(from, end, [](std::uintptr_t) { return true; });
    EXPECT_EQ(search.asker(mark, from, end, leads_to), callstack_id::none);
}

TEST(asking_threads, only_one_that_is_engaged_is_the_asker) {
    asking_threads asking;
    asking.add({callstack_id{5}, false, false, 1, 0});
    EXPECT_EQ(asking.the_only_one(), (asked_by{callstack_id{5}, errand_kind::guessed}));
    asking.add({callstack_id{6}, true, true, 2, 0});
    EXPECT_EQ(asking.the_only_one(), (asked_by{callstack_id{6}, errand_kind::alone}));
    asking.add({callstack_id{7}, true, true, 3, 0});
    EXPECT_EQ(asking.the_only_one(), asked_by{});
    EXPECT_EQ(asking.find(3)->callstack, callstack_id{7});
    EXPECT_EQ(asking.find(4), nullptr);
}

}  // namespace
}  // namespace fil
