#include "process/merged_stacks.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "os/linux_system.hpp"
#include "scratch_recording.hpp"

namespace fil {
namespace {

constexpr function_id interpreter{1}, extension{2}, python{3};

// The frames that a test says stand, each at an offset of its own; a frame is 100 bytes long.
struct scripted_native {
    callstack_id answer{900};
    walked_frames& frames = *std::make_unique<walked_frames>().release();
    std::size_t times_asked = 0;

    callstack_id capture(void*) const { return answer; }
    const walked_frames& frames_now(void*) {
        ++times_asked;
        return frames;
    }
    bool is_of_function(std::uintptr_t code, const void* function) const {
        return code - address_of(function) < 10;
    }
    std::uint32_t inner = 0;  // what was kept of the inner frames
    std::size_t times_kept = 0;
    std::uint32_t find_inner(void*, const inner_place&) const { return inner; }
    template <typename IsLast>
    bool keep_inner(void*, const inner_place&, std::uint32_t value, IsLast is_last) {
        EXPECT_FALSE(is_last(frames[0].place));
        inner = value;
        ++times_kept;
        return true;
    }
    // Innermost first.
    void stand(const std::vector<function_id>& modules) {
        frames.begin();
        std::uintptr_t place = 1000;
        for (const function_id module : modules) {
            const auto offset = static_cast<std::uint32_t>(place);
            frames.add({module == interpreter ? 0x505u : 0x900u, place, 0}, {module, offset});
            place += 100;
        }
    }
};
static_assert(knows_places<scripted_native>);

struct merged_stacks_test : testing::Test {
    test::scratch_recording recording{256 << 20};
    call_tree<linux_system> tree{recording.memory()};
    std::unique_ptr<merged_stacks> stacks = std::make_unique<merged_stacks>();
    scripted_native native;
    std::vector<fil_crossing> crossings;

    static std::size_t told(void* context, void*, fil_crossing* to, std::size_t most) {
        const auto& from = static_cast<merged_stacks_test*>(context)->crossings;
        const std::size_t count = std::min(most, from.size());
        std::copy_n(from.begin(), count, to);
        return count;
    }
    callstack_id merged(callstack_id runtimes) {
        fil_source source = FIL_SOURCE_INIT;
        source.context = this;
        source.crossings = told;
        source.runner = reinterpret_cast<const void*>(0x500);
        const callstack_id found = stacks->merged(source, nullptr, native, nullptr, tree, runtimes);
        if (keeps_inner) stacks->keep_in_call(source, nullptr, native, nullptr, {}, found);
        return found;
    }
    bool keeps_inner = false;
    callstack_id line(callstack_id caller, std::uint32_t number) {
        return tree.child(caller, python, number);
    }
    void cross(callstack_id caller, std::uintptr_t place) {
        crossings.push_back({to_index(caller), reinterpret_cast<const void*>(place)});
    }
    // "p1 n1200 p2", outermost first.
    std::string text(callstack_id id) {
        std::string all;
        for (; id > callstack_id::unknown; id = tree.at(id).caller) {
            const callstack_record node = tree.at(id);
            const char kind = node.function == python ? 'p' : 'n';
            all = kind + std::to_string(node.line) + (all.empty() ? "" : " ") + all;
        }
        return all;
    }
};

TEST_F(merged_stacks_test, native_frames_stand_where_they_were_called) {
    const callstack_id f = line(callstack_id::unknown, 1), g = line(f, 2), h = line(g, 3);
    native.stand({extension, interpreter, interpreter, extension, interpreter, interpreter});
    cross(g, 1250);                      // h, in the third frame
    cross(callstack_id::unknown, 1450);  // f and g, in the fifth
    EXPECT_EQ(text(merged(h)), "p1 p2 n1300 p3 n1000");
}

TEST_F(merged_stacks_test, without_anything_native_between_it_is_the_runtimes_own) {
    const callstack_id f = line(callstack_id::unknown, 1), g = line(f, 2);
    native.stand({interpreter, interpreter, interpreter, extension});
    cross(f, 1150);
    cross(callstack_id::unknown, 1250);
    EXPECT_EQ(merged(g), g);
}

TEST_F(merged_stacks_test, a_pair_that_is_known_is_not_merged_again) {
    const callstack_id f = line(callstack_id::unknown, 1);
    native.stand({extension, interpreter, extension});
    cross(callstack_id::unknown, 1150);
    const callstack_id first = merged(f);
    EXPECT_EQ(merged(f), first);
    EXPECT_EQ(native.times_asked, 1u);
    native.answer = callstack_id{901};
    EXPECT_EQ(merged(f), first);
    EXPECT_EQ(native.times_asked, 2u);
}

TEST_F(merged_stacks_test, where_the_two_do_not_fit_the_runtimes_frames_stand_alone) {
    const callstack_id f = line(callstack_id::unknown, 1), g = line(f, 2);
    native.stand({extension, interpreter, extension, interpreter});
    cross(f, 1150);
    cross(callstack_id::unknown, 70);  // on another stack
    EXPECT_EQ(text(merged(g)), "p1 p2 n1000");
    crossings.clear();
    native.answer = callstack_id{901};
    EXPECT_EQ(merged(g), g);
}

TEST_F(merged_stacks_test, a_crossing_without_a_place_is_the_next_call_of_the_runner) {
    const callstack_id f = line(callstack_id::unknown, 1), g = line(f, 2);
    native.stand({extension, interpreter, extension, interpreter, extension});
    crossings = {{to_index(f), nullptr}, {FIL_CALLSTACK_UNKNOWN, nullptr}};
    EXPECT_EQ(text(merged(g)), "p1 n1200 p2 n1000");
}

TEST_F(merged_stacks_test, inner_frames_are_remembered_once_for_all_that_they_stand_on) {
    const callstack_id f = line(callstack_id::unknown, 1), g = line(callstack_id::unknown, 2);
    native.stand({extension, interpreter, extension});
    cross(callstack_id::unknown, 1150);
    keeps_inner = true;
    const callstack_id on_f = merged(f);
    EXPECT_TRUE(stacks->is_in_call(f));
    EXPECT_FALSE(stacks->is_in_call(g));
    EXPECT_EQ(stacks->find_in_call(native.inner), on_f);
    EXPECT_EQ(stacks->find_in_call(native.inner + 1), callstack_id::none);
    const callstack_id on_g = merged(g);
    EXPECT_EQ(text(on_g), "p2 n1000");
    EXPECT_EQ(stacks->find_in_call(native.inner), on_g);
    EXPECT_EQ(merged(f), on_f);
    EXPECT_EQ(stacks->find_in_call(native.inner), on_f);
    EXPECT_EQ(native.times_kept, 1u);
    stacks->begin_thread();
    EXPECT_FALSE(stacks->is_in_call(f));
}

TEST_F(merged_stacks_test, a_long_way_of_the_runtimes_below_native_frames) {
    const callstack_id f = line(callstack_id::unknown, 1);
    callstack_id deep = f;
    std::string expected = "p1 n1200";
    for (std::uint32_t i = 2; i < 5000; ++i) {
        deep = line(deep, i);
        expected += " p" + std::to_string(i);
    }
    native.stand({extension, interpreter, extension, interpreter, extension});
    cross(f, 1150);
    cross(callstack_id::unknown, 1350);
    EXPECT_EQ(text(merged(deep)), expected + " n1000");
}

}  // namespace
}  // namespace fil
