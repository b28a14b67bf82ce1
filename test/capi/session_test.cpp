// A process joins a session as the preload library does, and is read after it died.

#include "session/session.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fil/recording/large_mapping_list.hpp"
#include "fil/recording/memory.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "fil_hooks.h"
#include "fil_supervisor.h"
#include "os/os.hpp"
#include "process/session_client.hpp"
#include "report/report_source.hpp"
#include "session/kept_recording.hpp"
#include "session_child.hpp"

namespace fil {
namespace {

std::int64_t total(const session& session, std::size_t number) {
    const auto read =
        read_snapshot(session.processes().at(number).view(),
                      read_usage(session.processes().at(number).view(), session.page()), {}, {});
    return read.snapshot.total(mapping_kind::anonymous);
}

TEST(session, a_process_killed_at_its_peak_leaves_it_behind) {
    session session;
    const int status = run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1000, stack(1));
        fil_record_alloc_at(blocks[1], 500, stack(2));
        raise(SIGKILL);
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ASSERT_EQ(session.processes().size(), 1u);
    EXPECT_EQ(session.page().peak, 1500);
    EXPECT_EQ(session.page().live, 0);
    EXPECT_EQ(total(session, 0), 1500);
}

TEST(session, the_peak_is_that_of_all_processes_together) {
    session session;
    run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1'000'000, stack(1));
        const pid_t child = fork();
        if (child == 0) {
            fil_record_alloc_at(blocks[1], 700'000, stack(2));
            fil_record_free(blocks[1]);
            fil_recorder_close();
            _exit(0);
        }
        waitpid(child, nullptr, 0);
        fil_record_free(blocks[0]);
        fil_record_alloc_at(blocks[0], 900'000, stack(3));
        fil_recorder_close();
    });
    ASSERT_EQ(session.processes().size(), 2u);
    EXPECT_EQ(session.page().peak, 1'700'000);
    EXPECT_EQ(total(session, 0), 1'000'000);
    EXPECT_EQ(total(session, 1), 700'000);
    EXPECT_EQ(session.page().live, 0);
}

TEST(session, a_forked_childs_memory_is_its_own) {
    session session;
    run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1000, stack(1));
        const pid_t child = fork();
        if (child == 0) {
            fil_record_free(blocks[0]);  // the parent's block: not of this process
            fil_recorder_close();
            _exit(0);
        }
        waitpid(child, nullptr, 0);
    });
    EXPECT_EQ(total(session, 0), 1000);
}

// Joins as a process that records fast: what it holds is in the session's live before the session
// has looked at who else had its pid.
bool join_holding(const session& session, std::int64_t bytes) {
    session_address address;
    EXPECT_TRUE(parse_session_address(session.environment(), address));
    const os::shared_memory memory =
        os::make_shared_memory("recording", os::recording_bytes(), smallest_recording);
    recording_memory recording(memory.address, memory.mapped);
    EXPECT_TRUE(recording.format(getpid(), getppid()));
    recording.header().live.store(bytes);
    const_cast<session_page&>(session.page()).live.fetch_add(bytes);
    session_page* page = join_session(address, memory, true);
    os::close_descriptor(memory.descriptor);
    os::unmap(memory.address, memory.mapped);
    if (page != nullptr) os::unmap(page, recording_page);
    return page != nullptr;
}

TEST(session, what_a_new_image_holds_already_is_counted_where_the_old_one_ends) {
    session session;
    std::atomic<int> joined = 0;
    std::thread program([&] {
        for (const std::int64_t bytes : {1000, 500})
            joined += join_holding(session, bytes) ? 1 : 10;
    });
    while (joined < 2) {
        session.serve();
        usleep(1000);
    }
    program.join();
    session.serve();
    ASSERT_EQ(session.processes().size(), 2u);
    EXPECT_EQ(session.page().live, 500);
}

// Nobody reaps it, and nobody looks: its end alone makes the session's descriptor readable.
TEST(session, an_end_is_seen_at_once) {
    session session;
    const pid_t child = start_child(session, [] {
        fil_record_alloc_at(blocks[0], 1'000'000, stack(1));
        pause();
    });
    while (session.processes().empty() || session.page().live < 1'000'000) {
        usleep(1000);
        session.serve();
    }
    kill(child, SIGKILL);
    pollfd waiting{session.descriptor(), POLLIN, 0};
    EXPECT_EQ(poll(&waiting, 1, 10'000), 1);
    session.serve();
    EXPECT_EQ(session.page().live, 0);
    waitpid(child, nullptr, 0);
}

// Before anybody looks: the parent says so.
TEST(session, what_a_killed_child_held_is_gone_when_its_parent_has_reaped_it) {
    session session;
    run_child(session, [] {
        fil_record_alloc_at(blocks[0], 100'000, stack(1));
        const pid_t child = fork();
        if (child == 0) {
            fil_record_alloc_at(blocks[1], 1'000'000, stack(2));
            raise(SIGKILL);
        }
        waitpid(child, nullptr, 0);
        fil_record_killed_child(child);
        fil_record_alloc_at(blocks[2], 600'000, stack(3));
        fil_record_free(blocks[2]);
    });
    EXPECT_EQ(session.page().peak, 1'100'000);
    EXPECT_EQ(total(session, 0), 100'000);
    EXPECT_EQ(total(session, 1), 1'000'000);
}

TEST(session, of_a_child_that_is_alive_nothing_is_taken_whoever_says_so) {
    session session;
    run_child(session, [] {
        const pid_t child = fork();
        if (child == 0) {
            fil_record_alloc_at(blocks[1], 1'000'000, stack(2));
            fil_record_killed_child(getpid());
            fil_record_alloc_at(blocks[2], 600'000, stack(3));
            fil_recorder_close();
            _exit(0);
        }
        waitpid(child, nullptr, 0);
    });
    EXPECT_EQ(session.page().peak, 1'600'000);
}

TEST(session, the_parent_of_a_process_is_who_forked_it_also_if_that_one_is_gone) {
    session session;
    run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1000, stack(1));
        int ends[2];
        if (pipe(ends) != 0) _exit(9);
        if (fork() == 0) {
            fil_record_alloc_at(blocks[0], 1000, stack(1));
            const pid_t above = getpid();
            if (fork() == 0) {
                while (getppid() == above) usleep(1000);
                fil_record_alloc_at(blocks[1], 10, stack(2));
                fil_recorder_close();
                _exit(write(ends[1], "x", 1) != 1);
            }
            _exit(0);
        }
        char byte;
        if (read(ends[0], &byte, 1) != 1) _exit(9);
    });
    ASSERT_EQ(session.processes().size(), 3u);
    EXPECT_EQ(session.processes()[2].parent_pid, session.processes()[1].pid);
    EXPECT_EQ(session.processes()[1].parent_pid, session.processes()[0].pid);
}

TEST(session, a_process_that_closed_may_reopen) {
    session session;
    run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1000, stack(1));
        fil_recorder_close();
        fil_record_alloc_at(blocks[1], 1, stack(1));  // ignored
        fil_recorder_reopen();
        fil_record_alloc_at(blocks[2], 50, stack(2));
    });
    EXPECT_EQ(session.page().peak, 1050);
    EXPECT_EQ(total(session, 0), 1050);
}

TEST(session, allocations_between_raise_and_lower_are_left_out_and_are_no_miss) {
    session session;
    run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1000, stack(1));
        fil_guard_raise();
        fil_record_alloc_at(blocks[1], 500, stack(2));
        fil_record_free(blocks[0]);  // frees still count
        fil_guard_lower();
        fil_record_alloc_at(blocks[2], 10, stack(3));
    });
    const recording_header& header = session.processes().at(0).header();
    EXPECT_EQ(header.missed_events, 0u);
    EXPECT_EQ(header.live + session.processes().at(0).view().pending(), 10);
}

TEST(session, a_large_mapping_is_listed) {
    session session;
    run_child(session, [] {
        const auto* at = reinterpret_cast<const void*>(0x7000'0000'0000);
        fil_record_map(at, 1 << 30, FIL_MAPPING_ANONYMOUS);
        fil_record_map(reinterpret_cast<const void*>(0x6000'0000'0000), 4096,
                       FIL_MAPPING_ANONYMOUS);
    });
    std::vector<large_mapping> listed;
    EXPECT_TRUE(visit_large_mappings(session.processes().at(0).view(),
                                     [&](const large_mapping& one) { listed.push_back(one); }));
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0].address, 0x7000'0000'0000u);
    EXPECT_EQ(listed[0].bytes, 1u << 30);
}

int lines_of_maps_with(const std::string& text) {
    std::ifstream maps("/proc/self/maps");
    int count = 0;
    for (std::string line; std::getline(maps, line);) count += line.find(text) != line.npos;
    return count;
}

TEST(session, a_forked_child_keeps_nothing_of_its_ancestors_mapped) {
    session session;
    const int status = run_child(session, [] {
        const auto in_fork = [](auto&& body) {
            const pid_t child = fork();
            if (child == 0) {
                fil_record_alloc_at(blocks[0], 100, stack(1));
                body();
                // The session's page is here twice: the supervisor forked us.
                const bool alone = lines_of_maps_with("fil-recording") == 1 &&
                                   lines_of_maps_with("fil-session") == 2;
                _exit(alone ? 0 : 1);
            }
            int status = 0;
            waitpid(child, &status, 0);
            if (status != 0) _exit(1);
        };
        in_fork([&] { in_fork([] {}); });
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(session.processes().size(), 3u);
}

TEST(session, what_could_not_join_keeps_nothing_mapped) {
    const auto child_status = [](const char* address) {
        setenv("FIL_SESSION", address, 1);
        const pid_t child = fork();
        if (child == 0) {
            fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
            options.memory = FIL_MEMORY_SESSION;
            const bool failed = fil_recorder_start(&options, nullptr) != FIL_OK;
            _exit(failed && lines_of_maps_with("fil-recording") == 0 ? 0 : 1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return status;
    };
    const std::string nobody = "2:1:" + std::string(token_length, 'a') + ":/nowhere/session";
    EXPECT_EQ(child_status(nobody.c_str()), 0);
}

TEST(session, the_first_runtime_that_is_told_counts) {
    session session;
    run_child(session, [] {
        for (const char* runtime : {"CPython 3.12.1", "other 1.0"}) {
            fil_recorder_describe({"runtime", 7}, {runtime, strlen(runtime)});
        }
        fil_record_alloc_at(blocks[0], 100, stack(1));
    });
    report::facts about;
    const recording_view view = session.processes().at(0).view();
    const drawn_recording drawn{view, &session.page()};
    add_recorded_facts(about, {{drawn, usage_of(drawn), "", {}, {}, {}}});
    EXPECT_EQ(about.runtime, "CPython 3.12.1");
    fil_process process = FIL_PROCESS_INIT;
    fil_session_process(reinterpret_cast<fil_session*>(&session), 0, &process);
    EXPECT_EQ(std::string(process.runtime.data, process.runtime.length), "CPython 3.12.1");
}

// The file that a recording is kept in.
struct kept_file {
    std::string path = testing::TempDir() + "kept-" + std::to_string(getpid());
    struct stat status {};

    explicit kept_file(const session& session) {
        unlink(path.c_str());
        const auto& process = session.processes().at(0);
        keep_recording(process.view(), path);
        EXPECT_EQ(stat(path.c_str(), &status), 0);
    }
    ~kept_file() { unlink(path.c_str()); }
    bool holds(std::string_view text) const {
        std::ifstream file(path);
        std::string start(4 << 20, 0);
        file.read(start.data(), std::ssize(start));
        return start.find(text) != start.npos;
    }
};

TEST(session, a_recording_is_kept_as_far_as_it_is_used) {
    session session;
    run_child(session, [] { fil_record_alloc_at(blocks[0], 1000, stack(1)); });
    const kept_file kept(session);
    EXPECT_EQ(std::uint64_t(kept.status.st_size), session.processes().at(0).view().used_bytes());
    EXPECT_EQ(kept.status.st_mode & 0777, 0600u);
    EXPECT_TRUE(kept.holds("work.c"));
}

// It says that it is 16 GiB long, and memory would have to be found for all of it to be read.
TEST(session, of_a_damaged_recording_only_what_is_there_is_kept) {
    session session;
    run_child(session, [] { fil_record_alloc_at(blocks[0], 1000, stack(1)); });
    session.processes().at(0).header().pages_used = ~0u;
    const kept_file kept(session);
    EXPECT_LT(kept.status.st_blocks, (64 << 20) / 512);
    EXPECT_TRUE(kept.holds("work.c"));
}

// What drawing the first process's recording answers.
std::pair<fil_status, std::string> refusal_to_draw(session& session) {
    const std::string directory = testing::TempDir() + "refused-" + std::to_string(getpid());
    fil_report_options options = FIL_REPORT_OPTIONS_INIT;
    options.directory = {directory.data(), directory.size()};
    fil_session_facts facts = FIL_SESSION_FACTS_INIT;
    facts.pid = session.processes().at(0).pid;
    fil_error error = FIL_ERROR_INIT;
    const fil_status status = fil_session_report(reinterpret_cast<fil_session*>(&session), &options,
                                                 &facts, nullptr, 0, &error);
    EXPECT_FALSE(std::filesystem::exists(directory));
    return {status, error.message};
}

TEST(session, a_recording_of_another_version_is_refused_and_both_are_named) {
    session session;
    run_child(session, [] { fil_record_alloc_at(blocks[0], 1000, stack(1)); });
    recording_header& header = session.processes().at(0).header();
    header.version = 99;
    const auto [status, message] = refusal_to_draw(session);
    EXPECT_EQ(status, FIL_ERROR_VERSION);
    EXPECT_NE(message.find("version 99"), message.npos) << message;
    EXPECT_NE(message.find("version " + std::to_string(recording_version)), message.npos);
    header.version = recording_version;
    header.header_bytes = 1;
    EXPECT_EQ(refusal_to_draw(session).first, FIL_ERROR_DAMAGED);
}

// A supervisor that was compiled with other headers: structs of an array have its size.
TEST(session, an_array_has_elements_of_the_callers_size) {
    session session;
    run_child(session, [] { fil_record_alloc_at(blocks[0], 1000, stack(1)); });
    struct newer_sample {
        fil_sample known;
        std::int64_t unknown;
    } samples[2] = {{{0.5, 0, 100, 200}, 0}, {{1.5, 0, 1000, 3000}, 0}};
    const auto report = [&](std::size_t size) {
        const std::string directory = testing::TempDir() + "sizes-" + std::to_string(getpid());
        fil_report_options options = FIL_REPORT_OPTIONS_INIT;
        options.directory = {directory.data(), directory.size()};
        options.directory_is_exact = 1;
        fil_session_facts facts = FIL_SESSION_FACTS_INIT;
        facts.samples = &samples[0].known;
        facts.sample_count = 2;
        facts.sample_size = size;
        const fil_status status = fil_session_report(reinterpret_cast<fil_session*>(&session),
                                                     &options, &facts, nullptr, 0, nullptr);
        std::ifstream page(directory + "/index.html");
        const std::string text((std::istreambuf_iterator<char>(page)), {});
        std::filesystem::remove_all(directory);
        return std::pair(status, text.find("3000") != text.npos);
    };
    EXPECT_EQ(report(sizeof(newer_sample)), std::pair(FIL_OK, true));
    // An older one knows nothing of what is resident.
    EXPECT_EQ(report(offsetof(fil_sample, resident)).first, FIL_OK);
    EXPECT_EQ(report(0).first, FIL_ERROR_STRUCT_SIZE);
    samples[1].unknown = 1;
    EXPECT_EQ(report(sizeof(newer_sample)).first, FIL_ERROR_STRUCT_SIZE);
}

TEST(session, an_array_is_filled_with_elements_of_the_callers_size) {
    session session;
    run_child(session, [] {
        for (std::uintptr_t i = 1; i != 3; ++i) {
            fil_record_map(reinterpret_cast<void*>(i << 40), 100 << 20, FIL_MAPPING_ANONYMOUS);
        }
    });
    struct newer_mapping {
        fil_large_mapping known;
        std::int64_t unknown;
    } mappings[3] = {{{}, 7}, {{}, 7}, {{}, 7}};
    const std::int32_t pid = session.processes().at(0).pid;
    const auto* handle = reinterpret_cast<const fil_session*>(&session);
    std::size_t count = 3;
    EXPECT_EQ(FIL_OK, fil_session_large_mappings(handle, pid, &mappings[0].known, &count,
                                                 sizeof(newer_mapping)));
    EXPECT_EQ(count, 2u);
    EXPECT_EQ(mappings[1].known.address, 2ull << 40);
    EXPECT_EQ(mappings[1].known.bytes, 100u << 20);
    EXPECT_EQ(mappings[0].unknown + mappings[1].unknown, 14);
    std::uint64_t addresses[4] = {0, 0, 0, 99};  // an older one, of two words, and room for one
    count = 1;
    EXPECT_EQ(FIL_OK,
              fil_session_large_mappings(
                  handle, pid, reinterpret_cast<fil_large_mapping*>(addresses), &count, 16));
    EXPECT_EQ(count, 1u);
    EXPECT_EQ(addresses[0], 1ull << 40);
    EXPECT_EQ(addresses[2], 0u);
    EXPECT_EQ(FIL_ERROR_ARGUMENT,
              fil_session_large_mappings(handle, pid, &mappings[0].known, &count, 0));
}

}  // namespace
}  // namespace fil
