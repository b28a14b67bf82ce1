#pragma once
// What a trace says of how much was touched of its large blocks and mappings, which it says when
// they go: gathered beforehand, by what comes. Cold; one thread.

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "fil/base/hash.hpp"
#include "fil/trace/trace_event.hpp"

namespace fil::trace {

class touched_memory {
  public:
    // Each event, in order.
    void add(const event& one) {
        if (one.what == operation::map) {
            at_[one.address] = {one.address + one.bytes, maps_++};
        } else if (one.what == operation::touched_block) {
            std::uint64_t& most = of_block_[static_cast<std::uint64_t>(one.block)];
            most = std::max(most, one.bytes);
        } else if (one.what == operation::touched_mapping) {
            const auto after = at_.upper_bound(one.address);
            if (after == at_.begin() || one.address >= std::prev(after)->second.end) return;
            of_map_[std::prev(after)->second.number] += one.bytes;
        }
    }

    // Nothing: it does not say.
    std::optional<std::uint64_t> of(block_number block) const {
        return found(of_block_, static_cast<std::uint64_t>(block));
    }
    // Of the how-manieth mapping that comes.
    std::optional<std::uint64_t> of_map(std::uint64_t number) const {
        return found(of_map_, number);
    }

  private:
    struct mapped {
        std::uint64_t end, number;
    };
    struct number_hash {
        std::size_t operator()(std::uint64_t number) const { return mix(number) >> 16; }
    };
    using amounts = std::unordered_map<std::uint64_t, std::uint64_t, number_hash>;

    static std::optional<std::uint64_t> found(const amounts& all, std::uint64_t number) {
        const auto one = all.find(number);
        if (one == all.end()) return {};
        return one->second;
    }

    std::map<std::uint64_t, mapped> at_;
    std::uint64_t maps_ = 0;
    amounts of_block_, of_map_;
};

}  // namespace fil::trace
