#pragma once
// Allocations like those of a recorded program, made from counts alone: how many blocks of which
// size came in which part of the trace, in which thread, and when they went, freed by whom. No name
// and no callstack is among them. Large blocks are listed one by one.
//
// Stands by itself: a program that `fil-profile synthesize` writes has this text in it. The same
// seed gives the same steps. Plain C++17.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <utility>
#include <vector>

namespace fil_synthetic {

// So many blocks. `goes`: in that phase, `phases`: never, above: in that moment; -1 - k: after up
// to 2^k - 1 others came, and at least half as many.
struct row {
    std::uint32_t phase, count;
    std::uint64_t bytes;
    std::uint32_t thread, freed_by;
    std::int32_t goes;
};

// Where many go at once: after so many have come, and before that.
struct moment {
    std::uint64_t from, until;
};

// One block or mapping: the how-manieth that comes, and how many have come when it goes.
struct large {
    std::uint64_t at, until, bytes, touched;
    std::uint32_t thread, freed_by;
    std::int32_t is_mapping;
};

struct counts {
    std::uint32_t phases = 0, threads = 0;
    std::vector<std::uint64_t> starts;  // how many have come when each phase begins, and in all
    std::vector<std::uint32_t> bursts;  // of each phase: how many come in a thread without a break
    std::vector<moment> moments;
    std::vector<row> rows;      // by phase
    std::vector<large> larges;  // by `at`
};

enum class what : std::uint8_t { come, go, map, unmap };

struct step {
    what does;
    std::uint32_t thread;
    std::uint64_t block, bytes, touched;  // its number from 0
};

class generator {
  public:
    generator(const counts& from, std::uint64_t seed) : from_(from), random_(seed) {}

    // emit(step), in order: a block goes after it came, and once.
    template <typename Emit>
    void run(Emit&& emit) {
        auto next_row = from_.rows.begin();
        auto next_large = from_.larges.begin();
        std::vector<std::vector<row>> waiting(from_.threads);
        for (std::uint32_t phase = 0; phase < from_.phases; ++phase) {
            for (std::vector<row>& of_thread : waiting) of_thread.clear();
            for (; next_row != from_.rows.end() && next_row->phase == phase; ++next_row)
                for (std::uint32_t i = 0; i < next_row->count; ++i)
                    waiting[next_row->thread].push_back(*next_row);
            std::uint64_t left = 0;
            for (std::vector<row>& of_thread : waiting) {
                left += of_thread.size();
                for (std::size_t i = of_thread.size(); i > 1; --i)
                    std::swap(of_thread[i - 1], of_thread[below(i)]);
            }
            while (now_ < from_.starts[phase + 1]) {
                if (next_large != from_.larges.end() && (next_large->at <= now_ || left == 0)) {
                    come(*next_large++, emit);
                    continue;
                }
                if (left == 0) break;
                std::uint64_t chosen = below(left);
                std::size_t thread = 0;
                while (chosen >= waiting[thread].size()) chosen -= waiting[thread++].size();
                for (std::uint32_t i = 0; i < from_.bursts[phase] && !waiting[thread].empty();
                     ++i) {
                    if (next_large != from_.larges.end() && next_large->at <= now_) break;
                    come(waiting[thread].back(), emit);
                    waiting[thread].pop_back();
                    --left;
                }
            }
        }
        go_until(now_, emit);
    }

  private:
    struct going {
        std::uint64_t when, block, bytes;
        std::uint32_t thread;
        bool is_mapping;
        bool operator<(const going& other) const {
            return when != other.when ? when > other.when : block > other.block;
        }
    };

    std::uint64_t random() {  // splitmix64
        std::uint64_t word = random_ += 0x9e3779b97f4a7c15;
        word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
        word = (word ^ word >> 27) * 0x94d049bb133111eb;
        return word ^ word >> 31;
    }
    std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : random() % end; }

    template <typename Emit>
    void go_until(std::uint64_t when, Emit& emit) {
        for (; !going_.empty() && going_.top().when <= when; going_.pop()) {
            const going& one = going_.top();
            emit(
                step{one.is_mapping ? what::unmap : what::go, one.thread, one.block, one.bytes, 0});
        }
    }

    template <typename Emit>
    void come(const row& one, Emit& emit) {
        go_until(now_, emit);
        emit(step{what::come, one.thread, now_, one.bytes, one.bytes});
        std::uint64_t when = now_ + 1;
        if (one.goes < 0) {
            const std::uint64_t least = one.goes == -1 ? 0 : std::uint64_t{1} << (-2 - one.goes);
            when += one.goes == -1 ? 0 : least + below(least);
        } else if (static_cast<std::uint32_t>(one.goes) < from_.phases) {
            const auto phase = static_cast<std::uint32_t>(one.goes);
            const std::uint64_t first = std::max(from_.starts[phase], when);
            when = first + below(std::max(from_.starts[phase + 1], first) - first + 1);
        }
        if (one.goes > static_cast<std::int32_t>(from_.phases)) {
            const moment& then =
                from_.moments[static_cast<std::uint32_t>(one.goes) - from_.phases - 1];
            when = std::max(when, then.from) + below(then.until - then.from);
        }
        if (static_cast<std::uint32_t>(one.goes) != from_.phases)
            going_.push({when, now_, one.bytes, one.freed_by, false});
        ++now_;
    }

    template <typename Emit>
    void come(const large& one, Emit& emit) {
        go_until(now_, emit);
        const bool is_mapping = one.is_mapping != 0;
        emit(step{is_mapping ? what::map : what::come, one.thread, now_, one.bytes, one.touched});
        if (one.until != ~std::uint64_t{0})
            going_.push({std::max(one.until, now_ + 1), now_, one.bytes, one.freed_by, is_mapping});
        ++now_;
    }

    const counts& from_;
    std::uint64_t random_, now_ = 0;
    std::priority_queue<going> going_;
};

}  // namespace fil_synthetic
