// The content of a snapshot file that a hostile hand wrote, read and drawn as a report is: what is
// read holds together, and can be written again. The whole input is tried as a file, too.

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

void check(const session_snapshot& from) {
    const snapshot& tidy = from.tidy;
    for (std::size_t i = 1; i < tidy.callstacks().size(); ++i) {
        fuzz::hold(to_index(tidy.callstacks()[i].caller) < i, "a caller stands before");
        fuzz::hold(to_index(tidy.callstacks()[i].frame) < tidy.frames().size(), "a frame is there");
    }
    const std::string content = content_of(from);
    fuzz::hold(content_of(snapshot_of_content(content)) == content, "it is written as it was read");
    const session_snapshot twice = merged({&from, &from});
    fuzz::hold(twice.tidy.total(mapping_kind::anonymous) == 2 * tidy.total(mapping_kind::anonymous),
               "a sum is the sum");
    const report_model model = report_model_of(twice);
    const std::string json = model_json(model);
    fuzz::hold(valid_utf8(json) == json, "a page is UTF-8");
    (void)folded_callstacks(model);
}

}  // namespace

void fuzz::run(std::span<const std::uint8_t> input) {
    const std::string_view bytes(reinterpret_cast<const char*>(input.data()), input.size());
    try {
        check(snapshot_of_content(bytes));
    } catch (const damaged_content&) {
    }
    try {
        check(read_snapshot_file(bytes));
    } catch (const unreadable_snapshot&) {
    }
}

}  // namespace fil
