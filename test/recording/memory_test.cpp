#include "fil/recording/memory.hpp"

#include <gtest/gtest.h>

#include <string>

#include "../capture/scratch_recording.hpp"

namespace fil {
namespace {

std::string text_at(recording_memory& memory, text_reference at) {
    return {static_cast<const char*>(memory.base()) + at.offset, at.length};
}

TEST(recording_memory, too_small_is_not_formatted_and_no_reader_takes_it_for_one) {
    constexpr std::size_t bytes = 8 * recording_page;
    void* base = system_pages::map(bytes);
    EXPECT_FALSE(recording_memory(base, bytes).format(1, 0));
    EXPECT_EQ(recording_view(base, bytes).check(), recording_check::not_a_recording);
    system_pages::unmap(base, bytes);
}

TEST(recording_memory, pages_are_given_once_and_end) {
    test::scratch_recording recording(1 << 20);
    recording_memory& memory = recording.memory();
    const page_number first = memory.take(2), second = memory.take(1);
    EXPECT_EQ(to_index(second), to_index(first) + 2);
    EXPECT_EQ(memory.take(1 << 20), page_number::none);
    EXPECT_NE(memory.take(1), page_number::none);  // a refusal takes nothing
    while (memory.take(1) != page_number::none) {
    }
    EXPECT_EQ(memory.header().pages_used * recording_page, memory.bytes());
    EXPECT_EQ(recording.view().check(), recording_check::good);
}

TEST(recording_memory, a_chunk_is_made_once) {
    test::scratch_recording recording;
    page_directory_entry entry{page_number::none};
    auto* made = recording.memory().chunk<std::uint64_t>(entry, 3);
    ASSERT_NE(made, nullptr);
    EXPECT_EQ(recording.memory().chunk<std::uint64_t>(entry, 3), made);
    EXPECT_EQ(recording.memory().at<std::uint64_t>(entry), made);
}

TEST(recording_memory, texts_stand_apart_and_long_ones_are_cut) {
    test::scratch_recording recording;
    recording_memory& memory = recording.memory();
    const text_reference one = memory.add_text<linux_system>("one", 3),
                         two = memory.add_text<linux_system>("two!", 4);
    EXPECT_EQ(text_at(memory, one), "one");
    EXPECT_EQ(text_at(memory, two), "two!");
    EXPECT_EQ(memory.add_text<linux_system>("", 0).length, 0u);
    const std::string large(longest_text + 10, 'x');
    EXPECT_EQ(text_at(memory, memory.add_text<linux_system>(large.data(), large.size())),
              std::string(longest_text, 'x'));
    for (int i = 0; i != 1000; ++i) {
        const std::string text = "text " + std::to_string(i) + std::string(std::size_t(i), '.');
        EXPECT_EQ(text_at(memory, memory.add_text<linux_system>(text.data(), text.size())), text);
    }
    EXPECT_EQ(text_at(memory, one), "one");
}

TEST(recording_memory, sources_are_found_newest_first) {
    test::scratch_recording recording;
    recording.memory().add_source<linux_system>("<a>", "one");
    recording.memory().add_source<linux_system>("<b>", "");
    std::string found;
    recording.view().for_each_source([&](std::string_view file, std::string_view text) {
        found += std::string(file) + "=" + std::string(text) + ";";
    });
    EXPECT_EQ(found, "<b>=;<a>=one;");
    const std::string large(65 << 20, 'x');
    EXPECT_EQ(recording.view().header().dropped_events, 0u);
    recording.memory().add_source<linux_system>("<c>", large);
    EXPECT_EQ(recording.view().header().dropped_events, 1u);
}

TEST(recording_memory, what_is_given_back_holds_nothing_that_was_used) {
    constexpr std::size_t bytes = 64 << 20;
    void* base = system_pages::map(bytes);
    recording_memory memory(base, bytes);
    ASSERT_TRUE(memory.format(1, 0));
    const page_number used = memory.take(5);
    *memory.at<int>(used) = 42;
    memory.shrink<system_pages>(1);
    EXPECT_LT(memory.bytes(), bytes);
    EXPECT_GE(memory.bytes(), memory.header().pages_used * recording_page);
    EXPECT_EQ(*memory.at<int>(used), 42);
    const page_number more = memory.take(3);  // there is a little left
    ASSERT_NE(more, page_number::none);
    *memory.at<int>(more) = 43;
    EXPECT_EQ(memory.take(static_cast<std::uint32_t>(bytes / recording_page / 2)),
              page_number::none);
    const std::uint64_t kept = memory.bytes();
    memory.shrink<system_pages>(bytes);
    EXPECT_EQ(memory.bytes(), kept);  // it never grows
    system_pages::unmap(base, kept);
}

TEST(recording_memory, what_was_folded_comes_back) {
    test::scratch_recording recording;
    recording_memory& memory = recording.memory();
    const std::uint64_t bytes = memory.bytes();
    memory.fold<system_pages>();
    EXPECT_LT(memory.bytes(), bytes);
    memory.fold<system_pages>();
    memory.unfold<system_pages>();
    EXPECT_EQ(memory.bytes(), bytes);
    const page_number last = memory.take(static_cast<std::uint32_t>(bytes / recording_page) -
                                         memory.header().pages_used);
    ASSERT_NE(last, page_number::none);
    static_cast<char*>(memory.base())[bytes - 1] = 1;
    memory.unfold<system_pages>();
    EXPECT_EQ(memory.bytes(), bytes);
}

}  // namespace
}  // namespace fil
