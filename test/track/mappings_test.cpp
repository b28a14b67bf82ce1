#include "fil/track/mappings.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace {

using fil::callstack_id;
using fil::mapping_kind;

constexpr std::size_t page = 4096;
constexpr std::uintptr_t base = std::uintptr_t{0x7f12} << 32;

// Grants `grants` requests, then refuses.
struct heap_pages {
    static inline int grants = 0;
    static void* map(std::size_t bytes) { return grants-- > 0 ? std::calloc(1, bytes) : nullptr; }
    static void unmap(void* address, std::size_t) { std::free(address); }
};

struct page_state {
    callstack_id callstack;
    mapping_kind accessible_kind;
    bool accessible;
    mapping_kind kind() const { return accessible ? accessible_kind : mapping_kind::reserved; }
    bool operator==(const page_state&) const = default;
};

using totals = std::map<std::pair<callstack_id, mapping_kind>, std::int64_t>;

totals without_zeros(totals sums) {
    std::erase_if(sums, [](const auto& entry) { return entry.second == 0; });
    return sums;
}

// The class under test, page numbers instead of addresses, and the sum of what it reported.
struct tracked {
    explicit tracked(int grants = 1000) { heap_pages::grants = grants; }

    auto changed() {
        return [this](std::uintptr_t, callstack_id who, mapping_kind kind, std::int64_t change) {
            reported[{who, kind}] += change;
        };
    }

    void insert(int first, int count, mapping_kind kind, callstack_id who) {
        ranges.insert(address(first), bytes(count), kind, who, changed());
    }
    fil::mapping* take(int first, int count) {
        return ranges.take(address(first), bytes(count), changed());
    }
    void unmap(int first, int count) { ranges.release(take(first, count)); }
    void put_back(fil::mapping* pieces) { ranges.put_back(pieces, changed()); }
    void move(fil::mapping* pieces, int from, int to, int count, callstack_id grower) {
        ranges.move(pieces, address(from), address(to), bytes(count), grower, changed());
    }
    void protect(int first, int count, bool accessible) {
        ranges.protect(address(first), bytes(count),
                       accessible ? fil::mapping_access::accessible : fil::mapping_access::none,
                       changed());
    }

    static std::uintptr_t address(int number) { return base + number * page; }
    static std::size_t bytes(int count) { return count * page; }
    std::int64_t now(callstack_id who, mapping_kind kind) { return reported[{who, kind}]; }

    std::map<int, page_state> pages() const {
        std::map<int, page_state> result;
        ranges.for_each(0, [&](const fil::mapping& range) {
            for (std::uintptr_t at = range.start; at < range.end(); at += page) {
                bool fresh = result
                                 .try_emplace(static_cast<int>((at - base) / page),
                                              page_state{range.callstack, range.accessible_kind,
                                                         range.accessible})
                                 .second;
                EXPECT_TRUE(fresh) << "ranges overlap";
            }
        });
        return result;
    }
    bool neighbours_joined() const {
        const fil::mapping* before = nullptr;
        bool joined = true;
        ranges.for_each(0, [&](const fil::mapping& range) {
            if (before != nullptr && before->continued_by(range)) joined = false;
            before = &range;
        });
        return joined;
    }
    static totals sums_of(const std::map<int, page_state>& pages) {
        totals sums;
        for (const auto& [number, state] : pages) sums[{state.callstack, state.kind()}] += page;
        return sums;
    }

    fil::mappings<heap_pages> ranges;
    totals reported;
};

constexpr callstack_id alice{10};
constexpr callstack_id bob{11};
constexpr auto anonymous = mapping_kind::anonymous;
constexpr auto file = mapping_kind::file;
constexpr auto reserved = mapping_kind::reserved;

TEST(mappings, partial_unmap_leaves_both_ends) {
    tracked t;
    t.insert(0, 10, anonymous, alice);
    t.unmap(3, 4);
    EXPECT_EQ(t.now(alice, anonymous), 6 * page);
    EXPECT_EQ(t.ranges.size(), 2);
}

TEST(mappings, a_fixed_mapping_replaces_what_it_covers) {
    tracked t;
    t.insert(0, 10, anonymous, alice);
    t.insert(8, 4, file, bob);
    EXPECT_EQ(t.now(alice, anonymous), 8 * page);
    EXPECT_EQ(t.now(bob, file), 4 * page);
}

TEST(mappings, failed_unmap_changes_nothing) {
    tracked t;
    t.insert(0, 4, anonymous, alice);
    t.insert(4, 4, file, bob);
    auto before = t.pages();
    fil::mapping* pieces = t.take(2, 4);
    EXPECT_EQ(t.now(alice, anonymous), 2 * page);
    t.put_back(pieces);
    EXPECT_EQ(t.pages(), before);
    EXPECT_EQ(t.now(alice, anonymous), 4 * page);
    EXPECT_EQ(t.ranges.size(), 2);
}

TEST(mappings, a_reservation_counts_once_it_is_accessible) {
    tracked t;
    t.insert(0, 100, reserved, alice);
    EXPECT_EQ(t.now(alice, anonymous), 0);
    t.protect(10, 5, true);
    EXPECT_EQ(t.now(alice, anonymous), 5 * page);
    EXPECT_EQ(t.now(alice, reserved), 95 * page);
    t.protect(10, 5, false);
    EXPECT_EQ(t.now(alice, anonymous), 0);
    EXPECT_EQ(t.ranges.size(), 1);
}

TEST(mappings, an_inaccessible_file_becomes_a_file_again) {
    tracked t;
    t.insert(0, 4, file, alice);
    t.protect(0, 4, false);
    EXPECT_EQ(t.now(alice, file), 0);
    t.protect(0, 4, true);
    EXPECT_EQ(t.now(alice, file), 4 * page);
}

TEST(mappings, growth_belongs_to_the_callstack_that_asked_for_it) {
    tracked t;
    t.insert(0, 4, anonymous, alice);
    t.move(t.take(0, 4), 0, 50, 6, bob);
    EXPECT_EQ(t.now(alice, anonymous), 4 * page);
    EXPECT_EQ(t.now(bob, anonymous), 2 * page);
    EXPECT_EQ(t.pages().begin()->first, 50);
}

TEST(mappings, shrinking_drops_the_end) {
    tracked t;
    t.insert(0, 4, anonymous, alice);
    t.insert(4, 4, file, bob);
    t.move(t.take(0, 8), 0, 0, 5, alice);
    EXPECT_EQ(t.now(alice, anonymous), 4 * page);
    EXPECT_EQ(t.now(bob, file), 1 * page);
}

TEST(mappings, moving_what_nobody_knew_records_nothing) {
    tracked t;
    EXPECT_EQ(t.take(0, 4), nullptr);
    t.move(nullptr, 0, 50, 6, bob);
    EXPECT_EQ(t.ranges.size(), 0);
    EXPECT_EQ(t.now(bob, anonymous), 0);
}

TEST(mappings, equal_neighbours_join_so_that_mapping_page_by_page_stays_small) {
    tracked t;
    for (int number = 0; number < 5000; number += 2) t.insert(number, 1, anonymous, alice);
    for (int number = 1; number < 5000; number += 2) t.insert(number, 1, anonymous, alice);
    EXPECT_EQ(t.ranges.size(), 1);
    EXPECT_EQ(t.now(alice, anonymous), 5000 * page);
}

TEST(mappings, ranges_that_wrap_around_are_ignored) {
    tracked t;
    t.insert(0, 4, anonymous, alice);
    EXPECT_EQ(t.ranges.take(base, ~std::size_t{0}, t.changed()), nullptr);
    t.ranges.insert(base, ~std::size_t{0}, anonymous, bob, t.changed());
    EXPECT_EQ(t.now(alice, anonymous), 4 * page);
    EXPECT_EQ(t.now(bob, anonymous), 0);
}

TEST(mappings, around_a_pools_block_what_was_used_memory_is_the_pools) {
    tracked t;
    const auto around = [&](int number) {
        const fil::address_range found =
            t.ranges.become_reserve(tracked::address(number) + 5, t.changed());
        return std::pair(found.start, found.end);
    };
    t.insert(0, 10, mapping_kind::anonymous, alice);
    t.insert(20, 5, mapping_kind::file, alice);
    t.insert(30, 5, mapping_kind::shared_anonymous, bob);
    EXPECT_EQ(around(3), std::pair(tracked::address(0), tracked::address(10)));
    EXPECT_EQ(around(9), std::pair(tracked::address(0), tracked::address(10)));
    EXPECT_EQ(around(12),
              std::pair(tracked::address(10), tracked::address(20)));  // nobody knows of it
    EXPECT_EQ(around(24), std::pair(tracked::address(20), tracked::address(25)));
    EXPECT_EQ(around(30), std::pair(tracked::address(30), tracked::address(35)));
    EXPECT_EQ(around(99), std::pair(tracked::address(35), std::uintptr_t{UINTPTR_MAX}));
    EXPECT_EQ(without_zeros(t.reported),
              (totals{{{alice, mapping_kind::pool}, static_cast<std::int64_t>(tracked::bytes(10))},
                      {{alice, mapping_kind::file}, static_cast<std::int64_t>(tracked::bytes(5))},
                      {{bob, mapping_kind::pool}, static_cast<std::int64_t>(tracked::bytes(5))}}));
    t.unmap(2, 3);
    EXPECT_EQ(around(6), std::pair(tracked::address(5), tracked::address(10)));
}

TEST(mappings, only_large_ranges_are_visited) {
    tracked t;
    t.insert(0, 3, anonymous, alice);
    t.insert(10, 8, file, bob);
    int visits = 0;
    t.ranges.for_each(tracked::bytes(4), [&](const fil::mapping& range) {
        ++visits;
        EXPECT_EQ(range.callstack, bob);
    });
    EXPECT_EQ(visits, 1);
}

// ---- against a naive model: one entry a page --------------------------------------------------

struct model {
    std::map<int, page_state> pages;

    void insert(int first, int count, mapping_kind kind, callstack_id who) {
        bool accessible = kind != reserved;
        for (int number = first; number < first + count; ++number) {
            pages[number] = {who, accessible ? kind : anonymous, accessible};
        }
    }
    std::map<int, page_state> take(int first, int count) {
        std::map<int, page_state> taken;
        for (int number = first; number < first + count; ++number) {
            if (auto node = pages.extract(number)) taken.insert(std::move(node));
        }
        return taken;
    }
    void put_back(const std::map<int, page_state>& taken) {
        for (const auto& [number, state] : taken) pages[number] = state;
    }
    void move(const std::map<int, page_state>& taken, int from, int to, int count,
              callstack_id grower) {
        take(to, count);
        if (taken.empty()) return;
        std::optional<page_state> last;
        int filled = count;
        for (const auto& [number, state] : taken) {
            if (number - from >= count) continue;
            pages[to + number - from] = state;
            filled = number - from + 1;
            last = state;
        }
        if (last && filled < count) insert(to + filled, count - filled, last->kind(), grower);
    }
    void protect(int first, int count, bool accessible) {
        for (auto& [number, state] : pages) {
            if (number >= first && number < first + count) state.accessible = accessible;
        }
    }
};

struct random_event {
    int which, first, count, to, new_count;
    mapping_kind kind;
    callstack_id who;
    bool accessible;

    random_event(std::mt19937& random, int space, int longest) {
        auto below = [&](int limit) { return static_cast<int>(random() % limit); };
        which = below(6);
        first = below(space);
        count = 1 + below(longest);
        to = below(space);
        new_count = 1 + below(longest);
        kind = static_cast<mapping_kind>(below(4));
        who = static_cast<callstack_id>(2 + below(3));
        accessible = below(2) == 0;
    }

    template <typename Ranges>
    void apply(Ranges& ranges) const {
        switch (which) {
            case 0:
            case 1:
                return ranges.insert(first, count, kind, who);
            case 2:
                return ranges.protect(first, count, accessible);
            case 3: {
                auto pieces = ranges.take(first, count);
                return ranges.move(pieces, first, to, new_count, who);
            }
            case 4: {  // munmap fails, another thread having mapped something meanwhile
                auto pieces = ranges.take(first, count);
                ranges.insert(to, new_count, kind, who);
                return ranges.put_back(pieces);
            }
            default:
                if constexpr (requires { ranges.unmap(first, count); }) {
                    ranges.unmap(first, count);
                } else {
                    ranges.take(first, count);
                }
        }
    }
};

TEST(mappings, agree_with_a_model_of_single_pages) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        std::mt19937 random(seed);
        tracked t;
        model m;
        for (int step = 0; step < 500; ++step) {
            random_event event(random, 64, 1 + static_cast<int>(random() % 24));
            event.apply(t);
            event.apply(m);
            ASSERT_EQ(t.pages(), m.pages) << "seed " << seed << " step " << step;
            ASSERT_EQ(without_zeros(t.reported), tracked::sums_of(m.pages));
            ASSERT_TRUE(t.neighbours_joined());
        }
        EXPECT_EQ(t.ranges.dropped(), 0);
    }
}

// One grant of pages holds a few thousand ranges; here there are more. The model cannot say which
// are forgotten, but what is reported must be what is known, and nothing may be made up.
TEST(mappings, without_memory_forget_but_never_misreport) {
    std::mt19937 random(7);
    tracked t(1);
    for (int number = 0; number < 15000; number += 3) {
        t.insert(number, 3, anonymous, static_cast<callstack_id>(2 + number % 5));
    }
    EXPECT_GT(t.ranges.dropped(), 0);
    EXPECT_GT(t.ranges.size(), 1000);
    t.unmap(1, 1);  // the end of a range cut in two has no node
    EXPECT_FALSE(t.pages().contains(2));
    EXPECT_EQ(without_zeros(t.reported), tracked::sums_of(t.pages()));
    for (int step = 0; step < 100; ++step) {
        model m{t.pages()};
        random_event event(random, 15000, 400);
        event.apply(t);
        event.apply(m);
        auto known = t.pages();
        ASSERT_EQ(without_zeros(t.reported), tracked::sums_of(known));
        if (event.which == 3) continue;  // growth begins where the last known piece ended
        for (const auto& entry : known) ASSERT_EQ(m.pages[entry.first], entry.second);
    }
}

TEST(mappings, with_no_memory_at_all_report_nothing) {
    tracked t(0);
    t.insert(0, 4, anonymous, alice);
    t.protect(0, 2, false);
    t.unmap(0, 4);
    EXPECT_EQ(without_zeros(t.reported), totals{});
    EXPECT_EQ(t.ranges.dropped(), 1);
}

}  // namespace
