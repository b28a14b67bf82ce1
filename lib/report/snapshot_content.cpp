#include "report/snapshot_content.hpp"

#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fil/recording/view.hpp"
#include "report/content.hpp"

namespace fil::report {

// ---- which values there are of an enumeration

static bool is_one_of(frame_kind) {
    return true;  // of kinds that nobody knows, texts are shown
}
static bool is_one_of(report_kind kind) {
    return kind <= report_kind::now;
}
static bool is_one_of(resident_kind kind) {
    return kind >= resident_kind::ground && kind <= resident_kind::vacant;
}
static bool is_one_of(ending_facts::how how) {
    return how <= ending_facts::how::out_of_memory;
}

// ---- the layout of structs, in the order of the file. Each names all members: one more does not
// compile before it is said what becomes of it.

template <typename Archive, typename Value>
concept of_type = std::is_same_v<std::remove_const_t<Archive>, Value>;

static void fields(auto& archive, of_type<program_facts> auto& f) {
    auto& [kind, main_script, main_script_path, main_text, started_script, launch_directory,
           main_executables, own_directories, other_scripts, is_helper, first_file,
           first_function] = f;
    (void)main_text;  // the program's whole source: tidying alone looks into it
    archive(kind, main_script, main_script_path, started_script, launch_directory, main_executables,
            own_directories, other_scripts, is_helper, first_file, first_function);
}
static void fields(auto& archive, of_type<ending_facts> auto& f) {
    auto& [kind, value] = f;
    archive(kind, value);
}
static void fields(auto& archive, of_type<resident_part> auto& f) {
    auto& [kind, name, bytes, live] = f;
    archive(kind, name, bytes, live);
}
static void fields(auto& archive, of_type<resident_facts> auto& f) {
    auto& [total, anonymous, file, shared, parts, last_parts, last_seconds] = f;
    archive(total, anonymous, file, shared, parts, last_parts, last_seconds);
}
static void fields(auto& archive, of_type<timeline_sample> auto& f) {
    auto& [seconds, allocated, resident] = f;
    archive(seconds, allocated, resident);
}
static void fields(auto& archive, of_type<timeline> auto& f) {
    auto& [pid, name, samples] = f;
    archive(pid, name, samples);
}
static void fields(auto& archive, of_type<process_facts> auto& f) {
    auto& [pid, name, bytes, peak, peak_seconds, equals, note, parent] = f;
    archive(pid, name, bytes, peak, peak_seconds, equals, note, parent);
}
static void fields(auto& archive, of_type<other_processes> auto& f) {
    auto& [count, most] = f;
    archive(count, most);
}
static void fields(auto& archive, of_type<unrecorded_processes> auto& f) {
    auto& [unprofiled, refused, why_refused, sandboxed, left_out, missed] = f;
    archive(unprofiled, refused, why_refused, sandboxed, left_out, missed);
}
static void fields(auto& archive, of_type<exactness_facts> auto& f) {
    auto& [threads, bound, missed, dropped, unrecorded] = f;
    archive(threads, bound, missed, dropped, unrecorded);
}
static void fields(auto& archive, of_type<memory_limit> auto& f) {
    auto& [bytes, name] = f;
    archive(bytes, name);
}
static void fields(auto& archive, of_type<facts> auto& f) {
    auto& [kind, version, title, arguments, runtime, program, started, made, utc_offset, host,
           duration, ending, peak, limit, peak_shared, peak_seconds, resident, timelines, processes,
           others, exact, variables, notes] = f;
    archive(kind, version, title, arguments, runtime, program, started, made, utc_offset, host,
            duration, ending, peak, limit, peak_shared, peak_seconds, resident, timelines,
            processes, others, exact, variables, notes);
}
static void fields(auto& archive, of_type<source_file> auto& f) {
    auto& [hash, newer, text, read] = f;
    (void)read;
    archive(hash, newer, text);
}

namespace {

// ---- tables: a column after the other, since what is alike stands together and packs well

class text_numbers {
  public:
    std::uint32_t of(const std::string& text) {
        const auto [known, is_new] =
            numbers_.try_emplace(text, static_cast<std::uint32_t>(texts_.size()));
        if (is_new) texts_.push_back(text);
        return known->second;
    }
    const std::vector<std::string>& texts() const { return texts_; }

  private:
    std::unordered_map<std::string, std::uint32_t> numbers_;
    std::vector<std::string> texts_;
};

// value_of(element) of each.
template <typename Elements, typename ValueOf>
void put_column(content_writer& to, const Elements& elements, ValueOf&& value_of) {
    for (const auto& element : elements) to(value_of(element));
}

template <typename Value>
std::vector<Value> take_column(content_reader& from, std::size_t count) {
    std::vector<Value> column(count);
    from.bytes(column.data(), count * sizeof(Value));
    return column;
}

constexpr std::size_t frame_bytes = 4 * 4 + 4 + 4 + 1, callstack_bytes = 4 + 4,
                      usage_bytes = 4 + 8 + 8, untouched_bytes = 4 + 8 + 8;

void put_frames(content_writer& to, const std::vector<frame>& frames) {
    text_numbers texts;
    std::vector<std::uint32_t> columns[4];
    for (const frame& f : frames) {
        columns[0].push_back(texts.of(f.function));
        columns[1].push_back(texts.of(f.file));
        columns[2].push_back(texts.of(f.directory));
        columns[3].push_back(texts.of(f.module));
    }
    to(texts.texts());
    to.count(frames.size());
    for (const auto& column : columns) to.bytes(column.data(), 4 * column.size());
    put_column(to, frames, [](const frame& f) { return f.line; });
    put_column(to, frames, [](const frame& f) { return f.first_line; });
    put_column(to, frames, [](const frame& f) { return f.kind; });
}

void take_frames(content_reader& from, snapshot& to) {
    std::vector<std::string> texts;
    from(texts);
    const std::size_t count = from.count(frame_bytes);
    std::vector<std::uint32_t> columns[4];
    for (auto& column : columns) {
        column = take_column<std::uint32_t>(from, count);
        for (const std::uint32_t number : column) from.require(number < texts.size());
    }
    const auto lines = take_column<std::uint32_t>(from, count);
    const auto first_lines = take_column<std::uint32_t>(from, count);
    const auto kinds = take_column<frame_kind>(from, count);
    for (std::size_t i = 0; i < count; ++i) {
        const frame_index at = to.add_frame({.function = texts[columns[0][i]],
                                             .file = texts[columns[1][i]],
                                             .line = lines[i],
                                             .first_line = first_lines[i],
                                             .kind = kinds[i],
                                             .directory = texts[columns[2][i]],
                                             .module = texts[columns[3][i]]});
        from.require(to_index(at) == i);  // each is there once
    }
}

// How far before it the caller stands, which is mostly one.
void put_callstacks(content_writer& to, const std::vector<callstack>& all) {
    to.count(all.size() - 1);
    for (std::size_t i = 1; i < all.size(); ++i)
        to(static_cast<std::uint32_t>(i) - to_index(all[i].caller));
    for (std::size_t i = 1; i < all.size(); ++i) to(all[i].frame);
}

void take_callstacks(content_reader& from, snapshot& to) {
    const std::size_t count = from.count(callstack_bytes);
    const auto up = take_column<std::uint32_t>(from, count);
    const auto frames = take_column<std::uint32_t>(from, count);
    to.reserve_callstacks(count);
    for (std::size_t i = 1; i <= count; ++i) {
        from.require(up[i - 1] >= 1 && up[i - 1] <= i && frames[i - 1] < to.frames().size());
        to.add_callstack(callstack_index(i - up[i - 1]), frame_index{frames[i - 1]});
    }
}

void put_usage(content_writer& to, const std::vector<callstack_usage>& used) {
    to.count(used.size());
    put_column(to, used, [](const callstack_usage& one) { return one.callstack; });
    put_column(to, used, [](const callstack_usage& one) { return one.used.bytes; });
    put_column(to, used, [](const callstack_usage& one) { return one.used.allocations; });
}

void take_usage(content_reader& from, snapshot& to, mapping_kind kind) {
    const std::size_t count = from.count(usage_bytes);
    const auto callstacks = take_column<std::uint32_t>(from, count);
    const auto bytes = take_column<std::int64_t>(from, count);
    const auto allocations = take_column<std::uint64_t>(from, count);
    to.reserve_usage(kind, count);
    std::int64_t left = most_bytes;
    for (std::size_t i = 0; i < count; ++i) {
        from.require(callstacks[i] < to.callstacks().size() && plausible(bytes[i]) == bytes[i]);
        left -= bytes[i] < 0 ? -bytes[i] : bytes[i];
        from.require(left >= 0);
        to.add_usage(kind, callstack_index{callstacks[i]}, {bytes[i], allocations[i]});
    }
}

void put_untouched(content_writer& to, const std::vector<untouched_mapping>& all) {
    to.count(all.size());
    for (const untouched_mapping& one : all) to(one.callstack, one.bytes, one.resident);
}

void take_untouched(content_reader& from, snapshot& to) {
    for (std::size_t left = from.count(untouched_bytes); left > 0; --left) {
        std::uint32_t callstack = 0;
        untouched_mapping one{};
        from(callstack, one.bytes, one.resident);
        from.require(callstack < to.callstacks().size() && plausible(one.bytes) == one.bytes &&
                     plausible(one.resident) == one.resident);
        one.callstack = callstack_index{callstack};
        to.add_untouched_mapping(one);
    }
}

// Whatever is added to them on the way to a page.
bool are_plausible(const facts& about) {
    const auto is_one = [](std::int64_t bytes) { return plausible(bytes) == bytes; };
    const auto is_time = [](double seconds) { return seconds > -1e12 && seconds < 1e12; };
    bool are = is_one(about.peak) && is_one(about.limit.bytes) && is_one(about.peak_shared) &&
               is_one(about.resident.total) && is_one(about.resident.anonymous) &&
               is_one(about.resident.file) && is_one(about.resident.shared) &&
               is_one(about.others.most) && is_one(about.exact.bound) && is_time(about.duration) &&
               is_time(about.peak_seconds);
    are = are && about.others.count <= 1u << 30;
    are = are && is_time(about.resident.last_seconds);
    for (const auto* parts : {&about.resident.parts, &about.resident.last_parts})
        for (const resident_part& one : *parts) are = are && is_one(one.bytes) && is_one(one.live);
    for (const process_facts& one : about.processes)
        are = are && is_one(one.bytes) && is_one(one.peak) && is_time(one.peak_seconds);
    for (const timeline& line : about.timelines)
        for (const timeline_sample& sample : line.samples)
            are = are && is_time(sample.seconds) && is_one(sample.allocated) &&
                  is_one(sample.resident);
    return are;
}

}  // namespace
}  // namespace fil::report

namespace fil {

using namespace report;

std::string content_of(const session_snapshot& from) {
    content_writer to;
    to(from.about);
    put_frames(to, from.tidy.frames());
    put_callstacks(to, from.tidy.callstacks());
    for (int kind = 0; kind < usage_kinds; ++kind)
        put_usage(to, from.tidy.used(static_cast<mapping_kind>(kind)));
    put_untouched(to, from.tidy.untouched_mappings());
    to(from.tidy.texts(), from.sources);
    return to.take();
}

session_snapshot snapshot_of_content(std::string_view content) {
    content_reader from(content);
    session_snapshot made;
    from(made.about);
    from.require(are_plausible(made.about));
    take_frames(from, made.tidy);
    take_callstacks(from, made.tidy);
    for (int kind = 0; kind < usage_kinds; ++kind)
        take_usage(from, made.tidy, static_cast<mapping_kind>(kind));
    take_untouched(from, made.tidy);
    std::map<std::string, std::string> texts;
    from(texts, made.sources);
    from.end();
    for (auto& [file, text] : texts) made.tidy.add_text(file, std::move(text));
    return made;
}

}  // namespace fil
