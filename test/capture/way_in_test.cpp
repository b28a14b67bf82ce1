#include "fil/capture/way_in.hpp"

#include <gtest/gtest.h>

namespace fil {
namespace {

constexpr std::uintptr_t own = 0x1000, own_end = 0x2000;
bool is_own(std::uintptr_t pc) {
    return pc >= own && pc < own_end;
}

// Our frames, of four words each, and then the program's.
struct way_in : testing::Test {
    ways_in ways{};
    std::uintptr_t words[32] = {};

    frame_place begin() const { return {own, address_of(words), 0}; }
    // The frames return to these places, the last one into the program.
    void stand(std::initializer_list<std::uintptr_t> pcs) {
        std::size_t at = 0;
        for (const std::uintptr_t pc : pcs) words[4 * ++at - 1] = pc;
    }
    void learn() {
        ways_in::way way{};
        way.is_plain = true;
        way.fp_slot = ways_in::not_saved;
        frame_place place = begin();
        while (is_own(place.pc)) {
            place.sp += 4 * sizeof words[0];
            place.pc = word_at(place.sp - x86_64::return_slot);
            way.add(begin().sp, place);
        }
        ways.keep(way);
    }
};

TEST_F(way_in, a_way_that_is_known_leads_to_the_program) {
    stand({0x1100, 0x1200, 0x9000});
    frame_place place = begin();
    EXPECT_FALSE(ways.go(place, is_own));
    learn();
    stand({0x1100, 0x1200, 0x9500});  // called from elsewhere
    ASSERT_TRUE(ways.go(place, is_own));
    EXPECT_EQ(place.pc, 0x9500u);
    EXPECT_EQ(place.sp, address_of(&words[12]));
}

TEST_F(way_in, the_way_of_last_time_is_known_by_itself) {
    stand({0x1100, 0x9000});
    learn();
    stand({0x1200, 0x9000});
    learn();
    frame_place place = begin();
    EXPECT_FALSE(ways.go_again(place, is_own));  // none was gone yet
    ASSERT_TRUE(ways.go(place, is_own));
    place = begin();
    stand({0x1200, 0x9700});
    ASSERT_TRUE(ways.go_again(place, is_own));
    EXPECT_EQ(place.pc, 0x9700u);
    place = begin();
    stand({0x1100, 0x9000});
    EXPECT_FALSE(ways.go_again(place, is_own));
    EXPECT_EQ(place.sp, begin().sp);
    ASSERT_TRUE(ways.go(place, is_own));
    place = begin();
    EXPECT_TRUE(ways.go_again(place, is_own));
    ways.forget();
    place = begin();
    EXPECT_FALSE(ways.go_again(place, is_own));
}

TEST_F(way_in, a_way_that_goes_on_is_not_the_shorter_one) {
    stand({0x1100, 0x9000});
    learn();
    stand({0x1100, 0x1200, 0x9000});  // where the program was, there is a function of ours
    frame_place place = begin();
    EXPECT_FALSE(ways.go(place, is_own));
    learn();
    ASSERT_TRUE(ways.go(place, is_own));
    EXPECT_EQ(place.pc, 0x9000u);
}

}  // namespace
}  // namespace fil
