#pragma once
// Sparse memory: resident for the sake of few bytes. Whose blocks keep it?
//
// Memory goes back to the system in units: a page where malloc cut the blocks, an arena where a
// runtime did. A unit is sparse where its blocks take at most half of what is resident of it; what
// it lacks to be full is shared by the blocks on it, each the same.
//
// A block takes what glibc's malloc takes for it: 8 bytes more, in steps of 16, at least 32. So
// many small blocks side by side are no sparse page, though headers lie between them. One of 64 KiB
// and more fills the pages on which it begins and ends: what is rounded up there is no hole.
//
// Of blocks in order of address; the program may go on meanwhile. Cold; allocates.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace fil::report {

struct memory_unit {
    std::uint64_t begin = 0, end = 0;
};

constexpr memory_unit page_around(std::uint64_t address) {
    constexpr std::uint64_t page = 4096;
    return {address / page * page, address / page * page + page};
}

// With what stands between it and the next one.
constexpr std::uint64_t bytes_taken(std::uint64_t bytes) {
    return std::max<std::uint64_t>((bytes + 8 + 15) / 16 * 16, 32);
}

// What a unit lacks to be full; 0: it is not sparse.
constexpr std::uint64_t bytes_lacking(std::uint64_t resident, std::uint64_t taken) {
    return taken * 2 <= resident ? resident - taken : 0;
}

// Blocks, unit by unit. `Of` has unit_at(address), which is the unit around it, and seen(unit,
// taken, whose): all of its blocks came; what they take, and of each whose it is, if it may be
// sparse. A unit in which a block of 64 KiB and more begins or ends is not seen.
template <typename Whose, typename Of>
class blocks_by_unit {
  public:
    explicit blocks_by_unit(Of& of) : of_(of) {}

    void add(std::uint64_t address, std::uint64_t bytes, Whose whose) {
        constexpr std::uint64_t large = 64 << 10;
        const std::uint64_t end = address + std::max<std::uint64_t>(bytes, 1);
        if (bytes >= large) {
            for (const std::uint64_t at : {address, end - 1}) {
                enter(at);
                is_full_ = true;
            }
            return;
        }
        for (std::uint64_t at = address; at < end;) {
            enter(at);
            const std::uint64_t next = std::min(now_.end, end);
            if (may_be_sparse()) whose_.push_back(whose);
            taken_ += next - at;
            at = next;
        }
        taken_ += bytes_taken(bytes) - (end - address);
    }

    // After the last one.
    void finish() {
        if (taken_ > 0 && !is_full_) of_.seen(now_, taken_, std::span<const Whose>(whose_));
        whose_.clear();
        taken_ = 0;
        is_full_ = false;
    }

  private:
    bool may_be_sparse() const { return taken_ * 2 <= now_.end - now_.begin; }

    void enter(std::uint64_t at) {
        if (at >= now_.begin && at < now_.end) return;
        finish();
        now_ = of_.unit_at(at);
    }

    Of& of_;
    memory_unit now_;
    std::uint64_t taken_ = 0;
    std::vector<Whose> whose_;
    bool is_full_ = false;
};

}  // namespace fil::report
