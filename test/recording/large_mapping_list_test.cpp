#include "fil/recording/large_mapping_list.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "../capture/scratch_recording.hpp"

namespace fil {
namespace {

large_mapping_record* records_of(recording_memory& memory) {
    return memory.at<large_mapping_record>(memory.header().large_mappings_page);
}

// Every field says the same number.
large_mapping numbered(std::uint64_t number) {
    return {number, number, static_cast<callstack_id>(number), mapping_kind::arena};
}

TEST(large_mapping_list, is_read_as_it_was_written_in_full) {
    test::scratch_recording recording;
    recording_memory& memory = recording.memory();
    {
        large_mapping_writer writer(memory.header(), records_of(memory));
        for (std::uint64_t i = 0; i < max_large_mappings; ++i) EXPECT_TRUE(writer.add(numbered(i)));
        EXPECT_FALSE(writer.add(numbered(7)));
    }
    std::uint64_t count = 0;
    EXPECT_TRUE(visit_large_mappings(recording.view(), [&](const large_mapping& one) {
        EXPECT_EQ(one.address, count);
        EXPECT_EQ(one.kind, mapping_kind::arena);
        ++count;
    }));
    EXPECT_EQ(count, max_large_mappings);
}

// Each list that is written has another length, and one number everywhere.
TEST(large_mapping_list, is_never_read_half_written) {
    test::scratch_recording recording;
    recording_memory& memory = recording.memory();
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (std::uint64_t number = 1; !done; ++number) {
            {
                large_mapping_writer list(memory.header(), records_of(memory));
                for (std::uint64_t i = 0; i < 1 + number % 300; ++i) list.add(numbered(number));
            }
            if (number % 8 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    });
    int whole = 0;
    for (int i = 0; whole < 2000 && i < 10'000'000; ++i) {
        std::vector<large_mapping> seen;
        const bool is_whole = read_large_mappings(
            recording.view(), [&] { seen.clear(); },
            [&](const large_mapping& one) { seen.push_back(one); });
        if (!is_whole || seen.empty()) continue;
        ++whole;
        const std::uint64_t number = seen.front().address;
        ASSERT_EQ(seen.size(), 1 + number % 300);
        for (const large_mapping& one : seen) {
            ASSERT_EQ(one.address, number);
            ASSERT_EQ(one.bytes, number);
            ASSERT_EQ(to_index(one.callstack), static_cast<std::uint32_t>(number));
        }
    }
    done = true;
    writer.join();
    EXPECT_EQ(whole, 2000);
}

TEST(large_mapping_list, a_writer_that_died_half_way_leaves_nothing_to_believe_and_nobody_waits) {
    test::scratch_recording recording;
    recording_memory& memory = recording.memory();
    { large_mapping_writer(memory.header(), records_of(memory)).add(numbered(1)); }
    auto* killed = new large_mapping_writer(memory.header(), records_of(memory));
    killed->add(numbered(2));
    const auto nobody = [](const large_mapping&) { ADD_FAILURE() << "half a list was believed"; };
    EXPECT_FALSE(read_large_mappings(
        recording.view(), [] {}, nobody));
    // The next writer, should there be one, leaves a list to believe.
    { large_mapping_writer(memory.header(), records_of(memory)).add(numbered(3)); }
    EXPECT_TRUE(visit_large_mappings(recording.view(),
                                     [](const large_mapping& one) { EXPECT_EQ(one.address, 3u); }));
    ::operator delete(killed);
}

TEST(large_mapping_list, of_a_damaged_recording_is_empty) {
    test::scratch_recording recording;
    recording_header& header = recording.memory().header();
    const auto nobody = [](const large_mapping&) { ADD_FAILURE(); };
    header.large_mappings = 5;
    header.large_mappings_page = page_number{0xffff'ffff};
    EXPECT_TRUE(visit_large_mappings(recording.view(), nobody));
    header.large_mappings_page = page_number::none;
    EXPECT_TRUE(visit_large_mappings(recording.view(), nobody));
}

}  // namespace
}  // namespace fil
