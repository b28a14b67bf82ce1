#include "lab/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "lab/difference.hpp"

namespace fil::cli {
namespace {

constexpr double mib = 1 << 20, page = 4096 / mib;

double of_time(const replay_figures& plain, const replay_figures&) {
    return plain.working_seconds() * 1e9 /
           static_cast<double>(std::max<std::uint64_t>(plain.steps, 1));
}
double of_peak(const replay_figures& plain, const replay_figures&) {
    return static_cast<double>(plain.peak_resident()) / mib;
}
double of_mean(const replay_figures& plain, const replay_figures&) {
    return plain.mean_resident() / mib;
}
double of_end(const replay_figures& plain, const replay_figures&) {
    return static_cast<double>(plain.resident_end) / mib;
}
double of_faults(const replay_figures& plain, const replay_figures&) {
    return static_cast<double>(plain.faults);
}

constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

double of_calls(const replay_figures& plain, const replay_figures&) {
    return plain.calls < 0 ? not_known : static_cast<double>(plain.calls);
}
double of_instructions(const replay_figures& plain, const replay_figures&) {
    if (plain.instructions == 0 || plain.steps == 0) return not_known;
    return static_cast<double>(plain.instructions) / static_cast<double>(plain.steps);
}
double at_twice(const replay_figures& plain, const replay_figures&) {
    return plain.scaled_ns[0] < 0 ? not_known : plain.scaled_ns[0];
}
double at_four_times(const replay_figures& plain, const replay_figures&) {
    return plain.scaled_ns[1] < 0 ? not_known : plain.scaled_ns[1];
}

const replay_sample* at_most_resident(const replay_figures& timed) {
    const replay_sample* top = nullptr;
    for (const replay_sample& one : timed.samples)
        if (one.usable >= 0 && (top == nullptr || one.resident > top->resident)) top = &one;
    return top;
}
double of_inside(const replay_figures&, const replay_figures& timed) {
    const replay_sample* top = at_most_resident(timed);
    return top == nullptr ? not_known : static_cast<double>(top->inside()) / mib;
}
double of_beside(const replay_figures&, const replay_figures& timed) {
    const replay_sample* top = at_most_resident(timed);
    return top == nullptr ? not_known : static_cast<double>(top->beside()) / mib;
}

// The class of sizes with most calls stands for the operation.
double latency(const replay_figures& timed, const char* operation, int part) {
    const replay_latency* most = nullptr;
    for (const replay_latency& one : timed.latencies)
        if (one.operation == operation && (most == nullptr || one.count > most->count)) most = &one;
    return most == nullptr ? 0 : most->ns[part];
}
double of_malloc(const replay_figures&, const replay_figures& timed) {
    return latency(timed, "malloc", 2);
}
double of_free(const replay_figures&, const replay_figures& timed) {
    return latency(timed, "free", 2);
}

}  // namespace

const std::vector<question>& questions() {
    static const std::vector<question> all{
        {"resident at the peak", "MiB", of_peak, true, page},
        {"resident on average", "MiB", of_mean, true, page},
        {"resident at the end", "MiB", of_end, true, page},
        {"unused inside of blocks", "MiB", of_inside, false, page},
        {"resident beside blocks", "MiB", of_beside, false, page},
        {"time an event", "ns", of_time},
        {"malloc at 99 %", "ns", of_malloc, true, 0, 1.0 / 8},
        {"free at 99 %", "ns", of_free, true, 0, 1.0 / 8},
        {"page faults", "", of_faults, true, 1},
        {"system calls for memory", "", of_calls, true, 1},
        {"instructions an event", "", of_instructions, false},
        {"time an event, 2 x threads", "ns", at_twice, false},
        {"time an event, 4 x threads", "ns", at_four_times, false},
    };
    return all;
}

const replay_figures& compared_allocator::typical() const {
    std::vector<std::size_t> order(plain.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return plain[i].mean_resident(); });
    return plain[order[order.size() / 2]];
}

std::string compared_allocator::what_is_odd() const {
    if (plain.empty()) return "";
    return std::ranges::max_element(plain, {}, &replay_figures::failed)->what_is_odd();
}

bool is_shown(const compared_trace& trace, std::size_t question) {
    return questions()[question].is_always_shown ||
           std::ranges::any_of(trace.allocators, [&](const compared_allocator& one) {
               return one.why_not.empty() && one.answers[question].is_known;
           });
}

verdict verdict_of(const compared_trace& trace, std::size_t question) {
    verdict found;
    int best = -1, next = -1;
    const auto median = [&](int i) {
        return trace.allocators[static_cast<std::size_t>(i)].answers[question].median;
    };
    const auto is_measured = [&](int i) {
        const compared_allocator& one = trace.allocators[static_cast<std::size_t>(i)];
        return one.why_not.empty() && one.answers[question].is_known;
    };
    for (int i = 0; i < static_cast<int>(trace.allocators.size()); ++i) {
        if (!is_measured(i)) continue;
        if (best < 0 || median(i) < median(best)) {
            next = best;
            best = i;
        } else if (next < 0 || median(i) < median(next)) {
            next = i;
        }
    }
    if (next < 0) {
        found.text = best < 0 ? "not shown: it could not be measured here" : "one allocator alone";
        return found;
    }
    const auto answer = [&](int i) {
        return trace.allocators[static_cast<std::size_t>(i)].answers[question];
    };
    const std::size_t times = trace.allocators[static_cast<std::size_t>(best)].plain.size();
    if (times < difference::enough) {
        found.text = std::string("nobody: each was measured ") + (times < 2 ? "once" : "twice") +
                     ", so what is noise is not known";
        return found;
    }
    const class question& of = questions()[question];
    const double step = std::max(of.step, of.step_share * median(next));
    // Whoever touches the best one's range may be as good.
    for (int i = 0; i < static_cast<int>(trace.allocators.size()); ++i) {
        if (i == best || !is_measured(i)) continue;
        const bool is_apart = answer(i).is_apart_from(answer(best));
        if (is_apart && is_surely_less(answer(best).values, answer(i).values, step)) continue;
        found.text = "nobody: " + trace.allocators[static_cast<std::size_t>(best)].setting.name() +
                     " and " + trace.allocators[static_cast<std::size_t>(i)].setting.name() +
                     (is_apart ? " differ by more than noise, or not: " + std::to_string(times) +
                                     " times do not tell"
                               : " differ by no more than noise");
        return found;
    }
    found.best = best;
    found.percent = median(best) > 0 ? (median(next) / median(best) - 1) * 100 : 0;
    char text[64];
    if (found.percent < 1)
        std::snprintf(text, sizeof text, "; the next one has less than 1 %% more");
    else
        std::snprintf(text, sizeof text, "; the next one has %.0f %% more", found.percent);
    found.text = trace.allocators[static_cast<std::size_t>(best)].setting.name() +
                 (median(best) > 0 ? text : "");
    return found;
}

namespace {

// Of the turn that was measured last. How often the system is asked mostly does not depend on the
// turn: the first two tell.
void measure_more(const planned_replay& planned, bool scales, compared_allocator& one) {
    using how = planned_replay::how;
    replay_figures& plain = one.plain.back();
    const bool is_the_same = one.plain.size() > 2 && one.plain[0].calls == one.plain[1].calls;
    if (!is_the_same) {
        plain.add_checked(planned.measure(one.setting, how::counted, 0));
    } else {
        plain.calls = one.plain.front().calls;
        plain.checks = one.plain.front().checks;
        plain.why_not_checked = one.plain.front().why_not_checked;
    }
    if (!scales) return;
    replay_setting free_running = one.setting;
    free_running.order = "free";
    for (std::uint64_t i = 0; i < 2; ++i) {
        const replay_figures found = planned.measure(free_running, how::copies, 0, 2 << i);
        if (found.why_not.empty()) plain.scaled_ns[i] = of_time(found, found);
    }
}

}  // namespace

compared_trace compare(const std::string& name, const planned_replay& planned,
                       const std::vector<replay_setting>& settings, int repeats, bool scales,
                       const std::function<void(const std::string&)>& progress) {
    using how = planned_replay::how;
    constexpr int samples = 1000, timed_samples = 100;
    compared_trace all;
    all.name = name;
    for (const replay_setting& one : settings) {
        all.allocators.emplace_back();
        all.allocators.back().setting = one;
    }
    const replay_figures own = planned.measure(settings.front(), how::null, 0);
    all.events = own.steps;
    all.own_ns = of_time(own, own);
    for (int turn = 0; turn < repeats; ++turn) {
        for (compared_allocator& one : all.allocators) {
            if (!one.why_not.empty()) continue;
            progress(name + ": " + one.setting.name() + ", " + std::to_string(turn + 1) + " of " +
                     std::to_string(repeats));
            for (const how kind : {how::plain, how::timed}) {
                replay_figures figures = planned.measure(
                    one.setting, kind, kind == how::timed ? timed_samples : samples);
                one.why_not = figures.why_not;
                if (!one.why_not.empty()) break;
                (kind == how::plain ? one.plain : one.timed).push_back(std::move(figures));
            }
            if (one.why_not.empty()) measure_more(planned, scales, one);
        }
    }
    for (compared_allocator& one : all.allocators)
        for (const question& asked : questions()) {
            std::vector<double> values;
            for (std::size_t i = 0; i < std::min(one.plain.size(), one.timed.size()); ++i)
                values.push_back(asked.value(one.plain[i], one.timed[i]));
            one.answers.push_back(spread_of(values));
        }
    return all;
}

}  // namespace fil::cli
