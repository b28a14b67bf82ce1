#include "os/writable.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "os/descriptor.hpp"

namespace fil::cli {

std::string why_not_writable(const std::string& directory) {
    std::string name = directory + "/.fil-try-XXXXXX";
    const descriptor file(::mkstemp(name.data()));
    if (!file) return std::strerror(errno);
    const bool written = ::write(file.get(), "x", 1) == 1;
    const int why = errno;
    ::unlink(name.c_str());
    return written ? "" : std::strerror(why);
}

bool is_planted_link(const std::string& path) {
    struct stat link;
    struct stat around;
    if (::lstat(path.c_str(), &link) != 0 || !S_ISLNK(link.st_mode)) return false;
    const auto parent = std::filesystem::path(path).parent_path();
    if (::stat(parent.c_str(), &around) != 0) return false;
    const bool is_known =
        link.st_uid == ::geteuid() || link.st_uid == 0 || link.st_uid == around.st_uid;
    return (around.st_mode & S_IWOTH) != 0 && !is_known;
}

void remove_empty_directory(const std::string& path) {
    ::rmdir(path.c_str());
}

}  // namespace fil::cli
