#include "told_facts.hpp"

#include <filesystem>
#include <range/v3/algorithm/find_if.hpp>
#include <string>

#include "fil/report/conventions/all.hpp"
#include "fil/report/masked_arguments.hpp"
#include "snapshot_handle.hpp"

namespace fil::capi {
namespace {

std::vector<std::string> strings_of(const fil_text* texts, std::size_t count) {
    std::vector<std::string> strings;
    for (std::size_t i = 0; i < count; ++i) strings.push_back(string_of(texts[i]));
    return strings;
}

report::ending_facts ending_of(const fil_report_options& options) {
    using how = report::ending_facts::how;
    switch (options.ending) {
        case FIL_ENDING_EXIT:
            return {how::exited, options.ending_value};
        case FIL_ENDING_SIGNAL:
            return {how::signalled, options.ending_value};
        default:
            return {how::running, 0};
    }
}

// Elements of an array of the caller's, who may know a shorter or a longer struct.
template <typename Struct>
std::vector<Struct> elements_of(const Struct* first, std::size_t count, std::size_t size,
                                const char* name) {
    std::vector<Struct> elements;
    for (std::size_t i = 0; i < count; ++i) {
        const auto* element = reinterpret_cast<const char*>(first) + i * size;
        elements.emplace_back();
        if (copy_element(elements.back(), element, size) != FIL_OK) {
            throw failure{FIL_ERROR_STRUCT_SIZE,
                          std::string(name) + ": their size is of no version that is known"};
        }
    }
    return elements;
}

std::vector<report::resident_part> parts_of(const fil_resident_part* first, std::size_t count,
                                            std::size_t size) {
    std::vector<report::resident_part> parts;
    for (const fil_resident_part& one : elements_of(first, count, size, "parts"))
        parts.push_back({static_cast<report::resident_kind>(one.kind), string_of(one.name),
                         one.bytes, one.live});
    return parts;
}

// Samples arrive mixed; the page draws one line a process, the session's (pid 0) first.
std::vector<report::timeline> timelines_of(const fil_session_facts& facts) {
    std::vector<report::timeline> timelines;
    for (const fil_sample& sample :
         elements_of(facts.samples, facts.sample_count, facts.sample_size, "samples")) {
        auto line = ranges::find_if(timelines, [&](const auto& t) { return t.pid == sample.pid; });
        if (line == timelines.end()) {
            line = timelines.insert(sample.pid == 0 ? timelines.begin() : timelines.end(),
                                    report::timeline{sample.pid, "", {}});
        }
        line->samples.push_back({sample.seconds, sample.allocated, sample.resident});
    }
    return timelines;
}

}  // namespace

bool is_out_of_memory(const fil_session_facts& facts) {
    return facts.moment == FIL_MOMENT_OUT_OF_MEMORY;
}

std::optional<failed_request> request_of(const fil_session_facts& facts) {
    if (facts.moment == FIL_MOMENT_PEAK) return {};
    if (!is_out_of_memory(facts)) return failed_request{};
    return failed_request{callstack_id{facts.request_callstack},
                          static_cast<std::int64_t>(facts.request_bytes),
                          facts.request_pid != 0 ? facts.request_pid : facts.pid};
}

report::facts facts_of(const fil_report_options& options, const fil_session_facts& known) {
    report::facts about;
    about.version = fil_version();
    about.arguments = report::arguments_of(string_of(options.command));
    about.program.main_script = string_of(options.script);
    about.program.main_script_path = string_of(options.script_path);
    std::error_code ignored;
    about.program.launch_directory = std::filesystem::current_path(ignored).string();
    if (options.started_ns != 0) about.started = options.started_ns / 1'000'000'000;
    about.duration = options.seconds;
    about.ending = ending_of(options);
    about.peak_seconds = known.peak_seconds;
    about.resident = {known.resident,
                      known.resident_anonymous,
                      known.resident_file,
                      known.resident_shared,
                      parts_of(known.parts, known.part_count, known.part_size),
                      parts_of(known.last_parts, known.last_part_count, known.part_size),
                      known.last_parts_seconds};
    if (is_out_of_memory(known)) {
        about.kind = report::report_kind::out_of_memory;
        about.limit = {static_cast<std::int64_t>(known.limit_bytes), string_of(known.limit_name)};
    }
    if (known.moment == FIL_MOMENT_NOW) about.kind = report::report_kind::now;
    about.timelines = timelines_of(known);
    about.variables = strings_of(known.variables, known.variable_count);
    about.notes = strings_of(options.notes, options.note_count);
    return about;
}

std::vector<untouched_range> untouched_of(const fil_session_facts& facts) {
    std::vector<untouched_range> ranges;
    for (const fil_untouched& u :
         elements_of(facts.untouched, facts.untouched_count, facts.untouched_size, "untouched")) {
        ranges.push_back({callstack_id{u.callstack}, std::int64_t(u.bytes),
                          std::int64_t(u.resident), static_cast<mapping_kind>(u.kind)});
    }
    return ranges;
}

std::vector<told_sparse> sparse_of(const fil_session_facts& facts) {
    std::vector<told_sparse> all;
    const auto add = [&](const fil_sparse* first, std::size_t count, mapping_kind kind) {
        for (const fil_sparse& one : elements_of(first, count, facts.sparse_size, "sparse"))
            all.push_back(
                {one.number,
                 {callstack_id{one.callstack}, kind, std::int64_t(one.bytes), one.blocks}});
    };
    add(facts.sparse, facts.sparse_count, report::sparse_at_peak);
    add(facts.last_sparse, facts.last_sparse_count, report::sparse_afterwards);
    return all;
}

std::vector<own_peak_moment> moments_of(const fil_session_facts& facts) {
    std::vector<own_peak_moment> moments;
    for (const fil_process_moment& moment :
         elements_of(facts.moments, facts.moment_count, facts.moment_size, "moments"))
        moments.push_back({moment.number, moment.seconds});
    return moments;
}

}  // namespace fil::capi
