#include "fil/report/svg_picture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fil/report/snapshot.hpp"

namespace fil::report {
namespace {

// What one frame, drawn alone, becomes.
svg_box drawn(const frame& f, frame_owner owner, const box& how = {},
              const std::string& source = "") {
    snapshot what;
    what.add_frame(f);
    const layout boxes = {{.bytes = 100},
                          {.depth = 1, .bytes = 40, .joined = how.joined, .why = how.why}};
    const std::vector<ownership> owners = {{owner}};
    std::vector<source_excerpt> sources(1);
    sources[0].line = source;
    return make_svg_picture("", boxes, what, owners, sources).boxes.at(1);
}

TEST(svg_picture, the_root_is_all) {
    const svg_picture picture = make_svg_picture("t", {{.bytes = 100 << 20}}, snapshot(), {}, {});
    EXPECT_EQ(picture.total, 100 << 20);
    EXPECT_EQ(picture.boxes.at(0).name, "all");
    EXPECT_EQ(picture.boxes.at(0).label.function, "all  100.0 MiB");
}

TEST(svg_picture, a_frame_keeps_its_text_and_its_source) {
    const svg_box box = drawn({.function = "main", .file = "/home/a/x.py", .line = 4},
                              frame_owner::user, {}, "\tx = 1");
    EXPECT_EQ(box.name, "/home/a/x.py:4 (main)");
    EXPECT_EQ(box.label.path, "/home/a/x.py");
    EXPECT_EQ(box.label.line, 4u);
    EXPECT_EQ(box.source, "\tx = 1");
    EXPECT_TRUE(box.user);
}

TEST(svg_picture, a_library_is_shown_from_its_package_on) {
    for (const char* file : {"/v/lib/python3.12/site-packages/pandas/io/x.py",
                             "/usr/lib/python3/dist-packages/pandas/io/x.py",
                             "/usr/lib/python3.11/pandas/io/x.py", "pandas/io/x.py"}) {
        const svg_box box = drawn({.function = "f", .file = file, .line = 1}, frame_owner::library);
        EXPECT_EQ(box.label.path, "pandas/io/x.py");
        EXPECT_EQ(box.name, std::string(file) + ":1 (f)");
    }
}

TEST(svg_picture, joined_frames_say_how_many) {
    const frame walk = {.function = "walk", .file = "x.py", .line = 5};
    EXPECT_EQ(drawn(walk, frame_owner::user, {.joined = 20000, .why = joined_by::recursion}).name,
              "x.py:5 (walk) ×20,000");
    EXPECT_EQ(drawn(walk, frame_owner::user, {.joined = 19801, .why = joined_by::chain}).name,
              "x.py:5 (walk) … 19,801 frames");
}

TEST(svg_picture, a_function_without_a_name_is_called_by_its_place) {
    const svg_box box =
        drawn({.file = "libx.so+0x12", .kind = frame_kind::native}, frame_owner::native);
    EXPECT_EQ(cut_label(box.label, 12), "libx.so+0x12");
}

TEST(svg_picture, titles_are_those_that_tools_know) {
    EXPECT_EQ(svg_title(594334515, direction::callers_first),
              "Peak Tracked Memory Usage (566.8 MiB)");
    EXPECT_EQ(svg_title(594334515, direction::leaves_first),
              "Peak Tracked Memory Usage (566.8 MiB), Reversed");
    EXPECT_EQ(svg_title(594334515, direction::callers_first, report_kind::out_of_memory),
              "Current allocations at out-of-memory time (566.8 MiB)");
}

}  // namespace
}  // namespace fil::report
