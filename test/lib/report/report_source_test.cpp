// What a report says of a recording beside its callstacks: facts, arenas, and which counters.

#include "report/report_source.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "small_recording.hpp"

namespace fil {
namespace {

class report_source : public testing::Test {
  protected:
    static constexpr std::uint64_t bytes = 4 << 20;
    report_source() { EXPECT_TRUE(memory.format(1, 1)); }
    ~report_source() override { system_pages::unmap(base, bytes); }

    // Of one callstack, the one with this id.
    static usage_at_peak usage(mapping_kind kind, std::uint32_t id, std::int64_t held) {
        usage_at_peak made;
        made.by_kind[static_cast<std::size_t>(kind)].resize(id + 1);
        made.by_kind[static_cast<std::size_t>(kind)][id].bytes = held;
        return made;
    }
    drawn_recording drawn() const { return {view, &session}; }
    drawn_process process(std::int64_t held, std::int32_t pid = 1) const {
        return {drawn(), usage(mapping_kind::anonymous, 2, held), "/bin/a", {}, {.pid = pid}, {}};
    }

    void* base = system_pages::map(bytes);
    recording_memory memory{base, bytes};
    recording_view view{base, bytes};
    session_page session{};
};

TEST_F(report_source, what_the_recording_says_of_its_program_is_in_the_facts) {
    memory.add_fact<linux_system>("runtime", "CPython 3.11.2");
    memory.add_fact<linux_system>("package", "/lib/filprofiler");
    memory.add_fact<linux_system>("note", "Frames cannot be read.");
    memory.header().missed_events = 3;
    report::facts about;
    add_recorded_facts(about, {process(500)});
    EXPECT_EQ(about.runtime, "CPython 3.11.2");
    EXPECT_EQ(about.program.own_directories, std::vector<std::string>{"/lib/filprofiler"});
    EXPECT_EQ(about.notes, std::vector<std::string>{"Frames cannot be read."});
    EXPECT_EQ(about.exact.missed, 3u);
    EXPECT_EQ(about.peak, 500);
}

TEST_F(report_source, one_thread_alone_is_exact_and_several_are_nearly) {
    report::facts alone, several;
    add_recorded_facts(alone, {process(500)});
    EXPECT_EQ(alone.exact.bound, 0);
    memory.header().threads_ever = 3;
    add_recorded_facts(several, {process(500)});
    EXPECT_EQ(several.exact.threads, 3u);
    EXPECT_GT(several.exact.bound, 0);
}

TEST_F(report_source, of_several_processes_the_peak_is_the_sum_whatever_the_word_says) {
    session.peak = 900;
    report::facts about;
    about.ending.kind = report::ending_facts::how::exited;
    add_recorded_facts(about, {process(500), process(0, 2), process(700, 3)});
    EXPECT_EQ(about.peak, 1200);
    ASSERT_EQ(about.processes.size(), 2u) << "the one that held nothing is no row";
    EXPECT_EQ(about.processes[0].pid, 3);
    EXPECT_EQ(about.processes[0].bytes, 700);
    EXPECT_EQ(about.processes[0].peak, 700) << "never less than it held";
    EXPECT_EQ(about.processes[0].note, "still running when the program ended");
    EXPECT_GT(about.exact.bound, 0);
}

TEST_F(report_source, the_only_process_is_known_and_is_no_row_unless_there_were_others) {
    report::facts alone, first;
    add_recorded_facts(alone, {process(500)});
    EXPECT_EQ(alone.processes.size(), 1u);
    EXPECT_FALSE(is_of_several(alone));
    first.others.count = 1;
    add_recorded_facts(first, {process(500)});
    EXPECT_EQ(first.processes.size(), 1u);
    EXPECT_TRUE(is_of_several(first));
}

TEST_F(report_source, a_request_that_failed_stands_beside_what_is_there) {
    drawn_recording last = drawn();
    last.out_of_memory = failed_request{callstack_id{1}, 4096};
    EXPECT_EQ(usage_of(last).used_bytes(), 0);
    EXPECT_EQ(usage_of(last).bytes(mapping_kind::requested), 4096);
}

TEST_F(report_source, of_an_arena_the_most_that_was_seen_resident_is_shown_and_never_more_than_it) {
    const auto resident = [this](std::int64_t seen, std::int64_t noted, std::int64_t live_then) {
        session.peak = 10'000;
        arena_record& arena = memory.header().arenas[0];
        arena.callstack = callstack_id{5};
        arena.resident = noted;
        arena.live_then = live_then;
        usage_at_peak held = usage(mapping_kind::reserved, 5, 1000);
        add_arenas(held, drawn(), {{callstack_id{5}, 1000, seen, mapping_kind::arena}});
        return held.bytes(mapping_kind::arena);
    };
    EXPECT_EQ(resident(300, 0, 0), 300);
    EXPECT_EQ(resident(300, 400, 9950), 400);  // near the peak
    EXPECT_EQ(resident(300, 400, 5000), 300);  // long before it
    EXPECT_EQ(resident(0, 400, 5000), 400);    // nobody else looked
    EXPECT_EQ(resident(5000, 0, 0), 1000);
}

}  // namespace
}  // namespace fil
