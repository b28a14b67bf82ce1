#include "fil/recording/view.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "fil/capture/call_tree.hpp"
#include "fil/capture/function_table.hpp"
#include "fil/track/thread_leases.hpp"
#include "snapshot_reader.hpp"

namespace fil {
namespace {

// A recording of a few functions and callstacks, as bytes.
std::vector<std::byte> small_recording() {
    constexpr std::uint64_t bytes = 4 << 20;
    void* base = system_pages::map(bytes);
    EXPECT_TRUE(recording_memory(base, bytes).format(42, 1));
    recording_memory memory(base, bytes);
    function_table<> functions(memory);
    call_tree<> tree(memory);
    thread_leases<> leases(memory, 0);
    thread_state* thread = leases.take();
    callstack_id at = callstack_id::unknown;
    for (std::uint32_t i = 1; i < 50; ++i) {
        const function_id f = functions.intern({function_kind::python, "f", "f.py", "", i});
        at = tree.child(at, f, i);
        change_usage(*usage_of(memory, *thread->set, at), 0, 100);
    }
    const recording_view view(base, bytes);
    EXPECT_EQ(view.check(), recording_check::good);
    const auto* first = static_cast<const std::byte*>(base);
    std::vector<std::byte> copy(first, first + view.used_bytes());
    system_pages::unmap(base, bytes);
    return copy;
}

const std::vector<report::frame>& no_symbols(std::string_view, std::string_view, std::uint32_t) {
    static const std::vector<report::frame> none;
    return none;
}

TEST(recording_view, reads_what_was_written) {
    const auto bytes = small_recording();
    const recording_view view(bytes.data(), bytes.size());
    ASSERT_EQ(view.check(), recording_check::good);
    session_page session{};
    const auto read = read_snapshot(view, read_usage(view, session), {}, no_symbols);
    // Nothing ever decreased, so the peak is what is live; nothing was published here.
    EXPECT_EQ(view.header().pid, 42);
    EXPECT_EQ(view.callstack_count(), 51u);
}

TEST(recording_view, refuses_another_version_and_foreign_bytes) {
    auto bytes = small_recording();
    auto& header = *reinterpret_cast<recording_header*>(bytes.data());
    header.version = recording_version + 1;
    EXPECT_EQ(recording_view(bytes.data(), bytes.size()).check(), recording_check::other_version);
    header.magic = 1;
    EXPECT_EQ(recording_view(bytes.data(), bytes.size()).check(), recording_check::not_a_recording);
    EXPECT_EQ(recording_view(bytes.data(), 100).check(), recording_check::too_short);
}

TEST(recording_view, a_recording_cut_short_is_said_to_be) {
    const auto bytes = small_recording();
    EXPECT_EQ(recording_view(bytes.data(), bytes.size() / 2).check(), recording_check::too_short);
}

TEST(recording_view, no_damage_makes_a_reader_leave_the_memory) {
    const auto whole = small_recording();
    std::mt19937 random(11);
    for (int round = 0; round < 2000; ++round) {
        auto bytes = whole;
        for (int i = 0; i < 20; ++i) {
            // Mostly the parts that hold indices: the header and the directories after it.
            const std::size_t at = random() % (random() % 2 == 0 ? 4096 : bytes.size());
            bytes[at] = std::byte(random());
        }
        const recording_view view(bytes.data(), bytes.size());
        if (view.check() != recording_check::good) continue;
        session_page session{};
        session.peak = std::int64_t(random());
        read_snapshot(view, read_usage(view, session), {callstack_id{40}, callstack_id{9999}},
                      no_symbols);
        for (const fact_record& fact : view.facts()) (void)view.text(fact.key);
        (void)view.pending();
    }
}

}  // namespace
}  // namespace fil
