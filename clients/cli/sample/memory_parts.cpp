#include "sample/memory_parts.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "os/small_file.hpp"
#include "sample/copied_memory.hpp"

namespace fil::cli {
namespace {

// As far as it can be read: a process that ends takes it along.
std::string whole_file(const std::string& path) {
    constexpr std::size_t at_a_time = 64 << 10;
    const descriptor file = open_small_file(path);
    std::string text;
    for (std::size_t got = 1; got > 0;) {
        const std::size_t before = text.size();
        text.resize(before + at_a_time);
        got = read_at(file, before, text.data() + before, at_a_time);
        text.resize(before + got);
    }
    return text;
}

std::int64_t bytes_of(const known_range& one) {
    return static_cast<std::int64_t>(one.high - one.low);
}

// What lies between the parts that are known, and what the parent knows that to be. A heap of the C
// library's has blocks of this process, a name, or, should all blocks be freed, a heap's place.
std::vector<known_range> with_gaps(const kernel_mapping& one, const known_memory& known,
                                   const known_memory* parents) {
    std::vector<known_range> gaps, all = known.ranges_in(one.low, one.high);
    std::uint64_t from = one.low;
    const auto gap_until = [&](std::uint64_t end) {
        if (from < end) gaps.push_back({from, end});
    };
    for (const known_range& each : all) {
        gap_until(each.low);
        from = each.high;
    }
    gap_until(one.high);
    const auto has_blocks = [&](const known_range& gap) {
        return known.small_bytes_in(gap.low, gap.high) > 0;
    };
    const bool is_heap =
        one.name == "[heap]" || one.is_heap_of_malloc || std::ranges::any_of(gaps, has_blocks);
    for (known_range& gap : gaps) {
        if (is_heap) gap.kind = FIL_RESIDENT_HEAP;
        if (is_heap || parents == nullptr) {
            all.push_back(gap);
            continue;
        }
        known_memory inherited;
        for (known_range& part : parents->ranges_in(gap.low, gap.high)) {
            part.is_counted = false;  // in the parent
            inherited.claim(part);
        }
        inherited.claim(gap);
        std::ranges::copy(inherited.ranges_in(gap.low, gap.high), std::back_inserter(all));
    }
    std::ranges::sort(all, {}, &known_range::low);
    return all;
}

// What a range holds that is counted: blocks, or all that is resident of it. Small blocks are taken
// for resident, of large ones the pages are asked.
struct counted_bytes {
    std::int64_t resident = 0, absent = 0;
};
counted_bytes counted_in(const known_range& one, std::int64_t resident, const known_memory& known,
                         const counter_of_pages& present) {
    if (one.is_counted) return {resident, bytes_of(one) - resident};
    constexpr std::size_t most_asked = 20'000;
    auto there = static_cast<std::int64_t>(known.small_bytes_in(one.low, one.high));
    std::int64_t asked_for = there;
    const std::vector<address_range> blocks = known.blocks_in(one.low, one.high);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const std::uint64_t bytes = blocks[i].bytes;
        const auto seen = i < most_asked ? present(blocks[i]) : std::nullopt;
        asked_for += static_cast<std::int64_t>(bytes);
        there += static_cast<std::int64_t>(std::min(seen.value_or(bytes), bytes));
    }
    there = std::min(there, resident);
    return {there, asked_for - there};
}

}  // namespace

void memory_look::add_part(fil_resident_kind kind, const std::string& name, std::int64_t bytes,
                           std::int64_t live) {
    if (bytes == 0 && live == 0) return;
    const auto same = std::ranges::find_if(
        all_, [&](const memory_part& other) { return other.kind == kind && other.name == name; });
    if (same == all_.end()) {
        all_.push_back({kind, name, bytes, live});
    } else {
        same->bytes += bytes;
        same->live += live;
    }
}

// Of the resident bytes of a mapping those that are this process's to show.
std::int64_t memory_look::share_of(const kernel_mapping& one, std::int64_t resident) const {
    if (how_ == shared_pages::wholly || one.resident == 0) return resident;
    return static_cast<std::int64_t>(static_cast<double>(resident) *
                                     static_cast<double>(one.proportional) /
                                     static_cast<double>(one.resident));
}

// A pool may have its blocks in a variable.
void memory_look::add_mapping(const kernel_mapping& one, const known_memory& known,
                              const counter_of_pages& present) {
    const std::int64_t bytes = share_of(one, one.resident);
    const bool is_of_file = one.kind == FIL_RESIDENT_FILES && one.is_of_file();
    if (!is_of_file && one.kind != FIL_RESIDENT_DATA) return add_part(one.kind, {}, bytes, 0);
    const std::int64_t own = is_of_file ? std::min(one.anonymous, bytes) : bytes;
    const counted_bytes counted = counted_in({one.low, one.high}, own, known, present);
    add_part(FIL_RESIDENT_DATA, {}, own, counted.resident);
    add_part(FIL_RESIDENT_FILES, {}, bytes - own, 0);
}

// What a forked process has copied is no reserve of an allocator, and nobody's blocks.
void memory_look::add_memory(const kernel_mapping& one, process& now, const known_memory* parents,
                             std::int64_t copied_left, const counter_of_pages& present) {
    const std::vector<known_range> ranges = with_gaps(one, now.known, parents);
    std::int64_t left = one.resident;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        const known_range& range = ranges[i];
        const bool is_last = i + 1 == ranges.size();
        const auto seen =
            is_last || left == 0 ? std::nullopt : present({range.low, range.high - range.low});
        const std::int64_t resident =
            std::min({seen ? static_cast<std::int64_t>(*seen) : left, left, bytes_of(range)});
        left -= resident;
        const counted_bytes counted = counted_in(range, resident, now.known, present);
        const std::int64_t share = share_of(one, resident);
        const std::int64_t copied =
            std::clamp<std::int64_t>(share - counted.resident, 0, copied_left);
        copied_left -= copied;
        add_part(FIL_RESIDENT_COPIED, {}, copied, 0);
        add_part(range.kind, range.name, share - copied, counted.resident);
        add_part(FIL_RESIDENT_ABSENT, {}, 0, counted.absent);
        now.known.claim(range);  // for its children
    }
    if (left > 0) add_part(FIL_RESIDENT_UNKNOWN, {}, share_of(one, left), 0);
}

memory_part memory_look::sum_of_kind(fil_resident_kind kind) const {
    memory_part sum{kind, {}};
    for (const memory_part& one : all_) {
        if (one.kind != kind) continue;
        sum.bytes += one.bytes;
        sum.live += one.live;
    }
    return sum;
}

// Of a process's heaps, what is no page with a block on it.
void memory_look::tell_vacant(const memory_part& heaps_before, const known_memory& known,
                              const kernel_mapping& memory) {
    if (!known.occupied()) return;
    const std::int64_t occupied = share_of(memory, static_cast<std::int64_t>(*known.occupied()));
    const memory_part heaps = sum_of_kind(FIL_RESIDENT_HEAP);
    const std::int64_t bytes = heaps.bytes - heaps_before.bytes;
    const std::int64_t free = std::max<std::int64_t>(bytes - (heaps.live - heaps_before.live), 0);
    const std::int64_t vacant = std::clamp<std::int64_t>(bytes - occupied, 0, free);
    if (vacant == 0) return;
    add_part(FIL_RESIDENT_HEAP, {}, -vacant, 0);
    add_part(FIL_RESIDENT_VACANT, {}, vacant, 0);
}

// The kernel is asked first: who has a look is mostly a process that grows, and what it maps after
// that was not resident either. The other way round it would be unknown.
void memory_look::add(pid_t pid, pid_t parent) {
    const std::string smaps = whole_file(file_of_process(pid, "smaps"));
    known_memory known;
    const bool is_known = known.read(session_, pid);
    const descriptor pages = open_small_file(file_of_process(pid, "pagemap"));
    const auto present = [&](address_range range) {
        return count_bytes(pages, range, pages_with::memory);
    };
    add(pid, parent, smaps, std::move(known), is_known, present);
}

void memory_look::add(pid_t pid, pid_t parent, const std::string& smaps, known_memory known,
                      bool is_known, const counter_of_pages& present) {
    process& now = seen_[pid];
    now.known = std::move(known);
    now.mappings = mappings_of_smaps(smaps);
    const std::vector<kernel_mapping>& mappings = now.mappings;
    for (const kernel_mapping& one : mappings)
        if (one.name == "[stack]") now.end_of_stack = one.high;
    const auto parents = seen_.find(parent);
    const memory_part heaps_before = sum_of_kind(FIL_RESIDENT_HEAP);
    const bool is_forked = parents != seen_.end() && parents->first != pid &&
                           parents->second.end_of_stack == now.end_of_stack;
    const known_memory* inherited = is_forked ? &parents->second.known : nullptr;
    for (const kernel_mapping& one : mappings) {
        std::int64_t copied = 0;
        if (is_forked && is_known) {
            copied = copied_bytes(one, now.known, parents->second.mappings);
            copied_[pid] += copied;
        }
        if (is_forked) shared_[pid] += std::min(one.shared, one.anonymous);
        if (one.kind != FIL_RESIDENT_PROGRAM || !is_known)
            add_mapping(one, now.known, present);
        else
            add_memory(one, now, inherited, copied, present);
    }
    // Who was forked may have blocks of its parent's anywhere, of which it does not tell.
    const bool is_ours = parent == 0 || parent == own_pid();
    if (is_forked || (parents == seen_.end() && !is_ours)) return;
    sparse_[pid] = now.known.sparse();
    if (!present({now.end_of_stack - 4096, 4096})) return;  // nor which pages are occupied
    kernel_mapping memory;  // all of it: how much of it is this process's share
    for (const kernel_mapping& one : mappings) {
        if (one.kind != FIL_RESIDENT_PROGRAM) continue;
        memory.resident += one.resident;
        memory.proportional += one.proportional;
    }
    tell_vacant(heaps_before, now.known, memory);
}

std::int64_t sum_of(std::span<const memory_part> parts) {
    std::int64_t sum = 0;
    for (const memory_part& one : parts) sum += one.bytes;
    return sum;
}

}  // namespace fil::cli
