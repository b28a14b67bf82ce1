#include "sample/kernel_mappings.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <utility>

namespace fil::cli {
namespace {

constexpr std::uint64_t largest_guard = 64 << 10;
constexpr std::uint64_t heap_of_malloc = 64 << 20;  // each begins at a multiple of that
// Where the kernel puts what has no address of its own. Go's heap, which looks alike, lies below.
constexpr std::uint64_t lowest_chosen_by_kernel = std::uint64_t{1} << 46;

// What we map is left out of core files (MADV_DONTDUMP), so that a crash is the program's alone;
// the kernel's own pages have that mark, too, and are never resident.
bool is_ours(const kernel_mapping& one) {
    return one.name.starts_with("/memfd:fil-") || one.name.ends_with("/libfil_preload.so") ||
           (one.flags + ' ').find(" dd ") != std::string::npos;
}

bool is_memory(std::string_view file) {
    return file.starts_with("/dev/shm/") || file.starts_with("/memfd:") ||
           file.starts_with("/SYSV") || file.starts_with("/dev/zero");
}

// Without a name: what stands before it tells what it is.
fil_resident_kind kind_of_nameless(const kernel_mapping& one, const kernel_mapping& before) {
    const bool touches = before.high == one.low;
    const bool has_guard =
        touches && before.is_hidden() && before.high - before.low <= largest_guard;
    if (one.is_shared()) return FIL_RESIDENT_SHARED;
    if (has_guard && one.low % heap_of_malloc != 0) return FIL_RESIDENT_STACKS;
    if (touches && before.is_of_file() && before.is_writable()) return FIL_RESIDENT_DATA;
    return FIL_RESIDENT_PROGRAM;
}

fil_resident_kind kind_of(const kernel_mapping& one, const kernel_mapping& before) {
    if (is_ours(one)) return FIL_RESIDENT_PROFILER;
    if (one.is_of_file())
        return one.is_shared() && is_memory(one.name) ? FIL_RESIDENT_SHARED : FIL_RESIDENT_FILES;
    if (one.name.starts_with("[stack")) return FIL_RESIDENT_STACKS;
    const bool is_memory = one.name == "[heap]" || one.name.starts_with("[anon");
    if (!one.name.empty()) return is_memory ? FIL_RESIDENT_PROGRAM : FIL_RESIDENT_FILES;
    // What follows the variables of our own library are more of them.
    const bool is_our_data = before.high == one.low && is_ours(before) && before.is_of_file() &&
                             before.is_writable() && !before.is_shared();
    return is_our_data ? FIL_RESIDENT_PROFILER : kind_of_nameless(one, before);
}

// Heaps that follow each other are one mapping. What the last may still grow into is hidden.
bool is_heap_of_malloc(const kernel_mapping& one, const kernel_mapping& next) {
    const std::uint64_t end =
        one.high + (heap_of_malloc - one.high % heap_of_malloc) % heap_of_malloc;
    const bool ends_as_one =
        one.high == end || (next.low == one.high && next.is_hidden() && next.high >= end);
    return one.kind == FIL_RESIDENT_PROGRAM && one.name.empty() && one.is_writable() &&
           one.low >= lowest_chosen_by_kernel && one.low % heap_of_malloc == 0 && ends_as_one;
}

// The first line of one.
bool begin(kernel_mapping& one, const std::string& line) {
    unsigned long long low = 0, high = 0;
    int name_at = 0;
    char access[8] = "";
    if (std::sscanf(line.c_str(), "%llx-%llx %7s %*s %*s %*s %n", &low, &high, access, &name_at) <
        3)
        return false;
    one = {.low = low, .high = high, .access = access, .name = {}, .flags = {}};
    if (name_at > 0) one.name = line.substr(static_cast<std::size_t>(name_at));
    constexpr std::string_view gone = " (deleted)";
    if (one.name.ends_with(gone)) one.name.resize(one.name.size() - gone.size());
    return true;
}

void go_on(kernel_mapping& one, std::string_view line) {
    const auto take = [&](std::string_view name, std::int64_t& bytes) {
        if (!line.starts_with(name)) return;
        line.remove_prefix(std::min(line.find_first_not_of(' ', name.size()), line.size()));
        std::int64_t kilobytes = 0;
        std::from_chars(line.data(), line.data() + line.size(), kilobytes);
        bytes += kilobytes * 1024;
    };
    if (line.starts_with("VmFlags:")) one.flags = line.substr(8);
    take("Rss:", one.resident);
    take("Pss:", one.proportional);
    take("Anonymous:", one.anonymous);
    take("Private_Dirty:", one.written);
    take("Shared_Clean:", one.shared);
    take("Shared_Dirty:", one.shared);
}

}  // namespace

std::vector<kernel_mapping> mappings_of_smaps(const std::string& smaps) {
    std::vector<kernel_mapping> all;
    for (std::string_view text = smaps; !text.empty();) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        kernel_mapping next;
        const bool is_field = line.empty() || (line[0] >= 'A' && line[0] <= 'Z');
        if (!is_field && begin(next, std::string(line)))
            all.push_back(std::move(next));
        else if (!all.empty())
            go_on(all.back(), line);
    }
    kernel_mapping none;
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].kind = kind_of(all[i], i > 0 ? all[i - 1] : none);
        all[i].is_heap_of_malloc =
            is_heap_of_malloc(all[i], i + 1 < all.size() ? all[i + 1] : none);
    }
    return all;
}

}  // namespace fil::cli
