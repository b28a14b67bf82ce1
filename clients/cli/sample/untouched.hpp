// Large mappings that were hardly touched: an allocator of a library's own may reserve a gigabyte
// and use little of it; the report points them out. What is touched is counted in
// /proc/PID/pagemap, a word a page; of mappings larger than 4 GiB only every n-th stretch of 2 MiB
// is looked at. Of arenas, which may be far larger, the report says what is resident: that is in
// /proc/PID/smaps, and in pagemap at their ends.
#pragma once

#include <fil_supervisor.h>
#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <span>
#include <vector>

#include "os/descriptor.hpp"
#include "os/process.hpp"

namespace fil::cli {

// Of the session's process `pid`, now, together by callstack and kind; nothing if the kernel does
// not tell, or the process is just changing its mappings.
std::optional<std::vector<fil_untouched>> hardly_touched_mappings(const fil_session* session,
                                                                  pid_t pid);

// Resident bytes of each of some ranges of addresses, by the text of an smaps. Where a mapping
// reaches beyond a range (the kernel makes one of mappings that touch), `present` counts, in the
// smaller part of both; if it cannot, the mapping counts in proportion.
struct address_range {
    std::uint64_t address, bytes;
};
using counter_of_pages = std::function<std::optional<std::uint64_t>(address_range)>;
std::vector<std::uint64_t> resident_in(std::istream& smaps, std::span<const address_range> ranges,
                                       const counter_of_pages& present);

// Pages with memory behind them, of words as pagemap has them: in memory, or swapped out as well.
enum class pages_with { memory, memory_or_swap };
std::size_t count_pages(std::span<const std::uint64_t> words, pages_with what);

// Bytes of a range that are so, by a process's pagemap; nothing if the kernel does not tell.
std::optional<std::uint64_t> count_bytes(const descriptor& pagemap, address_range range,
                                         pages_with what);

// Less than a tenth.
bool is_hardly_touched(std::uint64_t bytes, std::uint64_t touched);

}  // namespace fil::cli
