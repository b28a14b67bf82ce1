#include "process/report_wait.hpp"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "os/os.hpp"
#include "os/sandbox.hpp"

namespace fil {

void request_report(session_page& session, std::uint32_t milliseconds) {
    const os::keep_errno keep;
    const std::uint32_t mine = session.reports_requested.fetch_add(1) + 1;
    if (!sandbox::allows(sandbox::of_waiting)) return;
    const std::int64_t end = os::monotonic_ns() + std::int64_t{milliseconds} * 1'000'000;
    const auto served = [&] {
        const std::uint32_t copied = session.reports_copied.load(std::memory_order_acquire);
        return static_cast<std::int32_t>(copied - mine) >= 0;
    };
    while (!served() && os::monotonic_ns() < end) {
        const timespec a_moment{0, 1'000'000};
        syscall(SYS_nanosleep, &a_moment, nullptr);  // libc's is a point of cancellation
    }
}

}  // namespace fil
