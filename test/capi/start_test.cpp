// Starting a recorder: what is refused, why, and that it may be tried again.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include "checking_child.hpp"
#include "process/process_entry.hpp"
#include "session_child.hpp"

namespace fil {
namespace {

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
    EXPECT_EQ(0, status_of_child([] {
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
                  HOLDS(7, status_of_child([] { HOLDS(8, is_recorded()); }) == 0);
              }));
}

// The page of the process is there, and then there is no room for the recording.
TEST(start, a_recording_that_has_no_room_is_refused_with_that_reason) {
    EXPECT_EQ(0, status_of_child([] {
                  fil_error error;
                  HOLDS(1, start(FIL_MEMORY_SESSION, error) == FIL_ERROR_NO_SESSION);
                  HOLDS(9, says(error, "not started by fil-profile"));
                  setenv("FIL_SESSION", ("2:1:" + std::string(32, 'a') + ":/nowhere").c_str(), 1);
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
    EXPECT_EQ(0, status_of_child([&] {
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

std::int64_t reported_peak() {
    const std::string directory = testing::TempDir() + "stop-" + std::to_string(getpid());
    fil_report_options options = FIL_REPORT_OPTIONS_INIT;
    std::int64_t peak = -1;
    options.directory = {directory.data(), directory.size()};
    options.directory_is_exact = 1;
    options.peak = &peak;
    if (fil_recording_report(&options, nullptr, 0, nullptr) != FIL_OK) return -1;
    std::filesystem::remove_all(directory);
    return peak;
}

TEST(stop, ends_recording_and_what_was_recorded_stays_for_a_report) {
    EXPECT_EQ(0, status_of_child([] {
                  fil_error error = FIL_ERROR_INIT;
                  HOLDS(1, fil_recorder_stop(&error) == FIL_ERROR_STATE);
                  HOLDS(2, says(error, "no recorder"));
                  HOLDS(3, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                  fil_record_alloc_at(blocks[0], 100, stack(1));
                  fil_record_alloc_at(blocks[1], 300, stack(2));
                  fil_record_free(blocks[0]);
                  HOLDS(4, fil_recorder_stop(&error) == FIL_OK && !fil_recorder_running());
                  HOLDS(5, !is_recorded());
                  fil_record_free(blocks[1]);
                  HOLDS(6, reported_peak() == 400);
                  HOLDS(7, fil_recorder_stop(&error) == FIL_ERROR_STATE);
              }));
}

TEST(stop, and_a_start_record_from_nothing) {
    EXPECT_EQ(
        0, status_of_child([] {
            fil_error error = FIL_ERROR_INIT;
            HOLDS(1, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
            fil_record_alloc_at(blocks[0], 5000, stack(1));
            fil_record_map(reinterpret_cast<void*>(1ull << 44), 1 << 20, FIL_MAPPING_ANONYMOUS);
            const std::uint64_t generation = fil_generation();
            for (int round = 1; round != 4; ++round) {
                HOLDS(2, fil_recorder_stop(nullptr) == FIL_OK);
                fil_record_alloc_at(blocks[2], 7000, stack(1));
                HOLDS(3, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                HOLDS(4, fil_recorder_running() && fil_generation() > generation);
                HOLDS(5, start(FIL_MEMORY_PRIVATE, error) == FIL_ERROR_STATE);
                fil_record_alloc_at(blocks[1], 40 * static_cast<std::size_t>(round), stack(2));
                fil_record_free(blocks[0]);  // from before: none of this one's
                fil_record_free(blocks[2]);
                fil_mapping_discard(
                    fil_mapping_forget(reinterpret_cast<void*>(1ull << 44), 1 << 20));
                HOLDS(6, reported_peak() == 40 * round);
            }
            HOLDS(7, fil_recorder_stop(nullptr) == FIL_OK);
            HOLDS(8, start(FIL_MEMORY_SESSION, error) == FIL_ERROR_STATE);
            HOLDS(9, reported_peak() == 120);
        }));
}

TEST(stop, reaches_threads_that_go_on_and_what_they_do_later_is_right) {
    EXPECT_EQ(0, status_of_child([] {
                  fil_error error = FIL_ERROR_INIT;
                  HOLDS(1, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                  std::atomic<int> step{0};
                  const auto wait_for = [&](int wanted) {
                      while (step != wanted) std::this_thread::yield();
                  };
                  std::thread other([&] {
                      fil_record_alloc_at(blocks[0], 20'000, stack(1));
                      fil_record_alloc_at(blocks[1], 30, stack(1));  // is not published yet
                      step = 1;
                      wait_for(2);
                      fil_record_alloc_at(blocks[2], 50'000, stack(1));
                      step = 3;
                      wait_for(4);
                      fil_record_free(blocks[0]);
                      fil_record_alloc_at(blocks[3], 600, stack(3));
                  });
                  wait_for(1);
                  HOLDS(2, fil_recorder_stop(nullptr) == FIL_OK);
                  HOLDS(3, reported_peak() == 20'030);
                  step = 2;
                  wait_for(3);
                  HOLDS(4, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                  step = 4;
                  other.join();
                  std::thread([] { fil_record_alloc_at(blocks[4], 50, stack(4)); }).join();
                  HOLDS(5, reported_peak() == 650);
              }));
}

// Started and stopped by one while others allocate: each round has what was recorded in it.
TEST(stop, while_threads_allocate_leaves_sums_that_fit) {
    EXPECT_EQ(0, status_of_child([] {
                  fil_error error = FIL_ERROR_INIT;
                  std::atomic<bool> end{false};
                  const auto allocate = [&](char* block) {
                      while (!end) {
                          fil_record_alloc(block, 1000);
                          fil_record_free(block);
                      }
                  };
                  std::thread one(allocate, blocks[0]), two(allocate, blocks[1]);
                  for (int round = 0; round != 100; ++round) {
                      HOLDS(1, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                      fil_record_alloc_at(blocks[2], 77, stack(1));
                      HOLDS(2, fil_recorder_stop(nullptr) == FIL_OK);
                  }
                  end = true;
                  one.join(), two.join();
                  HOLDS(3, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                  fil_record_alloc_at(blocks[3], 123, stack(1));
                  HOLDS(4, reported_peak() == 123);
              }));
}

TEST(stop, holds_in_children_which_may_start_as_well) {
    EXPECT_EQ(0, status_of_child([] {
                  fil_error error = FIL_ERROR_INIT;
                  HOLDS(1, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                  fil_record_alloc_at(blocks[0], 5000, stack(1));
                  // One that has not recorded anything stops for itself.
                  HOLDS(2, status_of_child([] {
                               HOLDS(3, fil_recorder_stop(nullptr) == FIL_OK && !is_recorded());
                           }) == 0);
                  HOLDS(4, is_recorded());
                  HOLDS(5, fil_recorder_stop(nullptr) == FIL_OK);
                  HOLDS(6, status_of_child([] {
                               fil_error error;
                               HOLDS(7, !is_recorded() && !fil_recorder_running());
                               HOLDS(8, fil_recorder_stop(nullptr) == FIL_ERROR_STATE);
                               HOLDS(9, reported_peak() == -1);
                               HOLDS(10, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                               fil_record_alloc_at(blocks[1], 60, stack(2));
                               HOLDS(11, reported_peak() == 60);
                               // Its own child records as it does.
                               HOLDS(12, status_of_child([] { HOLDS(13, is_recorded()); }) == 0);
                           }) == 0);
                  HOLDS(14, start(FIL_MEMORY_PRIVATE, error) == FIL_OK);
                  HOLDS(15, status_of_child([] {
                                fil_record_alloc_at(blocks[1], 70, stack(2));
                                HOLDS(16, reported_peak() == 70);
                            }) == 0);
              }));
}

TEST(stop, of_one_on_request_is_refused_in_a_run) {
    EXPECT_EQ(0, status_of_child([] {
                  fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
                  options.flags = FIL_ON_REQUEST;
                  const fil_run_options run = FIL_RUN_OPTIONS_INIT;
                  fil_error error = FIL_ERROR_INIT;
                  HOLDS(1, fil_recorder_start(&options, nullptr) == FIL_OK);
                  HOLDS(2, fil_run_begin(&run, nullptr) == FIL_OK);
                  HOLDS(3, fil_recorder_stop(&error) == FIL_ERROR_IN_RUN);
                  HOLDS(4, says(error, "a run is on"));
                  HOLDS(5, is_recorded());
                  HOLDS(6, fil_run_end(nullptr, nullptr) == FIL_OK);
                  HOLDS(7, fil_recorder_stop(nullptr) == FIL_OK);
                  HOLDS(8, fil_run_begin(&run, nullptr) == FIL_ERROR_STATE);
                  HOLDS(9, fil_recorder_start(&options, nullptr) == FIL_OK);
                  HOLDS(10, !is_recorded() && fil_run_begin(&run, nullptr) == FIL_OK);
                  HOLDS(11, is_recorded());
              }));
}

TEST(stop, is_not_the_programs_where_fil_profile_records_it) {
    session session;
    const int status = run_child(session, [] {
        fil_error error = FIL_ERROR_INIT;
        HOLDS(1, fil_recorder_stop(&error) == FIL_ERROR_WHOLE_PROGRAM);
        HOLDS(2, says(error, "to its end") && is_recorded());
    });
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace fil
