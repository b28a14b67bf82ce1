#include "report/trace_moment.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <system_error>
#include <unordered_map>

#include "fil/recording/memory.hpp"
#include "fil/trace/live_mappings.hpp"
#include "fil/trace/trace_reader.hpp"
#include "os/cold/files.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "report/recorded_session.hpp"
#include "report/snapshot_file.hpp"

namespace fil {
namespace {

using trace::operation;

// What is live after so many events, by callstack.
class live_then {
  public:
    void apply(const trace::event& one) {
        if (one.of == trace::layer::runtime_arena) return;  // its blocks are counted
        if (one.what == operation::touched_block || one.what == operation::touched_mapping) return;
        const bool is_mapping = one.what == operation::map || one.what == operation::unmap;
        const auto bytes = static_cast<std::int64_t>(one.bytes);
        if (is_mapping) {
            if (!is_in_peak(one.kind)) return;
            return mappings_.apply(one, [this](callstack_id callstack, std::int64_t changed) {
                add(callstack, changed);
            });
        }
        if (one.what != operation::allocate) {
            const auto gone = blocks_.find(one.block);
            if (gone == blocks_.end()) return;
            add(gone->second.callstack, -gone->second.bytes);
            blocks_.erase(gone);
        }
        if (one.what == operation::release) return;
        blocks_[one.moved_to] = {one.callstack, bytes};
        add(one.callstack, bytes);
    }

    std::int64_t total() const { return total_; }
    const std::unordered_map<callstack_id, std::int64_t>& by_callstack() const { return held_; }

  private:
    struct block {
        callstack_id callstack;
        std::int64_t bytes;
    };
    void add(callstack_id callstack, std::int64_t bytes) {
        held_[callstack] = plausible(held_[callstack] + plausible(bytes));
        total_ = plausible(total_ + plausible(bytes));
    }

    struct number_hash {
        std::size_t operator()(trace::block_number number) const {
            return mix(static_cast<std::uint64_t>(number)) >> 16;
        }
    };
    std::unordered_map<trace::block_number, block, number_hash> blocks_;
    trace::live_mappings mappings_;
    std::unordered_map<callstack_id, std::int64_t> held_;
    std::int64_t total_ = 0;
};

std::uint64_t events_until_peak(const trace::reader& from, std::size_t process) {
    live_then live;
    std::int64_t most = -1;
    std::uint64_t count = 0, then = 0;
    from.for_each_event(process, [&](const trace::event& one) {
        live.apply(one);
        ++count;
        if (live.total() > most) {
            most = live.total();
            then = count;
        }
        return true;
    });
    return then;
}

// The counters of a recording that is ours, set to that. What cannot be found stays out.
void set_counters(const recording_view& recording, const live_then& live, std::int64_t times) {
    auto& header = const_cast<recording_header&>(recording.header());
    const auto ours = [](const usage_record& usage) -> usage_record& {
        return const_cast<usage_record&>(usage);
    };
    recording.for_each_usage(recording.callstacks_there(),
                             [&](const usage_set_record&, callstack_id, const usage_record& usage) {
                                 ours(usage).now = 0;
                                 ours(usage).at_peak = 0;
                                 ours(usage).settled_at = 0;
                             });
    std::unordered_map<callstack_id, std::int64_t> left = live.by_callstack();
    recording.for_each_usage_set([&](const usage_set_record& set) {
        const_cast<usage_set_record&>(set).pending = 0;
        if (set.kind != mapping_kind::anonymous) return;
        std::erase_if(left, [&](const auto& one) {
            if (to_index(one.first) >= recording.callstack_count()) return true;
            const usage_record* usage = recording.usage(set, one.first);
            if (usage == nullptr) return false;
            ours(*usage).now = plausible(one.second * times);
            if (usage->allocations == 0) ours(*usage).allocations = 1;
            return true;
        });
    });
    header.closed = 0;
    header.run_page = page_number::none;
    header.live = header.peak = plausible(live.total() * times);
}

}  // namespace

trace::bytes content_of_trace(const std::string& path) {
    const auto fail = [&path] {
        throw std::system_error(errno, std::generic_category(), "cannot read \"" + path + "\"");
    };
    const file_descriptor file = os::open_to_read(path);
    const auto about = file.number() < 0 ? std::nullopt : os::facts_of(file.number());
    if (!about) fail();
    trace::bytes content(about->bytes);
    const auto got =
        os::read_at(file.number(), reinterpret_cast<char*>(content.data()), content.size(), 0);
    if (got < 0) fail();
    content.resize(static_cast<std::size_t>(got));
    return content;
}

shared_mapping recording_of_trace(const trace::reader& from, std::size_t process) {
    const trace::reader::place& stored = from.processes()[process].recording;
    if (stored.stored.empty())
        throw unreadable_snapshot(snapshot_problem::truncated,
                                  "it is cut short: who allocated stands at its end");
    const trace::bytes content = trace::reader::unpacked(stored);
    constexpr std::uint64_t room = 1 << 20;  // for the facts
    const std::uint64_t bytes =
        (content.size() + room + recording_page - 1) / recording_page * recording_page;
    void* memory = os::map_private(bytes);
    if (memory == nullptr) throw std::bad_alloc();
    shared_mapping held = shared_mapping::of_memory(memory, bytes);
    std::memcpy(memory, content.data(), content.size());
    const recording_view recording(memory, bytes);
    if (recording.check() != recording_check::good || recording.used_bytes() > content.size())
        throw unreadable_snapshot(snapshot_problem::damaged, "it is damaged");
    return held;
}

report::session_snapshot snapshot_of_trace(const std::string& path, double seconds) try {
    const trace::bytes file = content_of_trace(path);
    const trace::reader from(file);
    const std::size_t process = from.busiest();
    const trace::reader::process& about = from.processes()[process];
    const std::uint64_t at_peak = seconds < 0 ? events_until_peak(from, process) : 0;
    live_then live;
    std::uint64_t count = 0, milliseconds = 0;
    from.for_each_event(process, [&](const trace::event& one) {
        const bool is_over =
            seconds < 0 ? count == at_peak : static_cast<double>(one.milliseconds) > seconds * 1000;
        if (is_over) return false;
        live.apply(one);
        milliseconds = one.milliseconds;
        ++count;
        return true;
    });

    shared_mapping held = recording_of_trace(from, process);
    set_counters(recording_view(held.base(), held.bytes()), live, from.header().sample);
    recording_memory facts(held.base(), held.bytes());
    facts.add_fact<linux_system>("command", about.about.command);
    facts.add_fact<linux_system>("executable", about.about.executable);
    facts.add_fact<linux_system>("started",
                                 std::to_string(from.header().started_ns / 1'000'000'000));
    std::vector<recording_file> recordings;
    recordings.emplace_back(std::move(held));
    report::session_snapshot made = snapshot_of_recordings(recordings, {});
    char line[160];
    std::snprintf(line, sizeof line, "This is of a trace, %.3f s after it began%s.",
                  seconds < 0 ? static_cast<double>(milliseconds) / 1000 : seconds,
                  seconds < 0 ? ", at the peak of its process" : "");
    made.about.notes.emplace_back(line);
    if (from.header().sample > 1)
        made.about.notes.push_back("One block in " + std::to_string(from.header().sample) +
                                   " was recorded: bytes are estimates.");
    if (seconds >= 0) made.about.kind = report::report_kind::now;
    return made;
} catch (const trace::unreadable& damage) {
    throw unreadable_snapshot(snapshot_problem::damaged, damage.what());
}

}  // namespace fil
