#include "os/limits.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "os/small_file.hpp"

namespace fil::cli {
namespace {

// What RLIMIT_DATA is about.
std::int64_t data_bytes() {
    return number_of(read_small_file("/proc/self/status"), "VmData").value_or(0) * 1024;
}

void raise_limit(__rlimit_resource what) {
    rlimit limit{};
    if (::getrlimit(what, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(what, &limit);
}

}  // namespace

void take_all_that_is_allowed() {
    raise_limit(RLIMIT_NOFILE);
    raise_limit(RLIMIT_AS);
}

void allow_large_files() {
    ::signal(SIGXFSZ, SIG_IGN);
    raise_limit(RLIMIT_FSIZE);
}

void limit_memory(std::uint64_t bytes) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_DATA, &limit) != 0) return;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, static_cast<rlim_t>(data_bytes()) + bytes);
    ::setrlimit(RLIMIT_DATA, &limit);
}

void limit_time(unsigned seconds) {
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    ::signal(SIGALRM, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &alarm_only, nullptr);
    ::alarm(seconds);
}

void leave_no_core_file() {
    const rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
}

std::optional<std::uint64_t> limit_of_address_space(pid_t pid) {
    rlimit limit{};
    if (::prlimit(pid, RLIMIT_AS, nullptr, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return std::nullopt;
    return limit.rlim_cur;
}

}  // namespace fil::cli
