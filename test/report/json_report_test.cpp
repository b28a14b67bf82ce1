#include "fil/report/json_report.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "made_snapshot.hpp"
#include "report_fixtures.hpp"

using namespace fil::report;

namespace {

// What the exporter was given at once, to see that it hands over part by part.
struct counting_buffer : std::stringbuf {
    std::streamsize longest = 0;
    std::streamsize xsputn(const char* text, std::streamsize size) override {
        longest = std::max(longest, size);
        return std::stringbuf::xsputn(text, size);
    }
};

std::string json_of(const snapshot& taken, facts about = {}, counting_buffer* buffer = nullptr) {
    counting_buffer own;
    counting_buffer& to = buffer != nullptr ? *buffer : own;
    std::ostream out(&to);
    session_snapshot from{std::move(about), {}, {}};
    from.tidy = tidied(taken, from.about.program);
    write_json_report(out, report_model_of(from), from.tidy);
    return to.str();
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
    return count;
}

// The line that the text has for an element or a key.
std::string line_with(const std::string& text, const std::string& part) {
    const std::size_t at = text.find(part);
    if (at == text.npos) return {};
    const std::size_t from = text.rfind('\n', at) + 1;
    return text.substr(from, text.find('\n', at) - from);
}

}  // namespace

TEST(json_report, a_callstack_is_its_caller_a_frame_and_what_it_holds_itself) {
    made_snapshot taken;
    const frame main = python("a.py", 9, "main"), work = python("a.py", 3, "work");
    taken.holds(1000, {main}).holds(300, {main, work}).holds(50, {main, work, work});
    const std::string text = json_of(taken);
    EXPECT_EQ(text.substr(text.find("\"callstacks\"")), R"("callstacks":[
{"caller":null,"frame":0,"bytes":1000,"allocations":1},
{"caller":0,"frame":1,"bytes":300,"allocations":1},
{"caller":1,"frame":1,"bytes":50,"allocations":1}
]
}
)");
    EXPECT_EQ(line_with(text, "\"main\",\"file\""),
              R"({"function":"main","file":"a.py","line":9,"module":null,"kind":"python",)"
              R"("owner":"user","package":null},)");
}

TEST(json_report, has_every_callstack_however_small_and_none_that_holds_nothing) {
    made_snapshot taken;
    taken.holds(std::int64_t{1} << 53, {python("a.py", 1, "f")});
    for (std::uint32_t i = 2; i < 20'002; ++i) taken.holds(1, {python("a.py", i, "f")});
    taken.holds(0, {python("a.py", 50'000, "f"), python("a.py", 50'001, "g")});
    const std::string text = json_of(taken);
    EXPECT_EQ(count_of(text, "{\"caller\":"), 20'001u);
    EXPECT_EQ(text.find("\"line\":50000"), text.npos);
    EXPECT_NE(text.find("\"peak\":{\"bytes\":9007199254760992,"), text.npos);  // exact
}

TEST(json_report, other_memory_stands_beside_by_its_kind) {
    made_snapshot taken;
    const frame_list stack = {python("a.py", 1, "f")};
    taken.holds(10, stack).holds(4096, stack, fil::mapping_kind::shared);
    taken.holds(8192, {python("a.py", 2, "f")}, fil::mapping_kind::file);
    taken.add_untouched_mapping({taken.callstack({python("a.py", 3, "f")}), 1 << 20, 4096});
    const std::string text = json_of(taken);
    EXPECT_NE(text.find(R"("bytes":10,"allocations":1,"beside":{"shared":{"bytes":4096,)"),
              text.npos)
        << text;
    EXPECT_NE(text.find(R"("bytes":0,"allocations":0,"beside":{"file":{"bytes":8192,)"), text.npos);
    EXPECT_NE(text.find(R"("beside_the_peak":{"file":8192,"shared":4096,"reserved":0,"arena":0})"),
              text.npos);
    EXPECT_EQ(line_with(text, "\"resident\":4096"),
              R"({"callstack":2,"bytes":1048576,"resident":4096})");
}

TEST(json_report, lines_are_a_readers_and_what_is_not_listed_is_counted) {
    const frame importer = python("<frozen importlib._bootstrap>", 1360, "_find_and_load");
    made_snapshot taken;
    taken.add_text("a.py", "import one\nimport two\nx = 1\n");
    for (const std::uint32_t line : {1u, 2u})
        taken.holds(100, {python("a.py", line, "m"), importer});
    taken.holds(5000, {python("a.py", 3, "m")}).holds(7, {importer});
    const std::string text = json_of(taken);
    EXPECT_EQ(line_with(text, "\"line\":3,\"function\":\"m\",\"source\""),
              R"({"file":"a.py","shown_file":"a.py","line":3,"function":"m","source":"x = 1",)"
              R"("bytes":5000,"below":5000,"guessed":0,"imports":false},)");
    EXPECT_NE(line_with(text, "import one").find("\"imports\":true"), text.npos);
    EXPECT_NE(text.find("\"outside_lines\":{\"bytes\":7,"), text.npos);
    EXPECT_LT(text.find("x = 1"), text.find("import one"));  // heaviest first
}

TEST(json_report, a_process_names_the_frame_below_which_its_callstacks_stand) {
    const fixtures::recording made = fixtures::processes();
    const std::string text = json_of(made.what, made.facts);
    EXPECT_NE(line_with(text, "{\"pid\":9,").find("\"name\":\"python worker.py --number 9\""),
              text.npos);
    const std::string frame = line_with(text, "\"kind\":\"process\"");
    EXPECT_NE(frame.find("python pool.py (pid 6)"), frame.npos);
    EXPECT_NE(line_with(text, "{\"pid\":6,").find("\"frame\":0,"), text.npos);
    facts alone;
    alone.arguments = {"a.py"};
    const std::string one =
        json_of(made_snapshot().holds(10, {python("a.py", 1, "f")}), std::move(alone));
    EXPECT_NE(
        one.find(R"({"pid":null,"parent":null,"name":"a.py","bytes":10,"peak":10,"frame":null)"),
        one.npos)
        << one;
}

TEST(json_report, what_was_asked_for_in_vain_is_in_no_sum) {
    made_snapshot taken;
    taken.holds(30, {python("a.py", 3, "work")});
    taken.holds(900, {python("a.py", 4, "more")}, fil::mapping_kind::requested);
    facts about;
    about.kind = report_kind::out_of_memory;
    about.limit = {1000, "the control group /job"};
    const std::string text = json_of(taken, about);
    EXPECT_NE(text.find("\"moment\":\"out_of_memory\""), text.npos);
    EXPECT_NE(text.find("\"peak\":{\"bytes\":30,"), text.npos);
    EXPECT_NE(text.find(R"("request":{"bytes":900,"callstack":1})"), text.npos) << text;
    EXPECT_NE(text.find(R"("limit":{"bytes":1000,"name":"the control group /job"})"), text.npos);
    EXPECT_NE(text.find(R"({"caller":null,"frame":1,"bytes":0,"allocations":0})"), text.npos);
}

TEST(json_report, what_nobody_knows_is_null) {
    const std::string text = json_of({});
    EXPECT_NE(text.find("\"started\":null,\"seconds\":null"), text.npos);
    EXPECT_NE(text.find("\"resident\":null"), text.npos);
    EXPECT_NE(text.find("\"processes\":[\n]"), text.npos);
    facts about;
    about.timelines = {{0, "", {{0.5, -1, 4096}}}};
    EXPECT_NE(json_of({}, about).find(R"({"pid":null,"samples":[[0.5,null,4096]]})"),
              std::string::npos);
}

TEST(json_report, no_text_of_the_program_breaks_it) {
    const fixtures::recording made = fixtures::hostile();
    const std::string text = json_of(made.what, made.facts);
    EXPECT_EQ(valid_utf8(text), text);
    for (const char c : text) ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
    EXPECT_NE(text.find("</script>"), text.npos);  // of a file nothing else need be escaped
    EXPECT_NE(text.find("\\\"window.pwned"), text.npos);
}

TEST(json_report, is_written_in_parts) {
    counting_buffer buffer;
    const fixtures::recording made = fixtures::deep(20'000, false);
    const std::string text = json_of(made.what, made.facts, &buffer);
    EXPECT_GT(text.size(), 1u << 20);
    EXPECT_LT(buffer.longest, 1 << 17);
    EXPECT_EQ(count_of(text, "{\"caller\":"), 20'002u);  // a line for each level
}
