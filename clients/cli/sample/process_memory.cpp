#include "sample/process_memory.hpp"

#include <poll.h>
#include <signal.h>

#include <cerrno>
#include <string>

#include "os/small_file.hpp"
#include "start/launch.hpp"

namespace fil::cli {
namespace {

std::string proc_file(pid_t pid, const char* name) {
    return "/proc/" + std::to_string(pid) + "/" + name;
}

// "RssAnon:	   1234 kB", in bytes.
std::optional<std::int64_t> field(std::string_view text, std::string_view name) {
    const auto kilobytes = number_of(text, name);
    return kilobytes ? std::optional(*kilobytes * 1024) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_statm(std::string_view text, std::int64_t page_bytes) {
    const std::size_t second = text.find(' ');
    if (second == std::string_view::npos) return std::nullopt;
    const auto whole = first_number(text);
    const auto pages = first_number(text.substr(second));
    if (!whole || *whole == 0 || !pages) return std::nullopt;  // a zombie has no memory at all
    return *pages * page_bytes;
}

std::optional<resident_parts> parse_status(std::string_view text) {
    const auto anonymous = field(text, "RssAnon");
    const auto file = field(text, "RssFile");
    const auto shared = field(text, "RssShmem");
    if (!anonymous || !file || !shared) return std::nullopt;
    return resident_parts{*anonymous, *file, *shared};
}

process_memory::process_memory(pid_t pid)
    : pid_(pid), statm_(open_small_file(proc_file(pid, "statm"))) {}

std::optional<std::int64_t> process_memory::resident() const {
    static const std::int64_t page_bytes = ::sysconf(_SC_PAGESIZE);
    char text[200];
    const ssize_t size = ::pread(statm_.get(), text, sizeof text, 0);
    if (size <= 0) return std::nullopt;
    return parse_statm({text, static_cast<std::size_t>(size)}, page_bytes);
}

std::optional<resident_parts> process_memory::parts() const {
    return parse_status(read_small_file(proc_file(pid_, "status")));
}

bool process_memory::has_ended() const {
    if (::kill(pid_, 0) != 0 && errno == ESRCH) return true;
    const descriptor process = open_pid(pid_);
    // An old kernel, or no descriptor left: a statm that opened and is empty now is all we know.
    if (!process) return errno == ESRCH || static_cast<bool>(statm_);
    pollfd end{process.get(), POLLIN, 0};
    return ::poll(&end, 1, 0) == 1;
}

}  // namespace fil::cli
