#pragma once
// The large blocks and mappings of a traced process that are there, and how much of each was
// resident when somebody last looked: what is there at the end goes without a word. Cold; one
// thread.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "process/trace_rings.hpp"

namespace fil {

class large_blocks {
  public:
    static constexpr std::uint64_t mapping = ~std::uint64_t{0};
    struct large {
        std::uint64_t bytes;
        std::uint64_t number;  // of the block, or `mapping`
        std::optional<std::uint64_t> touched{};
    };

    void came(std::uint64_t address, std::uint64_t bytes, std::uint64_t number) {
        if (bytes >= trace_large && bytes <= largest) all_[address] = {bytes, number};
    }
    void went(std::uint64_t address) {
        if (!all_.empty()) all_.erase(address);
    }
    // Of mappings, whatever of them: the rest is looked at from where it begins.
    void went(std::uint64_t address, std::uint64_t bytes) {
        auto next = all_.upper_bound(address);
        if (next != all_.begin()) --next;
        while (next != all_.end() && next->first < address + bytes) {
            const auto [begin, known] = *next;
            if (known.number != mapping || begin + known.bytes <= address) {
                ++next;
                continue;
            }
            next = all_.erase(next);
            if (begin < address) came(begin, address - begin, mapping);
            if (begin + known.bytes > address + bytes)
                came(address + bytes, begin + known.bytes - address - bytes, mapping);
        }
    }

    // `resident(address, bytes)`: how much of it is; nothing: nobody knows. Some each time, in
    // turns, so that a look is short.
    template <typename Resident>
    void look(Resident&& resident) {
        std::uint64_t left = most_bytes;
        for (std::size_t count = all_.size(); count > 0 && left > 0; --count) {
            auto at = all_.upper_bound(last_);
            if (at == all_.end()) at = all_.begin();
            last_ = at->first;
            if (const auto now = resident(at->first, at->second.bytes)) {
                const std::uint64_t most = std::min(*now, at->second.bytes);
                at->second.touched = std::max(at->second.touched.value_or(0), most);
            }
            left -= std::min(left, at->second.bytes);
        }
    }

    const std::map<std::uint64_t, large>& all() const { return all_; }

  private:
    static constexpr std::uint64_t most_bytes = 512 << 20;
    static constexpr std::uint64_t largest = std::uint64_t{16} << 30;  // else a look takes too long
    std::map<std::uint64_t, large> all_;
    std::uint64_t last_ = 0;
};

}  // namespace fil
