#include "process/session_protocol.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fil {
namespace {

TEST(session_address, is_taken_apart_and_refused_if_foreign) {
    session_address address;
    const std::string token(token_length, 'a');
    const std::string text = "2:42:" + token + ":/tmp/with:colon/session";
    ASSERT_TRUE(parse_session_address(text, address));
    EXPECT_EQ(address.supervisor_pid, 42);
    EXPECT_EQ(address.token, token);
    EXPECT_EQ(address.socket_path, "/tmp/with:colon/session");
    const std::string next = std::to_string(session_protocol_version + 1);
    for (const char* other : {next.c_str(), "01x", "", "-1", "4294967297"})
        EXPECT_FALSE(parse_session_address(other + text.substr(1), address)) << other;
    for (const char* pid : {"", "4x", "99999999999"})
        EXPECT_FALSE(parse_session_address("2:" + (pid + text.substr(4)), address)) << pid;
    EXPECT_FALSE(parse_session_address("1:42:" + token + ":/tmp/x", address));
    EXPECT_FALSE(parse_session_address("2:42:short:/tmp/x", address));
    EXPECT_FALSE(parse_session_address("", address));
}

TEST(session_address, that_is_cut_anywhere_is_none) {
    session_address address;
    const std::string text = "2:42:" + std::string(token_length, 'a') + ":/";
    ASSERT_TRUE(parse_session_address(text, address));
    for (std::size_t length = 0; length < text.size(); ++length)
        EXPECT_FALSE(parse_session_address(text.substr(0, length), address)) << length;
}

TEST(session_protocol, visitors_are_told_from_processes_by_what_they_ask) {
    for (const auto kind : {request_kind::join, request_kind::report, request_kind::run_began,
                            request_kind::child_killed, request_kind::refused})
        EXPECT_FALSE(is_visit(kind));
    for (const auto kind : {request_kind::whose, request_kind::report_of_now,
                            request_kind::report_of_peak, request_kind::look})
        EXPECT_TRUE(is_visit(kind));
    EXPECT_FALSE(is_visit(request_kind{9})) << "nobody knows it";
}

}  // namespace
}  // namespace fil
