#pragma once
// From the plan of a replay, the counts that synthetic_steps.hpp makes allocations like them from.
//
// Kept: sizes, each exactly while there are few of them, else by eighths of their power of two;
// how many live when, phase by phase and where many go at once; threads, and who frees whose; large
// blocks and mappings one by one, and what is touched of them. Lost: which block follows which
// within a phase, reallocations (one goes, one comes), alignment, callstacks and names. Cold; one
// thread.

#include <bit>
#include <functional>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fil/trace/replay_plan.hpp"
#include "fil/trace/synthetic_steps.hpp"

namespace fil::trace {

class synthesis {
  public:
    static constexpr std::uint32_t phases_wanted = 64;
    static constexpr std::size_t most_sizes = 2000, most_larges = 20000, most_moments = 1000;

    explicit synthesis(const replay_plan& plan) {
        read(plan);
        choose_larges(plan.peak());
        choose_sizes();
        count(static_cast<std::uint32_t>(std::max<std::size_t>(plan.threads().size(), 1)));
    }

    const fil_synthetic::counts& counts() const { return counts_; }

  private:
    static constexpr std::uint64_t never = ~std::uint64_t{0};
    struct block {
        std::uint64_t bytes, touched, until;
        std::uint32_t thread, freed_by;
        bool is_mapping, is_large;
    };

    void read(const replay_plan& plan) {
        struct standing {
            std::uint64_t block = never, mapped = 0;
        };
        std::vector<standing> slots(plan.slots());
        std::vector<std::size_t> places(plan.threads().size());
        const auto go = [&](standing& slot, std::uint32_t thread) {
            if (slot.block == never) return;
            blocks_[slot.block].until = blocks_.size();
            blocks_[slot.block].freed_by = thread;
            slot.block = never;
        };
        const auto come = [&](const step& one, std::uint32_t thread) {
            slots[one.slot] = {blocks_.size(), one.bytes()};
            blocks_.push_back({one.bytes(), one.bytes(), never, thread, thread,
                               one.what == step_kind::map, one.what == step_kind::map});
        };
        for (const turn_of_thread& turn : plan.turns())
            for (std::uint32_t left = turn.steps; left > 0; --left) {
                const step& one = plan.threads()[turn.thread].steps[places[turn.thread]++];
                standing& slot = slots[one.slot];
                switch (one.what) {
                    case step_kind::reallocate:
                        go(slot, turn.thread);
                        [[fallthrough]];
                    case step_kind::allocate:
                    case step_kind::allocate_zeroed:
                    case step_kind::map:
                        come(one, turn.thread);
                        break;
                    case step_kind::touch:
                        if (slot.block != never) blocks_[slot.block].touched = one.bytes();
                        break;
                    case step_kind::release:
                        go(slot, turn.thread);
                        break;
                    case step_kind::wait:
                        break;
                    case step_kind::unmap:
                        slot.mapped -= std::min(slot.mapped, one.bytes());
                        if (slot.mapped == 0) go(slot, turn.thread);
                        break;
                }
            }
    }

    // Those that the curve of live memory shows.
    void choose_larges(std::int64_t peak) {
        auto least = std::max<std::uint64_t>(static_cast<std::uint64_t>(peak) / 1000, 4096);
        for (std::size_t found = most_larges + 1; found > most_larges; least *= 2) {
            found = 0;
            for (block& one : blocks_) {
                one.is_large = one.is_mapping || one.bytes >= least;
                found += one.is_large ? 1 : 0;
            }
            if (least > std::uint64_t{1} << 60) return;
        }
    }

    void choose_sizes() {
        std::unordered_map<std::uint64_t, std::uint64_t> often;
        for (const block& one : blocks_)
            if (!one.is_large) ++often[one.bytes];
        std::vector<std::pair<std::uint64_t, std::uint64_t>> order(often.begin(), often.end());
        std::ranges::sort(order, [](const auto& a, const auto& b) {
            return a.second != b.second ? a.second > b.second : a.first < b.first;
        });
        for (std::size_t i = 0; i < std::min(order.size(), most_sizes); ++i)
            shown_[order[i].first] = order[i].first;
        // The rest by eighths, each with its mean: the bytes stay what they were.
        std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> sums;
        for (std::size_t i = most_sizes; i < order.size(); ++i) {
            auto& [bytes, count] = sums[eighth_of(order[i].first)];
            bytes += order[i].first * order[i].second;
            count += order[i].second;
        }
        for (std::size_t i = most_sizes; i < order.size(); ++i) {
            const auto& [bytes, count] = sums[eighth_of(order[i].first)];
            shown_[order[i].first] = (bytes + count / 2) / count;
        }
    }
    // The parts of phases in which far more long-lived blocks go than in others. First those of
    // one arrival: what goes after it and before the next (a table that is emptied, the program's
    // end) goes at once, and not meanwhile.
    void find_moments(std::uint64_t part, std::uint64_t length) {
        part_ = part;
        for (const std::uint64_t width : {std::uint64_t{1}, part}) {
            std::unordered_map<std::uint64_t, std::uint64_t> in_part, in_phase;
            for (std::uint64_t at = 0; at < blocks_.size(); ++at) {
                const block& one = blocks_[at];
                if (one.is_large || one.until == never || one.until - at - 1 < length / 2) continue;
                ++in_phase[one.until / length];
                if (!moment_at(one.until)) ++in_part[one.until / width];
            }
            std::vector<std::pair<std::uint64_t, std::uint64_t>> order;  // how many, which
            for (const auto& [which, count] : in_part)
                if (count >= 16 && count * 16 > in_phase[which * width / length])
                    order.emplace_back(count, which);
            std::ranges::sort(order, std::greater());
            if (order.size() > most_moments) order.resize(most_moments);
            for (const auto& [count, which] : order) {
                (width == 1 ? instant_of_ : moment_of_)[which] =
                    static_cast<std::uint32_t>(counts_.moments.size());
                counts_.moments.push_back({which * width, (which + 1) * width});
            }
        }
    }
    std::optional<std::uint32_t> moment_at(std::uint64_t until) const {
        if (const auto found = instant_of_.find(until); found != instant_of_.end())
            return found->second;
        const auto found = moment_of_.find(until / part_);
        return found == moment_of_.end() ? std::nullopt : std::optional(found->second);
    }

    static std::uint64_t eighth_of(std::uint64_t bytes) {
        const int shift = std::max(static_cast<int>(std::bit_width(bytes)) - 4, 0);
        return bytes >> shift << shift;
    }

    void count(std::uint32_t threads) {
        const std::uint64_t all = blocks_.size();
        counts_.threads = threads;
        counts_.phases =
            static_cast<std::uint32_t>(std::clamp<std::uint64_t>(all / 50, 1, phases_wanted));
        const std::uint64_t length = all / counts_.phases + 1;
        const auto phase_of = [&](std::uint64_t at) {
            return static_cast<std::uint32_t>(
                std::min<std::uint64_t>(at / length, counts_.phases - 1));
        };
        for (std::uint64_t phase = 0; phase <= counts_.phases; ++phase)
            counts_.starts.push_back(std::min(phase * length, all));
        find_moments(std::max<std::uint64_t>(length / 64, 1), length);
        using key = std::tuple<std::uint32_t, std::uint32_t, std::uint64_t, std::int32_t,
                               std::uint32_t>;  // phase, thread, bytes, goes, freed by
        std::map<key, std::uint32_t> rows;
        std::vector<std::uint64_t> breaks(counts_.phases, 1), small(counts_.phases, 0);
        std::uint32_t last = 0;
        for (std::uint64_t at = 0; at < all; ++at) {
            const block& one = blocks_[at];
            const std::uint32_t phase = phase_of(at);
            if (one.is_large) {
                counts_.larges.push_back({at, one.until, one.bytes,
                                          std::min(one.touched, one.bytes), one.thread,
                                          one.freed_by, one.is_mapping ? 1 : 0});
                continue;
            }
            ++small[phase];
            if (one.thread != last) ++breaks[phase];
            last = one.thread;
            const std::uint64_t life = one.until - at - 1;  // others that came meanwhile
            std::int32_t goes = 0;
            if (one.until == never)
                goes = static_cast<std::int32_t>(counts_.phases);
            else if (life < length / 2 && !instant_of_.contains(one.until))
                goes = -1 - static_cast<std::int32_t>(std::bit_width(life));
            else if (const auto then = moment_at(one.until))
                goes = static_cast<std::int32_t>(counts_.phases + 1 + *then);
            else
                goes = static_cast<std::int32_t>(phase_of(one.until));
            ++rows[{phase, one.thread, shown_[one.bytes], goes, one.freed_by}];
        }
        for (const auto& [of, count] : rows)
            counts_.rows.push_back({std::get<0>(of), count, std::get<2>(of), std::get<1>(of),
                                    std::get<4>(of), std::get<3>(of)});
        for (std::uint32_t phase = 0; phase < counts_.phases; ++phase)
            counts_.bursts.push_back(static_cast<std::uint32_t>(
                std::max<std::uint64_t>(small[phase] / breaks[phase], 1)));
    }

    std::vector<block> blocks_;
    std::unordered_map<std::uint64_t, std::uint64_t> shown_;       // sizes as they are kept
    std::uint64_t part_ = 1;                                       // of a phase
    std::unordered_map<std::uint64_t, std::uint32_t> moment_of_;   // of each part
    std::unordered_map<std::uint64_t, std::uint32_t> instant_of_;  // of each arrival
    fil_synthetic::counts counts_;
};

}  // namespace fil::trace
