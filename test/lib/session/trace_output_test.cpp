#include "session/trace_output.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <system_error>

#include "scratch_folder.hpp"

namespace fil {
namespace {

TEST(trace_output, is_what_was_written_in_the_place_of_what_was_there) {
    const test::scratch_folder folder;
    const std::string path = folder.write("trace", "an old trace, longer than the new one");
    trace_output file(path);
    file.write("one ", 4);
    file.write("", 0);
    file.write("two", 3);
    EXPECT_EQ(file.written(), 7u);
    EXPECT_EQ(test::text_of(path), "one two");
}

TEST(trace_output, that_cannot_be_made_or_written_says_where_and_why) {
    const test::scratch_folder folder;
    try {
        const trace_output none(folder / "no/such");
        ADD_FAILURE();
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code().value(), ENOENT);
        EXPECT_TRUE(std::string(error.what()).starts_with(folder / "no/such")) << error.what();
    }
    EXPECT_THROW(trace_output("/dev/full"), std::system_error) << "it is no file";
}

}  // namespace
}  // namespace fil
