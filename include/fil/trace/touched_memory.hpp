#pragma once
// What a trace says of how much was touched of its large blocks and mappings, which it says when
// they go: gathered beforehand, by what comes. A range that goes may be of several mappings, the
// parts of one that was moved or protected: then it says so once, of all of them, and each takes as
// much as it can hold, the first one first. Cold; one thread.

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "fil/base/hash.hpp"
#include "fil/trace/mapped_pieces.hpp"
#include "fil/trace/trace_event.hpp"

namespace fil::trace {

class touched_memory {
  public:
    // Each event, in order.
    void add(const event& one) {
        if (one.what == operation::map) {
            forget(one);
            at_[one.address] = {one.address + one.bytes, maps_++};
        } else if (one.what == operation::touched_block) {
            std::uint64_t& most = of_block_[static_cast<std::uint64_t>(one.block)];
            most = std::max(most, one.bytes);
        } else if (one.what == operation::touched_mapping) {
            const auto after = at_.upper_bound(one.address);
            if (after == at_.begin() || one.address >= std::prev(after)->second.end) return;
            of_map_[std::prev(after)->second.number] += one.bytes;
            goes_ = {one.address, one.bytes, true};
            return;
        } else if (one.what == operation::unmap) {
            const bool is_part = goes_.is_on && goes_.next == one.address;
            if (is_part) part_goes(one);
            forget(one);
            if (is_part) return;
        }
        goes_ = {};
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
    // Of what was said last: where its next part begins, and how much is left for that.
    struct range {
        std::uint64_t next = 0, left = 0;
        bool is_on = false, is_first = true;
    };
    // What is mapped anew, or goes, is no more of what was there.
    void forget(const event& one) {
        cut_out(at_, one.address, one.address + one.bytes, [](auto, auto, const mapped&) {});
    }
    void part_goes(const event& one) {
        const auto after = at_.upper_bound(one.address);
        const std::uint64_t here = std::min(goes_.left, one.bytes);
        goes_.left -= here;
        if (after != at_.begin() && one.address < std::prev(after)->second.end) {
            std::uint64_t& sum = of_map_[std::prev(after)->second.number];
            // The first part was given all of it.
            sum = goes_.is_first ? sum - std::min(sum, goes_.left) : sum + here;
        }
        goes_.next += one.bytes;
        goes_.is_first = false;
    }
    struct number_hash {
        std::size_t operator()(std::uint64_t number) const { return mix(number) >> 16; }
    };
    using amounts = std::unordered_map<std::uint64_t, std::uint64_t, number_hash>;

    static std::optional<std::uint64_t> found(const amounts& all, std::uint64_t number) {
        const auto one = all.find(number);
        if (one == all.end()) return {};
        return one->second;
    }

    mapped_pieces<mapped> at_;
    std::uint64_t maps_ = 0;
    range goes_;
    amounts of_block_, of_map_;
};

}  // namespace fil::trace
