#include "environment.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace fil::preload;

namespace {

using strings = std::vector<std::string>;

constexpr const char* library = "/opt/fil/libfil_preload.so";

// The environment that a child gets, for the one that the program passed.
strings child_environment(const strings& passed, target kind = target::loads) {
    remember_for_children("session-text", library);
    std::vector<char*> pointers;
    for (const std::string& entry : passed) pointers.push_back(const_cast<char*>(entry.c_str()));
    pointers.push_back(nullptr);
    strings got;
    with_environment_for(kind, pointers.data(), [&](char* const* changed) {
        for (; *changed != nullptr; ++changed) got.emplace_back(*changed);
        return 0;
    });
    return got;
}

const std::string session = "FIL_SESSION=session-text";
const std::string preload = "LD_PRELOAD=" + std::string(library);

TEST(environment, that_is_complete_is_passed_on_itself) {
    remember_for_children("session-text", library);
    std::string a = session, b = preload;
    char* passed[] = {a.data(), b.data(), nullptr};
    with_environment_for(target::loads, passed, [&](char* const* changed) {
        EXPECT_EQ(changed, passed);
        return 0;
    });
}

TEST(environment, what_was_dropped_is_put_back) {
    EXPECT_EQ(child_environment({}), (strings{preload, session}));
    EXPECT_EQ(child_environment({"A=1", session}), (strings{"A=1", session, preload}));
    EXPECT_EQ(child_environment({preload, "A=1"}), (strings{preload, "A=1", session}));
}

TEST(environment, null_is_an_empty_one) {
    remember_for_children("session-text", library);
    with_environment_for(target::loads, nullptr, [](char* const* changed) {
        EXPECT_EQ(changed[0], preload);
        EXPECT_EQ(changed[1], session);
        EXPECT_EQ(changed[2], nullptr);
        return 0;
    });
    with_environment_for(target::refuses, nullptr, [](char* const* changed) {
        EXPECT_EQ(changed, nullptr);
        return 0;
    });
}

TEST(environment, the_users_own_preloads_stay) {
    EXPECT_EQ(child_environment({"LD_PRELOAD=/a.so /b.so", session}),
              (strings{"LD_PRELOAD=" + std::string(library) + ":/a.so:/b.so", session}));
    strings ours{"LD_PRELOAD=/a.so:" + std::string(library) + ":/b.so", session};
    EXPECT_EQ(child_environment(ours), ours);
    EXPECT_EQ(child_environment(ours, target::refuses),
              (strings{"LD_PRELOAD=/a.so:/b.so", session}));
}

TEST(environment, our_library_is_known_under_another_directory) {
    strings linked{"LD_PRELOAD=/tmp/fil-link/libfil_preload.so", session};
    EXPECT_EQ(child_environment(linked), linked);
    EXPECT_EQ(child_environment(linked, target::refuses), strings{session});
}

TEST(environment, a_program_that_refuses_us_gets_no_preload) {
    EXPECT_EQ(child_environment({"A=1", preload, session}, target::refuses),
              (strings{"A=1", session}));
    EXPECT_EQ(child_environment({"A=1"}, target::refuses), strings{"A=1"});
}

TEST(environment, another_session_is_left_alone) {
    strings nested{"FIL_SESSION=other", preload};
    EXPECT_EQ(child_environment(nested), nested);
}

TEST(environment, a_huge_one_is_passed_on_as_it_is) {
    strings huge(10'000, "A=1");
    EXPECT_EQ(child_environment(huge), huge);
}

}  // namespace
