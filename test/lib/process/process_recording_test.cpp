#include "process/process_recording.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "checking_child.hpp"
#include "fil/recording/view.hpp"
#include "os/refused_call.hpp"
#include "scratch_folder.hpp"

namespace fil {
namespace {

// Each in a child: it is a process's.
template <typename Body>
int in_child(Body body) {
    return status_of_child([&] {
        unsetenv("FIL_SESSION");
        static constinit process_recording mine;
        body(mine);
    });
}

bool is_mapped(void* at) {
    unsigned char resident;
    return mincore(at, 4096, &resident) == 0;
}

TEST(process_recording, without_a_session_is_private) {
    EXPECT_EQ(in_child([](process_recording& mine) {
                  HOLDS(1, !mine.note_session());
                  HOLDS(2, mine.make(false, true));
                  HOLDS(3, mine.session()->magic == session_magic);
                  const recording_memory memory = mine.memory();
                  HOLDS(4, recording_view(memory.base(), memory.bytes()).check() ==
                               recording_check::good);
                  HOLDS(5, recording_view(memory.base(), memory.bytes()).header().pid == getpid());
                  HOLDS(6, mine.most_bytes() >= memory.bytes() && !mine.is_in_files());
                  mine.count_sandboxed(2);
                  mine.count_sandboxed(-1);
                  mine.count_started(3);
                  HOLDS(7, mine.session()->sandboxed == 1 && mine.session()->programs_started == 3);
                  HOLDS(8, !mine.has_closed_dead(1));
              }),
              0);
}

TEST(process_recording, keeps_the_session_that_was_there_at_the_start) {
    EXPECT_EQ(in_child([](process_recording& mine) {
                  setenv("FIL_SESSION", "files:1:/out", 1);
                  HOLDS(1, mine.note_session() && mine.is_in_files());
                  setenv("FIL_SESSION", std::string(5000, 'x').c_str(), 1);
                  HOLDS(2, mine.note_session());
                  HOLDS(3, std::string(mine.session_text()) == "files:1:/out");
              }),
              0);
}

TEST(process_recording, that_cannot_be_had_leaves_nothing_mapped_and_may_be_tried_again) {
    EXPECT_EQ(in_child([](process_recording& mine) {
                  setenv("FIL_SESSION", "2:1:0123456789abcdef0123456789abcdef:/no/such", 1);
                  mine.note_session();
                  HOLDS(1, !mine.make(true, true));
                  HOLDS(2, last_refusal() == make_refusal(SYS_connect, ENOENT));
                  HOLDS(3, mine.session() == nullptr && mine.memory().base() == nullptr);
                  session_page parents{};
                  mine.tell_refused(&parents);
                  HOLDS(4, parents.refused == 1 && mine.session() == &parents);
                  HOLDS(5, mine.make(false, true));
              }),
              0);
}

TEST(process_recording, of_a_parent_is_let_go_unless_it_is_in_use) {
    EXPECT_EQ(in_child([](process_recording& mine) {
                  HOLDS(1, mine.make(false, true));
                  void* const first = mine.memory().base();
                  mine.let_go_of_parents(mine.memory().bytes(), true);
                  HOLDS(2, is_mapped(first));
                  HOLDS(3, mine.make(false, true));
                  void* const second = mine.memory().base();
                  recording_memory memory = mine.memory();
                  HOLDS(4, memory.header().parent_pid == getpid());  // whom it was forked from
                  mine.let_go_of_parents(memory.bytes(), false);
                  HOLDS(5, !is_mapped(second));
                  mine.let_go_of_parents(memory.bytes(), false);
              }),
              0);
}

TEST(process_recording, without_a_supervisor_is_a_file_which_ends_as_long_as_it_is_used) {
    const test::scratch_folder folder;
    EXPECT_EQ(in_child([&](process_recording& mine) {
                  static file_name text, failed;
                  HOLDS(1, begin_session_in_files(folder.path().c_str(), getpid(), text, failed));
                  setenv("FIL_SESSION", text.text(), 1);
                  HOLDS(2, mine.note_session() && mine.is_in_files() && mine.may_begin());
                  HOLDS(3, mine.make(true, true));
                  static recording_memory memory = mine.memory();
                  mine.begin_in_file(memory);
                  const auto& header = memory.header();
                  HOLDS(4, header.facts > 0);
                  mine.end_in_file(header);
                  files_address address;
                  parse_files_address(text.view(), address);
                  const auto path = recording_name(address.folder, getpid(), 1);
                  HOLDS(5, std::filesystem::file_size(path.text()) ==
                               std::uint64_t{header.pages_used.load()} * recording_page);
                  HOLDS(6, mine.has_closed_dead(1 << 22));
              }),
              0);
}

}  // namespace
}  // namespace fil
