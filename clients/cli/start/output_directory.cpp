#include "start/output_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "os/refusal.hpp"

namespace fil::cli {
namespace {

[[noreturn]] void refuse(const std::string& directory, const std::string& why) {
    throw refusal("cannot write reports into " + directory + ": " + why);
}

// Permissions say little (root, read-only file systems, quotas): only a written byte is a proof.
void try_to_write(const std::string& directory) {
    std::string name = directory + "/.fil-try-XXXXXX";
    const int file = ::mkstemp(name.data());
    if (file < 0) refuse(directory, std::strerror(errno));
    const bool written = ::write(file, "x", 1) == 1;
    const int why = errno;
    ::close(file);
    ::unlink(name.c_str());
    if (!written) refuse(directory, std::strerror(why));
}

// In a folder where all may write, somebody may have put a link for us to follow. (The report's own
// process looks again; but then the program has run.)
bool is_planted_link(const std::filesystem::path& path) {
    struct stat link;
    struct stat around;
    if (::lstat(path.c_str(), &link) != 0 || !S_ISLNK(link.st_mode)) return false;
    if (::stat(path.parent_path().c_str(), &around) != 0) return false;
    const bool is_known =
        link.st_uid == ::geteuid() || link.st_uid == 0 || link.st_uid == around.st_uid;
    return (around.st_mode & S_IWOTH) != 0 && !is_known;
}

}  // namespace

output_directory::output_directory(const std::string& asked) {
    std::error_code error;
    const auto whole = std::filesystem::absolute(asked.empty() ? "." : asked, error);
    if (error) refuse(asked, error.message());
    path_ = whole.lexically_normal();
    if (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
    if (is_planted_link(path_)) refuse(path_, "it is a link that another user made");
    made_here_ = std::filesystem::create_directories(path_, error);
    if (error) refuse(path_, error.message());
    if (!std::filesystem::is_directory(path_, error)) refuse(path_, "it is not a directory");
    try_to_write(path_);
}

output_directory::~output_directory() {
    if (made_here_) ::rmdir(path_.c_str());  // refuses, as it should, if something is in it
}

}  // namespace fil::cli
