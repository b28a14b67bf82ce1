// The core on null models and on a system of this file: nothing of lib/ is linked.

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <thread>

#include "fil/base/reentry_guard.hpp"
#include "fil/capture/boost_source.hpp"
#include "fil/recording/at_peak.hpp"
#include "fil/track/recorder.hpp"

namespace fil {

// Whatever they do, no member asks for more than the concepts say.
template class recorder<null_source, own_words, null_system>;
template class boost_source<null_modules, null_system, null_signal_stacks>;
template class modules<null_modules, null_system>;
template class registry<null_pages>;
template class reentry_guard<null_signal_stacks>;

namespace {

struct heap : null_waiting {
    static void* map(std::size_t bytes) { return std::calloc(bytes, 1); }
    static void unmap(void* address, std::size_t) { std::free(address); }
    static void yield() { std::this_thread::yield(); }
};
static_assert(system_below<heap> && !tells_residence<heap>);

alignas(recording_page) std::byte tables[64 << 20];

template <system_below System>
struct alone {
    null_source source;
    live_and_peak total;
    std::unique_ptr<registry<System>> blocks = std::make_unique<registry<System>>();
    recorder<null_source, own_words, System> events{tables, sizeof tables, total, *blocks, source};

    alone() {
        std::fill(std::begin(tables), std::end(tables), std::byte{0});
        EXPECT_TRUE(events.memory().format());
    }
    std::int64_t at_peak() const { return used_at_peak(events.view(), total); }
};

TEST(core_alone, without_pages_says_so_before_the_first_event) {
    alone<null_system> core;
    EXPECT_FALSE(core.events.prepare());
}

TEST(core_alone, threads_that_wait_for_each_other_are_counted_exactly) {
    alone<heap> core;
    ASSERT_TRUE(core.events.prepare());
    const auto work = [&](std::uintptr_t first) {
        thread_state& thread = *core.events.lease();
        for (std::uintptr_t i = 0; i != 10'000; ++i) {
            core.events.record_alloc(thread, first + i * 16, 10);
            core.events.record_free(thread, first + i * 16);
        }
        core.events.record_alloc(thread, first, 1000);
        core.events.give_back(thread);
    };
    std::thread one(work, 0x10'0000'0000), other(work, 0x20'0000'0000);
    one.join();
    other.join();
    EXPECT_EQ(core.total.live, 2000);
    EXPECT_NEAR(core.total.peak, 2000, 10);  // by what one had not told the other
    EXPECT_NEAR(core.at_peak(), 2000, 20);
    EXPECT_EQ(core.events.header().dropped_events, 0u);
}

TEST(core_alone, mappings_are_counted_without_knowing_what_is_resident) {
    alone<heap> core;
    ASSERT_TRUE(core.events.prepare());
    thread_state& thread = *core.events.lease();
    constexpr std::uintptr_t start = 0x7000'0000'0000;
    core.events.record_map(thread, start, 1 << 30, mapping_kind::anonymous);
    auto& mapped = core.events.mapped();
    mapped.discard(mapped.forget(thread, start, 1 << 29));
    EXPECT_EQ(core.at_peak(), 1 << 30);
    EXPECT_EQ(core.total.live, 1 << 29);
}

}  // namespace
}  // namespace fil
