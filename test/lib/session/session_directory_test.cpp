#include "session/session_directory.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

namespace {

namespace fs = std::filesystem;

class session_directories : public testing::Test {
  protected:
    session_directories() { setenv("TMPDIR", here.c_str(), 1); }
    ~session_directories() override {
        unsetenv("TMPDIR");
        fs::remove_all(here);
    }
    std::size_t folders() {
        return std::size_t(std::distance(fs::directory_iterator(here), fs::directory_iterator()));
    }
    // What a killed supervisor leaves: a socket at which nobody listens.
    void abandon(const std::string& name) {
        fs::create_directory(here + "/" + name);
        fs::permissions(here + "/" + name, fs::perms::owner_all);
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        std::strcpy(at.sun_path, (here + "/" + name + "/session").c_str());
        const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        ASSERT_EQ(bind(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
        close(socket);
    }
    std::string unique = "/tmp/fil-test-XXXXXX";
    std::string here = mkdtemp(unique.data());
};

TEST_F(session_directories, are_private_and_gone_afterwards) {
    {
        const fil::session_directory made;
        EXPECT_TRUE(made.socket_path().starts_with(here + "/fil-"));
        struct stat status {};
        ASSERT_EQ(stat(fs::path(made.socket_path()).parent_path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777, 0700u);
        EXPECT_TRUE(fs::is_socket(made.socket_path()));
    }
    EXPECT_EQ(folders(), 0u);
}

TEST_F(session_directories, that_were_left_behind_are_removed_and_others_are_not) {
    abandon("fil-abcdef");
    abandon("fil-no");  // not a name of ours
    fs::create_directory(here + "/fil-ghijkl");
    const fil::session_directory used;
    const fil::session_directory made;
    EXPECT_FALSE(fs::exists(here + "/fil-abcdef"));
    EXPECT_TRUE(fs::exists(here + "/fil-no"));
    EXPECT_TRUE(fs::exists(here + "/fil-ghijkl"));
    EXPECT_TRUE(fs::exists(used.socket_path()));
}

TEST_F(session_directories, something_elses_file_in_one_is_not_removed) {
    abandon("fil-abcdef");
    std::ofstream(here + "/fil-abcdef/precious") << "data";
    const fil::session_directory made;
    EXPECT_TRUE(fs::exists(here + "/fil-abcdef/precious"));
}

TEST_F(session_directories, hold_what_processes_that_could_not_join_left) {
    const fil::session_directory made;
    EXPECT_TRUE(made.refusals().empty());
    const std::string folder = fs::path(made.socket_path()).parent_path();
    fs::create_symlink("4711", folder + "/refused-12");
    EXPECT_EQ(made.refusals(), std::vector<std::uint32_t>{4711});
}

TEST_F(session_directories, a_long_name_for_temporary_files_cannot_hold_a_socket) {
    setenv("TMPDIR", (here + "/" + std::string(80, 'x')).c_str(), 1);
    fs::create_directory(getenv("TMPDIR"));
    const fil::session_directory made;
    EXPECT_FALSE(made.socket_path().starts_with(here));
}

}  // namespace
