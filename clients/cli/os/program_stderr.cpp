#include "os/program_stderr.hpp"

#include <sys/syscall.h>

#include <charconv>
#include <filesystem>
#include <utility>

#include "os/process.hpp"
#include "os/small_file.hpp"
#include "os/unhurried_writer.hpp"

namespace fil::cli {
namespace {

constexpr int longest_wait = 1000;  // for room in a pipe, in milliseconds

// A copy of another process's descriptor, with the place in the file where the next byte goes.
// Since Linux 5.6, and where we might debug that process.
descriptor copy_from(pid_t pid, int number) {
    constexpr long pidfd_getfd = 438;  // older kernel headers have no name for it
    const descriptor process = open_pid(pid);
    return descriptor(static_cast<int>(::syscall(pidfd_getfd, process.get(), number, 0)));
}

}  // namespace

program_stderr::program_stderr(pid_t program, int started_with)
    : program_(program), is_known_(::fstat(started_with, &file_) == 0) {}

int program_stderr::number_in_program() const {
    // The link's own mode says what the descriptor is open for: a pipe's other end is the same
    // file.
    const auto is_it = [&](const std::string& path) {
        struct stat found {
        }, link{};
        return ::lstat(path.c_str(), &link) == 0 && (link.st_mode & S_IWUSR) != 0 &&
               ::stat(path.c_str(), &found) == 0 && found.st_dev == file_.st_dev &&
               found.st_ino == file_.st_ino;
    };
    const std::string all = file_of_process(program_, "fd/");
    if (!is_known_ || is_it(all + "2")) return STDERR_FILENO;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(all, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename();
        int number = STDERR_FILENO;
        std::from_chars(name.data(), name.data() + name.size(), number);
        if (is_it(entry->path())) return number;
    }
    return STDERR_FILENO;
}

descriptor program_stderr::open(int number) const {
    if (descriptor copy = copy_from(program_, number)) return copy;
    // The same file, but not a socket, opened anew.
    const std::string path = file_of_process(program_, "fd/") + std::to_string(number);
    return descriptor(
        ::open(path.c_str(), O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
}

void program_stderr::say_line(std::string text) const {
    const descriptor to = open(number_in_program());
    if (!to) return;
    unhurried_writer line(to.get());
    line.add(text);
    line.finish(longest_wait);
}

}  // namespace fil::cli
