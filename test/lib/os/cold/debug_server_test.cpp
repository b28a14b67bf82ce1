// Against fake_debuginfod.c, which has the library's name.

#include "os/cold/debug_server.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "os/file_descriptor.hpp"

extern "C" __attribute__((visibility("default"))) int debuginfod_clients, debuginfod_refuses;

namespace fil {
namespace {

struct debug_server : testing::Test {
    ~debug_server() override {
        std::free(found);
        EXPECT_EQ(debuginfod_clients, 0);
    }
    char* found = nullptr;
};

TEST_F(debug_server, gives_a_descriptor_and_the_files_name) {
    const unsigned char id[] = {0xaa, 0xbb};
    const file_descriptor file(ask_debug_servers(id, 2, &found));
    EXPECT_GE(file.number(), 0);
    EXPECT_STREQ(found, "/dev/null");
}

TEST_F(debug_server, that_has_none_or_is_asked_for_none_gives_none) {
    const unsigned char others[] = {0xcc, 0xdd}, id[] = {0xaa, 0xbb};
    EXPECT_EQ(ask_debug_servers(others, 2, &found), -1);
    EXPECT_EQ(ask_debug_servers(id, 0, &found), -1);
    EXPECT_EQ(ask_debug_servers(id, -1, &found), -1);
    debuginfod_refuses = 1;
    EXPECT_EQ(ask_debug_servers(id, 2, &found), -1);
    debuginfod_refuses = 0;
    EXPECT_EQ(found, nullptr);
}

TEST_F(debug_server, has_to_be_named) {
    unsetenv("DEBUGINFOD_URLS");
    EXPECT_EQ(why_no_debug_servers(), "DEBUGINFOD_URLS names none");
    setenv("DEBUGINFOD_URLS", "", 1);
    EXPECT_EQ(why_no_debug_servers(), "DEBUGINFOD_URLS names none");
    setenv("DEBUGINFOD_URLS", "http://localhost:1", 1);
    EXPECT_EQ(why_no_debug_servers(), "");
    unsetenv("DEBUGINFOD_URLS");
}

}  // namespace
}  // namespace fil
