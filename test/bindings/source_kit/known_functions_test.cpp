// Code addresses -> functions, and keys -> places.

#include "known_functions.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "known_places.hpp"

namespace {

std::vector<fil_function> children;  // whose place was asked for

}  // namespace

// What the kit calls of fil.h here.
extern "C" fil_callstack fil_callstack_child(fil_callstack caller, fil_function function,
                                             uint32_t line) {
    children.push_back(function);
    return line == 0 ? FIL_CALLSTACK_NONE : caller * 1000 + line;
}

TEST(known_functions, code_is_watched_and_interned_at_first_sight_alone) {
    fil::source_kit::known_functions<16> known{};
    std::vector<std::uintptr_t> watched;
    unsigned interned = 0;
    const auto find = [&](std::uintptr_t code) {
        return known.find(
            code, [&](std::uintptr_t each) { watched.push_back(each); },
            [&](std::uintptr_t each) { return ++interned, fil_function(each / 16); });
    };
    EXPECT_EQ(find(160), 10u);
    EXPECT_EQ(find(160), 10u);
    EXPECT_EQ(find(176), 11u);
    EXPECT_EQ(interned, 2u);
    EXPECT_EQ(watched, (std::vector<std::uintptr_t>{160, 176}));
}

TEST(known_functions, only_code_that_died_is_forgotten) {
    fil::source_kit::known_functions<16> known{};
    unsigned interned = 0;
    const auto find = [&](std::uintptr_t code) {
        return known.find(
            code, [](std::uintptr_t) {}, [&](std::uintptr_t) { return fil_function(++interned); });
    };
    find(160), find(176);
    known.forget(160, 16);
    EXPECT_EQ(find(176), 2u);
    EXPECT_EQ(find(160), 3u);
    known.forget();
    EXPECT_EQ(find(176), 4u);
}

TEST(known_places, a_place_is_visited_once_until_it_is_forgotten) {
    fil::source_kit::known_places<4> places{};
    places.forget();
    unsigned visits = 0;
    const auto callstack = [&](std::uint64_t key) {
        return places.callstack(2, key, [&]() -> fil::source_kit::code_place {
            return {1, 100 + ++visits};
        });
    };
    EXPECT_EQ(callstack(7), 2101u);
    EXPECT_EQ(callstack(7), 2101u);
    places.forget();
    EXPECT_EQ(callstack(7), 2102u);
}

TEST(known_places, only_keys_near_those_of_dead_code_are_forgotten) {
    fil::source_kit::known_places<10> places{};
    places.forget();
    std::vector<std::uint64_t> visited;
    const auto look_at_all = [&] {
        visited.clear();
        for (std::uint64_t key : {0x10000u, 0x20ff8u, 0x21000u, 0x22ff8u, 0x30000u}) {
            places.callstack(2, key, [&]() -> fil::source_kit::code_place {
                visited.push_back(key);
                return {1, 1};
            });
        }
    };
    look_at_all();
    EXPECT_EQ(visited.size(), 5u);
    places.forget_keys(0x10000, 0);
    look_at_all();
    EXPECT_TRUE(visited.empty());
    places.forget_keys(0x20fff, 2);  // across the end of a region
    look_at_all();
    EXPECT_EQ(visited, (std::vector<std::uint64_t>{0x20ff8, 0x21000}));
    places.forget_keys(0x30000, std::uint64_t{1} << 40);
    look_at_all();
    EXPECT_EQ(visited.size(), 5u);
}

TEST(known_places, however_often_code_died_nothing_comes_back) {
    for (unsigned deaths = 1; deaths < 600; ++deaths) {
        fil::source_kit::known_places<4, std::uint8_t> places{};
        places.forget();
        unsigned visits = 0;
        const auto visit = [&]() -> fil::source_kit::code_place { return {1, ++visits}; };
        places.callstack(2, 7, visit);
        for (unsigned death = 0; death < deaths; ++death) places.forget_keys(7, 1);
        places.callstack(2, 7, visit);
        EXPECT_EQ(visits, 2u) << deaths;
    }
}

TEST(known_places, a_frame_of_no_function_or_without_room_is_its_caller) {
    fil::source_kit::known_places<4> places{};
    places.forget();
    EXPECT_EQ(places.callstack(5, 7, [] { return fil::source_kit::code_place{0, 3}; }), 5u);
    children.clear();
    EXPECT_EQ(places.callstack(5, 8, [] { return fil::source_kit::code_place{1, 0}; }), 5u);
    EXPECT_EQ(children, std::vector<fil_function>{1});
}
