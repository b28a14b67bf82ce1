#include "os/attempt.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace fil::cli {
namespace {

TEST(attempt, says_once_what_could_not_be_done_and_goes_on) {
    testing::internal::CaptureStderr();
    EXPECT_TRUE(attempt("add", [] {}));
    EXPECT_FALSE(attempt("read", [] { throw std::runtime_error("a\nb"); }));
    EXPECT_FALSE(attempt(std::string("read").c_str(), [] { throw std::bad_alloc(); }));
    EXPECT_FALSE(attempt("write", [] { throw std::bad_alloc(); }));
    EXPECT_FALSE(attempt("think", [] { throw 3; }));
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "=fil-profile= WARNING: fil-profile could not read: a?b.\n"
              "=fil-profile= WARNING: fil-profile could not write: there is not enough memory.\n"
              "=fil-profile= WARNING: fil-profile could not think: it failed.\n");
}

}  // namespace
}  // namespace fil::cli
