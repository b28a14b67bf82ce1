#pragma once
// What a replay does, worked out beforehand: for each thread its steps, and in which order the
// threads took turns. So that a replay spends nothing on finding out.
//
// Blocks stand in *slots*, used again when they are free by the thread that had them: the table is
// as large as what lived at once. Each step says which turn of its slot it is, so that threads that
// run freely still wait for what they depend on: a block is released after it came, and a slot
// filled after it was emptied. The recorded order is one in which nobody waits for ever.
//
// Cold; one thread.

#include <utility>

#include "fil/trace/touched_memory.hpp"
#include "fil/trace/trace_reader.hpp"

namespace fil::trace {

// Touch: of a block that came a step ago so many bytes are used, and no more. Wait: until `bytes`
// milliseconds after the replay began.
enum class step_kind : std::uint8_t {
    allocate,
    allocate_zeroed,
    release,
    reallocate,
    map,
    unmap,
    touch,
    wait
};

struct step {
    std::uint32_t slot;
    std::uint32_t turn;  // of the slot; of unmap, the first page
    std::uint32_t bytes_low;
    std::uint16_t bytes_high;
    step_kind what;
    std::uint8_t alignment;  // log2; and `is_touched_apart`

    static constexpr std::uint8_t touched_apart = 0x80;
    std::uint8_t alignment_log2() const { return alignment & 63; }
    bool is_touched_apart() const { return (alignment & touched_apart) != 0; }

    std::uint64_t bytes() const { return std::uint64_t{bytes_high} << 32 | bytes_low; }
};
static_assert(sizeof(step) == 16);

// So many steps of one thread, before the next one's turn.
struct turn_of_thread {
    std::uint32_t thread;
    std::uint32_t steps;
};

// Which of a runtime's memory is replayed: its arenas, as it took them, or its blocks, as if each
// had come from malloc.
enum class runtime_memory { arenas, blocks };

// The time between events: left out, or kept, so that none comes earlier than it came in the
// program, as far as the trace knows (its clock is of milliseconds, and raised every second one).
enum class think_time { left_out, kept };

class replay_plan {
  public:
    struct thread {
        std::uint32_t number;  // as recorded
        std::vector<step> steps;
    };

    explicit replay_plan(runtime_memory of = runtime_memory::arenas,
                         think_time think = think_time::left_out)
        : of_(of), keeps_time_(think == think_time::kept) {}

    // Until so many steps are there, or all. A thread that has ended hands its place to the next
    // one, as its memory went to that one in the program: a server's thousand short threads are as
    // many as there were at once.
    replay_plan(const reader& from, std::size_t process, runtime_memory of,
                std::uint64_t until = ~std::uint64_t{0}, think_time think = think_time::left_out)
        : replay_plan(of, think) {
        std::unordered_map<std::uint32_t, std::uint64_t> last, place;
        std::uint64_t number = 0;
        from.for_each_event(process, [&](const event& one) {
            last[one.thread] = number++;
            touched_.add(one);
            return true;
        });
        std::vector<std::uint64_t> left;
        std::uint64_t places = 0;
        number = 0;
        from.for_each_event(process, [&](event& one) {
            const std::uint32_t thread = one.thread;
            auto found = place.find(thread);
            if (found == place.end()) {
                const std::uint64_t mine = left.empty() ? ++places : left.back();
                if (!left.empty()) left.pop_back();
                found = place.emplace(thread, mine).first;
            }
            one.thread = static_cast<std::uint32_t>(found->second);
            if (last[thread] == number++) left.push_back(found->second);
            add(one);
            return steps_ < until;
        });
    }

    void add(const event& one) {
        milliseconds_ = std::max(milliseconds_, one.milliseconds);
        switch (one.what) {
            case operation::allocate:
                return come(one, one.block);
            case operation::reallocate:
                return move(one);
            case operation::release:
                return go(one, take(one.block));
            case operation::map:
                if (is_replayed(one)) map(one);
                ++maps_;
                return;
            case operation::unmap:
                return unmap(one);
            case operation::touched_block:
            case operation::touched_mapping:
                return;  // known beforehand
        }
    }

    const std::vector<thread>& threads() const { return threads_; }
    const std::vector<turn_of_thread>& turns() const { return turns_; }
    std::uint32_t slots() const { return static_cast<std::uint32_t>(owner_.size()); }
    std::uint64_t steps() const { return steps_; }  // without the waits
    std::uint64_t waits() const { return waits_; }
    // Who asked for what stands there, when the plan ends.
    callstack_id callstack_of(std::uint32_t slot) const { return callstack_[slot]; }
    std::int64_t peak() const { return peak_; }  // of what is live and mapped, in bytes
    std::uint64_t milliseconds() const { return milliseconds_; }

  private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    static constexpr std::uint64_t page = 4096;
    struct piece {
        std::uint64_t end;
        std::uint64_t base;  // of the whole mapping
        std::uint32_t slot;
    };

    bool is_replayed(const event& one) const {
        if (one.of == layer::runtime_arena) return of_ == runtime_memory::arenas;
        if (one.of == layer::runtime_block) return of_ == runtime_memory::blocks;
        const bool is_block = one.what != operation::map && one.what != operation::unmap;
        return is_block || one.kind == mapping_kind::anonymous || one.kind == mapping_kind::arena;
    }

    std::uint32_t& slot_of(block_number block) {
        const auto at = static_cast<std::size_t>(block);
        if (slot_of_.size() <= at) slot_of_.resize(std::max(at + 1, slot_of_.size() * 2), none);
        return slot_of_[at];
    }
    std::uint32_t take(block_number block) { return std::exchange(slot_of(block), none); }

    std::uint32_t index_of(std::uint32_t number) {
        if (last_ < threads_.size() && threads_[last_].number == number) return last_;
        const auto [found, is_new] =
            index_of_.try_emplace(number, static_cast<std::uint32_t>(threads_.size()));
        if (is_new) {
            threads_.push_back({number, {}});
            free_.emplace_back();
            waited_.push_back(0);
        }
        return last_ = found->second;
    }

    std::uint32_t fresh_slot(std::uint32_t thread) {
        if (!free_[thread].empty()) {
            const std::uint32_t slot = free_[thread].back();
            free_[thread].pop_back();
            return slot;
        }
        owner_.push_back(thread);
        turn_.push_back(0);
        bytes_.push_back(0);
        callstack_.push_back(callstack_id::none);
        return slots() - 1;
    }

    void put(const event& one, step_kind what, std::uint32_t slot, std::uint32_t turn,
             std::uint64_t bytes) {
        const std::uint32_t thread = index_of(one.thread);
        if (keeps_time_) wait(thread, one.milliseconds);
        put(thread, {slot, turn, static_cast<std::uint32_t>(bytes),
                     static_cast<std::uint16_t>(bytes >> 32), what, one.alignment_log2});
        ++steps_;
    }
    void put(std::uint32_t thread, const step& one) {
        threads_[thread].steps.push_back(one);
        if (turns_.empty() || turns_.back().thread != thread) turns_.push_back({thread, 0});
        ++turns_.back().steps;
    }
    // Where time has gone on since the thread's last event. The first event of all is at 0.
    void wait(std::uint32_t thread, std::uint64_t milliseconds) {
        if (!began_) began_ = milliseconds;
        const std::uint64_t at = milliseconds - std::min(milliseconds, *began_);
        if (at <= waited_[thread]) return;
        waited_[thread] = at;
        put(thread, {0, 0, static_cast<std::uint32_t>(at), static_cast<std::uint16_t>(at >> 32),
                     step_kind::wait, 0});
        ++waits_;
    }
    // What came with the last step is touched by one of its own, if the trace says how much.
    void touch(const event& one, std::uint32_t slot, std::optional<std::uint64_t> bytes) {
        if (!bytes) return;
        step& last = threads_[index_of(one.thread)].steps.back();
        last.alignment |= step::touched_apart;
        event plain = one;
        plain.alignment_log2 = 0;
        put(plain, step_kind::touch, slot, turn_[slot]++, std::min(*bytes, one.bytes));
    }
    void count(std::int64_t bytes) { peak_ = std::max(peak_, live_ += bytes); }

    void come(const event& one, block_number block) {
        if (!is_replayed(one)) return;
        const std::uint32_t slot = fresh_slot(index_of(one.thread));
        slot_of(block) = slot;
        bytes_[slot] = one.bytes;
        callstack_[slot] = one.callstack;
        count(static_cast<std::int64_t>(one.bytes));
        put(one, one.zeroed ? step_kind::allocate_zeroed : step_kind::allocate, slot, turn_[slot]++,
            one.bytes);
        touch(one, slot, touched_.of(block));
    }

    void go(const event& one, std::uint32_t slot) {
        if (slot == none) return;
        count(-static_cast<std::int64_t>(bytes_[slot]));
        put(one, step_kind::release, slot, turn_[slot]++, bytes_[slot]);
        free_[owner_[slot]].push_back(slot);
    }

    // Between malloc and a runtime's allocator only one half of it may be replayed.
    void move(const event& one) {
        const std::uint32_t slot = take(one.block);
        if (slot == none) return come(one, one.moved_to);
        if (!is_replayed(one)) return go(one, slot);
        slot_of(one.moved_to) = slot;
        count(static_cast<std::int64_t>(one.bytes) - static_cast<std::int64_t>(bytes_[slot]));
        bytes_[slot] = one.bytes;
        callstack_[slot] = one.callstack;
        put(one, step_kind::reallocate, slot, turn_[slot]++, one.bytes);
        touch(one, slot, touched_.of(one.moved_to));
    }

    // Of an arena, which an allocator inside has reserved, as much as was ever touched, if that is
    // known.
    void map(event one) {
        unmap(one);
        if (one.kind == mapping_kind::arena && one.of == layer::program) {
            const std::uint64_t used = touched_.of_map(maps_).value_or(0);
            one.bytes = std::min(one.bytes, (used + page - 1) / page * page);
            if (one.bytes == 0) return;
        }
        const std::uint32_t slot = fresh_slot(index_of(one.thread));
        pieces_[one.address] = {one.address + one.bytes, one.address, slot};
        count(static_cast<std::int64_t>(one.bytes));
        put(one, step_kind::map, slot, turn_[slot]++, one.bytes);
        touch(one, slot, touched_.of_map(maps_));
    }

    // Whatever of it was mapped.
    void unmap(const event& one) {
        const auto gone = [&](std::uint64_t first, std::uint64_t last, const piece& of) {
            count(-static_cast<std::int64_t>(last - first));
            put(one, step_kind::unmap, of.slot,
                static_cast<std::uint32_t>((first - of.base) / page), last - first);
        };
        cut_out(pieces_, one.address, one.address + one.bytes, gone);
    }

    runtime_memory of_;
    bool keeps_time_;
    std::optional<std::uint64_t> began_;  // the first event's millisecond
    std::vector<std::uint64_t> waited_;   // of each thread: until when it has waited
    std::vector<thread> threads_;
    std::vector<turn_of_thread> turns_;
    std::unordered_map<std::uint32_t, std::uint32_t> index_of_;
    std::uint32_t last_ = none;
    std::vector<std::vector<std::uint32_t>> free_;  // slots, of each thread
    std::vector<std::uint32_t> slot_of_;            // of each block of the trace
    std::vector<std::uint32_t> owner_, turn_;       // of each slot
    std::vector<std::uint64_t> bytes_;              //   likewise
    std::vector<callstack_id> callstack_;           //   likewise
    mapped_pieces<piece> pieces_;                   // of mappings
    touched_memory touched_;
    std::uint64_t maps_ = 0, steps_ = 0, waits_ = 0, milliseconds_ = 0;
    std::int64_t live_ = 0, peak_ = 0;
};

}  // namespace fil::trace
