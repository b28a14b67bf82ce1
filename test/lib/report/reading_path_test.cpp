#include "report/reading_path.hpp"

#include <gtest/gtest.h>

namespace fil {
namespace {

template <typename Problem>
std::string told(const Problem& problem) {
    try {
        reading("x", [&] { throw problem; });
    } catch (const unreadable_snapshot& one) {
        return one.what();
    }
    return {};
}

TEST(reading_path, tells_what_went_wrong_with_the_path) {
    EXPECT_EQ(reading("x", [] { return 7; }), 7);
    EXPECT_EQ(told(damaged_recording()), "cannot read \"x\": it is damaged");
    EXPECT_EQ(told(unreadable_snapshot(snapshot_problem::truncated, "it is cut short")),
              "cannot read \"x\": it is cut short");
    EXPECT_EQ(told(std::system_error(ENOENT, std::generic_category())),
              "cannot read \"x\": No such file or directory");
}

}  // namespace
}  // namespace fil
