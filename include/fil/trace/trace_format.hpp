#pragma once
// The trace file, version 1 (docs/design/trace-file.md): a header, blocks, an index, a trailer.
//
// Each block says what it is, of which process, and how long; its content is compressed and has a
// checksum. A block of events is read without any other: its table of sites (who asks for how much)
// is in it, and the number of the first block of memory. So a file whose writer was killed can be
// read up to its last whole block. Little-endian. Pure.

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "fil/base/hash.hpp"

namespace fil::trace {

inline constexpr std::uint64_t file_magic = 0x6563'6172'746c'6966;     // "filtrace"
inline constexpr std::uint64_t trailer_magic = 0x646e'6563'6172'7466;  // "ftracend"
inline constexpr std::uint32_t block_magic = 0x6b6c'6274;              // "tblk"
inline constexpr std::uint32_t file_version = 1;

struct file_header {
    std::uint64_t magic = file_magic;
    std::uint32_t version = file_version;
    std::uint32_t sample = 1;     // one block of memory in so many was kept
    std::int64_t started_ns = 0;  // CLOCK_REALTIME
    std::uint64_t reserved[5] = {};
};
static_assert(sizeof(file_header) == 64);

enum class block_kind : std::uint32_t {
    process = 1,    // who: texts
    events = 2,     //
    recording = 3,  // callstacks: a recording (docs/design/recording.md), its counters aside
    end = 4,        // of a process: what was lost
    index = 5       // where all blocks are
};

struct block_header {
    std::uint32_t magic = block_magic;
    block_kind kind = block_kind::events;
    std::uint32_t process = 0;  // by its number from 0, in the order of joining
    std::uint32_t events = 0;
    std::uint64_t stored = 0;        // bytes that follow
    std::uint64_t raw = 0;           // bytes that they become
    std::uint64_t first_block = 0;   // the number of the next block of memory that comes
    std::uint64_t milliseconds = 0;  // when it begins
    std::uint64_t checksum = 0;      // of what is stored, and of the fields before
};
static_assert(sizeof(block_header) == 56);

struct trailer {
    std::uint64_t index_at = 0;
    std::uint64_t magic = trailer_magic;
};

inline std::uint64_t checksum_of(block_header header, const void* stored) {
    header.checksum = 0;
    return hash_bytes(stored, header.stored, hash_bytes(&header, sizeof header, 0));
}

// A trace that cannot be read, in words: "it is damaged".
struct unreadable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// ---- numbers, in as few bytes as they need ----

using bytes = std::vector<std::uint8_t>;

inline void put_number(bytes& to, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) to.push_back(static_cast<std::uint8_t>(number | 0x80));
    to.push_back(static_cast<std::uint8_t>(number));
}
inline void put_text(bytes& to, const std::string& text) {
    put_number(to, text.size());
    to.insert(to.end(), text.begin(), text.end());
}

// Reads what those wrote; throws where it ends too early.
class number_reader {
  public:
    number_reader() = default;
    explicit number_reader(std::span<const std::uint8_t> from)
        : at_(from.data()), end_(from.data() + from.size()) {}

    std::uint8_t byte() {
        if (at_ == end_) throw unreadable("it is damaged");
        return *at_++;
    }
    std::uint64_t number() {
        std::uint64_t number = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint64_t next = byte();
            number |= (next & 0x7f) << shift;
            if (next < 0x80) return number;
        }
        throw unreadable("it is damaged");
    }
    std::span<const std::uint8_t> part(std::uint64_t length) {
        if (length > static_cast<std::uint64_t>(end_ - at_)) throw unreadable("it is damaged");
        at_ += length;
        return {at_ - length, static_cast<std::size_t>(length)};
    }
    std::string text() {
        const auto found = part(number());
        return {found.begin(), found.end()};
    }
    bool is_at_end() const { return at_ == end_; }

  private:
    const std::uint8_t* at_ = nullptr;
    const std::uint8_t* end_ = nullptr;
};

}  // namespace fil::trace
