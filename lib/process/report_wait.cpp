#include "process/report_wait.hpp"

#include "os/os.hpp"
#include "os/sandbox.hpp"
#include "os/wait_and_wake.hpp"

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
        os::sleep_for(1'000'000);
    }
}

}  // namespace fil
