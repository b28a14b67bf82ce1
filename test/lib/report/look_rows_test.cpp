#include "report/look_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "../session/serving.hpp"
#include "fil/report/usage_reader.hpp"
#include "small_recording.hpp"

namespace fil {
namespace {

struct look_lists : testing::Test, test::serving {
    ~look_lists() override {
        for (const pid_t one : running) end(one);
    }
    void runs(std::int64_t holds, std::span<const std::byte> content) {
        running.push_back(
            start([&](const session_address& whose) { join(whose, holds, content); }));
    }
    look seen() const {
        return read_look(write_look(here, running.empty() ? 1 : running[0], {}).number());
    }

    const std::vector<std::byte> content = small_recording();
    std::vector<pid_t> running;
};

TEST_F(look_lists, have_what_is_held_heaviest_first) {
    runs(70, {});
    runs(4900, content);
    look_reader reader;
    const look_rows rows = reader.read(seen());
    EXPECT_EQ(rows.used, 4900);
    const auto& [lines, processes, callstacks] = rows.lists;
    for (const auto& list : rows.lists)
        EXPECT_TRUE(std::ranges::is_sorted(list, std::greater(), &look_row::bytes));
    ASSERT_EQ(processes.size(), 2u);
    EXPECT_EQ(processes[0].pid, running[1]);
    EXPECT_EQ(processes[0].bytes, 4900);
    EXPECT_EQ(processes[1].pid, running[0]);
    EXPECT_EQ(processes[1].bytes, 0);
    EXPECT_EQ(processes[1].peak, 70);
    ASSERT_EQ(callstacks.size(), 49u) << "each holds something";
    EXPECT_TRUE(std::ranges::any_of(callstacks, [](const look_row& one) {
        return one.text.starts_with("f.py:1 f > f.py:2 f");
    })) << callstacks[0].text;
    ASSERT_FALSE(lines.empty());
    std::int64_t sum = 0;
    for (const look_row& line : lines) sum += line.bytes;
    EXPECT_EQ(sum, 4900);
    EXPECT_EQ(reader.read(seen()).used, 4900) << "and again, with what is known";
}

TEST_F(look_lists, of_nothing_are_empty) {
    const look_rows rows = look_reader().read(seen());
    EXPECT_EQ(rows.used, 0);
    for (const auto& list : rows.lists) EXPECT_TRUE(list.empty());
}

TEST_F(look_lists, of_a_damaged_look_are_none) {
    runs(4900, content);
    look broken = seen();
    ASSERT_GT(broken.processes.at(0).bytes, 0u);
    auto* bytes = static_cast<std::byte*>(broken.memory.base()) + broken.processes[0].offset;
    bytes[0] = ~bytes[0];
    EXPECT_THROW(look_reader().read(broken), damaged_recording);
}

}  // namespace
}  // namespace fil
