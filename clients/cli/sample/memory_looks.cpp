#include "sample/memory_looks.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "sample/pace.hpp"

namespace fil::cli {
namespace {

// In seconds of processor time, at each tick.
constexpr double slice = 0.02;

// The texts are those of `parts`.
std::vector<fil_resident_part> listed(const std::vector<memory_part>& parts) {
    std::vector<fil_resident_part> result;
    for (const memory_part& one : parts)
        result.push_back({one.kind, {one.name.data(), one.name.size()}, one.bytes, one.live});
    return result;
}

}  // namespace

// A look during which memory falls is of no moment: what was freed meanwhile was resident at its
// begin, and at its end nobody knows whose it was. Whatever it was for, it has seen what was
// copied.
void memory_looks::tick(const moment& now, std::span<const process> running,
                        const std::function<std::int64_t()>& live_now) {
    const std::optional<purpose> of = wanted(now, running.size());
    // The peak passes; what was copied is seen by a look at the peak, too.
    if (look_ && look_->of != purpose::peak && of == purpose::peak) drop_look();
    if (!look_ && of) {
        const shared_pages how = now.joined > 1 ? shared_pages::in_parts : shared_pages::wholly;
        look_.emplace(*of, now.seconds, now.live, memory_look(session_, how));
        if (*of == purpose::peak) is_peak_due_ = false;
    }
    if (!look_ || !go_on(running)) return;
    set_next(now);
    note_forked(running, now.joined);
    seen result{look_->memory.parts(), sparse_of(running), look_->live, look_->seconds};
    const purpose ended = std::exchange(look_, std::nullopt)->of;
    const bool stands = !result.parts.empty() && live_now() >= result.live - now.highest / 50;
    if (stands && ended == purpose::peak) peak_ = std::move(result);
    if (stands && ended == purpose::rest) rest_ = std::move(result);
}

void memory_looks::drop_look() {
    seconds_for(look_->of) += look_->used;
    look_.reset();
}

std::optional<memory_looks::purpose> memory_looks::wanted(const moment& now, std::size_t running) {
    const bool wants_the_rest = wants_rest(now);
    if (wants_peak(now)) return purpose::peak;
    if (wants_the_rest) return purpose::rest;
    if (wants_copies(now, running)) return purpose::copies;
    return std::nullopt;
}

// At first at most an eighth of the time, since a short run deserves an explanation, after some
// seconds a fiftieth. Who grew by a twelfth since need not wait, since it may be gone before: such
// looks together take as long as the last one a dozen times, and at most a fifth of the time. If
// the moment has passed by then, what is left of the peak is looked at, if that is most of it.
bool memory_looks::wants_peak(const moment& now) {
    const bool looks_now = look_ && look_->of == purpose::peak;
    const std::int64_t seen = looks_now ? look_->live : peak_.live;
    const bool has_grown = now.live > seen + seen / 12;
    const bool was_missed = has_grown && now.live > now.highest - now.highest / 5;
    is_peak_due_ |= now.is_new_height || was_missed;
    if (now.live < now.highest - now.highest / 50 && !was_missed) is_peak_due_ = false;
    const bool may_look = has_grown && seconds_for_parts_ < now.seconds / 5;
    return is_peak_due_ && (now.seconds >= next_peak_ || may_look);
}

// Once a fifth of the peak is gone, now and then, and sooner when live is another since: nobody
// knows which look is the last. Not while it falls, as at the end of every program: so it is to be
// asked at each tick.
bool memory_looks::wants_rest(const moment& now) {
    const bool falls = now.live < std::exchange(live_before_, now.live) - now.highest / 100;
    if (now.live > now.highest - now.highest / 5) {
        rest_.parts.clear();
        rest_.sparse.clear();
        return false;
    }
    const bool is_another = std::abs(now.live - rest_.live) > now.highest / 12;
    return !falls && now.seconds >= (is_another ? soonest_rest_ : next_rest_);
}

// What a forked process copies moves no counter, so it is looked for now and then, where there is
// one, or somebody of whom that is not known.
bool memory_looks::wants_copies(const moment& now, std::size_t running) const {
    const bool may_be_forked = has_forked_ || now.joined > looked_for_forked_;
    return now.seconds >= next_copies_ && running > 1 && may_be_forked;
}

// True when all were looked at. Without memory for it (ulimit -v) the report does without, and the
// run goes on. Of who has no child here nothing is needed once it is counted.
bool memory_looks::go_on(std::span<const process> running) try {
    const double before = cpu_seconds();
    double used = 0;
    const auto is_next = [&](const process& one) { return one.number >= look_->next; };
    auto one = std::ranges::find_if(running, is_next);
    for (; one != running.end() && used < slice; ++one) {
        look_->memory.add(one->pid, one->parent);
        const auto is_its_child = [&](const process& other) { return other.parent == one->pid; };
        if (std::ranges::none_of(running, is_its_child)) look_->memory.forget(one->pid);
        look_->next = one->number + 1;
        used = cpu_seconds() - before;
    }
    look_->used += used;
    return one == running.end();
} catch (const std::bad_alloc&) {
    look_->memory = memory_look(session_, shared_pages::wholly);
    return true;
}

void memory_looks::set_next(const moment& now) {
    const double seconds = now.seconds, used = look_->used;
    seconds_for(look_->of) += used;
    next_copies_ = seconds + 0.05 + std::clamp(20 * seconds, 20.0, 200.0) * used;
    if (look_->of == purpose::peak)
        next_peak_ = seconds + std::clamp(4 * seconds, 8.0, 50.0) * used;
    if (look_->of == purpose::rest) {
        soonest_rest_ = seconds + 0.1 + 40 * used;
        next_rest_ = seconds + 0.1 + (seconds < 2 ? 20 : 200) * used;
    }
}

void memory_looks::note_forked(std::span<const process> running, std::size_t joined) {
    const std::map<pid_t, std::int64_t>& copied = look_->memory.copied();
    has_forked_ = !copied.empty();
    looked_for_forked_ = joined;
    shared_.clear();
    for (const process& one : running) {
        const auto shared = look_->memory.shared().find(one.pid);
        if (shared != look_->memory.shared().end()) shared_[one.number] = shared->second;
        const auto now = copied.find(one.pid);
        if (now == copied.end() || now->second <= copied_[one.number]) continue;
        copied_[one.number] = now->second;
        fil_session_note_copied(session_, one.number, now->second);
    }
}

std::optional<std::int64_t> memory_looks::shared_of(std::size_t number) const {
    const auto found = shared_.find(number);
    return found == shared_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<fil_sparse> memory_looks::sparse_of(std::span<const process> running) const {
    std::vector<fil_sparse> all;
    const auto& sparse = look_->memory.sparse();
    for (const process& one : running) {
        const auto of = sparse.find(one.pid);
        if (of == sparse.end()) continue;
        for (const kept_memory& kept : of->second)
            all.push_back({one.number, kept.callstack, kept.blocks, kept.bytes});
    }
    return all;
}

// What was counted beyond the look is told by itself, so half of the peak will do; and less where
// as much was resident: the rest was hardly touched.
bool memory_looks::is_near(const height& peak) const {
    const std::int64_t seen = sum_of(peak_.parts);
    return peak_.live >= peak.live / 2 || (seen > 0 && seen >= peak.resident - peak.resident / 5);
}

std::vector<fil_resident_part> memory_looks::parts(const height& peak) const {
    return is_near(peak) ? listed(peak_.parts) : std::vector<fil_resident_part>();
}

std::vector<fil_sparse> memory_looks::sparse(const height& peak) const {
    return is_near(peak) ? peak_.sparse : std::vector<fil_sparse>();
}

std::vector<fil_resident_part> memory_looks::last_parts() const {
    return listed(rest_.parts);
}

}  // namespace fil::cli
