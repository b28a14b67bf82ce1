#include "sample/untouched.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <string>

#include "os/small_file.hpp"

namespace fil::cli {
namespace {

constexpr std::uint64_t pages_a_stretch = 512;      // 2 MiB where pages have 4 KiB
constexpr std::uint64_t pages_looked_at = 1 << 20;  // 8 MiB of words, a few milliseconds

void add(std::vector<fil_untouched>& all, const fil_untouched& one) {
    const auto same = std::ranges::find_if(all, [&](const fil_untouched& other) {
        return other.callstack == one.callstack && other.kind == one.kind;
    });
    if (same == all.end()) {
        all.push_back(one);
    } else {
        same->bytes += one.bytes;
        same->resident += one.resident;
    }
}

std::optional<std::uint64_t> sum_of(const counter_of_pages& present,
                                    std::initializer_list<address_range> ranges) {
    std::uint64_t sum = 0;
    for (const address_range& range : ranges) {
        if (range.bytes == 0) continue;
        const auto bytes = present(range);
        if (!bytes) return std::nullopt;
        sum += *bytes;
    }
    return sum;
}

// Of a mapping's resident bytes those in a part of it.
std::uint64_t resident_part(const address_range& whole, const address_range& part,
                            std::uint64_t resident, const counter_of_pages& present) {
    if (part.bytes == whole.bytes || resident == 0) return resident;
    const std::uint64_t end = part.address + part.bytes;
    const address_range before{whole.address, part.address - whole.address},
        after{end, whole.address + whole.bytes - end};
    const bool is_small = part.bytes <= whole.bytes / 2;
    const auto counted = is_small ? sum_of(present, {part}) : sum_of(present, {before, after});
    if (counted)
        return is_small ? std::min(*counted, resident) : resident - std::min(*counted, resident);
    return static_cast<std::uint64_t>(static_cast<double>(resident) *
                                      static_cast<double>(part.bytes) /
                                      static_cast<double>(whole.bytes));
}

std::optional<std::vector<fil_large_mapping>> large_mappings(const fil_session* session,
                                                             pid_t pid) {
    std::vector<fil_large_mapping> all(1024);
    std::size_t count = all.size();
    if (fil_session_large_mappings(session, pid, all.data(), &count, sizeof all.front()) != FIL_OK)
        return std::nullopt;
    all.resize(count);
    return all;
}

bool are_same(const std::vector<fil_large_mapping>& some,
              const std::vector<fil_large_mapping>& others) {
    return std::ranges::equal(some, others, [](const auto& one, const auto& other) {
        return one.address == other.address && one.bytes == other.bytes &&
               one.callstack == other.callstack && one.kind == other.kind;
    });
}

// Adds them; false if the kernel does not tell.
bool add_arenas(std::vector<fil_untouched>& all, std::span<const fil_large_mapping> arenas,
                pid_t pid) {
    if (arenas.empty()) return true;
    std::ifstream smaps(file_of_process(pid, "smaps"));
    std::vector<address_range> ranges;
    for (const fil_large_mapping& arena : arenas) ranges.push_back({arena.address, arena.bytes});
    const descriptor pages = open_small_file(file_of_process(pid, "pagemap"));
    const auto present = [&](address_range range) {
        return count_bytes(pages, range, pages_with::memory);
    };
    const std::vector<std::uint64_t> resident = resident_in(smaps, ranges, present);
    for (std::size_t i = 0; i < arenas.size(); ++i)
        add(all, {arenas[i].callstack, arenas[i].bytes, resident[i], FIL_MAPPING_ARENA});
    return smaps.eof();
}

std::optional<std::vector<fil_untouched>> measure(std::vector<fil_large_mapping>& all, pid_t pid) {
    const auto first_arena = std::stable_partition(
        all.begin(), all.end(),
        [](const fil_large_mapping& mapping) { return mapping.kind != FIL_MAPPING_ARENA; });
    const std::span mapped(all.begin(), first_arena), arenas(first_arena, all.end());
    const descriptor pages = open_small_file(file_of_process(pid, "pagemap"));
    std::vector<fil_untouched> result;
    if (!add_arenas(result, arenas, pid)) return std::nullopt;
    for (const fil_large_mapping& mapping : mapped) {
        const auto touched =
            count_bytes(pages, {mapping.address, mapping.bytes}, pages_with::memory_or_swap);
        if (!touched) return std::nullopt;
        if (is_hardly_touched(mapping.bytes, *touched))
            add(result, {mapping.callstack, mapping.bytes, *touched, FIL_MAPPING_ANONYMOUS});
    }
    return result;
}

}  // namespace

std::vector<std::uint64_t> resident_in(std::istream& smaps, std::span<const address_range> ranges,
                                       const counter_of_pages& present) {
    std::vector<std::uint64_t> resident(ranges.size());
    address_range whole{};
    std::uint64_t first = 0, end = 0;  // the part of it that is new
    for (std::string line; std::getline(smaps, line);) {
        unsigned long long low = 0, high = 0, kilobytes = 0;
        if (std::sscanf(line.c_str(), "%llx-%llx ", &low, &high) == 2) {
            // Mappings that joined since the line before are shown again, as one.
            whole = {low, high - low};
            first = std::max<std::uint64_t>(low, end);
            end = std::max<std::uint64_t>(high, end);
        } else if (std::sscanf(line.c_str(), "Rss: %llu kB", &kilobytes) == 1 && first < end) {
            for (std::size_t i = 0; i < ranges.size(); ++i) {
                const std::uint64_t from = std::max(first, ranges[i].address),
                                    to = std::min(end, ranges[i].address + ranges[i].bytes);
                if (from >= to) continue;
                resident[i] += resident_part(whole, {from, to - from}, kilobytes * 1024, present);
            }
        }
    }
    return resident;
}

bool is_hardly_touched(std::uint64_t bytes, std::uint64_t touched) {
    return touched < bytes / 10;
}

std::size_t count_pages(std::span<const std::uint64_t> words, pages_with what) {
    constexpr std::uint64_t present = std::uint64_t{1} << 63, swapped = present >> 1;
    const std::uint64_t asked = what == pages_with::memory ? present : present | swapped;
    return static_cast<std::size_t>(
        std::ranges::count_if(words, [=](std::uint64_t word) { return (word & asked) != 0; }));
}

std::optional<std::uint64_t> count_bytes(const descriptor& pagemap, address_range range,
                                         pages_with what) {
    const auto [address, bytes] = range;
    const auto page_bytes = static_cast<std::uint64_t>(bytes_of_a_page());
    const std::uint64_t first = address / page_bytes,
                        pages = (address + bytes + page_bytes - 1) / page_bytes - first;
    const std::uint64_t step = pages_a_stretch * (1 + pages / pages_looked_at);

    std::uint64_t seen = 0, found = 0;
    std::array<std::uint64_t, pages_a_stretch> words;
    for (std::uint64_t page = 0; page < pages; page += step) {
        const std::size_t wanted = std::min(pages_a_stretch, pages - page);
        const std::size_t size = read_at(pagemap, (first + page) * sizeof words[0], words.data(),
                                         wanted * sizeof words[0]);
        if (size == 0) return std::nullopt;
        const std::size_t got = size / sizeof words[0];
        found += count_pages({words.data(), got}, what);
        seen += got;
    }
    if (seen == 0) return std::nullopt;
    return static_cast<std::uint64_t>(static_cast<double>(found) / static_cast<double>(seen) *
                                      static_cast<double>(bytes));
}

// The list and the kernel's answer are of one moment if the list is the same afterwards. Of a
// process that never rests the last answer has to do.
std::optional<std::vector<fil_untouched>> hardly_touched_mappings(const fil_session* session,
                                                                  pid_t pid) {
    constexpr int tries = 3;
    auto listed = large_mappings(session, pid);
    for (int i = 1; listed; ++i) {
        auto measured = *listed;
        auto result = measure(measured, pid);
        auto after = large_mappings(session, pid);
        if (!result || i == tries || !after || are_same(*listed, *after)) return result;
        listed = std::move(after);
    }
    return std::nullopt;
}

}  // namespace fil::cli
