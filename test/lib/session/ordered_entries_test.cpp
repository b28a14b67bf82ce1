#include "session/ordered_entries.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "process/trace_rings.hpp"

namespace fil {
namespace {

// A ring in memory of its own, filled by hand.
class filled_ring {
  public:
    explicit filled_ring(std::uint32_t entries = 1024)
        : room_(new std::byte[sizeof(trace_ring) + sizeof(trace_entry) * entries]()),
          entries_(entries) {}
    trace_ring& ring() { return *reinterpret_cast<trace_ring*>(room_.get()); }
    void add(std::uint64_t number, trace_entry_kind kind = trace_entry_kind::block_came,
             std::uint64_t place = 0, std::uint64_t what = 0) {
        const std::uint64_t at = ring().written.load();
        ring().first[at % entries_] = {number << 24 | static_cast<unsigned>(kind), place, what};
        ring().written.store(at + 1);
    }

  private:
    std::unique_ptr<std::byte[]> room_;
    std::uint32_t entries_;
};

struct taken {
    ordered_entries entries;
    std::vector<std::uint64_t> numbers;
    std::vector<ordered_entry> all;

    std::uint64_t take(std::uint64_t most = ~0ull) {
        return entries.take(most, [&](const ordered_entry& one) { add(one); });
    }
    std::uint64_t give_up() {
        return entries.give_up([&](const ordered_entry& one) { add(one); });
    }
    void add(const ordered_entry& one) {
        numbers.push_back(one.entry.order >> 24);
        all.push_back(one);
    }
    bool is_in_order() const {
        for (std::size_t i = 0; i < numbers.size(); ++i)
            if (numbers[i] != i) return false;
        return true;
    }
};

TEST(ordered_entries, of_several_rings_come_in_the_order_of_their_numbers) {
    std::vector<filled_ring> rings(5);
    taken got;
    for (filled_ring& one : rings) got.entries.add_ring(&one.ring(), 1024);
    std::mt19937 random(1);
    for (std::uint64_t number = 0; number < 3000; ++number) {
        rings[random() % 5].add(number);
        if (number % 500 == 499) got.take();
    }
    got.take();
    EXPECT_EQ(got.numbers.size(), 3000u);
    EXPECT_TRUE(got.is_in_order());
    EXPECT_FALSE(got.entries.waits());
}

TEST(ordered_entries, wait_for_the_one_that_is_missing) {
    filled_ring first, second;
    taken got;
    got.entries.add_ring(&first.ring(), 1024);
    got.entries.add_ring(&second.ring(), 1024);
    first.add(0);
    first.add(2);
    EXPECT_EQ(got.take(), 1u);
    EXPECT_TRUE(got.entries.waits());
    second.add(1);
    EXPECT_EQ(got.take(), 2u);
    EXPECT_TRUE(got.is_in_order());
}

TEST(ordered_entries, go_on_without_one_that_never_comes) {
    filled_ring ring;
    taken got;
    got.entries.add_ring(&ring.ring(), 1024);
    ring.add(0);
    ring.add(3);
    ring.add(4);
    got.take();
    EXPECT_EQ(got.give_up(), 2u);
    EXPECT_EQ(got.numbers, (std::vector<std::uint64_t>{0, 3, 4}));
    ring.add(1);  // too late
    got.take();
    EXPECT_EQ(got.entries.late(), 1u);
    EXPECT_EQ(got.numbers.size(), 3u);
}

TEST(ordered_entries, one_far_ahead_stays_in_its_ring) {
    filled_ring ring;
    taken got;
    got.entries.add_ring(&ring.ring(), 1024);
    ring.add(1 << 20);
    got.take();
    EXPECT_EQ(ring.ring().taken.load(), 0u);
    EXPECT_EQ(got.give_up(), 1u << 20);
    got.take();
    EXPECT_EQ(got.numbers, (std::vector<std::uint64_t>{1 << 20}));
}

TEST(ordered_entries, know_the_thread_and_the_size_that_was_told_before) {
    filled_ring ring;
    taken got;
    got.entries.add_ring(&ring.ring(), 1024);
    ring.add(0, trace_entry_kind::thread, 7);
    ring.add(1, trace_entry_kind::size, 0, 1ull << 40);
    ring.add(2, trace_entry_kind::block_came, 4096, 9ull << 32 | trace_size_apart);
    ring.add(3, trace_entry_kind::block_came, 8192, 9ull << 32 | 55);
    got.take();
    ASSERT_EQ(got.all.size(), 4u);
    EXPECT_EQ(got.all[2].thread, 7u);
    EXPECT_EQ(got.all[2].bytes, 1ull << 40);
    EXPECT_EQ(got.all[3].bytes, 55u);
}

TEST(ordered_entries, are_taken_a_part_at_a_time) {
    filled_ring ring;
    taken got;
    got.entries.add_ring(&ring.ring(), 1024);
    for (std::uint64_t number = 0; number < 1000; ++number) ring.add(number);
    EXPECT_EQ(got.take(300), 300u);
    EXPECT_EQ(ring.ring().taken.load(), 300u);
    got.take();
    EXPECT_TRUE(got.is_in_order());
}

}  // namespace
}  // namespace fil
