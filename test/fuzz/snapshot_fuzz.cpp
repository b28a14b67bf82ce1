// The content of a snapshot file that a hostile hand wrote, read and drawn as a report is: what is
// read holds together, and can be written again. The input is tried as a content, as a file, and as
// a list of changes to a small content: each eight bytes are a place and a word for it, of one byte
// where the place is odd. What holds together still is drawn, every second time.

#include <string>

#include "../report/made_snapshot.hpp"
#include "driver.hpp"
#include "fil/report/flamegraph.hpp"
#include "fil/report/model_json.hpp"
#include "fil/report/report_model.hpp"
#include "fil/report/snapshot_merge.hpp"
#include "report/content.hpp"
#include "report/snapshot_content.hpp"
#include "report/snapshot_file.hpp"

namespace fil {
namespace {

using namespace report;

void draw(const session_snapshot& from) {
    const session_snapshot twice = merged({&from, &from});
    fuzz::hold(
        twice.tidy.total(mapping_kind::anonymous) == 2 * from.tidy.total(mapping_kind::anonymous),
        "a sum is the sum");
    report_model model = report_model_of(twice);
    const std::string json = model_json(model);
    fuzz::hold(valid_utf8(json) == json, "a page is UTF-8");
    count_requests(model);
    (void)folded_callstacks(model);
}

void check(const session_snapshot& from, bool is_drawn) {
    const snapshot& tidy = from.tidy;
    for (std::size_t i = 1; i < tidy.callstacks().size(); ++i) {
        fuzz::hold(to_index(tidy.callstacks()[i].caller) < i, "a caller stands before");
        fuzz::hold(to_index(tidy.callstacks()[i].frame) < tidy.frames().size(), "a frame is there");
    }
    const std::string content = content_of(from);
    fuzz::hold(content_of(snapshot_of_content(content)) == content, "it is written as it was read");
    if (is_drawn) draw(from);
}

void check_content(std::string_view content, bool is_drawn) {
    try {
        check(snapshot_of_content(content), is_drawn);
    } catch (const damaged_content&) {
    }
}

std::string small_content() {
    session_snapshot from;
    from.about.arguments = {"a.py", "x"};
    from.about.started = 1795451283;
    from.about.notes = {"a note"};
    from.about.timelines = {{7, "a", {{0.5, 100, -1}, {1.5, 300, 400}}}};
    const process_facts first{.pid = 7, .name = "a.py", .bytes = 300, .peak = 400},
        second{.pid = 8, .name = "b.py", .bytes = 50, .peak = 60};
    from.about.processes = {first, second};
    made_snapshot tidy;
    tidy.holds(300, {process_frame(first), python("a.py", 1, "f"), python("<cell>", 2, "g")});
    tidy.holds(50, {process_frame(second), python("a.py", 1, "f")});
    tidy.holds(9000, {process_frame(first), python("a.py", 1, "f")}, mapping_kind::file);
    tidy.asks_for(70, {process_frame(second), python("b.py", 3, "h")});
    tidy.add_untouched_mapping({callstack_index{1}, 4000, 500});
    tidy.add_text("<cell>", "x = 1\ny = 2\n");
    from.tidy = tidy;
    from.sources["/nowhere/a.py"] = {1, true, "x = 1\n"};
    return content_of(from);
}

}  // namespace

void fuzz::run(std::span<const std::uint8_t> input) {
    static const std::string small = small_content();
    static unsigned round = 0;
    const bool is_drawn = ++round % 2 == 0;
    const std::string_view bytes(reinterpret_cast<const char*>(input.data()), input.size());
    check_content(bytes, is_drawn);
    check_content(changed_by(input, small), is_drawn);
    try {
        check(read_snapshot_file(bytes), is_drawn);
    } catch (const unreadable_snapshot&) {
    }
}

}  // namespace fil
