#include "replay_trace.hpp"

#include <fil_trace.h>

#include <cstdio>
#include <map>

#include "lab/measured_replay.hpp"
#include "lab/opened_trace.hpp"
#include "lab/verb_beginning.hpp"
#include "os/message.hpp"
#include "os/output_file.hpp"

namespace fil::cli {
namespace {

constexpr const char* help =
    "Does again what a recorded program did with memory, on an allocator, and measures it.\n"
    "\n"
    "Usage: fil-profile replay [OPTIONS] TRACE\n"
    "       fil-profile replay --print TRACE\n"
    "\n"
    "  --allocator LIB  its library, by name or path; glibc (the default) is what malloc is\n"
    "  --env NAME=VALUE the allocator's settings; may be repeated\n"
    "  --touch WHAT     all: a byte of each page of a block (the default); first: its first\n"
    "                   byte; none\n"
    "  --order WHAT     strict: as recorded (the default); free: all threads at once, which\n"
    "                   wait for what they depend on\n"
    "  --think WHAT     the time between events: none (the default); kept, so that each comes no\n"
    "                   earlier than in the program\n"
    "  --small MEMORY   of a Python: arenas, as it took them (the default); blocks, each from\n"
    "                   malloc\n"
    "  --process PID    of a trace of several; else the one with most events\n"
    "  --seconds N      it may take so long (default: 600)\n"
    "  --pages          says whose blocks keep pages resident that are half empty or more, when\n"
    "                   most is resident; nothing is timed\n"
    "  --print          writes the events to stdout, a line each, and replays nothing\n"
    "\n"
    "Figures are of the allocator's memory: what the replay itself needs is left out. Status:\n"
    "0; 1 where the allocator failed; 2 where the trace cannot be read.\n";

const char* operation_name(trace::operation what) {
    constexpr const char* names[] = {"malloc", "free", "realloc", "map",    "unmap",
                                     "",       "",     "touched", "touched"};
    return names[static_cast<int>(what)];
}

// thread, ms, operation, block, what it becomes or where it is, bytes, alignment, zeroed, layer,
// callstack
void print(const opened_trace& from) {
    output_file out;
    std::string text =
        "thread\tms\tevent\tblock\tto\tbytes\talignment\tzeroed\tlayer\tkind\tcallstack\n";
    from.read().for_each_event(from.process(), [&](const trace::event& one) {
        const bool is_mapping = one.what == trace::operation::map ||
                                one.what == trace::operation::unmap ||
                                one.what == trace::operation::touched_mapping;
        char line[256];
        std::snprintf(
            line, sizeof line, "%u\t%llu\t%s\t%llu\t%llu\t%llu\t%llu\t%d\t%d\t%d\t%u\n", one.thread,
            static_cast<unsigned long long>(one.milliseconds), operation_name(one.what),
            static_cast<unsigned long long>(is_mapping ? one.address : std::uint64_t(one.block)),
            static_cast<unsigned long long>(one.moved_to),
            static_cast<unsigned long long>(one.bytes), 1ull << one.alignment_log2,
            one.zeroed ? 1 : 0, static_cast<int>(one.of), static_cast<int>(one.kind),
            to_index(one.callstack));
        text += line;
        if (text.size() < (1 << 16)) return true;
        const bool goes_on = out.write(text);
        text.clear();
        return goes_on;
    });
    out.write(text);
    if (!out.is_broken_pipe()) out.finish();
}

double mib(double bytes) {
    return bytes / (1 << 20);
}

void print_figures(const replay_setting& setting, const replay_figures& plain,
                   const replay_figures& timed, double own_seconds) {
    const auto steps = static_cast<double>(plain.steps);
    const auto live = static_cast<double>(plain.peak_live());
    const auto resident = static_cast<double>(plain.peak_resident());
    std::printf("allocator   %s (%s)\n", setting.name().c_str(), plain.library.c_str());
    std::printf("events      %llu\n", static_cast<unsigned long long>(plain.steps));
    std::printf("time        %.3f s, %.1f ns%s an event; ", plain.seconds,
                plain.working_seconds() * 1e9 / steps, plain.waited ? " of processors" : "");
    if (own_seconds < plain.working_seconds())
        std::printf("the replay's own part of it: %.1f ns\n", own_seconds * 1e9 / steps);
    else
        std::printf("the replay by itself took more: the machine was busy\n");
    std::printf("requested   %.1f MiB at the peak\n", mib(live));
    std::printf("resident    %.1f MiB at the peak, %.1f MiB on average, %.1f MiB at the end\n",
                mib(resident), mib(plain.mean_resident()),
                mib(static_cast<double>(plain.resident_end)));
    const replay_sample* top = nullptr;
    for (const replay_sample& one : timed.samples)
        if (one.usable >= 0 && (top == nullptr || one.resident > top->resident)) top = &one;
    if (top != nullptr)
        std::printf("not asked   %.1f MiB of it inside of blocks, %.1f MiB beside them\n",
                    mib(static_cast<double>(top->inside())),
                    mib(static_cast<double>(top->beside())));
    std::printf("faults      %llu\n", static_cast<unsigned long long>(plain.faults));
    if (plain.calls >= 0)
        std::printf("calls       %lld of the system, for memory\n",
                    static_cast<long long>(plain.calls));
    else
        std::printf("calls       of the system are not shown: they cannot be counted here\n");
    if (plain.instructions != 0)
        std::printf("instructions %llu, %.0f an event\n",
                    static_cast<unsigned long long>(plain.instructions),
                    static_cast<double>(plain.instructions) / steps);
    if (const std::string odd = plain.what_is_odd(); !odd.empty())
        std::printf("odd         %s\n", odd.c_str());
    std::printf("\n%-9s %9s %12s %8s %8s %8s %8s\n", "ns", "up to", "count", "50 %", "90 %", "99 %",
                "99.9 %");
    for (const replay_latency& one : timed.latencies) {
        const std::string up_to = one.up_to > (1u << 30) ? "larger" : std::to_string(one.up_to);
        std::printf("%-9s %9s %12llu %8.0f %8.0f %8.0f %8.0f\n", one.operation.c_str(),
                    up_to.c_str(), static_cast<unsigned long long>(one.count), one.ns[0], one.ns[1],
                    one.ns[2], one.ns[3]);
    }
}

// Where most is resident: whose blocks keep pages that hold little else?
void print_pages(const std::string& path, const opened_trace& from, const lab_options& options,
                 const planned_replay& planned) {
    using how = planned_replay::how;
    replay_setting setting = options.settings.front();
    setting.order = "strict";
    const replay_figures plain = planned.measure(setting, how::plain, 1000);
    if (!plain.why_not.empty()) throw refusal(setting.name() + ": " + plain.why_not, 1);
    const std::uint64_t stop = plain.step_of_peak();
    const replay_figures there = planned.measure(setting, how::pages, 0, stop);
    if (!there.why_not.empty()) throw refusal(setting.name() + ": " + there.why_not, 1);
    const trace::replay_plan until(from.read(), from.process(), options.small, stop);
    std::map<std::uint32_t, std::uint64_t> by_callstack;
    for (const auto& [slot, bytes] : there.kept)
        if (slot < until.slots()) by_callstack[to_index(until.callstack_of(slot))] += bytes;
    std::vector<fil_callstack> callstacks;
    std::vector<std::uint64_t> bytes;
    for (const auto& [callstack, sum] : by_callstack) {
        callstacks.push_back(callstack);
        bytes.push_back(sum);
    }
    std::printf("allocator   %s (%s)\n", setting.name().c_str(), plain.library.c_str());
    std::printf("resident    %.1f MiB at the peak\n",
                mib(static_cast<double>(plain.peak_resident())));
    std::printf(
        "half empty  %llu pages or more, which lack %.1f MiB; the blocks on them are of\n\n",
        static_cast<unsigned long long>(there.sparse), mib(static_cast<double>(there.empty)));
    std::fflush(stdout);
    fil_drawing drawing = FIL_DRAWING_INIT;
    drawing.format = FIL_FORMAT_TEXT;
    drawing.write = [](void*, const char* data, std::size_t length) {
        return std::fwrite(data, 1, length, stdout) == length ? 0 : 1;
    };
    fil_error error = FIL_ERROR_INIT;
    if (fil_trace_lines({path.data(), path.size()}, options.pid, callstacks.data(), bytes.data(),
                        bytes.size(), &drawing, &error) != FIL_OK)
        throw refusal("cannot read " + path + ": " + error.message);
}

}  // namespace

int replay(const invocation& asked) {
    const auto asked_for = options_of_verb("replay", asked, help, traces_taken::one);
    if (!asked_for) return status_of_stdout();
    const lab_options& options = *asked_for;
    const std::string& path = options.traces.front();
    const opened_trace from(path, options.pid);
    if (options.prints) {
        reading(path, [&] { print(from); });
        return 0;
    }
    from.say_what_is_odd();
    const planned_replay planned(from.plan(options));
    if (options.wants_pages) {
        print_pages(path, from, options, planned);
        return status_of_stdout();
    }
    using how = planned_replay::how;
    constexpr int samples = 1000;
    const replay_setting& setting = options.settings.front();
    const replay_figures own = planned.measure(setting, how::null, 0);
    replay_figures plain = planned.measure(setting, how::plain, samples);
    const replay_figures timed =
        plain.why_not.empty() ? planned.measure(setting, how::timed, 100) : plain;
    if (!plain.why_not.empty()) throw refusal(setting.name() + ": " + plain.why_not, 1);
    plain.add_checked(planned.measure(setting, how::counted, 0));
    print_figures(setting, plain, timed, own.seconds);
    return status_of_stdout();
}

}  // namespace fil::cli
