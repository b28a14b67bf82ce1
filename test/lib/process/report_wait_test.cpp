#include "process/report_wait.hpp"

#include <errno.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "os/os.hpp"

namespace fil {
namespace {

TEST(report_wait, returns_when_its_own_request_is_served) {
    const auto page = std::make_unique<session_page>();
    page->reports_requested = page->reports_copied = ~0u;  // the count goes round
    std::thread supervisor([&] {
        while (page->reports_requested != 0) std::this_thread::yield();
        page->reports_copied = 0;
    });
    errno = 77;
    const std::int64_t before = os::monotonic_ns();
    request_report(*page, 60'000);
    EXPECT_LT(os::monotonic_ns() - before, 50'000'000'000);
    EXPECT_EQ(errno, 77);
    supervisor.join();
}

TEST(report_wait, does_not_wait_for_ever) {
    const auto page = std::make_unique<session_page>();
    request_report(*page, 5);
    EXPECT_EQ(page->reports_requested, 1u);
    const std::int64_t before = os::monotonic_ns();
    request_report(*page, 20);
    EXPECT_GE(os::monotonic_ns() - before, 20'000'000);
    EXPECT_EQ(page->reports_requested, 2u);
}

}  // namespace
}  // namespace fil
