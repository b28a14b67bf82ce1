#pragma once
// Why is resident memory not the peak? Lines that add up to what was resident then: what of the
// peak was, what allocators keep beyond their blocks, variables, stacks, files, and ourselves. The
// one that does not is what was counted and not resident.
//
// The kernel tells what is mapped how (facts.hpp), and the recording what of it is in use. What
// malloc and the runtime's own allocator keep is what is left of heaps and maps then.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/conventions/all.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/report_model.hpp"

namespace fil::report {

struct resident_line {
    std::string_view kind;  // counted, reserve, kept, data, stacks, profiler, file, shared, unknown
    std::string text;
    std::int64_t bytes;
};

inline constexpr std::string_view not_resident = "none";

class resident_explanation {
  public:
    // `peak`: what the report says that it was; `arenas`: whether any stand beside it.
    resident_explanation(const facts& about, std::int64_t peak, std::int64_t untouched, bool arenas)
        : about_(about), peak_(peak), untouched_(untouched), arenas_(arenas) {}

    std::vector<resident_line> lines() && {
        if (about_.resident.total <= 0) return {};
        const bool is_detailed = !about_.resident.parts.empty();
        const std::int64_t counted = is_detailed ? by_parts() : by_kinds();
        lines_.insert(lines_.begin(), {"counted", "counted in the peak", counted});
        std::erase_if(lines_, [](const resident_line& line) { return line.bytes <= 0; });
        constexpr std::int64_t worth_a_line = 1 << 20;
        if (peak_ - counted > worth_a_line)
            add(not_resident, "counted, not touched yet or swapped out", peak_ - counted);
        return std::move(lines_);
    }

  private:
    void add(std::string_view kind, std::string text, std::int64_t bytes) {
        lines_.push_back({kind, std::move(text), bytes});
    }

    // Of a part of a program, what it held before is resident, too.
    bool is_of_part() const { return about_.ending.kind == ending_facts::how::unknown; }

    std::int64_t by_kinds() {
        const resident_facts& r = about_.resident;
        const std::int64_t shared = std::min(r.shared, about_.peak_shared),
                           anonymous = std::min(r.anonymous, peak_ - about_.peak_shared);
        std::string others = is_of_part()
                                 ? "held before"
                                 : std::string(conventions::of(about_.program.kind).beside_blocks);
        if (arenas_) others += ", arenas";
        add("kept", others + ", freed but kept", r.anonymous - anonymous);
        add("file", "program and files", r.file);
        add("shared", "shared", r.shared - shared);
        return anonymous + shared;
    }

    std::int64_t sum_of(resident_kind kind) const {
        std::int64_t sum = 0;
        for (const resident_part& part : about_.resident.parts)
            if (part.kind == kind) sum += part.bytes;
        return sum;
    }

    std::int64_t by_parts() {
        const std::int64_t shared = sum_of(resident_kind::shared),
                           shared_counted = std::min(shared, about_.peak_shared);
        std::int64_t counted = shared_counted, in_grounds = 0, all = 0;
        for (const resident_part& part : about_.resident.parts) {
            all += part.bytes;
            if (part.kind != resident_kind::ground) continue;
            const std::int64_t used = std::clamp<std::int64_t>(part.live, 0, part.bytes);
            add("reserve", "reserve of the allocator in " + part.name, part.bytes - used);
            counted += used;
            in_grounds += part.live;
        }
        const std::int64_t program = sum_of(resident_kind::program),
                           blocks = peak_ - about_.peak_shared - in_grounds - untouched_,
                           used = std::clamp<std::int64_t>(blocks, 0, program);
        add("kept", text_of_kept(), program - used);
        add("data", "variables of the program and its libraries", sum_of(resident_kind::data));
        add("stacks", "stacks of threads", sum_of(resident_kind::stacks));
        add("profiler", "the profiler itself", sum_of(resident_kind::profiler));
        add("file", "code of the program and its libraries, files", sum_of(resident_kind::files));
        add("shared", "shared memory", shared - shared_counted);
        add("unknown", "unknown", about_.resident.total - all);
        return counted + used;
    }

    std::string text_of_kept() const {
        std::string text = is_of_part() ? "held before, or " : "";
        text += "freed but kept by malloc";
        if (about_.program.kind != frame_kind::native) text += " and the interpreter";
        text += ", and their headers";
        return arenas_ ? text + "; arenas" : text;
    }

    const facts& about_;
    std::int64_t peak_, untouched_;
    bool arenas_;
    std::vector<resident_line> lines_;
};

inline std::vector<resident_line> resident_lines(const report_model& report) {
    std::int64_t untouched = 0;
    for (const untouched_mapping& one : report.chosen.shown.untouched_mappings())
        untouched += one.bytes - one.resident;
    const bool arenas = report.chosen.totals[static_cast<std::size_t>(mapping_kind::arena)] > 0;
    return resident_explanation(report.about, report.all_bytes(), untouched, arenas).lines();
}

// What was resident last, and what was allocated then; nothing where it is not known.
inline const timeline_sample* last_seen(const facts& about) {
    if (about.timelines.empty()) return nullptr;
    const auto& samples = about.timelines.front().samples;
    const auto found = std::find_if(samples.rbegin(), samples.rend(), [](const auto& sample) {
        return sample.resident > 0 && sample.allocated >= 0;
    });
    return found == samples.rend() ? nullptr : &*found;
}

}  // namespace fil::report
