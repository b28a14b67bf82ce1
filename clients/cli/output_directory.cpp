#include "output_directory.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "refusal.hpp"

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

}  // namespace

output_directory::output_directory(const std::string& asked) {
    std::error_code error;
    const auto whole = std::filesystem::absolute(asked.empty() ? "." : asked, error);
    if (error) refuse(asked, error.message());
    path_ = whole.lexically_normal();
    if (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
    made_here_ = std::filesystem::create_directories(path_, error);
    if (error) refuse(path_, error.message());
    if (!std::filesystem::is_directory(path_, error)) refuse(path_, "it is not a directory");
    try_to_write(path_);
}

output_directory::~output_directory() {
    if (made_here_) ::rmdir(path_.c_str());  // refuses, as it should, if something is in it
}

}  // namespace fil::cli
