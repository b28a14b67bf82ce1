#include "report/look_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "fil/report/process_name.hpp"
#include "fil/report/usage_reader.hpp"
#include "os/cold/files.hpp"
#include "os/cold/memory_of_others.hpp"
#include "os/os.hpp"
#include "report/session_processes.hpp"
#include "session/compact_recording.hpp"

namespace fil {
namespace {

constexpr std::uint64_t look_magic = 0x316b6f6f4c6c6946;  // "FilLook1"
constexpr std::uint32_t most_processes = 1 << 16;
constexpr std::uint64_t pages_for_facts = 4096;  // 16 MiB, of which little is used

class writer {
  public:
    template <typename Number>
    void add(Number number) requires std::is_trivially_copyable_v<Number> {
        bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    void add(const std::string& text) {
        add(static_cast<std::uint32_t>(text.size()));
        bytes_ += text;
    }
    const std::string& bytes() const { return bytes_; }

  private:
    std::string bytes_;
};

class reader {
  public:
    explicit reader(std::string_view bytes) : left_(bytes) {}

    template <typename Number>
    void take(Number& number) requires std::is_trivially_copyable_v<Number> {
        std::memcpy(&number, part(sizeof number).data(), sizeof number);
    }
    void take(std::string& text) {
        std::uint32_t length = 0;
        take(length);
        text = part(length);
    }

  private:
    std::string_view part(std::size_t bytes) {
        if (bytes > left_.size()) throw damaged_recording();
        const std::string_view taken = left_.substr(0, bytes);
        left_.remove_prefix(bytes);
        return taken;
    }

    std::string_view left_;
};

// One list for both directions.
template <typename Stream, typename Look>
void pass_facts(Stream&& each, Look& of) {
    each(of.peak);
    each(of.ended);
    each(of.about.duration);
    each(of.about.peak_seconds);
    each(of.about.program.main_script);
    each(of.about.program.main_script_path);
    each(of.about.program.launch_directory);
}

template <typename Stream, typename Process>
void pass_process(Stream&& each, Process& one) {
    each(one.pid);
    each(one.peak);
    each(one.name);
    each(one.executable);
    each(one.command);
    each(one.offset);
    each(one.bytes);
}

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void write_whole(int file, const char* from, std::uint64_t bytes, std::uint64_t offset) {
    if (!os::write_at(file, from, bytes, offset)) fail("cannot write a look");
}

// How many bytes were written.
std::uint64_t write_recording(int file, const recording_view& recording, std::uint64_t offset) {
    compact_memory made;
    if (compact_recording_of_now(recording, made) != compacting::done) return 0;
    const shared_mapping held = shared_mapping::of_memory(made.address, made.bytes);
    const std::uint64_t used = recording_view(made.address, made.bytes).used_bytes();
    write_whole(file, static_cast<const char*>(made.address), used, offset);
    return used;
}

bool is_readable(const joined_process& process) {
    return process.run() == nullptr && process.view().check() == recording_check::good;
}

}  // namespace

file_descriptor write_look(const session& session, std::int32_t program,
                           const report::facts& about) {
    const std::vector<report::started_process> started = started_of(session);
    const report::process_names names(started);
    look made;
    made.about = about;
    made.peak = plausible(session.page().peak.load(std::memory_order_relaxed));
    std::uint64_t most = pages_for_facts * recording_page;
    const auto& joined = session.processes();
    for (const joined_process& one : joined)
        if (one.has_recording()) most += 3 * one.view().used_bytes() + smallest_recording;
    file_descriptor file(os::make_shared_file("fil-look", most));
    if (file.number() < 0) fail("cannot make the memory for a look");
    std::uint64_t offset = pages_for_facts * recording_page;
    for (std::size_t i = 0; i < joined.size() && made.processes.size() < most_processes; ++i) {
        const joined_process& one = joined[i];
        if (one.closed()) {
            ++made.ended;
            continue;
        }
        looked_process shown{
            one.pid, one.numbers().peak, names.name_of(i), one.executable, one.command, offset, 0};
        if (is_readable(one)) shown.bytes = write_recording(file.number(), one.view(), offset);
        offset += shown.bytes;
        made.processes.push_back(std::move(shown));
    }
    std::stable_partition(made.processes.begin(), made.processes.end(),
                          [&](const auto& one) { return one.pid == program; });
    writer facts;
    const auto add = [&](const auto& one) { facts.add(one); };
    add(look_magic);
    add(recording_version);
    pass_facts(add, made);
    const report::timeline none;
    const auto& samples = (about.timelines.empty() ? none : about.timelines.front()).samples;
    add(static_cast<std::uint32_t>(samples.size()));
    for (const report::timeline_sample& sample : samples) add(sample);
    add(static_cast<std::uint32_t>(made.processes.size()));
    for (const looked_process& one : made.processes) pass_process(add, one);
    if (facts.bytes().size() > pages_for_facts * recording_page) {
        errno = EFBIG;
        fail("a look at so many processes");
    }
    write_whole(file.number(), facts.bytes().data(), facts.bytes().size(), 0);
    return file;
}

look read_look(int file) {
    look found;
    const std::optional<std::uint64_t> bytes = os::sealed_bytes(file);
    if (!bytes || *bytes < pages_for_facts * recording_page) throw damaged_recording();
    found.memory = shared_mapping(file, *bytes);
    found.memory.cover(*bytes);
    if (found.memory.bytes() < *bytes) fail("cannot map a look");
    reader facts({static_cast<const char*>(found.memory.base()), pages_for_facts * recording_page});
    const auto take = [&](auto& one) { facts.take(one); };
    std::uint64_t magic = 0;
    std::uint32_t version = 0, count = 0;
    take(magic);
    take(version);
    if (magic != look_magic || version != recording_version) throw damaged_recording();
    pass_facts(take, found);
    take(count);
    report::timeline& samples = found.about.timelines.emplace_back();
    for (std::uint32_t i = 0; i < count; ++i) take(samples.samples.emplace_back());
    take(count);
    if (count > most_processes) throw damaged_recording();
    for (std::uint32_t i = 0; i < count; ++i) {
        looked_process one;
        pass_process(take, one);
        const bool fits = one.offset % recording_page == 0 && one.offset <= *bytes &&
                          one.bytes <= *bytes - one.offset;
        if (!fits) throw damaged_recording();
        found.processes.push_back(std::move(one));
    }
    return found;
}

}  // namespace fil
