// Recordings in words: what is written comes back, what nobody writes is refused.

#include "fil/report/snapshot_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "read_all.hpp"
#include "small_recording.hpp"

namespace fil {
namespace {

// A recording that one thread writes.
class snapshot_reader : public testing::Test {
  protected:
    static constexpr std::uint64_t bytes = 4 << 20;
    snapshot_reader() {
        thread = leases.take(peak_tracker(session_words(session, memory.header())));
    }
    ~snapshot_reader() override { system_pages::unmap(base, bytes); }

    static void* formatted() {
        void* const base = system_pages::map(bytes);
        EXPECT_TRUE(recording_memory(base, bytes).format(1, 1));
        return base;
    }
    callstack_id called(callstack_id caller, const function_text& function, std::uint32_t line) {
        return tree.child(caller, functions.intern(function), line);
    }
    void hold(callstack_id callstack, std::int64_t held) {
        change_usage(*usage_of(memory, *thread->set, callstack), 0, held);
        session.live += held;
    }
    read_snapshot_result read(const std::vector<callstack_id>& wanted = {}) {
        return read_snapshot(view, read_usage(view, session), wanted, names);
    }

    void* base = formatted();
    recording_memory memory{base, bytes};
    recording_view view{base, bytes};
    function_table<linux_system> functions{memory};
    call_tree<linux_system> tree{memory};
    thread_leases<linux_system> leases{memory, 0};
    session_page session{};
    thread_state* thread = nullptr;
    resolve_address names = null_names();
};

constexpr function_text main_function{function_kind{1}, "main", "job.py", "/home/ada", 1};
constexpr function_text work{function_kind::announced, "work", "work.c", "", 7};

TEST_F(snapshot_reader, has_each_frame_with_its_function_file_and_line) {
    const callstack_id in_main = called(callstack_id::unknown, main_function, 3);
    hold(called(in_main, work, 9), 500);
    const auto [snapshot, index_of] = read();
    ASSERT_EQ(snapshot.frames().size(), 2u);
    const report::frame &outer = snapshot.frames()[0], &inner = snapshot.frames()[1];
    EXPECT_EQ(outer.function + outer.file + outer.directory, "mainjob.py/home/ada");
    EXPECT_EQ(outer.line, 3u);
    EXPECT_EQ(outer.kind, report::frame_kind::python);
    EXPECT_EQ(inner.function + inner.file, "workwork.c");
    EXPECT_EQ(inner.first_line, 7u);
    EXPECT_EQ(inner.kind, report::frame_kind::announced);
    EXPECT_EQ(snapshot.total(mapping_kind::anonymous), 500);
}

TEST_F(snapshot_reader, leaves_out_what_holds_nothing_unless_it_is_wanted) {
    const callstack_id held = called(callstack_id::unknown, main_function, 3);
    const callstack_id empty = called(callstack_id::unknown, main_function, 4);
    hold(held, 10);
    const auto without = read(), with = read({empty});
    EXPECT_EQ(without.snapshot.callstacks().size(), 2u);
    EXPECT_EQ(without.index_of[to_index(empty)], report::callstack_index::empty);
    EXPECT_EQ(with.snapshot.callstacks().size(), 3u);
    EXPECT_NE(with.index_of[to_index(empty)], report::callstack_index::empty);
}

TEST_F(snapshot_reader, what_nobody_is_known_for_is_at_no_callstack) {
    hold(callstack_id::unknown, 64);
    const auto [snapshot, index_of] = read();
    ASSERT_EQ(snapshot.used(mapping_kind::anonymous).size(), 1u);
    EXPECT_EQ(snapshot.used(mapping_kind::anonymous)[0].callstack, report::callstack_index::empty);
}

TEST_F(snapshot_reader, code_is_named_by_whoever_knows_it_and_may_be_several_frames) {
    const function_text module{function_kind::native_module, "c0ffee", "/lib/libx.so", "", 0};
    hold(called(callstack_id::unknown, module, 0x1234), 8);
    EXPECT_EQ(read().snapshot.frames().at(0).file, "libx.so+0x1234");

    std::vector<report::frame> inlined(2);
    inlined[0].function = "outer";
    inlined[1].function = "inner";
    std::string asked;
    names = [&](std::string_view file, std::string_view build_id,
                std::uint32_t offset) -> const std::vector<report::frame>& {
        asked = std::string(file) + " " + std::string(build_id) + " " + std::to_string(offset);
        return inlined;
    };
    const auto [snapshot, index_of] = read();
    EXPECT_EQ(asked, "/lib/libx.so c0ffee 4660");
    ASSERT_EQ(snapshot.callstacks().size(), 3u);
    EXPECT_EQ(snapshot.frames()[to_index(snapshot.callstacks()[2].frame)].function, "inner");
}

TEST_F(snapshot_reader, the_newest_text_of_a_file_is_its_text_and_it_may_have_a_name) {
    memory.add_source<linux_system>("<cell>", "old");
    memory.add_source<linux_system>(std::string("<cell>\0In [3]", 13), "new");
    const auto [snapshot, index_of] = read();
    EXPECT_EQ(snapshot.texts().at("<cell>"), "new");
    EXPECT_EQ(snapshot.names().at("<cell>"), "In [3]");
}

TEST_F(snapshot_reader, a_caller_that_comes_after_its_callee_is_damage) {
    const callstack_id some = called(callstack_id::unknown, main_function, 3);
    hold(some, 10);
    const_cast<callstack_record*>(view.callstack(some))->caller = some;
    EXPECT_THROW(read(), damaged_recording);
}

TEST_F(snapshot_reader, an_unknown_function_is_damage) {
    const callstack_id some = called(callstack_id::unknown, main_function, 3);
    hold(some, 10);
    const_cast<callstack_record*>(view.callstack(some))->function = function_id{4'000'000};
    EXPECT_THROW(read(), damaged_recording);
}

TEST_F(snapshot_reader, numbers_that_no_program_reaches_are_damage) {
    session.peak = most_bytes * 2;
    EXPECT_THROW(read(), damaged_recording);
}

}  // namespace
}  // namespace fil
