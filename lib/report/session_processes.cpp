#include "report/session_processes.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "fil/report/masked_arguments.hpp"
#include "fil/report/mib_text.hpp"
#include "report/live_copy.hpp"
#include "session/parts_in_memory.hpp"
#include "session/refusal_text.hpp"

namespace fil {
namespace {

// Those that are open, or held something at the peak: of others there is no recording any more.
bool is_candidate(const joined_process& process, const std::optional<failed_request>& request) {
    if (!process.has_recording() || process.run() != nullptr) return false;
    if (request && process.closed()) return false;
    return process.view().check() == recording_check::good && is_plausible(process.view());
}

bool is_damaged(const joined_process& process) {
    return process.is_damaged ||
           (process.has_recording() &&
            (process.view().check() != recording_check::good || !is_plausible(process.view())));
}

}  // namespace

report::started_process started_of(const joined_process& process) {
    return {process.pid, process.parent_pid, report::arguments_of(process.command),
            process.executable};
}

std::vector<report::started_process> started_of(const session& session) {
    std::vector<report::started_process> all;
    for (const joined_process& one : session.processes()) all.push_back(started_of(one));
    return all;
}

namespace {

// By process; of a damaged one nothing.
std::vector<std::optional<usage_at_peak>> usages_of(const session& session,
                                                    const std::vector<drawn_process>& all,
                                                    bool& in_motion) {
    std::vector<std::optional<usage_at_peak>> usages;
    const bool runs = std::ranges::any_of(
        all, [](const drawn_process& one) { return one.drawn.recording.header().closed == 0; });
    const auto read = [&] {
        usages.clear();
        for (const drawn_process& one : all)
            usages.push_back(unless_damaged([&] { return usage_of(one.drawn); }));
    };
    if (runs && all.front().drawn.out_of_memory) {
        const std::atomic<std::int64_t>& live = session.page().live;
        in_motion = true;
        for (int attempt = 0; attempt < 3 && in_motion; ++attempt) {
            const std::int64_t before = live.load(std::memory_order_acquire);
            read();
            in_motion = live.load(std::memory_order_acquire) != before;
        }
        return usages;
    }
    if (runs) {
        std::vector<recording_view> recordings;
        for (const drawn_process& one : all) recordings.push_back(one.drawn.recording);
        live_copy copy = copy_live(session, recordings);
        in_motion = copy.in_motion;
        return std::move(copy.usage);
    }
    read();
    return usages;
}

// Below a MiB it is what any process writes after a fork.
std::string note_of(const joined_process& process) {
    constexpr std::int64_t least = 1 << 20;
    if (process.copied_bytes < least) return process.cause;
    std::string note = process.cause;
    add_remark(note, report::size_text(process.copied_bytes) + " inherited and copied by writing");
    return note;
}

}  // namespace

session_processes processes_of(const session& session, std::int32_t pid,
                               const std::optional<failed_request>& out_of_memory,
                               std::span<const own_peak_moment> moments) {
    const joined_process* const program = session.find(pid);
    const joined_process* const asker = out_of_memory ? session.find(out_of_memory->pid) : nullptr;
    std::vector<std::size_t> numbers;
    const auto& joined = session.processes();
    for (std::size_t i = 0; i < joined.size(); ++i) {
        if (&joined[i] == program || &joined[i] == asker || is_candidate(joined[i], out_of_memory))
            numbers.push_back(i);
    }
    const std::vector<report::started_process> started = started_of(session);
    const report::process_names names(started);
    session_processes result;
    std::vector<drawn_process>& all = result.drawn;
    for (const std::size_t i : numbers) {
        std::optional<failed_request> request = out_of_memory;
        if (request && &joined[i] != asker) request->bytes = 0;
        all.push_back({{joined[i].view(), &session.page(), callstack_id::unknown, request},
                       {},
                       joined[i].executable,
                       started[i].arguments,
                       {.pid = joined[i].pid,
                        .name = names.name_of(i),
                        .peak = joined[i].numbers().peak,
                        .note = note_of(joined[i]),
                        .parent = joined[i].parent_pid},
                       {}});
        for (const own_peak_moment& moment : moments)
            if (moment.number == i) all.back().who.peak_seconds = moment.seconds;
    }
    auto usages = usages_of(session, all, result.in_motion);
    std::vector<std::size_t> shown;
    for (std::size_t k = 0; k < all.size(); ++k) {
        if (!usages[k] && &joined[numbers[k]] == program) throw damaged_recording();
        if (!usages[k]) result.notes.push_back(note_of_damage(all[k].who.pid));
        if (usages[k]) all[k].usage = std::move(*usages[k]);
        if (all[k].usage.used_bytes() > 0) shown.push_back(numbers[k]);
    }
    const std::vector<std::string> equals = names.equals_of(shown);
    for (std::size_t k = 0, at = 0; k < all.size(); ++k) {
        if (all[k].usage.used_bytes() > 0) all[k].who.equals = equals[at++];
    }
    // The program's image that held most, of several the last; then the others, heaviest first.
    const std::int32_t whose = program->pid;
    std::ranges::reverse(all);
    std::ranges::stable_sort(all, [&](const drawn_process& a, const drawn_process& b) {
        if ((a.who.pid == whose) != (b.who.pid == whose)) return a.who.pid == whose;
        return a.usage.used_bytes() > b.usage.used_bytes();
    });
    const auto is_superfluous = [&](const drawn_process& one) {
        return &one != &all.front() &&
               one.usage.used_bytes() + one.usage.bytes(mapping_kind::requested) == 0;
    };
    all.erase(std::remove_if(all.begin(), all.end(), is_superfluous), all.end());
    return result;
}

void add_session_facts(report::facts& about, const session& session,
                       const std::vector<drawn_process>& drawn) {
    std::set<std::int32_t> shown;
    for (const drawn_process& one : drawn) shown.insert(one.who.pid);
    std::map<std::int32_t, std::int64_t> others;  // their peaks
    std::uint32_t threads = 0;
    for (const joined_process& process : session.processes()) {
        const process_numbers numbers = process.numbers();
        threads += numbers.threads_ever;
        if (!shown.contains(process.pid)) {
            std::int64_t& peak = others[process.pid];
            peak = std::max(peak, numbers.peak);
        }
        if (is_damaged(process) && !shown.contains(process.pid))
            about.notes.push_back(note_of_damage(process.pid));
    }
    about.exact.threads = threads;
    about.others.count = others.size();
    for (const auto& [pid, peak] : others) about.others.most = std::max(about.others.most, peak);
    report::unrecorded_processes& unrecorded = about.exact.unrecorded;
    unrecorded.unprofiled = session.unprofiled_children();
    unrecorded.refused = session.refused().count;
    if (unrecorded.refused > 0) unrecorded.why_refused = text_of(session.refused().first);
    unrecorded.sandboxed = session.page().sandboxed.load(std::memory_order_relaxed);
    unrecorded.left_out = session.left_out();
    unrecorded.missed = session.missed();
    // What is resident of several processes, forked ones share: known only where it was measured
    // so.
    if ((drawn.size() > 1 || !others.empty()) && about.resident.parts.empty()) about.resident = {};
}

}  // namespace fil
