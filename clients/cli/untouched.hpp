// Large mappings that were hardly touched: an allocator of a library's own may reserve a gigabyte
// and use little of it; the report points them out. What is touched is counted in
// /proc/PID/pagemap, a word a page; of mappings larger than 4 GiB only every n-th stretch of 2 MiB
// is looked at. Of arenas, which may be far larger, the report says what is resident: that is in
// /proc/PID/smaps.
#pragma once

#include <fil.h>
#include <sys/types.h>

#include <cstdint>
#include <istream>
#include <optional>
#include <span>
#include <vector>

namespace fil::cli {

// Of the session's process `pid`, now, together by callstack and kind; nothing if the kernel does
// not tell.
std::optional<std::vector<fil_untouched>> hardly_touched_mappings(const fil_session* session,
                                                                  pid_t pid);

// Bytes of a range that are in memory or swapped out; nothing if the kernel does not tell.
std::optional<std::uint64_t> touched_bytes(pid_t pid, std::uint64_t address, std::uint64_t bytes);

// Resident bytes of each of some ranges of addresses, by the text of an smaps. A mapping that
// reaches beyond a range counts in proportion.
struct address_range {
    std::uint64_t address, bytes;
};
std::vector<std::uint64_t> resident_in(std::istream& smaps, std::span<const address_range> ranges);

// Less than a tenth.
bool is_hardly_touched(std::uint64_t bytes, std::uint64_t touched);

// Pages with memory behind them, of words as pagemap has them.
std::size_t count_touched(std::span<const std::uint64_t> words);

}  // namespace fil::cli
