#include "report/open_snapshot.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "../../report/report_fixtures.hpp"
#include "fil/report/report_model.hpp"
#include "report/report_files.hpp"
#include "report/snapshot_file.hpp"
#include "small_recording.hpp"

namespace fil {
namespace {

namespace fs = std::filesystem;
using namespace report;

session_snapshot opened(const std::vector<std::string>& paths) {
    return open_snapshots(paths, snapshot_of_recording_files);
}

class open_snapshot : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = fs::temp_directory_path() / "fil-open-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
    }
    void TearDown() override { fs::remove_all(directory_); }

    std::string write(const char* name, std::string_view bytes) {
        fs::create_directories((directory_ / name).parent_path());
        std::ofstream(directory_ / name, std::ios::binary) << bytes;
        return directory_ / name;
    }

    std::string refusal(const std::string& path, snapshot_problem expected) {
        try {
            opened({path});
        } catch (const unreadable_snapshot& problem) {
            EXPECT_EQ(problem.problem, expected) << problem.what();
            std::string said = problem.what();
            const std::size_t at = said.find(path);
            EXPECT_NE(at, std::string::npos) << said;
            return said.erase(at, path.size());
        }
        return "it was opened";
    }

    fs::path directory_;
};

session_snapshot made(const std::string& script, std::int64_t bytes, const char* host = "a") {
    session_snapshot from;
    from.about.program.main_script = script;
    from.about.arguments = {script};
    from.about.peak = bytes;
    from.about.host = host;
    from.about.processes = {{.pid = 12, .name = "python " + script, .bytes = bytes}};
    const frame_index f = from.tidy.add_frame({.function = "f", .file = script, .line = 1});
    from.tidy.add_usage(mapping_kind::anonymous, from.tidy.add_callstack(callstack_index::empty, f),
                        {bytes, 1});
    return from;
}

std::vector<std::string> names_of(const session_snapshot& from) {
    std::vector<std::string> names;
    for (const process_facts& one : from.about.processes)
        names.push_back(process_frame(one).function + " " + std::to_string(one.bytes));
    return names;
}

using names = std::vector<std::string>;

std::string text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_F(open_snapshot, reads_a_reports_folder_and_its_file_alike) {
    const session_snapshot from = fixtures::session_of(fixtures::pandas(50));
    const fs::path folder = write_report(directory_, from, {report_naming::exact}).directory;
    for (const fs::path& path : {folder, folder / "peak-memory.filsnap"})
        EXPECT_EQ(snapshot_file(opened({path})), snapshot_file(from));
}

TEST_F(open_snapshot, adds_up_what_several_paths_hold) {
    const std::string first = write("1", *snapshot_file(made("a.py", 300))),
                      second = write("2", *snapshot_file(made("b.py", 500)));
    const session_snapshot sum = opened({first, second});
    EXPECT_EQ(sum.about.peak, 800);
    EXPECT_EQ(sum.tidy.total(mapping_kind::anonymous), 800);
    EXPECT_EQ(sum.about.title, "a.py, b.py");
    EXPECT_EQ(names_of(sum), (names{"python b.py (pid 12) 500", "python a.py (pid 12) 300"}));
    const report_model model = report_model_of(sum);
    EXPECT_EQ(model.held.lines.size(), 2u) << "main scripts of both are the user's code";
    EXPECT_EQ(model.about.notes.size(), 1u);
}

// In containers each program is process 1.
TEST_F(open_snapshot, keeps_processes_of_one_name_apart) {
    for (const char* name : {"a/1", "a/2", "b/3"})
        write(name, *snapshot_file(made("a.py", name[2] * 100, *name == 'a' ? "one" : "two")));
    const session_snapshot sum = opened({directory_});
    EXPECT_EQ(names_of(sum),
              (names{"python a.py on two (pid 12) 5100", "python a.py on one #2 (pid 12) 5000",
                     "python a.py on one (pid 12) 4900"}));
    EXPECT_EQ(sum.about.title, "3 × a.py");
    EXPECT_EQ(sum.tidy.total(mapping_kind::anonymous), 15000);
    // And again with what is a sum already.
    const std::string file = write("sum", *snapshot_file(sum));
    const session_snapshot twice = opened({file, directory_ / "a"});
    EXPECT_EQ(twice.about.processes.size(), 5u);
    EXPECT_EQ(twice.tidy.total(mapping_kind::anonymous), 15000 + 9900);
}

TEST_F(open_snapshot, passes_links_and_other_files_over) {
    write("out/first/peak-memory.filsnap", *snapshot_file(made("a.py", 100)));
    write("out/first/index.html", "<!DOCTYPE html>");
    write("out/notes.txt", "");
    fs::create_directory_symlink("first", directory_ / "out/latest");
    EXPECT_EQ(opened({directory_ / "out"}).about.peak, 100);
    EXPECT_EQ(opened({directory_ / "out/latest"}).about.peak, 100);
}

// As a shell makes of out/*/ where `latest` is a link to one of them.
TEST_F(open_snapshot, counts_what_is_named_twice_once) {
    const std::string file = write("out/a/peak-memory.filsnap", *snapshot_file(made("a.py", 100)));
    write("out/b/peak-memory.filsnap", *snapshot_file(made("b.py", 20)));
    std::string whole = text_of(small_recording());
    reinterpret_cast<recording_header*>(whole.data())->live = 4900;  // the peak is now
    write("out/c/1", whole);
    fs::create_directory_symlink("a", directory_ / "out/latest");
    const session_snapshot sum =
        opened({directory_ / "out/a", directory_ / "out/b", directory_ / "out/latest", file});
    EXPECT_EQ(sum.about.peak, 120);
    EXPECT_EQ(sum.about.processes.size(), 2u);
    ASSERT_EQ(sum.about.notes.size(), 3u);
    EXPECT_NE(sum.about.notes.back().find("was named before"), std::string::npos);
    EXPECT_EQ(opened({file, file}).about.peak, 100);
    EXPECT_EQ(opened({directory_ / "out/c", directory_ / "out/c/1"}).about.peak, 4900);
}

TEST_F(open_snapshot, finds_what_lies_deep_down) {
    write("hosts/one/2026/11/30/job/peak-memory.filsnap", *snapshot_file(made("a.py", 100)));
    write("hosts/two/peak-memory.filsnap", *snapshot_file(made("b.py", 20)));
    EXPECT_EQ(opened({directory_ / "hosts"}).about.peak, 120);
}

TEST_F(open_snapshot, does_not_search_a_whole_disk) {
    write("many/1/peak-memory.filsnap", *snapshot_file(made("a.py", 100)));
    write("many/2/3", "");
    const std::vector<std::string> paths = {directory_ / "many"};
    EXPECT_EQ(open_snapshots(paths, snapshot_of_recording_files, 4).about.peak, 100);
    EXPECT_THROW(open_snapshots(paths, snapshot_of_recording_files, 3), unreadable_snapshot);
}

TEST_F(open_snapshot, says_in_one_line_what_it_cannot_read) {
    const std::string good = *snapshot_file(made("a.py", 100));
    EXPECT_EQ(refusal(directory_ / "nothing", snapshot_problem::unreachable),
              "cannot read \"\": No such file or directory");
    EXPECT_EQ(refusal(directory_, snapshot_problem::empty),
              "cannot read \"\": it holds no snapshot and no recording");
    EXPECT_EQ(refusal(write("text", "#!/bin/sh\n"), snapshot_problem::not_one),
              "cannot read \"\": it is neither a snapshot nor a recording");
    EXPECT_EQ(refusal(write("empty", ""), snapshot_problem::not_one),
              "cannot read \"\": it is neither a snapshot nor a recording");
    EXPECT_EQ(refusal(write("cut", good.substr(0, 50)), snapshot_problem::truncated),
              "cannot read \"\": it is cut short: 50 of " + std::to_string(good.size()) +
                  " bytes are there");
    EXPECT_EQ(refusal(write("damaged", good + "x"), snapshot_problem::damaged),
              "cannot read \"\": it is damaged");
}

TEST_F(open_snapshot, reads_what_processes_left) {
    std::string whole = text_of(small_recording());
    auto& header = *reinterpret_cast<recording_header*>(whole.data());
    header.live = 4900;  // nothing was freed yet: the peak is now
    const session_snapshot alone = opened({write("it.recording", whole)});
    EXPECT_EQ(alone.tidy.total(mapping_kind::anonymous), 4900);
    EXPECT_EQ(alone.about.peak, 4900);
    session_page page{};
    page.magic = session_magic;
    page.live = page.peak = 4900;
    page.gone = 3;
    page.gone_peak = 50;
    write("two/session", {reinterpret_cast<const char*>(&page), sizeof page});
    write("two/1", whole);
    EXPECT_EQ(refusal(directory_ / "two/session", snapshot_problem::empty),
              "cannot read \"\": it is a session's page alone");
    EXPECT_EQ(opened({directory_ / "two/1"}).about.peak, 4900);
    header.pid = 43, header.parent_pid = 42;
    write("two/2", whole);
    const session_snapshot both = opened({directory_ / "two"});
    EXPECT_EQ(both.about.processes.size(), 2u);
    EXPECT_EQ(both.about.others.count, 3u);
    EXPECT_EQ(both.about.others.most, 50);
    // One of them damaged costs its part.
    write("two/2", whole.substr(0, whole.size() / 2));
    const session_snapshot rest = opened({directory_ / "two"});
    EXPECT_EQ(rest.about.peak, 4900);
    ASSERT_EQ(rest.about.notes.size(), 1u);
    EXPECT_NE(rest.about.notes[0].find("two/2"), std::string::npos);
}

TEST_F(open_snapshot, refuses_recordings_as_files) {
    const std::string whole = text_of(small_recording());
    EXPECT_EQ(refusal(write("cut", whole.substr(0, whole.size() / 2)), snapshot_problem::truncated),
              "cannot read \"\": it is cut short");
    std::string other = whole;
    reinterpret_cast<recording_header*>(other.data())->version = 1;
    EXPECT_EQ(refusal(write("other", other), snapshot_problem::other_version),
              "cannot read \"\": it is of version 1, and only version " +
                  std::to_string(recording_version) + " can be read");
    std::string bad = whole;
    reinterpret_cast<recording_header*>(bad.data())->callstacks = 1;
    EXPECT_EQ(refusal(write("bad", bad), snapshot_problem::damaged),
              "cannot read \"\": it is damaged");
}

}  // namespace
}  // namespace fil
