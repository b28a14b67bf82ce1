#include "fil/report/resident_lines.hpp"

#include <gtest/gtest.h>

namespace fil::report {
namespace {

constexpr std::int64_t mib = 1 << 20;

std::int64_t sum_of_resident(const std::vector<resident_line>& lines) {
    std::int64_t sum = 0;
    for (const resident_line& line : lines)
        if (line.kind != not_resident) sum += line.bytes;
    return sum;
}

std::int64_t bytes_of(const std::vector<resident_line>& lines, std::string_view kind) {
    std::int64_t sum = 0;
    for (const resident_line& line : lines)
        if (line.kind == kind) sum += line.bytes;
    return sum;
}

std::string text_of(const std::vector<resident_line>& lines, std::string_view kind) {
    for (const resident_line& line : lines)
        if (line.kind == kind) return line.text;
    return "";
}

facts explained() {
    facts about;
    about.program.kind = frame_kind::python;
    about.ending.kind = ending_facts::how::exited;
    about.resident = {200 * mib,
                      0,
                      0,
                      0,
                      {{resident_kind::ground, "libx.so", 60 * mib, 40 * mib},
                       {resident_kind::program, "", 90 * mib, 0},
                       {resident_kind::data, "", 5 * mib, 0},
                       {resident_kind::stacks, "", 1 * mib, 0},
                       {resident_kind::profiler, "", 4 * mib, 0},
                       {resident_kind::files, "", 36 * mib, 0},
                       {resident_kind::unknown, "", 2 * mib, 0},
                       {resident_kind::shared, "", 2 * mib, 0}}};
    return about;
}

// As explained(), where the process told of its heaps and maps.
facts told() {
    facts about = explained();
    about.resident.parts[1] = {resident_kind::heap, "", 50 * mib, 30 * mib};
    about.resident.parts.push_back({resident_kind::mapped, "", 25 * mib, 25 * mib});
    about.resident.parts.push_back({resident_kind::ground, "", 10 * mib, 9 * mib});
    about.resident.parts.push_back({resident_kind::reserve, "", 5 * mib, 2 * mib});
    about.resident.parts.push_back({resident_kind::absent, "", 0, 70 * mib});
    return about;
}

TEST(resident_lines, add_up_to_what_was_resident) {
    const facts about = explained();
    const auto lines = resident_explanation(about, 110 * mib, 0, false).lines();
    EXPECT_EQ(sum_of_resident(lines), 200 * mib);
    EXPECT_EQ(bytes_of(lines, "counted"), 110 * mib);
    EXPECT_EQ(bytes_of(lines, "reserve"), 20 * mib);
    EXPECT_EQ(bytes_of(lines, "kept"), 20 * mib);
    EXPECT_EQ(bytes_of(lines, "unknown"), 2 * mib);
    EXPECT_EQ(bytes_of(lines, "none"), 0);
    EXPECT_EQ(text_of(lines, "reserve"), "reserve of the allocator in libx.so");
    EXPECT_GE(lines[1].bytes, lines[2].bytes) << "after what was counted, the largest first";
}

TEST(resident_lines, what_was_hardly_touched_is_counted_and_not_resident) {
    const facts about = explained();
    const auto lines = resident_explanation(about, 510 * mib, 400 * mib, false).lines();
    EXPECT_EQ(sum_of_resident(lines), 200 * mib);
    EXPECT_EQ(bytes_of(lines, "kept"), 20 * mib);
    EXPECT_EQ(bytes_of(lines, "none"), 400 * mib);
}

TEST(resident_lines, of_what_a_process_tells_nothing_is_a_remainder) {
    const facts about = told();
    const std::int64_t seen = (40 + 30 + 25 + 9 + 2) * mib;
    const auto lines = resident_explanation(about, seen + 90 * mib, 0, false).lines();
    EXPECT_EQ(sum_of_resident(lines), 200 * mib);
    EXPECT_EQ(bytes_of(lines, "counted"), seen);
    EXPECT_EQ(bytes_of(lines, "kept"), 20 * mib);
    EXPECT_EQ(bytes_of(lines, "reserve"), (20 + 1 + 3) * mib);
    EXPECT_EQ(bytes_of(lines, "unknown"), 2 * mib);
    ASSERT_EQ(bytes_of(lines, "none"), 90 * mib);
    EXPECT_EQ(lines.rbegin()[1].bytes, 70 * mib) << "not touched";
    EXPECT_EQ(lines.back().text, "counted, but not when resident memory was looked at");
}

TEST(resident_lines, of_the_end_say_whose_what_stays_is) {
    facts about = told();
    EXPECT_TRUE(resident_explanation(about, 110 * mib, 0, false).last_lines().empty());
    about.resident.last_parts = about.resident.parts;
    const auto lines = resident_explanation(about, 110 * mib, 0, false).last_lines();
    EXPECT_EQ(lines.front().text, "in use");
    EXPECT_EQ(lines.front().bytes, 106 * mib) << "whatever the peak was";
    EXPECT_EQ(sum_of_resident(lines), 200 * mib);
}

TEST(resident_lines, without_a_look_at_the_mappings_say_what_the_kernel_sums_up) {
    facts about;
    about.program.kind = frame_kind::python;
    about.ending.kind = ending_facts::how::exited;
    about.resident = {100 * mib, 70 * mib, 25 * mib, 5 * mib};
    const auto lines = resident_explanation(about, 50 * mib, 0, true).lines();
    EXPECT_EQ(sum_of_resident(lines), 100 * mib);
    EXPECT_EQ(text_of(lines, "kept"), "interpreter, stacks, arenas, freed but kept");
    EXPECT_EQ(bytes_of(lines, "kept"), 20 * mib);
}

TEST(resident_lines, are_none_where_nobody_looked) {
    EXPECT_TRUE(resident_explanation(facts(), 50 * mib, 0, false).lines().empty());
}

}  // namespace
}  // namespace fil::report
