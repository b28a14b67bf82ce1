#include "session/session_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "os/refusal.hpp"
#include "process/tell_refusal.hpp"
#include "session/temporary_directories.hpp"

namespace fil {
namespace {

namespace fs = std::filesystem;

constexpr const char* directory_prefix = "fil-";
constexpr std::size_t directory_name_size = 10;  // six letters more
constexpr const char* socket_name = "session";
constexpr const char* unready_name = "session.new";

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_un socket_address_of(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    memcpy(name.sun_path, path.c_str(), std::min(path.size(), sizeof name.sun_path - 1));
    return name;
}

file_descriptor new_socket() {
    return file_descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

file_descriptor open_folder(const std::string& path) {
    return file_descriptor(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Ours, and nobody else can write to it: others may give a folder of theirs such a name, or a link.
bool is_private(const file_descriptor& directory) {
    struct stat found {};
    return fstat(directory.number(), &found) == 0 && found.st_uid == geteuid() &&
           (found.st_mode & 077) == 0;
}

// Calls visit(name) for each link that a process left which could not join.
template <typename Visit>
void for_each_refusal(const file_descriptor& directory, Visit visit) {
    const int copy = directory.number() < 0 ? -1 : fcntl(directory.number(), F_DUPFD_CLOEXEC, 0);
    DIR* const entries = copy < 0 ? nullptr : fdopendir(copy);
    if (entries == nullptr) {
        if (copy >= 0) close(copy);
        return;
    }
    rewinddir(entries);
    while (const dirent* entry = readdir(entries)) {
        if (std::string_view(entry->d_name).starts_with(refusal_link + 1)) visit(entry->d_name);
    }
    closedir(entries);
}

void remove_session(const std::string& path, const file_descriptor& directory) {
    for_each_refusal(directory, [&](const char* name) { unlinkat(directory.number(), name, 0); });
    unlinkat(directory.number(), unready_name, 0);
    unlinkat(directory.number(), socket_name, 0);
    rmdir(path.c_str());  // refuses, if anything else is in it
}

// Our own. Whoever else can write to its parent may have put a link in its place.
void remove_own_session(const std::string& path) {
    const file_descriptor directory = open_folder(path);
    if (directory.number() < 0 && errno == EMFILE) {
        unlink((path + "/" + unready_name).c_str());
        unlink((path + "/" + socket_name).c_str());
    }
    remove_session(path, directory);
}

bool is_abandoned(const file_descriptor& directory) {
    struct stat found {};
    if (fstatat(directory.number(), socket_name, &found, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (!S_ISSOCK(found.st_mode)) return false;
    const std::string path =
        "/proc/self/fd/" + std::to_string(directory.number()) + "/" + socket_name;
    const file_descriptor socket = new_socket();
    const sockaddr_un name = socket_address_of(path);
    return connect(socket.number(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 &&
           errno == ECONNREFUSED;
}

void remove_abandoned(const std::string& parent) {
    std::error_code error;
    for (fs::directory_iterator entry(parent, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (name.size() != directory_name_size || !name.starts_with(directory_prefix)) continue;
        const file_descriptor directory = open_folder(entry->path().string());
        if (is_private(directory) && is_abandoned(directory))
            remove_session(entry->path().string(), directory);
    }
}

std::string new_session_directory() {
    std::string tried;
    const std::string path = new_private_directory(directory_prefix, tried, [](const auto& parent) {
        if (parent.size() > 60) return false;  // a socket's path has 108 bytes
        remove_abandoned(parent);
        return true;
    });
    if (path.empty()) fail("cannot make a private directory in " + tried);
    return path;
}

}  // namespace

session_directory::session_directory() : path_(new_session_directory()) {
    socket_path_ = path_ + "/" + socket_name;
    try {
        socket_ = new_socket();
        if (socket_.number() < 0) fail("cannot make a socket");
        listen_at(path_ + "/" + unready_name);
    } catch (...) {
        remove_own_session(path_);
        throw;
    }
}

std::vector<std::uint32_t> session_directory::refusals() const {
    std::vector<std::uint32_t> all;
    const file_descriptor directory = open_folder(path_);
    if (!is_private(directory)) return all;
    for_each_refusal(directory, [&](const char* name) {
        char text[16] = "";
        if (readlinkat(directory.number(), name, text, sizeof text - 1) < 0) return;
        all.push_back(static_cast<std::uint32_t>(strtoul(text, nullptr, 10)));
    });
    return all;
}

void session_directory::listen_at(const std::string& path) {
    const sockaddr_un name = socket_address_of(path);
    if (bind(socket_.number(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
        listen(socket_.number(), 128) != 0 || rename(path.c_str(), socket_path_.c_str()) != 0) {
        fail("cannot listen at " + path);
    }
}

session_directory::~session_directory() {
    remove_own_session(path_);
}

}  // namespace fil
