#include "fil/report/svg.hpp"

#include <gtest/gtest.h>

#include <string>

#include "embedded_assets.hpp"

namespace fil::report {
namespace {

constexpr svg_parts parts = {assets::svg_style, assets::svg_script};
constexpr std::int64_t total = 594537072;

svg_picture small_picture() {
    svg_picture picture = {"Peak Tracked Memory Usage (567.0 MiB)", total, {}};
    picture.boxes.push_back({0, 0, total, true, "all", {"all", "", 0}, ""});
    picture.boxes.push_back(
        {1, 0, 83886232, true, "a.py:4 (main)", {"main", "a.py", 4}, "\tx = make(\"<a>\") ; y"});
    picture.boxes.push_back(
        {2, 0, 83886232, false, "lib/b.py:9 (make)", {"make", "lib/b.py", 9}, ""});
    return picture;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

TEST(svg, every_box_has_a_title_with_bytes_and_share) {
    const std::string svg = svg_text(small_picture(), parts);
    EXPECT_TRUE(contains(svg, "<title>all (594,537,072 bytes, 100%)</title>"));
    EXPECT_TRUE(contains(svg, "<title>a.py:4 (main) (83,886,232 bytes, 14.11%)</title>"));
    EXPECT_TRUE(contains(svg, "<title>Peak Tracked Memory Usage (567.0 MiB)</title>"));
}

TEST(svg, what_its_script_needs_are_attributes) {
    svg_picture picture = small_picture();
    picture.boxes[2].folder = "/x/site-packages/";
    picture.boxes[2].label.joined = " ×20";
    picture.boxes[2].label.short_name = {"a::", "\"make\""};
    const std::string svg = svg_text(picture, parts);
    EXPECT_TRUE(contains(svg,
                         " data-bytes=\"83886232\" data-function=\"main\" data-path=\"a.py\""
                         " data-line=\"4\"><title>"));
    EXPECT_TRUE(contains(svg,
                         " data-function=\"make\" data-joined=\" ×20\""
                         " data-folder=\"/x/site-packages/\" data-path=\"lib/b.py\""
                         " data-line=\"9\" data-parts=\"a::&#10;&quot;make&quot;\"><title>"));
    EXPECT_EQ(svg.find("FRAME_TITLE"), svg.npos);
}

// No room for it in this picture, but where a reader zooms in.
TEST(svg, a_narrow_box_keeps_its_source) {
    svg_picture picture = small_picture();
    picture.boxes[1].bytes = total / 1000;
    EXPECT_TRUE(contains(svg_text(picture, parts), "y=\"31\" data-source=\"" + unbreakable("\tx")));
}

TEST(svg, source_follows_its_frame_with_unbreakable_spaces) {
    const std::string svg = svg_text(small_picture(), parts);
    const std::string tab = unbreakable("        ");
    const std::string text = tab + unbreakable("x = make(&quot;&lt;a&gt;&quot;) ; y");
    const std::size_t frame = svg.find("a.py:4 (main) (");
    const std::size_t source = svg.find(">" + text + " (83,886,232 bytes, 14.11%)</title>");
    ASSERT_NE(source, svg.npos);
    EXPECT_GT(source, frame);
    EXPECT_LT(source, svg.find("lib/b.py:9 (make) ("));
}

TEST(svg, names_are_never_markup) {
    svg_picture picture = small_picture();
    picture.boxes[1].name = "</title><script>x</script>]]>\xff\u202e:1 (f)";
    picture.boxes[1].label = {"</text><script>", "\xff", 1};
    picture.boxes[1].source = "]]></g><script>";
    const std::string svg = svg_text(picture, parts);
    EXPECT_EQ(svg.find("<script>x"), svg.npos);
    EXPECT_EQ(svg.find("<script>"), svg.rfind("<script>"));
    EXPECT_TRUE(contains(svg, "&lt;script&gt;x&lt;/script&gt;]]&gt;\ufffd\\u202e:1 (f)"));
    EXPECT_FALSE(contains(svg, "\xff"));
}

TEST(svg, colours_are_those_of_fil) {
    const std::string svg = svg_text(small_picture(), parts);
    EXPECT_TRUE(contains(svg, "fill=\"rgb(255,100,100)\""));  // the root
    EXPECT_TRUE(contains(svg, "fill=\"rgb(255,194,194)\""));  // 250 - 150 sqrt(0.1411)
}

TEST(svg, nothing_recorded_is_one_box) {
    svg_picture picture = {"Peak Tracked Memory Usage (0.0 MiB)", 0, {}};
    picture.boxes.push_back({0, 0, 0, true, "all", {"all", "", 0}, ""});
    EXPECT_TRUE(contains(svg_text(picture, parts), "<title>all (0 bytes, 100%)</title>"));
}

}  // namespace
}  // namespace fil::report
