#include "report/recording_file.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "report/snapshot_file.hpp"
#include "scratch_folder.hpp"
#include "small_recording.hpp"

namespace fil {
namespace {

struct recording_files : testing::Test {
    recording_files() {
        const auto bytes = small_recording();
        whole.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    recording_header& header() { return *reinterpret_cast<recording_header*>(whole.data()); }
    snapshot_problem problem() const {
        try {
            const recording_file read(folder.write("it", whole));
        } catch (const unreadable_snapshot& found) {
            return found.problem;
        }
        return snapshot_problem::empty;  // there was none
    }

    const test::scratch_folder folder;
    std::string whole;
};

TEST_F(recording_files, are_read_with_holes_and_as_far_as_they_are_used) {
    const std::string path = folder.write("it", whole);
    std::filesystem::resize_file(path, whole.size() + (1ull << 36));
    const recording_file read(path);
    EXPECT_EQ(read.view().check(), recording_check::good);
    EXPECT_EQ(read.view().bytes(), whole.size());
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(&read.view().header()), whole.size()),
              whole);
}

TEST_F(recording_files, are_ours_once_they_are_read) {
    const std::string path = folder.write("it", whole);
    const recording_file read(path);
    folder.write("it", "");
    EXPECT_EQ(read.view().check(), recording_check::good);
    EXPECT_EQ(read.view().header().pid, 42);
}

TEST_F(recording_files, that_are_none_or_not_whole_say_so) {
    EXPECT_EQ(problem(), snapshot_problem::empty);
    header().version = 1;
    EXPECT_EQ(problem(), snapshot_problem::other_version);
    header().version = recording_version;
    const std::string good = whole;
    whole.resize(good.size() / 2);
    EXPECT_EQ(problem(), snapshot_problem::truncated);
    whole = good;
    header().callstacks = 0;
    EXPECT_EQ(problem(), snapshot_problem::damaged);
    whole = std::string(100'000, 'x');
    EXPECT_EQ(problem(), snapshot_problem::not_one);
    whole = "";
    EXPECT_EQ(problem(), snapshot_problem::truncated);
    EXPECT_THROW(recording_file(folder.path()), std::system_error) << "it is a folder";
}

TEST_F(recording_files, that_cannot_be_reached_say_why) {
    try {
        const recording_file none(folder / "no");
        ADD_FAILURE();
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code().value(), ENOENT);
    }
}

}  // namespace
}  // namespace fil
