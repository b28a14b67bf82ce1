#include "report/notes_of_allocators.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "made_recording.hpp"

namespace fil {
namespace {

struct allocator_notes : testing::Test {
    // A process of a file that is none, so that only its facts tell.
    void add(test::told_facts facts, const char* executable = "/dev/null") {
        recordings.push_back(test::made_recording(int(recordings.size()) + 2, 1, facts));
        drawn.push_back({{recordings.back().view(), &page}, {}, executable, {}, {}, {}});
    }
    unseen_allocator tell() { return add_notes_of_allocators(about, drawn); }
    void maps(const std::string& object, std::int64_t bytes) {
        about.resident.parts.push_back({report::resident_kind::mapped, object, bytes, 0});
    }

    session_page page{};
    std::vector<recording_file> recordings;
    std::vector<drawn_process> drawn;
    report::facts about;
};

TEST_F(allocator_notes, of_a_library_whose_blocks_nobody_saw_there_is_one) {
    add({{"blocks unseen", "libx.so: jemalloc"}});
    add({{"blocks unseen", "libx.so: jemalloc"}});
    EXPECT_EQ(tell().note, "") << "the program has none";
    ASSERT_EQ(about.notes.size(), 1u);
    EXPECT_TRUE(about.notes[0].starts_with("libx.so has jemalloc inside")) << about.notes[0];
}

TEST_F(allocator_notes, of_one_that_may_have_told_only_where_much_is_mapped) {
    add({{"blocks unseen, if any", "libx.so: mimalloc"}});
    tell();
    EXPECT_TRUE(about.notes.empty());
    maps("libx.so", 2 << 20);
    tell();
    EXPECT_EQ(about.notes.size(), 1u);
}

TEST_F(allocator_notes, of_the_program_name_it) {
    add({{"blocks unseen", "the program: tcmalloc"}});
    const unseen_allocator found = tell();
    EXPECT_EQ(found.name, "tcmalloc");
    EXPECT_TRUE(found.note.starts_with("The program has tcmalloc linked into it")) << found.note;
    EXPECT_EQ(about.notes, std::vector<std::string>{found.note});
}

TEST_F(allocator_notes, where_all_blocks_are_seen_there_are_none) {
    add({{"blocks unseen", "the program: tcmalloc"}, {"blocks seen", "the program: tcmalloc"}});
    add({{"allocator", "libmimalloc.so"}, {"blocks seen", "libmimalloc.so: mimalloc"}},
        "/dev/zero");
    EXPECT_EQ(tell().name, "");
    EXPECT_TRUE(about.notes.empty());
}

TEST_F(allocator_notes, of_one_that_stands_before_us_there_is_its_own) {
    add({{"allocator", "libmimalloc.so"}, {"blocks unseen", "libmimalloc.so: mimalloc"}});
    EXPECT_EQ(tell().name, "libmimalloc.so");
    ASSERT_EQ(about.notes.size(), 1u);
    EXPECT_TRUE(about.notes[0].starts_with("libmimalloc.so was preloaded before"))
        << about.notes[0];
}

TEST_F(allocator_notes, what_somebody_scribbled_over_is_none) {
    add({{"blocks unseen", ""}, {"blocks unseen", "x"}, {"blocks unseen, if any", ":"}});
    tell();
    EXPECT_TRUE(about.notes.empty()) << about.notes[0];
}

}  // namespace
}  // namespace fil
