#include "fil/recording/view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "read_all.hpp"
#include "session/parts_in_memory.hpp"
#include "small_recording.hpp"

namespace fil {
namespace {

TEST(recording_view, reads_what_was_written) {
    const auto bytes = small_recording();
    const recording_view view(bytes.data(), bytes.size());
    ASSERT_EQ(view.check(), recording_check::good);
    session_page session{};
    session.peak = 4'900;
    const auto read = read_snapshot(view, read_usage(view, session), {}, no_symbols);
    EXPECT_EQ(view.header().pid, 42);
    EXPECT_EQ(view.callstack_count(), 51u);
    // Nothing ever decreased, so what is live was there at the peak: 49 callstacks, each called by
    // the one before.
    EXPECT_EQ(read.snapshot.total(mapping_kind::anonymous), 4'900);
    ASSERT_EQ(read.snapshot.used(mapping_kind::anonymous).size(), 49u);
    std::vector<std::uint32_t> lines;
    for (const report::callstack_usage& used : read.snapshot.used(mapping_kind::anonymous)) {
        const report::callstack& called = read.snapshot.callstacks()[to_index(used.callstack)];
        const report::frame& frame = read.snapshot.frames()[to_index(called.frame)];
        EXPECT_EQ(frame.function, "f");
        EXPECT_EQ(frame.file, "f.py");
        EXPECT_EQ(frame.first_line, frame.line);
        EXPECT_EQ(used.used.bytes, 100);
        lines.push_back(frame.line);
        if (frame.line == 1) continue;
        const report::callstack& caller = read.snapshot.callstacks()[to_index(called.caller)];
        EXPECT_EQ(read.snapshot.frames()[to_index(caller.frame)].line + 1, frame.line);
    }
    std::ranges::sort(lines);
    EXPECT_EQ(std::ranges::adjacent_find(lines), lines.end());
    EXPECT_EQ(lines.front(), 1u);
    EXPECT_EQ(lines.back(), 49u);
}

TEST(recording_view, refuses_another_version_and_foreign_bytes) {
    auto bytes = small_recording();
    auto& header = *reinterpret_cast<recording_header*>(bytes.data());
    header.version = recording_version + 1;
    EXPECT_EQ(recording_view(bytes.data(), bytes.size()).check(), recording_check::other_version);
    header.magic = 1;
    EXPECT_EQ(recording_view(bytes.data(), bytes.size()).check(), recording_check::not_a_recording);
    EXPECT_EQ(recording_view(bytes.data(), 100).check(), recording_check::too_short);
}

TEST(recording_view, a_recording_cut_short_is_said_to_be) {
    const auto bytes = small_recording();
    EXPECT_EQ(recording_view(bytes.data(), bytes.size() / 2).check(), recording_check::too_short);
}

TEST(recording_view, no_word_of_a_header_or_directory_is_believed) {
    const auto whole = small_recording();
    const std::size_t words = 8 * recording_page / sizeof(std::uint32_t);
    for (std::size_t word = 0; word < words; ++word) {
        for (const std::uint32_t lie : {0u, 1u, 0x101u, 1u << 20, 0x7fff'ffffu, 0xffff'ffffu}) {
            auto bytes = whole;
            std::memcpy(&bytes[word * sizeof lie], &lie, sizeof lie);
            session_page session{};
            session.peak = 100 * lie;
            read_all({bytes.data(), bytes.size()}, session);
        }
    }
}

// In a recording as large as real ones, of which all but a few pages are holes.
TEST(recording_view, counts_and_lengths_are_bounded_by_what_exists) {
    constexpr std::uint64_t bytes = 4ull << 30;
    const auto whole = small_recording();
    auto* base = static_cast<std::byte*>(system_pages::map(bytes));
    ASSERT_NE(base, nullptr);
    std::ranges::copy(whole, base);
    auto& header = *reinterpret_cast<recording_header*>(base);
    header.total_bytes = bytes;
    const recording_view view(base, bytes);
    ASSERT_EQ(view.check(), recording_check::good);
    EXPECT_TRUE(is_plausible(view));
    EXPECT_EQ(view.text({0, longest_text, 0}).size(), longest_text);
    EXPECT_EQ(view.text({0, longest_text + 1, 0}).size(), 0u);
    EXPECT_FALSE(view.holds({0, 0xffff'ffff, 0}));

    header.callstacks = max_callstacks;
    EXPECT_EQ(view.callstacks_there(), callstack_chunk::records);
    EXPECT_EQ(view.check(), recording_check::damaged);
    header.callstacks = 51;
    header.functions = function_chunks * function_chunk::records;
    EXPECT_EQ(view.check(), recording_check::damaged);
    header.functions = 50;
    header.usage_sets = max_usage_sets;
    EXPECT_EQ(view.check(), recording_check::damaged);
    header.usage_sets = 1;
    EXPECT_EQ(view.check(), recording_check::good);
    header.pages_used = bytes / recording_page;
    EXPECT_FALSE(is_plausible(view));
    std::uint64_t kept = 0;
    for (const bytes_range& part : parts_in_memory(view, bytes)) kept += part.bytes;
    EXPECT_LE(kept, whole.size());
    system_pages::unmap(base, bytes);
}

TEST(recording_view, texts_that_overlap_are_no_texts) {
    auto bytes = small_recording();
    const recording_view view(bytes.data(), bytes.size());
    session_page session{};
    session.peak = 1;
    EXPECT_NO_THROW(read_snapshot(view, read_usage(view, session), {}, no_symbols));
    for (std::uint32_t id = 1; id < view.function_count(); ++id) {
        auto& function = const_cast<function_record&>(*view.function(function_id{id}));
        function.name = function.file = function.directory = {0, longest_text, 0};
    }
    EXPECT_THROW(read_snapshot(view, read_usage(view, session), {}, no_symbols), damaged_recording);
}

TEST(recording_view, numbers_that_no_program_reaches_are_damage_and_overflow_nothing) {
    auto bytes = small_recording();
    const recording_view view(bytes.data(), bytes.size());
    session_page session{};
    const auto change_counters = [&](std::int64_t to) {
        view.for_each_usage(view.callstack_count(),
                            [&](const usage_set_record&, callstack_id, const usage_record& usage) {
                                const_cast<usage_record&>(usage).now = to;
                            });
    };
    view.for_each_usage_set([](const usage_set_record& set) {
        const_cast<usage_set_record&>(set).pending = std::numeric_limits<std::int64_t>::max();
    });
    EXPECT_EQ(view.pending(), most_bytes);
    for (const std::int64_t lie : {std::numeric_limits<std::int64_t>::max(),
                                   std::numeric_limits<std::int64_t>::min(), most_bytes / 20}) {
        change_counters(lie);
        EXPECT_THROW(read_usage(view, session), damaged_recording);
    }
    change_counters(100);
    EXPECT_NO_THROW(read_usage(view, session));
    session.peak = std::numeric_limits<std::int64_t>::max();
    EXPECT_THROW(read_usage(view, session), damaged_recording);
}

TEST(recording_view, no_damage_makes_a_reader_leave_the_memory) {
    const auto whole = small_recording();
    std::mt19937 random(11);
    for (int round = 0; round < 2000; ++round) {
        auto bytes = whole;
        for (int i = 0; i < 20; ++i) {
            // Mostly the parts that hold indices: the header and the directories after it.
            const std::size_t at = random() % (random() % 2 == 0 ? 4096 : bytes.size());
            bytes[at] = std::byte(random());
        }
        session_page session{};
        session.peak = std::int64_t(random());
        read_all({bytes.data(), bytes.size()}, session);
    }
}

}  // namespace
}  // namespace fil
