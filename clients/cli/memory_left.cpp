#include "memory_left.hpp"

#include <algorithm>

#include "message.hpp"
#include "small_file.hpp"

namespace fil::cli {
namespace {

// In bytes. Kernels before 3.14 do not say what is available.
struct machine_memory {
    std::int64_t total = 0;
    std::int64_t available = 0;
    std::int64_t swapped = 0;
};

std::optional<machine_memory> parse_meminfo(const std::string& text) {
    const auto bytes = [&](const char* name) { return number_of(text, name).value_or(0) * 1024; };
    machine_memory memory;
    memory.total = bytes("MemTotal");
    memory.available = number_of(text, "MemAvailable")
                           ? bytes("MemAvailable")
                           : bytes("MemFree") + bytes("Buffers") + bytes("Cached");
    memory.swapped = bytes("SwapTotal") - bytes("SwapFree");
    if (memory.total == 0) return std::nullopt;
    return memory;
}

}  // namespace

std::int64_t reserve_of(std::int64_t limit) {
    constexpr std::int64_t usual = 100ll << 20;
    return std::min(std::max(usual, limit / 50), limit / 4);
}

memory_left::memory_left(std::string root)
    : root_(std::move(root)),
      meminfo_(open_small_file(root_ + "/proc/meminfo")),
      groups_(control_groups_around_us(root_)) {}

bool memory_left::is_short(std::int64_t left, std::int64_t limit) {
    const std::int64_t reserve = reserve_of(limit);
    near_ |= left < 4 * reserve + (1ll << 30);
    return left < reserve;
}

std::optional<std::string> memory_left::shortage(std::span<const pid_t> pids) {
    near_ = false;
    for (const control_group& group : groups_)
        if (auto why = shortage_of(group)) return why;
    return shortage_of_machine(pids);
}

std::optional<std::string> memory_left::shortage_of(const control_group& group) {
    const auto limit = group.limit();
    if (!limit) return std::nullopt;
    const auto left = group.left(*limit, 2 * reserve_of(*limit));
    if (!left || !is_short(*left, *limit)) return std::nullopt;
    return "only " + size_text(std::max<std::int64_t>(*left, 0)) + " of the " + size_text(*limit) +
           " that the control group " + group.name() + " may use are left";
}

std::optional<std::string> memory_left::shortage_of_machine(std::span<const pid_t> pids) {
    const auto memory = parse_meminfo(read_small_file(meminfo_));
    if (!memory) return std::nullopt;
    if (is_short(memory->available, memory->total))
        return "only " + size_text(memory->available) + " of this machine's " +
               size_text(memory->total) + " are left";
    // The processes are asked only where all that is swapped out is more than what is left.
    if (memory->swapped <= memory->available) return std::nullopt;
    const std::int64_t ours = swapped(pids);
    if (ours <= memory->available) return std::nullopt;
    return size_text(ours) + " of the program are swapped out, more than the " +
           size_text(memory->available) + " that are left";
}

std::int64_t memory_left::swapped(std::span<const pid_t> pids) const {
    std::int64_t sum = 0;
    for (const pid_t pid : pids) {
        const std::string status =
            read_small_file(root_ + "/proc/" + std::to_string(pid) + "/status");
        sum += number_of(status, "VmSwap").value_or(0) * 1024;
    }
    return sum;
}

}  // namespace fil::cli
