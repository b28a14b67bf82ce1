// Whole programs that nobody supervises: test/e2e/test_without_supervisor.py.

#include "process/session_files.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <regex>
#include <string>

#include "dead_process.hpp"
#include "fil/recording/view.hpp"
#include "os/sandbox.hpp"
#include "process/session_words.hpp"
#include "scratch_folder.hpp"

namespace fil {
namespace {

namespace fs = std::filesystem;

struct files : testing::Test {
    files() {
        EXPECT_TRUE(begin_session_in_files((out / "a/b").c_str(), 42, text, failed));
        files_address address;
        EXPECT_TRUE(parse_files_address(text.view(), address));
        folder = address.folder;
        page = map_session_page(folder);
    }
    ~files() override {
        sandbox::refused = 0;
        if (page != nullptr) os::unmap(page, recording_page);
    }
    // A recording of this process, as if `pid` had made it.
    recording_header& made(std::int32_t pid) {
        recording_in_file file;
        const os::growing_memory memory = file.make(folder, 16 << 20);
        EXPECT_NE(memory.address, nullptr);
        recording_memory recording(memory.address, memory.bytes);
        EXPECT_TRUE(recording.format(pid, 1));
        return recording.header();
    }

    const test::scratch_folder out;
    file_name text, failed;
    std::string folder;
    session_page* page = nullptr;
};

TEST_F(files, a_session_is_a_folder_named_after_time_machine_and_founder) {
    ASSERT_NE(page, nullptr);
    EXPECT_EQ(page->founder, 42);
    EXPECT_EQ(fs::path(folder).parent_path(), out / "a/b");
    EXPECT_TRUE(
        std::regex_match(fs::path(folder).filename().string(),
                         std::regex(R"(\d{4}-[01]\d-[0-3]\dT[0-2]\d-[0-5]\d-[0-5]\dZ-.*-42)")))
        << folder;
    EXPECT_EQ(fs::status(folder).permissions(), fs::perms(0700));
    file_name second;
    EXPECT_TRUE(begin_session_in_files((out / "a/b").c_str(), 42, second, failed));
    EXPECT_NE(second.view(), text.view());
}

TEST_F(files, a_session_that_was_inherited_is_ours_on_this_machine_while_it_is_there) {
    EXPECT_TRUE(is_session_here(text.view()));
    EXPECT_FALSE(is_session_here("files:1:" + folder));
    EXPECT_FALSE(is_session_here("2:1:x:/x"));
    page->version += 1;
    EXPECT_FALSE(is_session_here(text.view())) << "of another version";
    fs::remove_all(folder);
    EXPECT_FALSE(is_session_here(text.view()));
}

TEST_F(files, where_no_session_can_be_it_is_said_at_what) {
    file_name none;
    const std::string too_long = out / std::string(longest_folder, 'x');
    errno = 0;
    EXPECT_FALSE(begin_session_in_files(too_long.c_str(), 42, none, failed));
    EXPECT_EQ(errno, ENAMETOOLONG);
    const std::string file = out.write("file", "");
    EXPECT_FALSE(begin_session_in_files((file + "/below").c_str(), 42, none, failed));
    EXPECT_EQ(errno, ENOTDIR);
    EXPECT_EQ(failed.view(), file + "/below");
}

TEST_F(files, a_recording_is_as_long_as_is_needed_and_one_that_is_there_is_not_touched) {
    recording_in_file one, two;
    const os::growing_memory memory = one.make(folder, 64 << 20);
    ASSERT_NE(memory.address, nullptr);
    EXPECT_TRUE(one.is_there());
    const std::string first(recording_name(folder, getpid(), 1).view());
    const auto length = fs::file_size(first);
    auto* const base = static_cast<char*>(memory.address);
    EXPECT_TRUE(one.make_room(base, recording_page));
    EXPECT_TRUE(two.make(folder, 64 << 20).address != nullptr);
    EXPECT_TRUE(fs::exists(recording_name(folder, getpid(), 2).text()));
    ASSERT_TRUE(os::extend(base + memory.bytes, length + recording_page - memory.bytes));
    EXPECT_TRUE(one.make_room(base + length, recording_page));
    EXPECT_GT(fs::file_size(first), length);
    one.cut(3 * recording_page);
    EXPECT_EQ(fs::file_size(first), 3 * recording_page);
    one.remove();
    EXPECT_FALSE(fs::exists(first));
}

TEST_F(files, in_a_sandbox_a_recording_has_the_room_that_was_made_before) {
    recording_in_file before, without;
    auto* const base = static_cast<char*>(before.make(folder, 64 << 20).address);
    auto* const other = static_cast<char*>(without.make(folder, 64 << 20).address);
    ASSERT_TRUE(base != nullptr && other != nullptr);
    const auto length = fs::file_size(recording_name(folder, getpid(), 1).text());
    std::strcpy(base, "text");
    before.make_all_room();
    sandbox::refused = sandbox::of_files;
    EXPECT_TRUE(before.make_room(base + length - recording_page, recording_page));
    EXPECT_FALSE(before.make_room(base + length, recording_page));
    EXPECT_FALSE(without.make_room(other, recording_page));
    EXPECT_STREQ(base, "text");
}

TEST_F(files, who_comes_takes_out_what_the_dead_held_and_removes_what_no_report_needs) {
    recording_header& killed = made(test::dead_process());
    session_words(*page, killed).add(700);
    recording_header& runs = made(getpid());
    session_words(*page, runs).add(50);
    clear_up(folder, *page);
    EXPECT_EQ(page->live, 50);
    EXPECT_EQ(killed.closed, 1u);
    EXPECT_EQ(runs.closed, 0u);
    page->peak = 5000;  // since then
    clear_up(folder, *page);
    EXPECT_EQ(page->gone, 1u);
    EXPECT_EQ(page->gone_peak, 700);
    EXPECT_FALSE(fs::exists(recording_name(folder, getpid(), 1).text()));
    EXPECT_TRUE(fs::exists(recording_name(folder, getpid(), 2).text()));
}

TEST_F(files, the_founders_recording_and_what_is_none_stay) {
    recording_header& founders = made(page->founder = test::dead_process());
    clear_up(folder, *page);
    EXPECT_EQ(founders.closed, 1u);
    page->peak = 5000;
    const std::string other = folder + "/1.recording";
    std::ofstream(other) << std::string(100'000, 'x');
    clear_up(folder, *page);
    EXPECT_TRUE(fs::exists(recording_name(folder, getpid(), 1).text()));
    EXPECT_TRUE(fs::exists(other));
    EXPECT_EQ(page->gone, 0u);
}

TEST_F(files, of_a_child_that_is_dead_each_image_is_closed) {
    for (int image = 0; image < 2; ++image) session_words(*page, made(getpid())).add(100);
    close_dead(folder, *page, 1 << 22);
    EXPECT_EQ(page->live, 200);
    close_dead(folder, *page, getpid());
    EXPECT_EQ(page->live, 0);
}

TEST_F(files, a_process_says_what_it_is) {
    recording_header& header = made(getpid());
    recording_memory memory(&header, os::first_bytes);
    describe_process(memory);
    const recording_view view(&header, os::first_bytes);
    std::string facts;
    for (const fact_record& fact : view.facts())
        facts += std::string(view.text(fact.key)) + "=" + std::string(view.text(fact.value)) + " ";
    EXPECT_NE(facts.find("directory=" + fs::current_path().string()), facts.npos) << facts;
    EXPECT_NE(facts.find("executable=" + fs::read_symlink("/proc/self/exe").string()), facts.npos);
    for (const char* key : {"command=", "host=", "started="})
        EXPECT_NE(facts.find(key), facts.npos) << facts;
}

}  // namespace
}  // namespace fil
