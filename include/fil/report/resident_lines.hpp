#pragma once
// Why is resident memory not the peak? Lines that add up to what was resident then: what of the
// peak was, what allocators keep beyond their blocks, variables, stacks, files, and ourselves. The
// one that does not is what was counted and not resident.
//
// Two tell: the kernel what is mapped how, and each process what it knows of that
// (clients/cli/sample/memory_parts.hpp). Where only the kernel does, what malloc and the runtime
// keep is what is left of heaps and maps when the peak is taken away.
//
// The same is told of the end, when the data is gone: whose is what stays?

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/conventions/all.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/report_model.hpp"

namespace fil::report {

struct resident_line {
    std::string_view
        kind;  // counted, reserve, kept, copied, data, stacks, profiler, file, shared, unknown
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
        if (about_.resident.parts.empty())
            by_kinds();
        else
            by_parts(about_.resident.parts, about_.peak_shared, true);
        return finish();
    }

    // Of the last look, when the peak was over; none where nobody looked then.
    std::vector<resident_line> last_lines() && {
        if (about_.resident.last_parts.empty()) return {};
        name_of_counted_ = "in use";
        by_parts(about_.resident.last_parts, 0, false);
        return finish();
    }

  private:
    void add(std::string_view kind, std::string text, std::int64_t bytes) {
        const auto same = std::ranges::find(lines_, text, &resident_line::text);
        if (same != lines_.end())
            same->bytes += bytes;
        else
            lines_.push_back({kind, std::move(text), bytes});
    }

    // The largest first; those that say nothing are left out.
    std::vector<resident_line> finish() {
        constexpr std::int64_t worth_a_line = 1 << 20;
        std::ranges::stable_sort(lines_, std::greater(), &resident_line::bytes);
        lines_.insert(lines_.begin(), {"counted", name_of_counted_, counted_});
        std::erase_if(lines_, [](const resident_line& line) { return line.bytes <= 0; });
        if (absent_ > worth_a_line)
            add(not_resident, "counted, not touched yet or swapped out", absent_);
        if (later_ > worth_a_line)
            add(not_resident, "counted, but not when resident memory was looked at", later_);
        return std::move(lines_);
    }

    // Of a part of a program, what it held before is resident, too.
    bool is_of_part() const { return about_.ending.kind == ending_facts::how::unknown; }

    void by_kinds() {
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
        counted_ = anonymous + shared;
        absent_ = peak_ - counted_;
    }

    void by_parts(const std::vector<resident_part>& parts, std::int64_t peak_shared,
                  bool is_of_peak) {
        std::int64_t shared = 0, unseen = 0;
        for (const resident_part& part : parts) {
            const std::int64_t used = std::clamp<std::int64_t>(part.live, 0, part.bytes);
            counted_ += used;
            absent_ += part.kind == resident_kind::absent ? part.live : part.live - used;
            if (part.kind == resident_kind::shared) shared += part.bytes;
            if (part.kind == resident_kind::program) unseen += part.bytes;
        }
        const std::int64_t shared_counted = std::min(shared, peak_shared);
        counted_ += shared_counted;
        absent_ += peak_shared - shared_counted;
        const std::int64_t missing = is_of_peak ? peak_ - counted_ - absent_ : 0,
                           taken = std::clamp<std::int64_t>(missing - untouched_, 0, unseen);
        counted_ += taken;
        (unseen > 0 ? absent_ : later_) += missing - taken;
        for (const resident_part& part : parts) {
            const std::int64_t used = std::clamp<std::int64_t>(part.live, 0, part.bytes);
            const bool is_shared = part.kind == resident_kind::shared;
            const bool is_unseen = part.kind == resident_kind::program;
            add_line(part, part.bytes - used - (is_shared ? shared_counted : 0) -
                               (is_unseen ? taken : 0));
        }
    }

    void add_line(const resident_part& part, std::int64_t rest) {
        const std::string before = is_of_part() ? "held before, or " : "";
        switch (part.kind) {
            case resident_kind::ground:
                return add("reserve",
                           part.name.empty() ? before + "reserve of the interpreter's small objects"
                                             : "reserve of the allocator in " + part.name,
                           rest);
            case resident_kind::program:
                return add("kept", before + text_of_kept(), rest);
            case resident_kind::vacant:
                return add("kept", before + "free pages that malloc keeps", rest);
            case resident_kind::heap:
            case resident_kind::mapped:
                return add("kept", before + "freed but kept by malloc, and its headers", rest);
            case resident_kind::reserve:
                return add("reserve", "arenas and pools, beyond their blocks", rest);
            case resident_kind::data:
                return add("data", "variables of the program and its libraries", rest);
            case resident_kind::stacks:
                return add("stacks", "stacks of threads", rest);
            case resident_kind::profiler:
                return add("profiler", "the profiler itself", rest);
            case resident_kind::files:
                return add("file", "code of the program and its libraries, files", rest);
            case resident_kind::shared:
                return add("shared", "shared memory", rest);
            case resident_kind::unknown:
                return add("unknown", before + "unknown: nobody saw who mapped it", rest);
            case resident_kind::absent:
                return;
            case resident_kind::copied:
                return add("copied", "inherited by forked processes and copied by writing", rest);
        }
    }

    std::string text_of_kept() const {
        std::string text = "freed but kept by malloc";
        if (about_.program.kind != frame_kind::native) text += " and the interpreter";
        text += ", and their headers";
        return arenas_ ? text + "; arenas" : text;
    }

    const facts& about_;
    std::int64_t peak_, untouched_;
    bool arenas_;
    const char* name_of_counted_ = "counted in the peak";
    std::int64_t counted_ = 0, absent_ = 0, later_ = 0;
    std::vector<resident_line> lines_;
};

inline resident_explanation explanation_of(const report_model& report) {
    std::int64_t untouched = 0;
    for (const untouched_mapping& one : report.chosen.shown.untouched_mappings())
        untouched += one.bytes - one.resident;
    const bool arenas = report.chosen.totals[static_cast<std::size_t>(mapping_kind::arena)] > 0;
    return resident_explanation(report.about, report.all_bytes(), untouched, arenas);
}

inline std::vector<resident_line> resident_lines(const report_model& report) {
    return explanation_of(report).lines();
}
inline std::vector<resident_line> last_resident_lines(const report_model& report) {
    return explanation_of(report).last_lines();
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
