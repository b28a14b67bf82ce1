#include "untouched.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "descriptor.hpp"

namespace fil::cli {
namespace {

constexpr std::uint64_t pages_a_stretch = 512;      // 2 MiB where pages have 4 KiB
constexpr std::uint64_t pages_looked_at = 1 << 20;  // 8 MiB of words, a few milliseconds
constexpr std::size_t most_mappings = 64;

void add(std::vector<fil_untouched>& all, const fil_untouched& one) {
    const auto same = std::ranges::find(all, one.callstack, &fil_untouched::callstack);
    if (same == all.end()) {
        all.push_back(one);
    } else {
        same->bytes += one.bytes;
        same->resident += one.resident;
    }
}

}  // namespace

bool is_hardly_touched(std::uint64_t bytes, std::uint64_t touched) {
    return touched < bytes / 10;
}

std::size_t count_touched(std::span<const std::uint64_t> words) {
    constexpr std::uint64_t present_or_swapped = std::uint64_t{3} << 62;
    return static_cast<std::size_t>(std::ranges::count_if(
        words, [](std::uint64_t word) { return (word & present_or_swapped) != 0; }));
}

std::optional<std::uint64_t> touched_bytes(pid_t pid, std::uint64_t address, std::uint64_t bytes) {
    const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::string name = "/proc/" + std::to_string(pid) + "/pagemap";
    const descriptor pagemap(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    const std::uint64_t first = address / page_bytes, pages = bytes / page_bytes;
    const std::uint64_t step = pages_a_stretch * (1 + pages / pages_looked_at);

    std::uint64_t seen = 0, touched = 0;
    std::array<std::uint64_t, pages_a_stretch> words;
    for (std::uint64_t page = 0; page < pages; page += step) {
        const std::size_t wanted = std::min(pages_a_stretch, pages - page);
        const ssize_t size = ::pread(pagemap.get(), words.data(), wanted * sizeof words[0],
                                     static_cast<off_t>((first + page) * sizeof words[0]));
        if (size <= 0) return std::nullopt;
        const std::size_t got = static_cast<std::size_t>(size) / sizeof words[0];
        touched += count_touched({words.data(), got});
        seen += got;
    }
    if (seen == 0) return std::nullopt;
    return static_cast<std::uint64_t>(static_cast<double>(touched) / static_cast<double>(seen) *
                                      static_cast<double>(bytes));
}

std::optional<std::vector<fil_untouched>> hardly_touched_mappings(const fil_session* session,
                                                                  pid_t pid) {
    std::array<fil_large_mapping, most_mappings> mappings;
    const std::size_t count =
        fil_session_large_mappings(session, pid, mappings.data(), mappings.size());
    std::vector<fil_untouched> result;
    for (const fil_large_mapping& mapping : std::span(mappings).first(count)) {
        const auto touched = touched_bytes(pid, mapping.address, mapping.bytes);
        if (!touched) return std::nullopt;
        if (is_hardly_touched(mapping.bytes, *touched))
            add(result, {mapping.callstack, mapping.bytes, *touched});
    }
    return result;
}

}  // namespace fil::cli
