#include "fil/report/frame_text.hpp"

#include <gtest/gtest.h>

using namespace fil::report;

TEST(frame_text, is_file_line_and_function) {
    EXPECT_EQ(frame_text({.function = "h", .file = "tests/threaded.py", .line = 7}),
              "tests/threaded.py:7 (h)");
    EXPECT_EQ(frame_text({.function = "<module>", .file = "<frozen importlib._bootstrap>"}),
              "<frozen importlib._bootstrap>:0 (<module>)");
}

TEST(frame_text, of_native_code_has_a_line_if_one_is_known) {
    frame f{.function = "grow(int)", .file = "/src/a.cpp", .line = 12, .kind = frame_kind::native};
    EXPECT_EQ(frame_text(f), "/src/a.cpp:12 (grow(int))");
    f.file = "libx.so+0x1234";
    f.line = 0;
    EXPECT_EQ(frame_text(f), "libx.so+0x1234 (grow(int))");
    f.function = "";
    EXPECT_EQ(frame_text(f), "libx.so+0x1234");
}

TEST(frame_text, of_a_placeholder_is_its_name) {
    EXPECT_EQ(frame_text({.function = "[No Python stack]", .kind = frame_kind::placeholder}),
              "[No Python stack]");
}

TEST(frame_text, is_one_line_of_utf8_and_otherwise_verbatim) {
    EXPECT_EQ(frame_text({.function = "f\r", .file = "a;b\n\xFF <&>\u202E.py", .line = 1}),
              "a;b \uFFFD <&>\u202E.py:1 (f )");
}
