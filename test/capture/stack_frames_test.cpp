#include "fil/capture/stack_frames.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace fil {
namespace {

// A stack of frames of 8 words each, innermost first, as a walk leaves it.
struct stack_frames_test : testing::Test {
    static constexpr std::size_t frames = 4, words_each = 8;
    struct {
        std::uintptr_t end = ~std::uintptr_t{0};
        bool holds_until(std::uintptr_t wanted) const { return wanted <= end; }
    } reach;
    std::vector<std::uintptr_t> words = std::vector<std::uintptr_t>((frames + 1) * words_each);
    std::unique_ptr<walked_frames> walked = std::make_unique<walked_frames>();
    std::unique_ptr<last_stack> last = std::make_unique<last_stack>();

    std::uintptr_t at(std::size_t word) const {
        return reinterpret_cast<std::uintptr_t>(words.data() + word);
    }
    frame_place place(std::size_t frame) const {
        return {0x1000 + frame, at(frame * words_each), 0};
    }
    // Frames in compiled code: their return addresses are all that is read.
    void walk() {
        walked->begin();
        for (std::size_t i = 0; i < frames; ++i) {
            words[(i + 1) * words_each - 1] = 0x1000 + i + 1;
            walked->add(place(i), {});
        }
    }
    bool joins(std::size_t frame) {
        last->begin_search();
        return last->joins(place(frame), reach);
    }
    std::vector<std::uintptr_t> places(std::size_t index) const {
        std::vector<std::uintptr_t> found;
        for (auto* each = last->words(index); each != last->words_end(); ++each)
            found.push_back(each->place);
        return found;
    }
};

TEST_F(stack_frames_test, a_frame_joins_if_all_words_of_its_callers_are_what_they_were) {
    walk();
    last->replace(0, *walked, frames);
    EXPECT_EQ(places(3), (std::vector{at(7), at(15), at(23)}));
    EXPECT_TRUE(joins(0));
    EXPECT_EQ(last->joined(), 3u);
    words[23] = 0x9999;  // what the last frame but one returns to
    EXPECT_FALSE(joins(0));
    EXPECT_FALSE(joins(2));
    EXPECT_TRUE(joins(3));
}

TEST_F(stack_frames_test, after_a_word_that_differs_the_search_goes_on_beyond_it) {
    walk();
    last->replace(0, *walked, frames);
    words[15] = 0x9999;
    last->begin_search();
    EXPECT_FALSE(last->joins(place(0), reach));
    EXPECT_FALSE(last->joins(place(1), reach));
    EXPECT_TRUE(last->joins(place(2), reach));
    EXPECT_EQ(last->joined(), 1u);
}

TEST_F(stack_frames_test, what_leads_out_of_reach_joins_nothing) {
    walk();
    last->replace(0, *walked, frames);
    reach.end = at(3 * words_each) - 1;
    EXPECT_FALSE(joins(0));
}

// Each uses a frame pointer of its own, which its callee has saved: in code with frame pointers.
TEST_F(stack_frames_test, each_frame_pointer_keeps_the_place_where_it_was_saved) {
    unwind_row by_fp;
    by_fp.stack = stack_rule::fp;
    walked->begin();
    for (std::size_t i = 0; i < frames; ++i) {
        words[(i + 1) * words_each - 1] = 0x1000 + i + 1;
        words[(i + 1) * words_each - 2] = 0x500 + i + 1;  // the caller's
        frame_place here = place(i);
        here.fp = 0x500 + i;
        walked->add(here, {});
        walked->note_use_of_fp(by_fp);
        walked->note_new_fp(at((i + 1) * words_each - 2));
    }
    last->replace(0, *walked, frames);
    EXPECT_EQ(places(3), (std::vector{at(7), at(6), at(15), at(14), at(23), at(22)}));
    const std::uintptr_t elsewhere = at(2);  // where another callee saved that of frame 1
    last->note_origin(2, elsewhere);
    EXPECT_EQ(places(2), (std::vector{elsewhere, at(15), at(14), at(23), at(22)}));
    EXPECT_EQ(last->words(2)->value, 0x501u);
}

}  // namespace
}  // namespace fil
