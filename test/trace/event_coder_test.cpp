#include "fil/trace/event_coder.hpp"

#include <gtest/gtest.h>

#include <random>

#include "trace_events.hpp"

namespace fil::trace {
namespace {

bool same(const event& a, const event& b) {
    const bool comes = a.what == operation::allocate || a.what == operation::reallocate;
    const bool is_mapping = a.what == operation::map || a.what == operation::unmap;
    if (a.what == operation::touched_block || a.what == operation::touched_mapping)
        return a.what == b.what && a.block == b.block && a.address == b.address &&
               a.bytes == b.bytes && a.thread == b.thread;
    return a.what == b.what && a.thread == b.thread && a.milliseconds == b.milliseconds &&
           a.of == b.of && (is_mapping || a.block == b.block) &&
           (!comes || (a.moved_to == b.moved_to && a.alignment_log2 == b.alignment_log2 &&
                       a.zeroed == b.zeroed)) &&
           ((!comes && !is_mapping) || (a.bytes == b.bytes && a.callstack == b.callstack)) &&
           (!is_mapping || (a.address == b.address && a.kind == b.kind));
}

// Any sequence in which what goes has come.
std::vector<event> some_events(std::uint32_t seed, std::size_t count) {
    std::mt19937_64 random(seed);
    std::vector<event> events;
    std::vector<std::uint64_t> live;
    std::uint64_t next = 0, time = 0;
    while (events.size() < count) {
        event one;
        const auto kind = random() % 11;
        if (kind < 5 || live.empty()) {
            one = came(next, random() % 8 == 0 ? random() : random() % 500);
            live.push_back(next++);
        } else if (kind < 8) {
            std::swap(live[random() % live.size()], live.back());
            one = went(live.back());
            live.pop_back();
        } else if (kind == 8) {
            std::swap(live[random() % live.size()], live.back());
            one = moved(live.back(), next, random() % 5000);
            live.back() = next++;
        } else if (kind == 9) {
            one.what = random() % 2 ? operation::touched_block : operation::touched_mapping;
            one.bytes = random();
            if (one.what == operation::touched_block)
                one.block = block_number{live.back()};
            else
                one.address = random() >> 8;
        } else {
            one = mapped(random() % 2 ? operation::map : operation::unmap, random() >> 8, random(),
                         random() % 2 ? layer::program : layer::runtime_arena);
            one.kind = static_cast<mapping_kind>(random() % 7);
        }
        if (one.what == operation::allocate) {
            one.alignment_log2 = random() % 20;
            one.zeroed = random() % 2 != 0;
            one.of = random() % 2 ? layer::program : layer::runtime_block;
            one.callstack = callstack_id{static_cast<std::uint32_t>(random() % 100'000)};
        }
        one.thread = static_cast<std::uint32_t>(random() % 3 + 1);
        one.milliseconds = time += random() % 7 == 0 ? random() % 1000 : 0;
        events.push_back(one);
    }
    return events;
}

struct coded {
    block_header header;
    bytes content;
};
std::vector<coded> encoded(const std::vector<event>& events, std::size_t a_block) {
    event_encoder encoder;
    std::vector<coded> blocks;
    for (std::size_t i = 0; i < events.size(); ++i) {
        encoder.add(events[i]);
        if ((i + 1) % a_block != 0 && i + 1 != events.size()) continue;
        coded one;
        one.header.events = encoder.count();
        one.header.first_block = encoder.first_block();
        one.header.milliseconds = encoder.first_milliseconds();
        one.content = encoder.finish();
        blocks.push_back(std::move(one));
    }
    return blocks;
}

TEST(event_coder, gives_back_the_events_it_was_given) {
    for (const std::uint32_t seed : {1u, 2u, 3u}) {
        const std::vector<event> events = some_events(seed, 5000);
        std::size_t at = 0;
        for (const coded& block : encoded(events, 700)) {
            event_decoder decoder(block.header, block.content);
            for (event one; decoder.next(one); ++at)
                ASSERT_TRUE(same(events[at], one)) << "event " << at;
        }
        EXPECT_EQ(at, events.size());
    }
}

TEST(event_coder, a_block_is_read_without_those_before_it) {
    const std::vector<event> events = some_events(4, 3000);
    const std::vector<coded> blocks = encoded(events, 1000);
    event_decoder decoder(blocks[2].header, blocks[2].content);
    std::size_t at = 2000;
    for (event one; decoder.next(one); ++at) ASSERT_TRUE(same(events[at], one)) << "event " << at;
    EXPECT_EQ(at, 3000u);
}

TEST(event_coder, whatever_the_bytes_are_it_stays_in_them) {
    const std::vector<event> events = some_events(5, 300);
    const coded whole = encoded(events, 300).front();
    std::mt19937 random(6);
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
        bytes content = whole.content;
        for (int flips = 0; flips < 3; ++flips)
            content[random() % content.size()] = static_cast<std::uint8_t>(random());
        content.resize(random() % (content.size() + 1));
        try {
            event_decoder decoder(whole.header, content);
            for (event one; decoder.next(one);) {
            }
        } catch (const unreadable&) {
            ++refused;
        }
    }
    EXPECT_GT(refused, 2000);
}

}  // namespace
}  // namespace fil::trace
