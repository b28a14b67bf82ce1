#pragma once
// From a layout to what the SVG shows: each box with its name, label and source line.
//
// Boxes that join several frames say how many: "walk ×20,000" (a recursion), "visit ⇄ generic_visit
// ×7,500" (through several functions), "step … 19,801 frames" (a chain). Cold code, pure functions.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fil/report/box_layout.hpp"
#include "fil/report/frame_label.hpp"
#include "fil/report/frame_owner.hpp"
#include "fil/report/frame_text.hpp"
#include "fil/report/mib_text.hpp"
#include "fil/report/moment_text.hpp"
#include "fil/report/snapshot_like.hpp"
#include "fil/report/source_lines.hpp"
#include "fil/report/svg.hpp"

namespace fil::report {

inline std::string svg_title(std::int64_t tracked, direction from,
                             report_kind kind = report_kind::peak) {
    return std::string(text_of_moment(kind).graph) + " (" + mib_text(tracked) + ")" +
           (from == direction::leaves_first ? ", Reversed" : "");
}

// `next`: the function that comes after this one in a recursion through several.
inline std::string joined_text(const box& drawn, const frame& f, const frame& next) {
    if (drawn.joined < 2) return {};
    const std::string count = with_commas(drawn.joined);
    if (drawn.why == joined_by::chain) return " … " + count + " frames";
    std::string others;
    if (drawn.period > 1 && next.function != f.function) {
        others = " ⇄ " + one_line(next.function) + (drawn.period > 2 ? " ⇄ …" : "");
    }
    return others + " ×" + count;
}

// `owners` and `sources` have one entry for each frame of the snapshot.
template <snapshot_like Snapshot>
svg_picture make_svg_picture(std::string title, const layout& boxes, const Snapshot& snapshot,
                             std::span<const ownership> owners,
                             std::span<const source_excerpt> sources) {
    constexpr std::size_t longest_source = 200;
    svg_picture picture = {std::move(title), boxes.front().bytes, {}};
    picture.boxes.reserve(boxes.size());
    const std::int64_t whole = boxes.front().bytes;
    picture.boxes.push_back({0, 0, whole, true, "all", {"all  " + size_text(whole), "", 0}, ""});
    for (const box& drawn : std::span(boxes).subspan(1)) {
        const std::size_t i = to_index(drawn.frame);
        const frame& f = snapshot.frames()[i];
        const std::string joined = joined_text(drawn, f, snapshot.frames()[to_index(drawn.next)]);
        const frame_owner owner = owners[i].owner;
        const std::size_t folder = f.file.size() - path_inside(f, owner).size();
        picture.boxes.push_back(
            {.depth = drawn.depth,
             .start = drawn.start,
             .bytes = drawn.bytes,
             .user = owner == frame_owner::user,
             .name = frame_text(f) + joined,
             .label = label_of(f, owner, joined),
             .source = std::string(utf8_prefix(sources[i].line, longest_source)),
             .folder = one_line(f.file.substr(0, folder))});
    }
    return picture;
}

}  // namespace fil::report
