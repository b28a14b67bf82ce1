#include "session/traced_process.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "fil/trace/trace_reader.hpp"
#include "traced_recording.hpp"

namespace fil {
namespace {

using trace::operation;
constexpr std::uint32_t now = 5;  // ms

struct traced : testing::Test {
    // What the trace says after the process has ended.
    std::vector<trace::event> events(std::uint32_t sample = 1) {
        trace::bytes file;
        trace::writer to([&](const void* data, std::size_t bytes) {
            const auto* from = static_cast<const std::uint8_t*>(data);
            file.insert(file.end(), from, from + bytes);
        });
        traced_process one(of.process, to, sample);
        while (one.take(now)) {
        }
        one.end(now);
        to.finish();
        const trace::reader from(file);
        end = from.processes().at(0).end;
        has_recording = !from.processes().at(0).recording.stored.empty();
        std::vector<trace::event> all;
        from.for_each_event(0, [&](const trace::event& each) {
            all.push_back(each);
            return true;
        });
        EXPECT_EQ(end.events, all.size());
        return all;
    }
    static std::vector<operation> kinds(const std::vector<trace::event>& all) {
        std::vector<operation> kinds;
        for (const trace::event& one : all) kinds.push_back(one.what);
        return kinds;
    }
    using operations = std::vector<operation>;

    test::traced_recording of;
    trace::process_end end;
    bool has_recording = false;
};

TEST_F(traced, frees_name_the_blocks_that_came) {
    of.came(0x1000, 100, trace_zeroed);
    of.came(0x2000, 200);
    of.went(0x1000);
    const auto all = events();
    ASSERT_EQ(kinds(all),
              (operations{operation::allocate, operation::allocate, operation::release}));
    EXPECT_EQ(all[0].bytes, 100u);
    EXPECT_TRUE(all[0].zeroed);
    EXPECT_EQ(all[0].callstack, callstack_id{7});
    EXPECT_EQ(all[2].block, all[0].block);
    EXPECT_NE(all[1].block, all[0].block);
    EXPECT_EQ(end.lost, 0u);
    EXPECT_TRUE(has_recording);
    EXPECT_EQ(of.root().gave_up, 1u) << "nobody takes anything any more";
}

TEST_F(traced, two_halves_of_a_realloc_are_one_event) {
    of.came(0x1000, 100);
    of.went(0x1000, trace_moved);
    of.came(0x9000, 300);
    of.went(0x9000, trace_moved);
    of.add(trace_entry_kind::not_moved, 0);
    const auto all = events();
    ASSERT_EQ(kinds(all),
              (operations{operation::allocate, operation::reallocate, operation::release}));
    EXPECT_EQ(all[1].block, all[0].block);
    EXPECT_EQ(all[1].bytes, 300u);
    EXPECT_EQ(all[2].block, all[1].moved_to);
}

TEST_F(traced, a_block_goes_once_after_it_came) {
    of.went(0x1000);
    of.came(0x1000, 100);
    of.came(0x1000, 50);  // its free was lost
    of.went(0x1000);
    of.went(0x1000);
    of.went(0x5000, trace_moved);  // it came before the trace
    of.came(0x6000, 10);
    const auto all = events();
    ASSERT_EQ(kinds(all), (operations{operation::allocate, operation::release, operation::allocate,
                                      operation::release, operation::allocate}));
    EXPECT_EQ(all[1].block, all[0].block);
    EXPECT_EQ(all[3].block, all[2].block);
}

TEST_F(traced, of_a_sample_whole_lives_are_kept) {
    for (std::uint64_t i = 1; i <= 4000; ++i) of.came(i << 12, 10);
    for (std::uint64_t i = 1; i <= 4000; ++i) of.went(i << 12);
    const auto all = events(4);
    EXPECT_NEAR(double(all.size()), 2000, 300);
    std::size_t went = 0;
    for (const trace::event& one : all) went += one.what == operation::release;
    EXPECT_EQ(2 * went, all.size());
}

TEST_F(traced, an_arena_goes_as_long_as_it_came) {
    of.add(trace_entry_kind::mapping_came, 0x100000, 1 << 18, trace_runtime_arena);
    of.add(trace_entry_kind::range_went, 0x200000);  // is no arena
    of.add(trace_entry_kind::range_went, 0x100000);
    of.add(trace_entry_kind::mapping_came, 0x300000, 8192,
           static_cast<unsigned>(mapping_kind::file));
    of.add(trace_entry_kind::mapping_went, 0x300000, 4096,
           static_cast<unsigned>(mapping_kind::file));
    const auto all = events();
    ASSERT_EQ(kinds(all),
              (operations{operation::map, operation::unmap, operation::map, operation::unmap}));
    EXPECT_EQ(all[0].of, trace::layer::runtime_arena);
    EXPECT_EQ(all[1].bytes, 1u << 18);
    EXPECT_EQ(all[2].kind, mapping_kind::file);
    EXPECT_EQ(all[3].bytes, 4096u);
}

TEST_F(traced, what_never_came_is_counted_and_not_waited_for) {
    of.came(0x1000, 100);
    of.next += 5;
    of.went(0x1000);
    of.root().lost = 3;
    EXPECT_EQ(events().size(), 2u);
    EXPECT_EQ(end.lost, 8u);
}

TEST_F(traced, without_a_trace_or_with_a_damaged_one_has_no_events) {
    EXPECT_TRUE(traced_process::is_ready(of.process));
    const joined_process untraced = test::made_process(43);
    EXPECT_FALSE(traced_process::is_ready(untraced));
    EXPECT_FALSE(traced_process::is_ready(joined_process()));
    of.came(0x1000, 100);
    const page_number right = of.root().ring[0].exchange(page_number{8000});
    EXPECT_TRUE(events().empty()) << "it would end beyond the recording";
    of.root().ring[0] = right;
    of.root().magic = 1;
    EXPECT_TRUE(events().empty());
    of.root().magic = trace_magic;
    EXPECT_EQ(events().size(), 1u);
    traced_process::stop(of.process);
    traced_process::stop(untraced);
}

}  // namespace
}  // namespace fil
