#include "session.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "fil/track/peak.hpp"
#include "os.hpp"

namespace fil {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

std::string random_token() {
    unsigned char bytes[token_length / 2];
    if (getrandom(bytes, sizeof bytes, 0) != ssize_t(sizeof bytes)) fail("no random numbers");
    std::string token;
    for (unsigned char byte : bytes) {
        token += "0123456789abcdef"[byte >> 4];
        token += "0123456789abcdef"[byte & 15];
    }
    return token;
}

std::string private_directory() {
    const char* base = getenv("TMPDIR");
    // A socket's path has 108 bytes; a longer TMPDIR cannot serve.
    if (base == nullptr || *base != '/' || strlen(base) > 60) base = "/tmp";
    std::string path = std::string(base) + "/fil-XXXXXX";
    if (mkdtemp(path.data()) == nullptr)
        fail("cannot make a private directory in " + std::string(base));
    return path;
}

std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000ll + now.tv_nsec;
}

std::string command_of(std::int32_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string executable_of(std::int32_t pid) {
    char path[4096];
    const ssize_t length =
        readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), path, sizeof path);
    return length < 0 ? std::string() : std::string(path, std::size_t(length));
}

bool is_sealed(int descriptor) {
    const int seals = fcntl(descriptor, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

struct received {
    join_request request{};
    file_descriptor recording;
};

std::optional<received> receive(int connection) {
    received result;
    iovec part{&result.request, sizeof result.request};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    // The request was sent right after connecting; a stranger that sends nothing is not waited for.
    pollfd readable{connection, POLLIN, 0};
    if (poll(&readable, 1, 50) <= 0) return {};
    if (recvmsg(connection, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) !=
        ssize_t(sizeof result.request)) {
        return {};
    }
    cmsghdr* attached = CMSG_FIRSTHDR(&header);
    if (attached == nullptr || attached->cmsg_type != SCM_RIGHTS) return {};
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(attached), sizeof descriptor);
    result.recording = file_descriptor(descriptor);
    return result;
}

void reply(int connection, int page_file) {
    join_reply answer{session_protocol_version, 1};
    iovec part{&answer, sizeof answer};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* attached = CMSG_FIRSTHDR(&header);
    attached->cmsg_level = SOL_SOCKET;
    attached->cmsg_type = SCM_RIGHTS;
    attached->cmsg_len = CMSG_LEN(sizeof page_file);
    memcpy(CMSG_DATA(attached), &page_file, sizeof page_file);
    sendmsg(connection, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

file_descriptor& file_descriptor::operator=(file_descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}
file_descriptor::~file_descriptor() {
    if (number_ >= 0) ::close(number_);
}
int file_descriptor::release() {
    return std::exchange(number_, -1);
}

shared_mapping::shared_mapping(int descriptor, std::uint64_t bytes)
    : base_(os::map_shared(descriptor, bytes)), bytes_(bytes) {
    if (base_ == nullptr) fail("cannot map a recording");
}
shared_mapping::shared_mapping(shared_mapping&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
shared_mapping& shared_mapping::operator=(shared_mapping&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(bytes_, other.bytes_);
    return *this;
}
shared_mapping::~shared_mapping() {
    if (base_ != nullptr) munmap(base_, bytes_);
}
void shared_mapping::shrink(std::uint64_t bytes) {
    if (bytes >= bytes_) return;
    munmap(static_cast<std::byte*>(base_) + bytes, bytes_ - bytes);
    bytes_ = bytes;
}

session::session()
    : directory_(private_directory()),
      token_(random_token()),
      socket_(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      page_file_(os::make_shared_file("fil-session", recording_page)) {
    const std::string path = directory_ + "/session";
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    memcpy(name.sun_path, path.c_str(), path.size());
    if (bind(socket_.number(), reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 ||
        listen(socket_.number(), 128) != 0) {
        fail("cannot listen at " + path);
    }
    if (page_file_.number() < 0) fail("cannot make the session's memory");
    page_memory_ = shared_mapping(page_file_.number(), recording_page);
    page().version = recording_version;
    page().magic = session_magic;
    environment_ = std::to_string(session_protocol_version) + ":" + std::to_string(getpid()) + ":" +
                   token_ + ":" + path;
}

session::~session() {
    unlink((directory_ + "/session").c_str());
    rmdir(directory_.c_str());
}

void session::serve() {
    for (;;) {
        const file_descriptor connection(
            accept4(socket_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (connection.number() < 0) break;
        answer(connection.number());
    }
    if (processes_.size() >= swept_ + 64) forget_finished();
}

void session::answer(int connection) {
    std::optional<received> got = receive(connection);
    if (!got || got->request.version != session_protocol_version ||
        memcmp(got->request.token, token_.data(), token_length) != 0) {
        return;
    }
    struct stat file {};
    ucred sender{};
    socklen_t length = sizeof sender;
    if (fstat(got->recording.number(), &file) != 0 || !is_sealed(got->recording.number()) ||
        getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &sender, &length) != 0) {
        return;
    }
    joined_process process;
    process.pid = sender.pid;  // as we see it; in another pid namespace the process sees another
    process.parent_pid = got->request.parent_pid;
    process.joined_ns = monotonic_ns();
    process.command = command_of(sender.pid);
    process.executable = executable_of(sender.pid);
    try {
        process.memory = shared_mapping(got->recording.number(), std::uint64_t(file.st_size));
    } catch (const std::system_error&) {
        return;  // no address space left for it: the process runs unrecorded
    }
    if (process.view().check() != recording_check::good) return;
    process_ended(sender.pid);  // what this pid was before is gone, however it went
    processes_.push_back(std::move(process));
    reply(connection, page_file_.number());
}

const joined_process* session::find(std::int32_t pid) const {
    if (processes_.empty()) return nullptr;
    if (pid == 0) pid = processes_.front().pid;
    for (auto process = processes_.rbegin(); process != processes_.rend(); ++process) {
        if (process->pid == pid) return &*process;
    }
    return nullptr;
}

void session::close_recording(const joined_process& process) const {
    peak_tracker(page(), process.header()).close(process.view().pending());
}

void session::process_ended(std::int32_t pid) {
    for (const joined_process& process : processes_) {
        if (process.pid == pid) close_recording(process);
    }
}

void session::forget_finished() {
    for (joined_process& process : processes_) {
        if (process.memory.bytes() == recording_page || process.pid == processes_.front().pid)
            continue;
        if (!process.closed()) {
            if (kill(process.pid, 0) == 0 || errno != ESRCH) continue;
            close_recording(process);
        }
        process.memory.shrink(recording_page);
    }
    swept_ = processes_.size();
}

std::uint64_t session::unprofiled_children() const {
    std::uint64_t sum = 0;
    for (const joined_process& process : processes_) sum += process.header().unprofiled_children;
    return sum;
}

}  // namespace fil
