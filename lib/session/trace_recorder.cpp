#include "session/trace_recorder.hpp"

#include <algorithm>

#include "os/os.hpp"

namespace fil {
namespace {

trace::file_header header_of(std::uint32_t sample) {
    trace::file_header header;
    header.sample = std::max<std::uint32_t>(sample, 1);
    header.started_ns = os::nanoseconds_since_1970();
    return header;
}

}  // namespace

trace_recorder::trace_recorder(const std::string& path, std::uint32_t sample)
    : file_(path),
      sample_(sample),
      began_ns_(os::monotonic_ns()),
      writer_([this](const void* data, std::size_t bytes) { file_.write(data, bytes); },
              header_of(sample)) {}

std::uint32_t trace_recorder::clock() const {
    return static_cast<std::uint32_t>((os::monotonic_ns() - began_ns_) / 1'000'000);
}

// Whatever cannot be done ends the trace: nobody waits for it any more.
template <typename Action>
void trace_recorder::try_to(Action&& action) {
    if (!why_failed_.empty()) return;
    try {
        action();
    } catch (const std::exception& error) {
        why_failed_ = error.what();
        for (traced_process& one : running_) one.stop();
    }
}

void trace_recorder::admit(const joined_process& process) {
    const bool is_known = std::ranges::any_of(
        running_, [&](const traced_process& one) { return &one.joined() == &process; });
    if (is_known || !traced_process::is_ready(process)) return;
    running_.emplace_back(process, writer_, sample_);
    ++processes_;
}

int trace_recorder::look(const std::vector<joined_process*>& open) {
    constexpr std::int64_t second = 1'000'000'000;
    constexpr int soon_ms = 2;
    int wait = soon_ms;
    try_to([&] {
        for (const joined_process* process : open) admit(*process);
        for (traced_process& one : running_)
            if (one.take(clock())) wait = 0;
        if (os::monotonic_ns() - flushed_ns_ < second) return;
        flushed_ns_ = os::monotonic_ns();
        for (traced_process& one : running_) one.flush();
    });
    if (!why_failed_.empty())
        for (const joined_process* process : open)
            if (traced_process::is_ready(*process)) traced_process::stop(*process);
    return wait;
}

void trace_recorder::process_ended(const joined_process& process) {
    try_to([&] {
        if (process.has_recording()) admit(process);
        const auto one = std::ranges::find_if(
            running_, [&](const traced_process& each) { return &each.joined() == &process; });
        if (one == running_.end()) return;
        one->end(clock());
        ended_.events += one->events();
        ended_.lost += one->lost();
        running_.erase(one);
    });
}

void trace_recorder::finish(const std::vector<joined_process*>& open) {
    for (const joined_process* process : open) process_ended(*process);
    try_to([&] { writer_.finish(); });
}

trace_recorder::numbers trace_recorder::so_far() const {
    numbers all = ended_;
    for (const traced_process& one : running_) {
        all.events += one.events();
        all.lost += one.lost();
    }
    all.processes = processes_;
    all.bytes = file_.written();
    return all;
}

}  // namespace fil
