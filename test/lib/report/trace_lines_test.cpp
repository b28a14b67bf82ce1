#include "report/trace_lines.hpp"

#include <gtest/gtest.h>

#include <string>

#include "report/trace_moment.hpp"
#include "scratch_folder.hpp"
#include "told_trace_file.hpp"

namespace fil {
namespace {

struct lines : testing::Test {
    trace_lines of(const std::string& content) {
        const std::string read = folder.write("read", content);
        bytes = content_of_trace(read);
        return lines_of_trace(read, trace::reader(bytes), 0);
    }

    const test::scratch_folder folder;
    const std::string path = folder / "trace";
    trace::bytes bytes;
};

TEST_F(lines, a_callstacks_is_the_innermost_of_the_users_own) {
    test::write_two_lines(path);
    const trace_lines found = of(test::text_of(path));
    ASSERT_GE(found.line_of.size(), 4u);  // none, unknown, and two
    const auto name = [&](std::uint32_t callstack) {
        return found.names.at(found.line_of[callstack]);
    };
    EXPECT_EQ(found.names[0], "no line of your own");
    EXPECT_EQ(name(0), found.names[0]);
    EXPECT_EQ(name(1), found.names[0]);
    EXPECT_NE(name(2).find("load.py:5"), std::string::npos) << name(2);
    EXPECT_NE(name(3).find("draw.py:9"), std::string::npos) << name(3);
}

// Who is who stands at the end.
TEST_F(lines, of_a_trace_that_was_cut_there_are_none) {
    test::write_two_lines(path);
    const std::string whole = test::text_of(path);
    const trace_lines found = of(whole.substr(0, 64 + 56 + 60));
    EXPECT_EQ(found.names.size(), 1u);
    EXPECT_TRUE(found.line_of.empty());
}

}  // namespace
}  // namespace fil
