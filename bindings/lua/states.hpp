#pragma once
// Which states run on the calling thread, the one inside the other: a main state, the coroutine
// that it has resumed, and so on. Lua itself does not keep that anywhere but on the machine's
// stack.
//
// There each protected call, and so each coroutine that is resumed, has a jump buffer, and the
// state points to its innermost: `error_jump`. So a state runs here if that lies on this stack, and
// the deeper it lies, the further inside. States themselves are found as words on the stack, since
// the function that made the buffer will need its state again. What such a word points to is only
// looked at if it is a live block, and large enough; so states in blocks that their program does
// not report (its own pool, say) are not found. A main state may run without any protected call:
// then it counts where it was found.
//
// Where what was found last does not hold any more, the stack is walked by the unwinder: nobody
// else knows where it ends. A thread that has not run Lua so far does it at every 16th allocation,
// which making a state cannot slip through: that takes 60.
//
// One thread, no locks. Zeroed memory is valid. Hot path: no allocation, no throw.
#include <unwind.h>

#include "fil.h"
#include "known_ways.hpp"
#include "lua_structs.hpp"

namespace fil::lua {

class running_states {
  public:
    // The innermost, or NULL: none runs here.
    [[gnu::noinline]] const state* innermost() {
        __builtin_unwind_init();  // words in registers are on the stack now
        const address here = reinterpret_cast<address>(__builtin_dwarf_cfa()) - registers_bytes;
        if (count_ != 0 && here >= low_ && here < high_ && all_run() && is_innermost(here)) {
            return found_[count_ - 1].of;
        }
        if (!has_run_ && ++asked_ > 64 && asked_ % 16 != 0) return nullptr;
        find(here);
        return count_ != 0 ? found_[count_ - 1].of : nullptr;
    }

    // Freeing the block that begins here, or a header before, raises the generation.
    static bool watch(address block) {
        const auto* const begin = reinterpret_cast<const char*>(block);
        return fil_block_watch(begin) != 0 || fil_block_watch(begin - header_bytes) != 0;
    }

    std::uint32_t count() const { return count_; }
    const state& outermost() const { return *found_[0].of; }

    // A block that is watched may be gone.
    void forget() { is_watched_ = false; }

    // The newest frame of the state that runs around the one which begins with `outside`; 0 for the
    // outermost, and for the one inside it.
    address around(address outside) const {
        for (std::uint32_t i = 2; i < count_; ++i) {
            if (reinterpret_cast<address>(&found_[i].of->outside) != outside) continue;
            return reinterpret_cast<address>(found_[i - 1].of->newest);
        }
        return 0;
    }

  private:
    static constexpr std::uint32_t most = 200;  // Lua itself allows no more
    static constexpr address stack_bytes = 8u << 20, most_frames = 8192;
    static constexpr address registers_bytes = 64;  // that innermost() saves
    struct found_state {
        const state* of;
        address jump;
        address at;  // the jump, or else the outermost word that led here
    };

    // How many bytes of a live block follow where a state's own block begins: with the block, or
    // behind a header of the program's allocator.
    static std::size_t bytes_at(address it) {
        const auto* const begin = reinterpret_cast<const char*>(it) - extra_space;
        if (const std::size_t bytes = fil_block_size(begin)) return bytes;
        const std::size_t bytes = fil_block_size(begin - header_bytes);
        return bytes > header_bytes ? bytes - header_bytes : 0;
    }

    // Allocators align what is as large: of words on the stack that leaves few to be asked for.
    static bool is_aligned(address word) { return word % 16 == extra_space % 16; }

    // Whether a word is the address of a state.
    static bool is_state(address word) {
        if (!is_aligned(word) || word < 1u << 16) return false;
        if (bytes_at(word) < extra_space + sizeof(state)) return false;
        const auto* const it = reinterpret_cast<const state*>(word);
        if (it->tag != 8) return false;
        const address main = reinterpret_cast<address>(it->shared) - sizeof(state);
        return main % 8 == 0 && bytes_at(main) >= main_block_bytes &&
               it->shared->main == reinterpret_cast<const state*>(main);
    }

    static bool runs_unprotected(const state& it) {
        return it.error_jump == 0 && it.shared->main == &it && it.newest != nullptr &&
               it.newest != &it.outside;
    }

    bool all_run() {
        for (std::uint32_t i = 0; i != count_; ++i) {
            const found_state& each = found_[i];
            if (!(i == 0 && is_watched_) && !is_state(reinterpret_cast<address>(each.of)))
                return false;
            if (i == 0 && !is_watched_ && each.of->shared->main == each.of)
                is_watched_ = watch(reinterpret_cast<address>(each.of) - extra_space);
            if (each.of->error_jump != each.jump) return false;
            if (each.jump == 0 && !runs_unprotected(*each.of)) return false;
        }
        return true;
    }

    // Whether nothing runs inside the last. Only a function in C can have resumed another one; on
    // the way to here from its jump, which then has one more jump, or a call that is another's.
    bool is_innermost(address here) {
        const found_state& last = found_[count_ - 1];
        if (last.of->newest == nullptr) return false;
        if ((last.of->newest->status & (call::in_c | call::in_hook)) == 0) return true;
        if (last.jump == 0) return false;
        const std::uint32_t calls = last.of->nested_c_calls;
        if (ways_.has(here + registers_bytes, last.jump, calls)) return true;
        const address end = last.jump, of = reinterpret_cast<address>(last.of);
        for (address at = here; at < end; at += sizeof(address)) {
            const address word = source_kit::load(at, 0);
            if (!is_aligned(word) || word - low_ < high_ - low_ || word == of || !is_state(word))
                continue;  // most that are aligned lead to the stack
            const auto& other = *reinterpret_cast<const state*>(word);
            if (other.error_jump - here < last.jump - here || runs_unprotected(other)) return false;
        }
        ways_.learn(here + registers_bytes, last.jump, calls);
        return true;
    }

    void add(address word, address at) {
        const auto* const it = reinterpret_cast<const state*>(word);
        for (std::uint32_t i = 0; i != count_; ++i) {
            if (found_[i].of != it) continue;
            if (found_[i].jump == 0) found_[i].at = at;
            return;
        }
        if (count_ == most || it->newest == nullptr) return;
        if (it->error_jump == 0 && !runs_unprotected(*it)) return;
        found_[count_++] = {it, it->error_jump, it->error_jump != 0 ? it->error_jump : at};
    }

    static _Unwind_Reason_Code visit(_Unwind_Context* caller, void* context) {
        auto& self = *static_cast<running_states*>(context);
        const address end = _Unwind_GetCFA(caller);  // of the function that it called
        if (end <= self.high_) return _URC_NO_REASON;
        if (end - self.high_ > stack_bytes || ++self.frames_ > most_frames)
            return _URC_END_OF_STACK;
        for (address at = self.high_; at < end; at += sizeof(address)) {
            const address word = source_kit::load(at, 0);
            if (is_state(word)) self.add(word, at);
        }
        self.high_ = end;
        return _URC_NO_REASON;
    }

    [[gnu::noinline]] void find(address here) {
        const bool is_new = here < low_ || here >= high_;
        count_ = frames_ = 0;
        low_ = high_ = is_new && fil_thread_on_signal_stack() != 0 ? 0 : here;
        if (low_ == 0) return;
        _Unwind_Backtrace(visit, this);
        // Those whose jump is on another stack run in another thread.
        std::uint32_t kept = 0;
        for (std::uint32_t i = 0; i != count_; ++i) {
            const found_state each = found_[i];
            if (each.at < low_ || each.at >= high_) continue;
            std::uint32_t to = kept++;
            for (; to != 0 && found_[to - 1].at < each.at; --to) found_[to] = found_[to - 1];
            found_[to] = each;
        }
        count_ = kept;
        is_watched_ = false;
        has_run_ = has_run_ || count_ != 0;
    }

    address low_, high_;  // the part of the stack that was walked last
    std::uint32_t count_, frames_, asked_;
    bool has_run_;
    bool is_watched_;          // the outermost, which mostly lives as long as the program
    found_state found_[most];  // outermost first
    source_kit::known_ways<64, 32> ways_;  // from the last's jump: nothing runs inside
};

}  // namespace fil::lua
