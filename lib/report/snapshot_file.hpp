#pragma once
// A snapshot as a file (docs/design/snapshot-file.md), from which reports are drawn again, later
// and on another machine.
//
//     magic, version, sizes, checksum | content, packed by zstd
//
// What was not written so is refused: no byte can be changed, added or left out unnoticed, except
// by who makes a file on purpose; of that, each index and count is checked, and the content is at
// most 512 MiB. Cold; any thread.

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "fil/report/session_snapshot.hpp"

namespace fil {

inline constexpr std::string_view snapshot_magic = "filsnap\n";
inline constexpr std::string_view snapshot_suffix = ".filsnap";
inline constexpr std::uint32_t snapshot_version = 3;
inline constexpr std::uint64_t longest_content = std::uint64_t{512} << 20;

enum class snapshot_problem { not_one, other_version, truncated, damaged, empty, unreachable };

// One line for people, without the file's name: "it is cut short: 1,200 of 4,096 bytes are there".
struct unreadable_snapshot : std::runtime_error {
    unreadable_snapshot(snapshot_problem what, const std::string& why)
        : runtime_error(why), problem(what) {}
    snapshot_problem problem;
};

bool is_snapshot_file(std::string_view bytes);

// Nothing if its content would be too long.
std::optional<std::string> snapshot_file(const report::session_snapshot& from);

// Throws unreadable_snapshot.
report::session_snapshot read_snapshot_file(std::string_view bytes);

}  // namespace fil
