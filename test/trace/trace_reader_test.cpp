#include "fil/trace/trace_reader.hpp"

#include <gtest/gtest.h>

#include "trace_events.hpp"

namespace fil::trace {
namespace {

std::vector<event> pairs(std::uint64_t count) {
    std::vector<event> events;
    for (std::uint64_t i = 0; i < count; ++i) {
        events.push_back(came(i, 100 + i % 50));
        events.push_back(went(i));
    }
    return events;
}

std::string why_unreadable(const bytes& file) {
    try {
        const reader from(file);
        for (std::size_t i = 0; i < from.processes().size(); ++i)
            from.for_each_event(i, [](const event&) { return true; });
    } catch (const unreadable& problem) {
        return problem.what();
    }
    return "";
}

TEST(trace_reader, reads_what_was_written) {
    const bytes file = file_of(pairs(100'000));
    const reader from(file);
    ASSERT_EQ(from.processes().size(), 1u);
    EXPECT_TRUE(from.is_whole());
    EXPECT_EQ(from.processes()[0].about.pid, 42);
    EXPECT_EQ(from.processes()[0].about.executable, "/bin/cat");
    EXPECT_EQ(from.processes()[0].events, 200'000u);
    EXPECT_EQ(from.processes()[0].end.events, 200'000u);
    std::uint64_t count = 0, bytes_asked = 0;
    from.for_each_event(0, [&](const event& one) {
        ++count;
        if (one.what == operation::allocate) bytes_asked += one.bytes;
        return true;
    });
    EXPECT_EQ(count, 200'000u);
    EXPECT_EQ(bytes_asked, 100'000u * 100 + 2000u * (49 * 50 / 2));
    EXPECT_LT(file.size(), 200'000u);  // a byte an event is much
}

TEST(trace_reader, stops_where_the_caller_has_enough) {
    const bytes file = file_of(pairs(1000));
    int seen = 0;
    reader(file).for_each_event(0, [&](const event&) { return ++seen < 10; });
    EXPECT_EQ(seen, 10);
}

// Whoever wrote it was killed, or the disk was full.
TEST(trace_reader, a_file_cut_anywhere_is_read_up_to_its_last_whole_block) {
    const bytes file = file_of(pairs(100'000), false);
    std::uint64_t before = 0;
    int readable = 0;
    for (std::size_t length = 0; length <= file.size(); length += 97) {
        const bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length));
        try {
            const reader from(cut);
            EXPECT_FALSE(from.is_whole());
            EXPECT_GE(from.processes()[0].events, before);
            before = from.processes()[0].events;
            ++readable;
        } catch (const unreadable&) {
            EXPECT_EQ(readable, 0);
        }
    }
    EXPECT_GE(before, 65536u * 2);
}

TEST(trace_reader, damage_is_said_and_nothing_else_happens) {
    const bytes file = file_of(pairs(2000));
    EXPECT_EQ(why_unreadable(file), "");
    int refused = 0;
    for (std::size_t at = 0; at < file.size(); ++at) {
        bytes damaged = file;
        damaged[at] ^= 0x55;
        refused += why_unreadable(damaged).empty() ? 0 : 1;
    }
    // Not where nobody looks: reserved words, the sampling, the time, the index.
    EXPECT_GT(refused, static_cast<int>(file.size()) - 400);
}

TEST(trace_reader, foreign_files_and_other_versions_are_refused_in_words) {
    EXPECT_EQ(why_unreadable({}), "it is no trace");
    EXPECT_EQ(why_unreadable(bytes(1000, 'x')), "it is no trace");
    bytes newer = file_of(pairs(1));
    newer[8] = 9;
    EXPECT_EQ(why_unreadable(newer), "it is of version 9, and only version 1 can be read");
    bytes beginning = file_of(pairs(1));
    beginning.resize(sizeof(file_header));
    EXPECT_EQ(why_unreadable(beginning), "it is cut short: nothing of it is whole");
}

}  // namespace
}  // namespace fil::trace
