#pragma once
// How long memory is that another process made (make_shared_memory() in os.hpp), and what stands in
// the memory of one.
//
// What is unknown or refused leaves its reason in errno. Cold; any thread, no state.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "os/file_descriptor.hpp"

namespace fil::os {

// Of a file that cannot become shorter under us; EINVAL where it can.
std::optional<std::uint64_t> sealed_bytes(int descriptor);

std::optional<std::uint64_t> segment_bytes(int segment);

// How many bytes of that range of another process are in memory or swapped out, in whole pages.
std::optional<std::uint64_t> resident_bytes_of(std::int32_t pid, std::uint64_t address,
                                               std::uint64_t bytes);

// The memory of another process, which may be gone, or refuse.
class memory_of_another {
  public:
    explicit memory_of_another(std::int32_t pid);

    // Copies so many bytes; false if they cannot all be read.
    bool read(std::uint64_t address, void* to, std::size_t bytes) const;

    // Calls visit(offset, data, bytes) with those parts of a range that are in memory: whole pages,
    // where the range begins and ends with one, and at most a few MiB at once. `data` may be
    // forgotten after that.
    template <typename Visit>
    void parts(std::uint64_t address, std::size_t bytes, Visit&& visit) {
        for (std::uint64_t at = address, end = address + bytes; at < end;) {
            const part next = next_part(at, end - at);
            if (next.bytes == 0) return;
            visit(next.address - address, static_cast<const void*>(copy_.data()), next.bytes);
            at = next.address + next.bytes;
        }
    }

    // Of whole pages, how many bytes are in memory.
    std::uint64_t resident_bytes(std::uint64_t begin, std::uint64_t end);

  private:
    struct part {
        std::uint64_t address;
        std::size_t bytes;
    };
    part next_part(std::uint64_t address, std::size_t bytes);
    std::optional<bool> is_in_memory(std::uint64_t page);

    file_descriptor memory_, pages_;
    std::uint64_t seen_from_ = 0;      // the number of the first of these
    std::vector<std::uint64_t> seen_;  // words of the kernel about pages
    std::vector<char> copy_;
};

}  // namespace fil::os
