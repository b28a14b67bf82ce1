#pragma once
// A replay's plan as one run of bytes, for a process that maps it: so its memory is a file's, and
// not the allocator's. Header, the threads' places, the turns, the steps. Pure.

#include <span>
#include <vector>

#include "fil/trace/replay_plan.hpp"

namespace fil::trace {

inline constexpr std::uint64_t plan_magic = 0x316e'616c'7072'6c66;  // "flrplan1"

struct plan_header {
    std::uint64_t magic = plan_magic;
    std::uint64_t threads = 0, turns = 0, steps = 0, waits = 0, slots = 0;
};

// write(data, bytes) is called for each part, in order.
template <typename Write>
void write_plan(const replay_plan& plan, Write&& write) {
    const plan_header header{plan_magic,   plan.threads().size(), plan.turns().size(),
                             plan.steps(), plan.waits(),          plan.slots()};
    write(&header, sizeof header);
    for (const replay_plan::thread& one : plan.threads()) {
        const std::uint64_t count = one.steps.size();
        write(&count, sizeof count);
    }
    write(plan.turns().data(), plan.turns().size() * sizeof(turn_of_thread));
    for (const replay_plan::thread& one : plan.threads())
        write(one.steps.data(), one.steps.size() * sizeof(step));
}

// What write_plan() wrote, by whoever made us: it is believed. False: it is something else.
struct mapped_plan {
    std::vector<std::span<const step>> threads;
    std::span<const turn_of_thread> turns;
    std::uint64_t slots = 0, steps = 0, waits = 0;

    bool read(std::span<const std::byte> from) {
        plan_header header;
        if (from.size() < sizeof header) return false;
        std::memcpy(&header, from.data(), sizeof header);
        const std::uint64_t wanted = sizeof header + header.threads * sizeof(std::uint64_t) +
                                     header.turns * sizeof(turn_of_thread) +
                                     (header.steps + header.waits) * sizeof(step);
        if (header.magic != plan_magic || wanted != from.size()) return false;
        const auto* counts = reinterpret_cast<const std::uint64_t*>(from.data() + sizeof header);
        const auto* first_turn = reinterpret_cast<const turn_of_thread*>(counts + header.threads);
        const auto* next = reinterpret_cast<const step*>(first_turn + header.turns);
        turns = {first_turn, header.turns};
        threads.reserve(header.threads);
        for (std::uint64_t i = 0; i < header.threads; next += counts[i++])
            threads.emplace_back(next, counts[i]);
        slots = header.slots;
        steps = header.steps;
        waits = header.waits;
        return true;
    }
};

}  // namespace fil::trace
