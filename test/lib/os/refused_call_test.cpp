#include "os/refused_call.hpp"
#include "process/tell_refusal.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "fil/recording/layout.hpp"
#include "process/session_protocol.hpp"

namespace fil {
namespace {

TEST(refusal, is_a_call_and_its_errno_in_one_word) {
    const refusal why = make_refusal(SYS_memfd_create, EPERM);
    EXPECT_EQ(call_of(why), SYS_memfd_create);
    EXPECT_EQ(errno_of(why), EPERM);
    EXPECT_NE(why, refusal::none);
}

TEST(refusal, the_last_one_is_told_and_the_first_told_is_kept_by_the_session) {
    session_page page{};
    note_refusal(SYS_mmap, ENOMEM);
    EXPECT_TRUE(lacked_memory());
    note_refusal(SYS_socket, EACCES);
    EXPECT_FALSE(lacked_memory());
    errno = 77;
    tell_refusal(&page, {});
    EXPECT_EQ(errno, 77);
    note_refusal(SYS_mmap, ENOMEM);
    tell_refusal(&page, {});
    EXPECT_EQ(page.refused, 2u);
    EXPECT_EQ(refusal{page.first_refusal.load()}, make_refusal(SYS_socket, EACCES));
}

TEST(refusal, of_a_process_without_the_sessions_page_is_a_link_beside_the_socket) {
    std::string folder = "/tmp/fil-test-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const std::string socket = folder + "/session";
    session_address address;
    address.socket_path = socket;
    note_refusal(SYS_connect, ECONNREFUSED);
    tell_refusal(nullptr, address);
    const std::string link = folder + refusal_link + std::to_string(getpid());
    std::error_code missing;
    const auto said = std::filesystem::read_symlink(link, missing);
    EXPECT_FALSE(missing);
    const auto expected = make_refusal(SYS_connect, ECONNREFUSED);
    EXPECT_EQ(said, std::to_string(static_cast<std::uint32_t>(expected)));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fil
