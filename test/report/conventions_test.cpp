#include "fil/report/conventions/all.hpp"

#include <gtest/gtest.h>

using namespace fil::report;
using words = std::vector<std::string>;

TEST(conventions, a_command_line_says_which_script_it_runs) {
    using conventions::script_of;
    EXPECT_EQ(script_of({"/usr/bin/python3.12", "jobs/big.py", "--fast"}), "jobs/big.py");
    EXPECT_EQ(script_of({"python", "-X", "dev", "-Wignore", "-u", "big.py"}), "big.py");
    EXPECT_EQ(script_of({"python", "-uX", "dev", "--check-hash-based-pycs=never", "big.py"}),
              "big.py");
    EXPECT_EQ(script_of({"python", "--", "-odd.py"}), "-odd.py");
    for (const words& no_script :
         {words{"python"}, words{"python", "-c", "x = 1"}, words{"python", "-um", "pkg"},
          words{"python", "-mpkg", "a.py"}, words{"python", "-", "a"}, words{"python", "-X"},
          words{"gcc", "x.c"}, words{}, words{"python", "--"}})
        EXPECT_EQ(script_of(no_script), "");
}

TEST(conventions, say_what_is_a_files_own_code_and_what_has_no_name) {
    const auto told = [](frame_kind kind, const char* function) {
        const frame f{.function = function, .file = "x", .line = 1, .kind = kind};
        const conventions::convention& rules = conventions::of(f);
        return std::pair(rules.is_whole_file(f), rules.is_anonymous(f));
    };
    EXPECT_EQ(told(frame_kind::python, "<module>"), std::pair(true, true));
    EXPECT_EQ(told(frame_kind::python, "<lambda>"), std::pair(false, true));
    EXPECT_EQ(told(frame_kind::python, "main chunk"), std::pair(false, false));
    EXPECT_EQ(told(frame_kind::lua, "main chunk"), std::pair(true, true));
    EXPECT_EQ(told(frame_kind::lua, "function <x.lua:7>"), std::pair(false, true));
    EXPECT_EQ(told(frame_kind::native, "<module>"), std::pair(false, false));
    EXPECT_EQ(told(frame_kind{70}, "<module>"), std::pair(false, false));
}

TEST(conventions, what_a_number_of_a_recording_means) {
    EXPECT_EQ(frame_kind_of(1), frame_kind::python);
    EXPECT_EQ(frame_kind_of(4), frame_kind::lua);
    EXPECT_EQ(frame_kind_of(70), frame_kind{70});
    EXPECT_EQ(frame_kind_of(255),
              frame_kind::announced);  // no recording may say that there is no frame
    EXPECT_EQ(frame_kind_of(1u << 31), frame_kind::announced);
}
