// Starting a recorder: what is refused, why, and that it may be tried again.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <string_view>

#include "process/process_recorder.hpp"
#include "session_child.hpp"

namespace fil {
namespace {

// In the child, what would be an assertion: its number is the exit status.
#define HOLDS(number, condition) \
    if (!(condition)) _exit(number)

template <typename Body>
int status_of(Body&& body) {
    const pid_t child = fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

fil_status start(fil_memory memory, fil_error& error) {
    fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
    options.memory = memory;
    error = {};
    error.struct_size = sizeof error;
    return fil_recorder_start(&options, &error);
}

// Not a page more than what the process has.
void forbid_more_memory() {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit limit{};
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    setrlimit(RLIMIT_AS, &limit);
}

void allow_more_memory() {
    rlimit limit{};
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_AS, &limit);
}

bool says(const fil_error& error, std::string_view words) {
    return std::string_view(error.message).find(words) != std::string_view::npos;
}

bool is_recorded() {
    fil_record_alloc_at(blocks[0], 100, stack(1));
    return fil_block_forget(blocks[0]).bytes == 100;
}

TEST(start, for_want_of_address_space_is_refused_with_that_reason_and_may_be_tried_again) {
    EXPECT_EQ(0, status_of([] {
                  fil_error error;
                  forbid_more_memory();
                  for (int tries = 0; tries != 2; ++tries) {
                      HOLDS(1, start(FIL_MEMORY_PRIVATE, error) == FIL_ERROR_MEMORY);
                      HOLDS(2, says(error, "address space"));
                  }
                  HOLDS(3, !is_recorded());
                  allow_more_memory();
                  HOLDS(4, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                  HOLDS(5, is_recorded());
                  HOLDS(6, start(FIL_MEMORY_PRIVATE, error) == FIL_ERROR_STATE);
                  // A child of it records as well.
                  HOLDS(7, status_of([] { HOLDS(8, is_recorded()); }) == 0);
              }));
}

// The page of the process is there, and then there is no room for the recording.
TEST(start, a_recording_that_has_no_room_is_refused_with_that_reason) {
    EXPECT_EQ(0, status_of([] {
                  fil_error error;
                  HOLDS(1, start(FIL_MEMORY_SESSION, error) == FIL_ERROR_NO_SESSION);
                  HOLDS(9, says(error, "not started by fil-profile"));
                  setenv("FIL_SESSION", ("1:1:" + std::string(32, 'a') + ":/nowhere").c_str(), 1);
                  HOLDS(2, start(FIL_MEMORY_SESSION, error) == FIL_ERROR_SYSTEM);
                  HOLDS(3, says(error, "joined"));
                  forbid_more_memory();
                  HOLDS(4, start(FIL_MEMORY_SESSION, error) == FIL_ERROR_MEMORY);
                  HOLDS(5, says(error, "address space"));
                  HOLDS(6, start(FIL_MEMORY_PRIVATE, error) == FIL_ERROR_MEMORY);
                  allow_more_memory();
                  HOLDS(7, start(FIL_MEMORY_PRIVATE, error) == FIL_OK && is_recorded());
              }));
}

// What was given back to the system is no part of the recording any more, whatever it says.
TEST(start, a_report_of_a_recording_that_was_shrunk_stays_within_it) {
    const auto report = [] {
        fil_report_options options = FIL_REPORT_OPTIONS_INIT;
        static const std::string directory = testing::TempDir();
        options.directory = {directory.data(), directory.size()};
        return fil_recording_report(&options, nullptr, 0, nullptr);
    };
    EXPECT_EQ(0, status_of([&] {
                  fil_error error;
                  HOLDS(1, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                  fil_recorder_shrink(1);
                  recording_memory& memory = *this_process.private_recording();
                  HOLDS(2, memory.bytes() < memory.header().total_bytes);
                  memory.header().facts_page =
                      page_number{static_cast<std::uint32_t>(memory.bytes() / recording_page) + 1};
                  memory.header().facts = 1;
                  HOLDS(3, report() == FIL_ERROR_DAMAGED);
              }));
}

}  // namespace
}  // namespace fil
