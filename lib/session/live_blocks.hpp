#pragma once
// The blocks of a traced process that are there: address -> number in the trace. Open addressing,
// since every event of the process comes by here. Cold; one thread.

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "fil/base/hash.hpp"

namespace fil {

class live_blocks {
  public:
    live_blocks() : slots_(1024) {}

    // The number that stood there before, if any.
    std::optional<std::uint64_t> insert(std::uint64_t address, std::uint64_t number) {
        if ((count_ + 1) * 2 > slots_.size()) grow();
        std::size_t at = place_of(address);
        for (; slots_[at].address != 0; at = next(at)) {
            if (slots_[at].address == address) return std::exchange(slots_[at].number, number);
        }
        slots_[at] = {address, number};
        ++count_;
        return {};
    }

    std::optional<std::uint64_t> find(std::uint64_t address) const {
        std::size_t at = place_of(address);
        for (; slots_[at].address != address; at = next(at))
            if (slots_[at].address == 0) return {};
        return slots_[at].number;
    }

    std::optional<std::uint64_t> take(std::uint64_t address) {
        std::size_t at = place_of(address);
        for (; slots_[at].address != address; at = next(at))
            if (slots_[at].address == 0) return {};
        const std::uint64_t number = slots_[at].number;
        --count_;
        // What stands behind moves up, where the gap would keep it from being found.
        std::size_t gap = at;
        for (std::size_t each = next(at); slots_[each].address != 0; each = next(each)) {
            const std::size_t wanted = place_of(slots_[each].address);
            if (((each - wanted) & mask()) < ((each - gap) & mask())) continue;
            slots_[gap] = slots_[each];
            gap = each;
        }
        slots_[gap] = {};
        return number;
    }

    std::size_t count() const { return count_; }

  private:
    struct slot {
        std::uint64_t address = 0;
        std::uint64_t number = 0;
    };

    std::size_t mask() const { return slots_.size() - 1; }
    std::size_t next(std::size_t at) const { return (at + 1) & mask(); }
    std::size_t place_of(std::uint64_t address) const { return (mix(address) >> 20) & mask(); }

    void grow() {
        std::vector<slot> before(slots_.size() * 2);
        before.swap(slots_);
        count_ = 0;
        for (const slot& one : before)
            if (one.address != 0) insert(one.address, one.number);
    }

    std::vector<slot> slots_;
    std::size_t count_ = 0;
};

}  // namespace fil
