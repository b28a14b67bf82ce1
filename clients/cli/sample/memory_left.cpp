#include "sample/memory_left.hpp"

#include <algorithm>

#include "fil/report/mib_text.hpp"
#include "os/message.hpp"
#include "os/small_file.hpp"
#include "sample/held_memory.hpp"

namespace fil::cli {
namespace {

// In bytes. Kernels before 3.14 do not say what is available.
struct machine_memory {
    std::int64_t total = 0;
    std::int64_t available = 0;
    std::int64_t swap_free = 0;
    std::int64_t swapped = 0;
};

std::optional<machine_memory> parse_meminfo(const std::string& text) {
    const auto bytes = [&](const char* name) { return number_of(text, name).value_or(0) * 1024; };
    machine_memory memory;
    memory.total = bytes("MemTotal");
    memory.available = number_of(text, "MemAvailable")
                           ? bytes("MemAvailable")
                           : bytes("MemFree") + bytes("Buffers") + bytes("Cached");
    memory.swap_free = bytes("SwapFree");
    memory.swapped = bytes("SwapTotal") - memory.swap_free;
    if (memory.total == 0) return std::nullopt;
    return memory;
}

std::string holder(const judged_program& program) {
    const std::size_t processes = program.pids.size();
    if (processes <= 1) return "the program holds ";
    return "the program's " + std::to_string(processes) + " processes hold ";
}

}  // namespace

std::int64_t reserve_of(std::int64_t limit, std::uint64_t callstacks) {
    constexpr std::int64_t usual = 100ll << 20;
    constexpr std::int64_t report_of_a_callstack = 160;
    const std::int64_t least = std::min(usual, limit / 4);
    const std::int64_t report = report_of_a_callstack * static_cast<std::int64_t>(callstacks);
    return std::min(least + report, std::max(least, limit / 2));
}

memory_left::memory_left(std::string root, double patience)
    : root_(std::move(root)),
      meminfo_(open_small_file(root_ + "/proc/meminfo")),
      groups_(control_groups_around_us(root_)),
      killed_before_(killed()),
      killed_lately_(killed_before_),
      patience_(patience),
      forget_at_(patience) {}

std::vector<std::int64_t> memory_left::killed() const {
    std::vector<std::int64_t> counts;
    for (const control_group& group : groups_) counts.push_back(group.killed().value_or(0));
    const std::string machine = read_small_file(root_ + "/proc/vmstat");
    counts.push_back(number_of(machine, "oom_kill").value_or(0));
    return counts;
}

// The nearest group that counted one; the machine counts those of others as well.
std::optional<memory_limit> memory_left::kernel_has_killed() const {
    const std::vector<std::int64_t> now = killed();
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        if (now[i] <= killed_before_[i]) continue;
        return memory_limit{groups_[i].limit().value_or(0),
                            "the control group " + groups_[i].name()};
    }
    if (now.back() <= killed_before_.back() || !near_) return std::nullopt;
    const auto machine = parse_meminfo(read_small_file(meminfo_)).value_or(machine_memory{});
    return memory_limit{machine.total, "this machine\u2019s memory"};
}

std::optional<memory_limit> memory_left::take_killed() {
    auto limit = kernel_has_killed();
    if (!limit) return limit;
    const std::vector<std::int64_t> now = killed();
    for (std::size_t i = 0; i < now.size(); ++i)
        if (now[i] > killed_before_[i]) ++killed_before_[i];
    return limit;
}

// A large process needs a while to end. Who is killed by somebody later must not be taken for it.
void memory_left::forget_kills_of_others() {
    if (since_.seconds() < forget_at_) return;
    forget_at_ = since_.seconds() + patience_;
    const std::vector<std::int64_t> now = killed();
    for (std::size_t i = 0; i < now.size(); ++i)
        killed_before_[i] = std::max(killed_before_[i], killed_lately_[i]);
    killed_lately_ = now;
}

std::optional<memory_shortage> memory_left::look(const judged_program& program) {
    forget_kills_of_others();
    near_ = false;
    found_.reset();
    const auto machine = parse_meminfo(read_small_file(meminfo_)).value_or(machine_memory{});
    for (const control_group& group : groups_) {
        const std::int64_t enough = 2 * reserve_of(group.limit().value_or(0), program.callstacks);
        const auto now = group.look(machine.swap_free, enough);
        if (now)
            judge({now->used, now->left}, {now->limit, "the control group " + group.name()},
                  "the " + report::size_text(now->limit) + " that the control group " +
                      group.name() + " may use are left",
                  program);
    }
    if (machine.total == 0) return found_;
    const memory_limit whole{machine.total, "this machine’s memory"};
    judge({machine.total - machine.available + machine.swapped,
           machine.available + machine.swap_free},
          whole, "this machine's " + report::size_text(machine.total) + " are left", program);
    judge_swapping(machine.swapped, machine.available, whole, program);
    return found_;
}

void memory_left::judge(const amounts& memory, const memory_limit& limit,
                        const std::string& of_what, const judged_program& program) {
    const auto [used, left] = memory;
    const std::int64_t reserve = reserve_of(limit.bytes, program.callstacks);
    // Could the program come to hold half before nothing is left?
    const bool may_be_the_programs = 2 * (program.resident + left) >= used + left;
    near_ |= left < 4 * reserve + (1ll << 30) && may_be_the_programs;
    if (left >= reserve || (found_ && found_->is_the_programs)) return;
    const std::int64_t ours = held(program, used);
    found_ = {"only " + report::size_text(std::max<std::int64_t>(left, 0)) + " of " + of_what +
                  ", and " + holder(program) + report::size_text(ours) + " of the " +
                  report::size_text(used) + " that are used",
              2 * ours >= used, limit};
}

// The processes are asked only where all that is swapped out is more than what is left.
void memory_left::judge_swapping(std::int64_t swapped, std::int64_t available,
                                 const memory_limit& machine, const judged_program& program) {
    if (swapped <= available || (found_ && found_->is_the_programs)) return;
    const std::int64_t ours = held_by(program.pids, root_).swapped;
    if (ours <= available || 2 * ours < swapped) return;
    found_ = {report::size_text(ours) + " of the program are swapped out, more than the " +
                  report::size_text(available) + " that are left",
              true, machine};
}

// Where many processes share pages (forked workers), their sum says too much: the kernel is asked
// again, for a hundredth of the time at most.
std::int64_t memory_left::held(const judged_program& program, std::int64_t used) {
    const std::int64_t sum = held_by(program.pids, root_).total();
    if (program.pids.size() < 2 || 2 * sum < used) return sum;
    const double before = since_.seconds();
    if (before >= share_until_) {
        share_ = held_by_shares(program.pids, root_).total();
        share_until_ = before + 100 * (since_.seconds() - before);
    }
    return std::min(sum, share_);
}

}  // namespace fil::cli
