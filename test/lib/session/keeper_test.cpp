// With a supervisor that is killed: test/e2e/test_keeper.py.

#include "session/keeper.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "dead_process.hpp"
#include "os/cold/connections.hpp"
#include "os/os.hpp"
#include "process/recording_names.hpp"
#include "scratch_folder.hpp"
#include "small_recording.hpp"

namespace fil {
namespace {

namespace fs = std::filesystem;

struct keeping_test {
    // A process that held something at the peak, and is gone.
    joined_process& join() {
        const auto bytes = small_recording();
        joined_process& one = *all.emplace_back(std::make_unique<joined_process>());
        one.number = std::uint32_t(all.size()) - 1;
        one.pid = test::dead_process();
        one.command = std::string("work\0", 5);
        files.emplace_back(os::make_shared_file("test", bytes.size()));
        one.memory = shared_mapping(files.back().number(), bytes.size());
        std::memcpy(one.memory.base(), bytes.data(), bytes.size());
        one.header().pid = one.pid;
        line.tell_joined(one, files.back().number(), -1);
        page.peak = page.live += 4900;
        return one;
    }
    // The supervisor is gone.
    std::optional<kept_files> keep() {
        const keeper_state state = keeper_state::make();
        state.say(line.state().how());
        line.hang_up();
        return keep_until_end(socket.number(), state, page, folder.path());
    }
    static std::size_t recordings_in(const std::string& place) {
        std::size_t found = 0;
        for (const auto& one : fs::directory_iterator(place))
            found += one.path().extension() == recording_suffix ? 1 : 0;
        return found;
    }

    const test::scratch_folder folder;
    session_page page{};
    keeper_line line;
    file_descriptor socket = line.begin();
    std::vector<std::unique_ptr<joined_process>> all;
    std::vector<file_descriptor> files;
};
struct kept : testing::Test, keeping_test {};

TEST_F(kept, what_each_process_held_becomes_a_folder_of_recordings) {
    const joined_process &one = join(), &other = join();
    const auto found = keep();
    ASSERT_TRUE(found);
    EXPECT_EQ(fs::path(found->folder).parent_path(), folder.path());
    EXPECT_EQ(found->missing, 0u);
    EXPECT_EQ(found->running, 0u);
    for (const std::int32_t pid : {one.pid, other.pid}) {
        const std::string content = test::text_of(recording_name(found->folder, pid, 1).text());
        const recording_view view(content.data(), content.size());
        ASSERT_EQ(view.check(), recording_check::good);
        std::string facts;
        for (const fact_record& fact : view.facts())
            facts += std::string(view.text(fact.key)) + " ";
        EXPECT_NE(facts.find("started "), std::string::npos) << facts;
        EXPECT_EQ(facts.find("note ") != facts.npos, pid == one.pid) << "the program's has a note";
    }
    EXPECT_TRUE(fs::exists(found->folder + "/" + std::string(session_page_name)));
}

TEST_F(kept, nothing_is_written_where_the_supervisor_ended_as_it_should_or_nobody_joined) {
    EXPECT_FALSE(keep());
    keeping_test ended;
    ended.join();
    ended.line.state().say(keeping::over);
    EXPECT_FALSE(ended.keep());
    EXPECT_TRUE(fs::is_empty(folder.path()) && fs::is_empty(ended.folder.path()));
}

TEST_F(kept, what_was_let_go_is_gone_and_what_makes_no_sense_is_counted) {
    join();
    joined_process& gone = join();
    line.tell_let_go(gone);
    joined_process damaged;
    damaged.number = 7;
    line.tell_joined(damaged, -1, -1);  // without a recording
    const auto found = keep();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->missing, 1u);
    EXPECT_EQ(recordings_in(found->folder), 1u);
}

TEST_F(kept, where_the_folder_cannot_be_it_is_where_temporary_files_are) {
    join();
    const test::scratch_folder elsewhere;
    setenv("TMPDIR", elsewhere.path().c_str(), 1);
    const keeper_state state = keeper_state::make();
    line.hang_up();
    const auto found = keep_until_end(socket.number(), state, page, "/proc/no");
    unsetenv("TMPDIR");
    ASSERT_TRUE(found);
    EXPECT_EQ(fs::path(found->folder).parent_path(), elsewhere.path());
}

}  // namespace
}  // namespace fil
