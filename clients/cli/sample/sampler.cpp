#include "sample/sampler.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "sample/pace.hpp"
#include "sample/untouched.hpp"

namespace fil::cli {
namespace {

constexpr std::size_t most_open = 32;  // files of /proc
constexpr std::size_t most_timelines = 64;
constexpr std::size_t most_ended = 10'000;
constexpr std::size_t points_of_a_process = 500;

std::string shown(const fil_process& process) {
    std::string command(process.command.data, process.command.length);
    while (command.ends_with('\0')) command.pop_back();
    std::ranges::replace(command, '\0', ' ');
    if (command.size() > 80) command = command.substr(0, 77) + "...";
    return "PID " + std::to_string(process.pid) + " (" + command + ")";
}

}  // namespace

void sampler::tick(double seconds) {
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    if (!read(numbers)) return;

    largest_ = 0;
    most_callstacks_ = 0;
    std::int64_t resident = 0, shared = 0;
    const bool is_known = !watched_.empty();
    for (watched& process : watched_) {
        look_at(process, seconds);
        resident += process.resident;
        shared += process.shared(looks_);
    }
    std::erase_if(watched_, [](const watched& process) { return process.pid == 0; });

    resident_now_ = resident;
    whole_.add({seconds, numbers.live, is_known ? resident - shared : -1});
    note_peak(numbers, seconds);
    // 1 % in integers, and at least something: live may still be zero. A block is touched after it
    // was allocated, so while live stays there, what is resident goes on to grow.
    const bool higher = numbers.live > sampled_live_ + sampled_live_ / 100;
    const bool fuller = numbers.live >= sampled_live_ - sampled_live_ / 100 &&
                        resident > resident_.total() + resident_.total() / 100;
    const bool is_new_height =
        (higher || fuller) && sample_resident(std::max(numbers.live, sampled_live_));
    std::vector<memory_looks::process> running;
    for (const watched& process : watched_)
        if (!process.closed) running.push_back({process.number, process.pid, process.parent});
    looks_.tick({seconds, numbers.live, sampled_live_, joined_, is_new_height}, running,
                [this] { return live_now(); });
    scan_untouched(numbers.live, seconds);
}

// The session counts nothing of a process that records on request.
bool sampler::read(fil_session_numbers& numbers) {
    if (fil_session_read(session_, &numbers) != FIL_OK) return false;
    admit(numbers.processes);
    if (part_ != part::run) return true;
    for (const watched& process : watched_) {
        fil_process program = FIL_PROCESS_INIT;
        if (process.pid != program_) continue;
        if (fil_session_process(session_, process.number, &program) != FIL_OK) continue;
        numbers.live = program.live;
        numbers.peak = program.peak;
    }
    return true;
}

std::int64_t sampler::live_now() {
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    return read(numbers) ? numbers.live : 0;
}

// A process that replaced its image has a new recording: only its last one is looked at.
void sampler::admit(std::size_t joined) {
    for (; joined_ < joined; ++joined_) {
        fil_process process = FIL_PROCESS_INIT;
        if (fil_session_process(session_, joined_, &process) != FIL_OK) continue;
        if (std::erase_if(watched_, [&](const auto& other) { return other.pid == process.pid; }))
            leave_children_of(process.pid);
        pids_.insert(process.pid);
        const bool keep_open = watched_.size() < most_open;
        process_memory memory(process.pid, keep_open);
        const std::uint64_t stack = memory.start_of_stack();
        const bool is_forked =
            stack != 0 && std::ranges::any_of(watched_, [&](const auto& other) {
                return other.pid == process.parent_pid && other.start_of_stack == stack;
            });
        watched_.push_back({.number = joined_,
                            .pid = process.pid,
                            .parent = process.parent_pid,
                            .memory = std::move(memory),
                            .start_of_stack = stack,
                            .is_forked = is_forked});
    }
}

// What they shared with it is theirs from now on.
void sampler::leave_children_of(pid_t pid) {
    for (watched& process : watched_)
        if (process.parent == pid) process.is_forked = false;
}

// Until a look has told, all that it had at first.
std::int64_t sampler::watched::shared(const memory_looks& looks) const {
    if (!is_forked) return 0;
    return std::min(looks.shared_of(number).value_or(inherited.value_or(0)), resident);
}

// A recording may be closed and open again: exec can fail. So a process is dropped (its pid set to
// 0) only when it has ended.
void sampler::look_at(watched& process, double seconds) {
    fil_process numbers = FIL_PROCESS_INIT;
    process.resident = 0;
    if (fil_session_process(session_, process.number, &numbers) != FIL_OK) return;
    process.closed = numbers.closed != 0;
    if (process.closed) leave_children_of(process.pid);
    if (!process.closed) most_callstacks_ = std::max(most_callstacks_, numbers.callstacks);
    if (!process.closed && (largest_ == 0 || numbers.live > largest_live_)) {
        largest_ = process.pid;
        largest_live_ = numbers.live;
    }
    const auto resident = process.memory.resident();
    note_own_peak(process.number, numbers.peak, seconds);
    if (timeline* line = timeline_of(process.pid, numbers.peak))
        line->add({seconds, process.closed ? 0 : numbers.live, resident.value_or(-1)});
    if (!resident && process.memory.has_ended()) {
        leave_children_of(process.pid);
        note_end_of(process);
        process.pid = 0;
    }
    if (process.closed || !resident) return;
    process.resident = *resident;
    if (!process.is_forked || process.inherited) return;
    const auto parts = process.memory.parts();
    process.inherited = parts ? std::max<std::int64_t>(parts->anonymous - numbers.live, 0) : 0;
}

void sampler::note_end_of(const watched& process) {
    fil_session_process_ended(session_, process.pid);
    if (process.pid != program_ && ended_.size() < most_ended) ended_.push_back(process.number);
}

std::string sampler::name_of(std::size_t number) const {
    fil_process process = FIL_PROCESS_INIT;
    return fil_session_process(session_, number, &process) == FIL_OK ? shown(process) : "";
}

// As note_peak() does for all of them.
void sampler::note_own_peak(std::size_t number, std::int64_t peak, double seconds) {
    if (own_peaks_.size() <= number) own_peaks_.resize(number + 1);
    own_peak& own = own_peaks_[number];
    if (peak > own.bytes + own.bytes / 1000) own = {peak, seconds};
}

// Of many processes those that held most have one: a new one takes the place of the smallest.
timeline* sampler::timeline_of(pid_t pid, std::int64_t peak) {
    const auto known = each_.find(pid);
    if (known == each_.end() && each_.size() == most_timelines) {
        const auto smallest = std::ranges::min_element(
            peak_of_, std::less(), [](const auto& entry) { return entry.second; });
        if (smallest->second >= peak) return nullptr;
        each_.erase(smallest->first);
        peak_of_.erase(smallest);
    }
    std::int64_t& highest = peak_of_[pid];
    highest = std::max(highest, peak);
    if (known != each_.end()) return &known->second;
    return &each_.emplace(pid, timeline(points_of_a_process)).first->second;
}

std::vector<fil_process_moment> sampler::own_peaks() const {
    std::vector<fil_process_moment> moments;
    for (std::size_t number = 0; number < own_peaks_.size(); ++number)
        if (own_peaks_[number].bytes > 0) moments.push_back({number, own_peaks_[number].seconds});
    return moments;
}

// The peak proper rises only before a decrease; until then live itself is the highest so far. The
// moment is when it came within a thousandth of its end: what trickles in later, as threads publish
// their last bytes when they end, is no other moment to a reader. What is over by now was between
// two looks, so that the curve rises before it falls.
void sampler::note_peak(const fil_session_numbers& numbers, double seconds) {
    const double before = std::exchange(looked_seconds_, seconds);
    peak_ = std::max({peak_, numbers.live, numbers.peak});
    if (peak_ <= peak_at_moment_ + peak_at_moment_ / 1000) return;
    peak_at_moment_ = peak_;
    peak_seconds_ = numbers.live < peak_ ? (before + seconds) / 2 : seconds;
}

resident_parts sampler::resident_parts_now() const {
    resident_parts sum;
    for (const watched& process : watched_) {
        const auto parts = process.memory.parts();
        if (!parts || process.closed) continue;
        sum.anonymous += parts->anonymous;
        sum.file += parts->file;
        sum.shared += parts->shared;
    }
    return sum;
}

bool sampler::sample_resident(std::int64_t live) {
    const resident_parts sum = resident_parts_now();
    if (sum.total() == 0) return false;
    resident_ = sum;
    sampled_live_ = live;
    scan_due_ = true;
    return true;
}

// Counting pages of huge mappings takes time: at most 1 % of it, measured by what the last one
// took. If the moment has passed by then, what was seen before stands.
void sampler::scan_untouched(std::int64_t live, double seconds) {
    if (live < sampled_live_ - sampled_live_ / 10) scan_due_ = false;
    if (!scan_due_ || seconds < next_scan_) return;
    const double before = cpu_seconds();
    if (auto seen = hardly_touched_mappings(session_, program_)) untouched_ = std::move(*seen);
    const double used = cpu_seconds() - before;
    seconds_for_scans_ += used;
    next_scan_ = seconds + 0.05 + 200 * used;
    scan_due_ = false;
}

std::vector<fil_sample> sampler::samples() const {
    std::vector<fil_sample> result;
    const auto append = [&](pid_t pid, const timeline& line) {
        for (const timeline::point& point : line.points())
            result.push_back({point.seconds, pid, point.allocated, point.resident});
    };
    append(0, whole_);
    if (each_.size() > 1)
        for (const auto& [pid, line] : each_) append(pid, line);
    return result;
}

void sampler::wait_for_others(int milliseconds) {
    const auto runs = [&](const watched& process) {
        return process.pid != program_ && !process.memory.has_ended();
    };
    for (;; milliseconds -= 5) {
        admit_late();
        if (milliseconds <= 0 || !std::ranges::any_of(watched_, runs)) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    for (const watched& process : watched_)
        if (process.memory.has_ended()) note_end_of(process);
}

void sampler::admit_late() {
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    fil_session_serve(session_);
    if (fil_session_read(session_, &numbers) == FIL_OK) admit(numbers.processes);
}

std::vector<pid_t> sampler::running() const {
    std::vector<pid_t> result;
    for (const watched& process : watched_)
        if (!process.closed) result.push_back(process.pid);
    return result;
}

std::vector<std::string> sampler::still_running() const {
    std::vector<std::string> result;
    for (const watched& process : watched_) {
        fil_process now = FIL_PROCESS_INIT;
        if (process.pid == program_ || process.memory.has_ended()) continue;
        if (fil_session_process(session_, process.number, &now) == FIL_OK)
            result.push_back(shown(now));
    }
    return result;
}

}  // namespace fil::cli
