#include "report/snapshot_content.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "../../report/report_fixtures.hpp"
#include "fil/recording/view.hpp"
#include "fil/report/report_model.hpp"
#include "report/content.hpp"

namespace fil {
namespace {

using namespace report;

// What a file holds after a hostile hand has made its checksum right.
TEST(snapshot_content_with, any_change_is_read_as_what_it_says_or_refused) {
    session_snapshot from = fixtures::session_of(fixtures::processes());
    for (timeline& line : from.about.timelines) line.samples.resize(2);
    from.sources["/a"] = {1, true, "x"};
    const std::string good = content_of(from);
    ASSERT_EQ(content_of(snapshot_of_content(good)), good);
    std::size_t refused = 0;
    const auto try_it = [&](const std::string& content) {
        try {
            report_model_of(snapshot_of_content(content));
        } catch (const damaged_content&) {
            ++refused;
        }
    };
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const unsigned char byte : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
            std::string bad = good;
            bad[at] = static_cast<char>(byte);
            try_it(bad);
        }
    }
    EXPECT_GT(refused, good.size() / 4);
    const std::size_t before = std::exchange(refused, 0);
    for (std::size_t bytes = 0; bytes < good.size(); ++bytes) try_it(good.substr(0, bytes));
    EXPECT_EQ(refused, good.size()) << before;
}

// Tables of one element each, written by hand.
struct tables {
    std::uint32_t texts = 1, frames = 1, text = 0, callstacks = 1, up = 1, frame = 0, used = 1,
                  used_callstack = 1, untouched = 1, untouched_callstack = 1;
    std::int64_t bytes = 7, untouched_bytes = 9;

    std::string content() const {
        content_writer to;
        to(texts, std::string("f"));
        to(frames, text, text, text, text, 5u, 4u, frame_kind::python);
        to(callstacks, up, frame);
        to(used, used_callstack, bytes, std::uint64_t{1});
        for (int kind = 1; kind < usage_kinds; ++kind) to(0u);
        to(untouched, untouched_callstack, untouched_bytes, std::int64_t{3});
        to(0u, 0u);                                  // texts and source files
        const std::string nothing = content_of({});  // facts, and a count for each of the tables
        return nothing.substr(0, nothing.size() - 4 * (6 + usage_kinds)) + to.take();
    }
};

TEST(snapshot_content_with, an_index_or_a_count_that_cannot_be_is_refused) {
    EXPECT_EQ(snapshot_of_content(tables().content()).tidy.total(mapping_kind::anonymous), 7);
    struct one {
        const char* what;
        tables bad;
    };
    for (const auto& [what, bad] : {
             one{"more texts than bytes", {.texts = 0xffffffff}},
             one{"a text that is not there", {.text = 1}},
             one{"more frames than bytes", {.frames = 0x7fffffff}},
             one{"no frame of that number", {.frame = 1}},
             one{"more callstacks than bytes", {.callstacks = 0xffffffff}},
             one{"a callstack that calls itself", {.up = 0}},
             one{"a caller before the first", {.up = 2}},
             one{"more usage than bytes", {.used = 0x10000000}},
             one{"usage of a callstack that is not there", {.used_callstack = 2}},
             one{"more bytes than there are addresses", {.bytes = most_bytes + 1}},
             one{"more mappings than bytes", {.untouched = 0xfffffff0}},
             one{"a mapping of a callstack that is not there", {.untouched_callstack = 2}},
             one{"a mapping without end", {.untouched_bytes = INT64_MIN}},
         }) {
        EXPECT_THROW(snapshot_of_content(bad.content()), damaged_content) << what;
    }
}

TEST(snapshot_content_with, a_frame_that_is_there_twice_is_refused) {
    content_writer to;
    to(std::vector<std::string>{"f"}, 2u);
    for (int i = 0; i < 2 * 6; ++i) to(0u);
    to(frame_kind::python, frame_kind::python);
    for (int i = 0; i < 4 + usage_kinds; ++i) to(0u);
    const std::string nothing = content_of({});
    EXPECT_THROW(
        snapshot_of_content(nothing.substr(0, nothing.size() - 4 * (6 + usage_kinds)) + to.take()),
        damaged_content);
}

}  // namespace
}  // namespace fil
