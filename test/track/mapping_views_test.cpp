#include "fil/track/mappings.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <utility>

namespace {

using fil::callstack_id;
using fil::mapping_access;
using fil::mapping_kind;

constexpr std::size_t page = 4096;
constexpr std::uintptr_t base = std::uintptr_t{0x7f12} << 32;
constexpr callstack_id alice{10}, bob{11};
constexpr auto shared = mapping_kind::shared_anonymous;
constexpr auto reserved = mapping_kind::reserved;

struct heap_pages {
    static inline int grants = 1000;
    static void* map(std::size_t bytes) { return grants-- > 0 ? std::calloc(1, bytes) : nullptr; }
    static void unmap(void* address, std::size_t) { std::free(address); }
};

using totals = std::map<std::pair<callstack_id, mapping_kind>, std::int64_t>;

// Page numbers instead of addresses; what it reported, in pages.
struct tracked {
    explicit tracked(int grants = 1000) { heap_pages::grants = grants; }

    auto changed() {
        return [this](std::uintptr_t, callstack_id who, mapping_kind kind, std::int64_t bytes) {
            std::int64_t& sum = reported[{who, kind}];
            sum += bytes / static_cast<std::int64_t>(page);
            if (sum == 0) reported.erase({who, kind});
        };
    }
    static std::uintptr_t at(int number) { return base + number * page; }
    void insert(int first, int count, mapping_kind kind, callstack_id who) {
        ranges.insert(at(first), count * page, kind, who, changed());
    }
    void view(int of, int first, int count) {
        ranges.view(at(of), at(first), count * page, changed());
    }
    void unmap(int first, int count) {
        ranges.release(ranges.take(at(first), count * page, changed()));
    }
    void move(int first, int count, int to, int new_count, callstack_id grower) {
        fil::mapping* pieces = ranges.take(at(first), count * page, changed());
        ranges.move(pieces, at(first), at(to), new_count * page, grower, changed());
    }
    void fail_to_unmap(int first, int count) {
        ranges.put_back(ranges.take(at(first), count * page, changed()), changed());
    }
    void protect(int first, int count, bool accessible) {
        ranges.protect(at(first), count * page,
                       accessible ? mapping_access::accessible : mapping_access::none, changed());
    }

    fil::mappings<heap_pages> ranges;
    totals reported;
};

totals pages_of(callstack_id who, mapping_kind kind, std::int64_t pages) {
    return {{{who, kind}, pages}};
}

TEST(mapping_views, memory_is_counted_once_as_long_as_a_view_lives) {
    tracked t;
    t.insert(0, 10, shared, alice);
    t.view(0, 20, 10);
    EXPECT_EQ(t.reported, pages_of(alice, shared, 10));
    t.unmap(0, 10);
    EXPECT_EQ(t.reported, pages_of(alice, shared, 10));
    t.view(20, 40, 10);
    t.unmap(20, 10);
    EXPECT_EQ(t.reported, pages_of(alice, shared, 10));
    t.unmap(40, 10);
    EXPECT_EQ(t.reported, totals{});
}

TEST(mapping_views, go_in_parts) {
    tracked t;
    t.insert(0, 10, shared, alice);
    t.view(2, 20, 6);
    t.unmap(0, 5);
    EXPECT_EQ(t.reported, pages_of(alice, shared, 8));  // 2 to 4 in the second, the rest as it was
    t.unmap(20, 3);
    EXPECT_EQ(t.reported, pages_of(alice, shared, 5));
    t.unmap(23, 3);
    EXPECT_EQ(t.reported, pages_of(alice, shared, 5));
    t.unmap(5, 5);
    EXPECT_EQ(t.reported, totals{});
}

TEST(mapping_views, one_that_moves_over_the_other_is_counted) {
    tracked t;
    t.insert(0, 10, shared, alice);
    t.view(0, 20, 10);
    t.move(0, 10, 20, 10, bob);
    EXPECT_EQ(t.reported, pages_of(alice, shared, 10));
    t.move(20, 10, 40, 15, bob);
    EXPECT_EQ(t.reported, (totals{{{alice, shared}, 10}, {{bob, shared}, 5}}));
}

TEST(mapping_views, the_accessible_one_is_counted) {
    tracked t;
    t.insert(0, 10, shared, alice);
    t.view(0, 20, 10);
    t.protect(0, 10, false);
    EXPECT_EQ(t.reported, pages_of(alice, shared, 10));
    t.protect(20, 10, false);
    EXPECT_EQ(t.reported, pages_of(alice, reserved, 10));
    t.protect(0, 4, true);
    EXPECT_EQ(t.reported, (totals{{{alice, shared}, 4}, {{alice, reserved}, 6}}));
}

TEST(mapping_views, unmapped_page_by_page_stay_few_ranges) {
    tracked t;
    t.insert(0, 1000, shared, alice);
    t.view(0, 2000, 1000);
    for (int number = 0; number < 900; ++number) t.unmap(number, 1);
    EXPECT_EQ(t.reported, pages_of(alice, shared, 1000));
    EXPECT_LE(t.ranges.size(), 3u);
}

// ---- against a naive model: which memory stands on each page ----------------------------------

struct model {
    struct page_state {
        int memory;
        callstack_id who;
        mapping_kind accessible_kind;
        bool accessible;
    };
    std::map<int, page_state> pages;
    int next = 0;

    void insert(int first, int count, mapping_kind kind, callstack_id who) {
        const auto usable = kind == reserved ? mapping_kind::anonymous : kind;
        for (int i = first; i < first + count; ++i)
            pages.insert_or_assign(i, page_state{next++, who, usable, kind != reserved});
    }
    std::map<int, page_state> take(int first, int count) {
        std::map<int, page_state> taken;
        for (int i = first; i < first + count; ++i)
            if (auto node = pages.extract(i)) taken.insert(std::move(node));
        return taken;
    }
    void view(int of, int first, int count) {
        take(first, count);
        for (int i = 0; i < count; ++i) {
            const auto found = pages.find(of + i);
            if (found != pages.end() && found->second.accessible_kind == shared)
                pages.insert_or_assign(first + i, found->second);
        }
    }
    void move(int first, int count, int to, int new_count, callstack_id grower) {
        const auto taken = take(first, count);
        take(to, new_count);
        int filled = 0;
        mapping_kind kind = reserved;
        for (const auto& [number, state] : taken) {
            if (number - first >= new_count) continue;
            pages.insert_or_assign(to + number - first, state);
            filled = number - first + 1;
            kind = state.accessible ? state.accessible_kind : reserved;
        }
        if (filled > 0) insert(to + filled, new_count - filled, kind, grower);
    }
    void protect(int first, int count, bool accessible) {
        for (auto& [number, state] : pages)
            if (number >= first && number < first + count) state.accessible = accessible;
    }
    totals sums() const {
        std::map<int, std::pair<callstack_id, mapping_kind>> memories;
        for (const auto& [number, state] : pages) {
            auto& known = memories.try_emplace(state.memory, state.who, reserved).first->second;
            if (state.accessible) known.second = state.accessible_kind;
        }
        totals all;
        for (const auto& [memory, known] : memories) ++all[known];
        return all;
    }
};

struct random_change {
    int which, first, count, to, new_count;
    mapping_kind kind;
    callstack_id who;
    bool accessible;

    explicit random_change(std::mt19937& random) {
        const auto below = [&](int limit) { return static_cast<int>(random() % limit); };
        which = below(8);
        first = below(64);
        count = 1 + below(16);
        to = 100 * below(2) + below(64);
        new_count = 1 + below(16);
        kind = below(4) == 0 ? reserved : shared;
        who = static_cast<callstack_id>(2 + below(3));
        accessible = below(2) == 0;
    }
    // A view is elsewhere than what it shows.
    bool overlaps() const { return to < first + count && first < to + count; }
};

void compare_long_histories(int steps) {
    for (unsigned seed = 0; seed < 60; ++seed) {
        std::mt19937 random(seed);
        tracked t;
        model m;
        for (int step = 0; step < steps; ++step) {
            const random_change c(random);
            if (c.which == 0) {
                t.insert(c.first, c.count, c.kind, c.who);
                m.insert(c.first, c.count, c.kind, c.who);
            } else if (c.which == 1) {
                t.protect(c.first, c.count, c.accessible);
                m.protect(c.first, c.count, c.accessible);
            } else if (c.which == 2 && !c.overlaps()) {
                t.move(c.first, c.count, c.to, c.new_count, c.who);
                m.move(c.first, c.count, c.to, c.new_count, c.who);
            } else if (c.which == 3) {
                t.unmap(c.first, c.count);
                m.take(c.first, c.count);
            } else if (c.which == 4) {
                t.fail_to_unmap(c.first, c.count);
            } else if (!c.overlaps()) {
                t.view(c.first, c.to, c.count);
                m.view(c.first, c.to, c.count);
            }
            ASSERT_EQ(t.reported, m.sums()) << "seed " << seed << " step " << step;
        }
        EXPECT_EQ(t.ranges.dropped(), 0u);
    }
}

TEST(mapping_views, agree_with_a_model_of_single_pages) {
    compare_long_histories(600);
}

}  // namespace
