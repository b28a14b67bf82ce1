// What a process says to its supervisor, and what it makes of the answers.

#include "process/session_client.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "fil/recording/layout.hpp"
#include "os/file_descriptor.hpp"
#include "os/refused_call.hpp"

namespace fil {
namespace {

constexpr const char* token = "0123456789abcdef0123456789abcdef";

// A page like a session's.
int page_file(std::uint64_t magic) {
    const int file = memfd_create("page", MFD_CLOEXEC);
    session_page page{};
    page.magic = magic;
    page.version = recording_version;
    page.live = 7;
    EXPECT_EQ(ftruncate(file, recording_page), 0);
    EXPECT_EQ(pwrite(file, &page, sizeof page, 0), ssize_t(sizeof page));
    return file;
}

void send(int to, const void* data, std::size_t bytes, int descriptor) {
    iovec part{const_cast<void*>(data), bytes};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (descriptor >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        cmsghdr* attached = CMSG_FIRSTHDR(&header);
        *attached = {CMSG_LEN(sizeof descriptor), SOL_SOCKET, SCM_RIGHTS};
        std::memcpy(CMSG_DATA(attached), &descriptor, sizeof descriptor);
    }
    EXPECT_EQ(sendmsg(to, &header, 0), ssize_t(bytes));
}

// Hears one request, and lets `answer` do the rest.
class supervisor {
  public:
    explicit supervisor(std::function<void(int connection)> answer) {
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::strcpy(name.sun_path, path_.c_str());
        EXPECT_EQ(bind(socket_.number(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
        EXPECT_EQ(listen(socket_.number(), 4), 0);
        thread_ = std::thread([this, answer] {
            const file_descriptor connection(accept(socket_.number(), nullptr, nullptr));
            EXPECT_EQ(recv(connection.number(), &heard_, sizeof heard_, 0), ssize_t(sizeof heard_));
            answer(connection.number());
        });
    }
    ~supervisor() {
        if (thread_.joinable()) thread_.join();
        unlink(path_.c_str());
    }
    const join_request& heard() { return thread_.join(), heard_; }
    session_address address() const { return {getppid(), token, path_}; }

  private:
    std::string path_ = "/tmp/fil-test-client-" + std::to_string(getpid());
    file_descriptor socket_{socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
    join_request heard_{};
    std::thread thread_;
};

os::shared_memory a_recording() {
    os::shared_memory memory;
    memory.descriptor = memfd_create("recording", MFD_CLOEXEC);
    return memory;
}

// Joins a session that answers like this.
session_page* joined(std::uint32_t version, join_answer answer, int page) {
    supervisor session([&](int connection) {
        const join_reply reply{version, answer};
        send(connection, &reply, sizeof reply, page);
    });
    const os::shared_memory recording = a_recording();
    session_page* const got = join_session(session.address(), recording, true);
    close(recording.descriptor);
    if (page >= 0) close(page);
    return got;
}

TEST(session_client, joins_and_gets_the_sessions_page) {
    supervisor session([](int connection) {
        const join_reply reply{session_protocol_version, join_answer::accepted};
        const int page = page_file(session_magic);
        send(connection, &reply, sizeof reply, page);
        close(page);
    });
    const os::shared_memory recording = a_recording();
    errno = E2BIG;
    session_page* const page = join_session(session.address(), recording, true);
    EXPECT_EQ(errno, E2BIG);
    ASSERT_NE(page, nullptr);
    EXPECT_EQ(page->live, 7);
    const join_request& request = session.heard();
    EXPECT_EQ(request.kind, request_kind::join);
    EXPECT_EQ(request.version, session_protocol_version);
    EXPECT_EQ(std::string(request.token, token_length), token);
    os::unmap(page, recording_page);
    close(recording.descriptor);
}

TEST(session_client, an_answer_of_another_version_or_of_no_page_of_ours_is_none) {
    EXPECT_EQ(joined(session_protocol_version + 1, join_answer::accepted, page_file(session_magic)),
              nullptr);
    EXPECT_EQ(joined(session_protocol_version, join_answer{}, page_file(session_magic)), nullptr);
    EXPECT_EQ(joined(session_protocol_version, join_answer::accepted, page_file(1)), nullptr);
    EXPECT_EQ(last_refusal(), make_refusal(SYS_recvmsg, EPROTO));
}

TEST(session_client, who_hangs_up_has_refused) {
    supervisor session([](int) {});
    const os::shared_memory recording = a_recording();
    EXPECT_EQ(join_session(session.address(), recording, true), nullptr);
    EXPECT_EQ(last_refusal(), make_refusal(SYS_recvmsg, ECONNREFUSED));
    close(recording.descriptor);
}

TEST(session_client, where_nobody_listens_there_is_no_session) {
    EXPECT_EQ(join_session({1, token, "/tmp/fil-test-nobody"}, {}, true), nullptr);
    EXPECT_EQ(last_refusal(), make_refusal(SYS_connect, ENOENT));
    const std::string long_path(200, 'x');
    EXPECT_EQ(join_session({1, token, long_path}, {}, true), nullptr);
    EXPECT_EQ(last_refusal(), make_refusal(SYS_connect, ENAMETOOLONG));
}

TEST(session_client, asks_for_a_report_and_hears_what_became_of_it) {
    supervisor session([](int connection) {
        report_reply reply{session_protocol_version, 5, "no room"};
        send(connection, &reply, sizeof reply, -1);
    });
    report_reply reply{};
    EXPECT_TRUE(ask_for_report(session.address(), reply));
    EXPECT_EQ(reply.status, 5);
    EXPECT_STREQ(reply.message, "no room");
    EXPECT_EQ(session.heard().kind, request_kind::report);
}

TEST(session_client, says_that_a_run_began_and_waits_for_no_answer) {
    supervisor session([](int) {});
    say_run_began(session.address());
    EXPECT_EQ(session.heard().kind, request_kind::run_began);
}

}  // namespace
}  // namespace fil
