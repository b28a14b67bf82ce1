#pragma once
// What a trace says of a program's way with memory: how large, how long, by whom, given to whom.
//
// Fed the events of one process, in order, it counts. Sizes and lifetimes are in *classes*, powers
// of two: class k is of what is above 2^(k-1) and up to 2^k. Lifetimes are in milliseconds (the
// trace's clock) and in bytes that the process asked for meanwhile, which no machine's speed
// changes. Blocks of a runtime's allocator count as malloc's do; its arenas do not, for they hold
// those. A realloc ends a block and begins another; what it makes of one malloc is a *chain*.
//
// `groups` are what the caller makes of callstacks: lines, say. Cold; one thread.

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fil/base/hash.hpp"
#include "fil/trace/live_mappings.hpp"
#include "fil/trace/trace_event.hpp"

namespace fil::trace {

inline constexpr std::size_t classes = 48;  // even
constexpr std::size_t class_of(std::uint64_t amount) {
    const auto found = static_cast<std::size_t>(std::bit_width(amount > 0 ? amount - 1 : 0));
    return std::min(found, classes - 1);
}

struct tally {
    std::uint64_t count = 0, bytes = 0;
    void add(std::uint64_t of) {
        ++count;
        bytes += of;
    }
};
using tallies = std::array<tally, classes>;

// What the blocks of some callstacks did.
struct study_group {
    tally all, temporary, handed_over, reallocated;
    std::int64_t live = 0, peak = 0;             // `peak`: its own highest
    std::array<std::uint32_t, classes> lives{};  // by bytes asked for meanwhile; of what went
};

struct study_thread {
    std::uint32_t number = 0;
    std::uint64_t blocks = 0, bytes = 0, frees = 0, frees_of_others = 0;
};

// So many events after the beginning.
struct study_moment {
    std::uint64_t events = 0, milliseconds = 0;
    std::int64_t live = 0, most = 0;  // then; and the highest since the moment before
    std::vector<std::pair<std::uint32_t, std::int64_t>> held;  // by groups, largest first
};

class trace_study {
  public:
    static constexpr std::uint64_t moments_wanted = 300;
    static constexpr std::size_t held_wanted = 12;

    // `group_of`: by callstack; what is beyond it is of group 0. `events`: how many will come.
    trace_study(std::vector<std::uint32_t> group_of, std::size_t groups, std::uint64_t events)
        : group_of_(std::move(group_of)),
          every_(std::max<std::uint64_t>(events / moments_wanted, 1)),
          groups_(std::max<std::size_t>(groups, 1)) {}

    void add(const event& one) {
        now_ = std::max(now_, one.milliseconds);
        if (one.of != layer::runtime_arena) apply(one);
        if (++events_ % every_ == 0) keep_moment();
    }

    // After the last event.
    void finish() {
        for (const auto& [number, gone] : blocks_) {
            map_[class_of(gone.bytes)][classes].add(gone.bytes);
            end_chain(gone);
        }
        at_end_ = {blocks_.size(), static_cast<std::uint64_t>(std::max<std::int64_t>(live_, 0))};
        if (moments_.empty() || moments_.back().events != events_) keep_moment();
    }

    const std::vector<study_group>& groups() const { return groups_; }
    const std::vector<study_moment>& moments() const { return moments_; }
    const std::map<std::uint32_t, study_thread>& threads() const { return threads_; }
    const tally& all() const { return all_; }
    const tally& temporary() const { return temporary_; }
    const tally& handed_over() const { return handed_over_; }
    const tally& moved() const {
        return moved_;
    }  // by realloc; bytes: that it may have had to copy
    const tally& at_end() const { return at_end_; }
    const tallies& sizes() const { return sizes_; }
    const tallies& lives_ms() const { return lives_ms_; }
    const tallies& lives_bytes() const { return lives_bytes_; }
    // By class of size, then of lifetime in bytes; the last: lived to the end.
    const std::array<std::array<tally, classes + 1>, classes>& size_by_life() const { return map_; }
    // By how many times the block was reallocated.
    const std::map<std::uint32_t, std::uint64_t>& chains() const { return chains_; }
    const std::map<std::pair<std::uint32_t, std::uint32_t>, tally>& hand_overs() const {
        return pairs_;
    }
    std::int64_t peak() const { return peak_; }
    std::uint64_t peak_ms() const { return peak_ms_; }
    std::uint64_t events() const { return events_; }
    std::uint64_t milliseconds() const { return now_; }

    // What is asked for most often.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> hot_sizes(std::size_t most) const {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> found(exact_.begin(), exact_.end());
        std::ranges::sort(found, [](const auto& a, const auto& b) {
            return a.second != b.second ? a.second > b.second : a.first < b.first;
        });
        if (found.size() > most) found.resize(most);
        return found;
    }

  private:
    struct block {
        std::uint64_t bytes, came_ms, came_bytes, of_thread;
        std::uint32_t thread, group, chain;
    };
    struct number_hash {
        std::size_t operator()(std::uint64_t number) const { return mix(number) >> 16; }
    };

    std::uint32_t group_at(callstack_id callstack) const {
        const std::size_t at = to_index(callstack);
        return at < group_of_.size() ? group_of_[at] : 0;
    }

    void apply(const event& one) {
        switch (one.what) {
            case operation::allocate:
                return come(one, 0);
            case operation::release:
                return go(one, nullptr);
            case operation::reallocate: {
                block before{};
                go(one, &before);
                return come(one, before.chain + 1);
            }
            case operation::map:
            case operation::unmap:
                if (!is_in_peak(one.kind)) return;
                return mappings_.apply(one, [this](callstack_id callstack, std::int64_t bytes) {
                    count(group_at(callstack), bytes);
                });
            case operation::touched_block:
            case operation::touched_mapping:
                return;
        }
    }

    void come(const event& one, std::uint32_t chain) {
        study_thread& thread = thread_of(one.thread);
        ++thread.blocks;
        thread.bytes += one.bytes;
        const std::uint32_t at = group_at(one.callstack);
        all_.add(one.bytes);
        sizes_[class_of(one.bytes)].add(one.bytes);
        if (exact_.size() < most_sizes || exact_.contains(one.bytes)) ++exact_[one.bytes];
        groups_[at].all.add(one.bytes);
        if (chain > 0) groups_[at].reallocated.add(one.bytes);
        blocks_[static_cast<std::uint64_t>(one.moved_to)] = {
            one.bytes, now_, all_.bytes, thread.blocks, one.thread, at, chain};
        count(at, static_cast<std::int64_t>(one.bytes));
    }

    void go(const event& one, block* moved) {
        const auto found = blocks_.find(static_cast<std::uint64_t>(one.block));
        if (found == blocks_.end()) return;
        const block gone = found->second;
        blocks_.erase(found);
        const std::uint64_t life = all_.bytes - gone.came_bytes;
        lives_ms_[class_of(now_ - gone.came_ms + 1)].add(gone.bytes);
        lives_bytes_[class_of(life)].add(gone.bytes);
        map_[class_of(gone.bytes)][class_of(life)].add(gone.bytes);
        study_group& group = groups_[gone.group];
        ++group.lives[class_of(life)];
        count(gone.group, -static_cast<std::int64_t>(gone.bytes));
        study_thread& thread = thread_of(one.thread);
        if (moved != nullptr) {
            moved_.add(std::min(gone.bytes, one.bytes));
            *moved = gone;
            return;
        }
        ++thread.frees;
        end_chain(gone);
        if (gone.thread != one.thread) {
            ++thread.frees_of_others;
            handed_over_.add(gone.bytes);
            group.handed_over.add(gone.bytes);
            pairs_[{gone.thread, one.thread}].add(gone.bytes);
        } else if (thread.blocks == gone.of_thread) {
            temporary_.add(gone.bytes);
            group.temporary.add(gone.bytes);
        }
    }

    void end_chain(const block& gone) {
        if (gone.chain > 0) ++chains_[gone.chain];
    }

    study_thread& thread_of(std::uint32_t number) {
        if (last_ != nullptr && last_->number == number) return *last_;
        last_ = &threads_[number];
        last_->number = number;
        return *last_;
    }

    void count(std::uint32_t group, std::int64_t bytes) {
        study_group& of = groups_[group];
        of.live += bytes;
        of.peak = std::max(of.peak, of.live);
        live_ += bytes;
        most_ = std::max(most_, live_);
        if (live_ <= peak_) return;
        peak_ = live_;
        peak_ms_ = now_;
    }

    void keep_moment() {
        study_moment& made = moments_.emplace_back();
        made.events = events_;
        made.milliseconds = now_;
        made.live = live_;
        made.most = std::exchange(most_, live_);
        for (std::uint32_t i = 0; i < groups_.size(); ++i)
            if (groups_[i].live > live_ / 500 && groups_[i].live > 0)
                made.held.emplace_back(i, groups_[i].live);
        std::ranges::sort(made.held,
                          [](const auto& a, const auto& b) { return a.second > b.second; });
        if (made.held.size() > held_wanted) made.held.resize(held_wanted);
    }

    static constexpr std::size_t most_sizes = 1 << 16;
    std::vector<std::uint32_t> group_of_;
    std::uint64_t every_, events_ = 0, now_ = 0, peak_ms_ = 0;
    std::int64_t live_ = 0, peak_ = 0, most_ = 0;
    std::vector<study_group> groups_;
    std::vector<study_moment> moments_;
    std::unordered_map<std::uint64_t, block, number_hash> blocks_;
    live_mappings mappings_;
    std::unordered_map<std::uint64_t, std::uint64_t, number_hash> exact_;
    std::map<std::uint32_t, study_thread> threads_;
    study_thread* last_ = nullptr;
    tally all_, temporary_, handed_over_, moved_, at_end_;
    tallies sizes_{}, lives_ms_{}, lives_bytes_{};
    std::array<std::array<tally, classes + 1>, classes> map_{};
    std::map<std::uint32_t, std::uint64_t> chains_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, tally> pairs_;
};

}  // namespace fil::trace
