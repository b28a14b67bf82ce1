#include "process/tell_refusal.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "fil/recording/layout.hpp"
#include "os/cold/connections.hpp"
#include "os/refused_call.hpp"
#include "scratch_folder.hpp"

namespace fil {
namespace {

TEST(tell_refusal, counts_in_the_sessions_page_which_keeps_the_first) {
    session_page page{};
    note_refusal(SYS_socket, EACCES);
    errno = 77;
    tell_refusal(&page, {});
    EXPECT_EQ(errno, 77);
    note_refusal(SYS_mmap, ENOMEM);
    tell_refusal(&page, {});
    EXPECT_EQ(page.refused, 2u);
    EXPECT_EQ(refusal{page.first_refusal.load()}, make_refusal(SYS_socket, EACCES));
}

TEST(tell_refusal, where_nothing_was_refused_says_nothing) {
    session_page page{};
    note_refusal(0, 0);
    tell_refusal(&page, {});
    EXPECT_EQ(page.refused, 0u);
}

TEST(tell_refusal, without_the_sessions_page_leaves_a_link_beside_the_socket) {
    const test::scratch_folder folder;
    const std::string socket = folder / "session";
    session_address address;
    address.socket_path = socket;
    note_refusal(SYS_connect, ECONNREFUSED);
    tell_refusal(nullptr, address);
    std::error_code missing;
    const auto said = std::filesystem::read_symlink(
        folder.path() + refusal_link + std::to_string(getpid()), missing);
    EXPECT_FALSE(missing);
    const auto expected = make_refusal(SYS_connect, ECONNREFUSED);
    EXPECT_EQ(said, std::to_string(static_cast<std::uint32_t>(expected)));
}

// Its folder may be another user's, or out of sight.
TEST(tell_refusal, where_no_link_can_be_made_tells_whoever_listens) {
    const std::string token(token_length, 't'),
        name = "/no/such/fil-test-" + std::to_string(getpid());
    const file_descriptor door = os::make_listening_socket();
    ASSERT_TRUE(os::listen_at_abstract(door.number(), name));
    note_refusal(SYS_mmap, ENOMEM);
    tell_refusal(nullptr, {getpid(), token, name});
    const file_descriptor caller = os::accept_next(door.number());
    join_request request{};
    ASSERT_EQ(os::receive_at_once(caller.number(), &request, sizeof request).bytes,
              long(sizeof request));
    EXPECT_EQ(request.kind, request_kind::refused);
    EXPECT_EQ(refusal{request.reason}, make_refusal(SYS_mmap, ENOMEM));
    EXPECT_EQ(last_refusal(), make_refusal(SYS_mmap, ENOMEM)) << "it remains the reason";
}

TEST(tell_refusal, where_nobody_listens_either_it_remains_the_reason) {
    const std::string token(token_length, 't'), path(300, 'x');
    note_refusal(SYS_mmap, ENOMEM);
    for (const std::string& where : {std::string("no slash"), "/" + path + "/session"})
        tell_refusal(nullptr, {getpid(), token, where});
    EXPECT_EQ(last_refusal(), make_refusal(SYS_mmap, ENOMEM));
}

}  // namespace
}  // namespace fil
