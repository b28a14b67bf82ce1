#include "os/output_file.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "os/refusal.hpp"
#include "os/standard_descriptors.hpp"

namespace fil::cli {
namespace {

mode_t usual_permissions() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
}

}  // namespace

output_file::output_file() : file_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
    if (is_held(STDOUT_FILENO)) refuse(EBADF);
    if (!file_) refuse(errno);
}

output_file::output_file(std::string path) : path_(std::move(path)) {
    ::signal(SIGXFSZ, SIG_IGN);  // that it may not grow so far is an error to tell
    struct stat there {};
    const bool is_there = ::stat(path_.c_str(), &there) == 0;
    if (is_there && !S_ISREG(there.st_mode)) {
        file_ = descriptor(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
        if (!file_) refuse(errno);
        return;
    }
    char whole[PATH_MAX];  // a link stays one
    target_ = is_there && ::realpath(path_.c_str(), whole) != nullptr ? whole : path_;
    temporary_ = target_ + ".XXXXXX";
    file_ = descriptor(::mkostemp(temporary_.data(), O_CLOEXEC));
    if (file_) return;
    const int why = errno;
    temporary_.clear();
    refuse(why);
}

output_file::~output_file() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

bool output_file::write(std::string_view text) {
    while (!text.empty() && error_ == 0) {
        const ssize_t size = ::write(file_.get(), text.data(), text.size());
        if (size >= 0)
            text.remove_prefix(static_cast<std::size_t>(size));
        else if (errno != EINTR)
            error_ = errno;
    }
    return error_ == 0;
}

void output_file::finish() {
    if (error_ != 0) refuse(error_);
    if (temporary_.empty()) return;
    ::fchmod(file_.get(), usual_permissions());
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) refuse(errno);
    temporary_.clear();
}

bool output_file::is_broken_pipe() const {
    return error_ == EPIPE;
}

void output_file::refuse(int error) const {
    const std::string where = path_.empty() ? "to stdout" : path_;
    throw refusal("cannot write " + where + ": " + std::strerror(error));
}

}  // namespace fil::cli
