#pragma once
// The frames of the calling thread, outermost first, by where they stand: for a pool's thread
// (pool_threads.cpp). And those of another one, whose stack stays there while it is read
// (reading_stack).
//
// By the modules' unwind tables, as the native source goes (capture/unwind_source.hpp), whether
// native frames are recorded or not. Nothing is named, and of a stack nothing is remembered: only
// the rows of the code that was met. Wrong tables, or rows of a module that is no longer there, end
// the walk or lead it astray, within the stack's reach. Frames that need more than a row end it.
//
// One object a thread, in zeroed memory. Hot path (uncommon part): no malloc, no throw, no lock.

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "fil/base/hash.hpp"
#include "fil/capture/frame_steps.hpp"
#include "fil/capture/pool_landmarks.hpp"
#include "fil/capture/unwind_program.hpp"
#include "os/system_modules.hpp"
#include "os/system_stack_ends.hpp"

namespace fil {

struct stack_shape {
    static constexpr std::uint32_t deepest = 128;
    std::uint32_t count;
    stack_place places[deepest];
};

// What frames keep of their callers' registers, innermost first.
struct kept_words {
    static constexpr std::uint32_t most = 128, registers = 6;
    std::uint32_t count;
    std::uintptr_t mark;  // where the return address of the frame stands at which they end; 0: none
    std::uintptr_t words[most];
    // What a thread's first frame found in registers, if the frames end there: that was its
    // creator's.
    std::uintptr_t outermost[registers];

    void add(std::uintptr_t word) {
        if (count != most) words[count++] = word;
    }
};

class thread_frames {
  public:
    void begin_thread() { reach_.begin_thread(); }

    // Of a stack that is deeper, or has frames that cannot be followed, none.
    void read(stack_shape& shape) {
        shape.count = 0;
#if defined(__x86_64__)
        frame_place place = x86_64::here();
        reach_.begin_at(place.sp);
        std::uint32_t count = 0;
        for (;; ++count) {
            const unwind_row row = row_at(place.pc);
            if (row.stack == stack_rule::other) return;
            if (!steps::step(place, row, reach_).is_possible) break;
            if (count == stack_shape::deepest) return;
            shape.places[count] = {place.pc, place.sp};
        }
        for (std::uint32_t i = 0, j = count; i + 1 < j--; ++i) {
            const stack_place inner = shape.places[i];
            shape.places[i] = shape.places[j];
            shape.places[j] = inner;
        }
        shape.count = count;
#endif
    }

    // Walks outward through what runs until a frame of which is_mark(code) says so. Innermost
    // first: what the code that called us keeps in registers, then what each frame saved of its
    // caller's. All of it was written by who runs now, unlike other words of a stack.
    template <typename IsMark>
    bool read_kept(kept_words& kept, IsMark is_mark) {
        kept.count = 0;
        kept.mark = 0;
        for (std::uintptr_t& word : kept.outermost) word = 0;
#if defined(__x86_64__)
        std::uintptr_t values[x86_64::registers];
        x86_64::all_here(values);
        reach_.begin_at(values[x86_64::sp]);
        bool is_own = true;
        for (std::uint32_t frames = 0; frames != stack_shape::deepest; ++frames) {
            const kept_rule& rule = rule_at(values[x86_64::pc]);
            if (is_own && !rule.is_own) {
                is_own = false;
                for (const unsigned number : kept_numbers) kept.add(values[number]);
            }
            if (!is_own && is_mark(values[x86_64::pc])) {
                kept.mark = values[x86_64::sp] - x86_64::return_slot;
                return true;
            }
            if (rule.is_outermost) {
                for (std::size_t i = 0; i != std::size(kept_numbers); ++i)
                    kept.outermost[i] = values[kept_numbers[i]];
                return !is_own;
            }
            if (!rule.is_plain || !step(rule, values, is_own ? nullptr : &kept)) return false;
        }
#endif
        return false;
    }

    // The same of another thread, of whose stack all from `from` on is its callers' and stays. Its
    // registers are not known: but a word may be a return address, and it is one if the frames from
    // there on lead to just the landmark's place. Inward of it, the frame in which `from` is has
    // saved what its caller keeps.
    bool read_others(kept_words& kept, std::uintptr_t from, std::uintptr_t mark) {
#if defined(__x86_64__)
        kept.mark = mark;
        kept.count = 0;
        const std::uintptr_t code = stack_word(mark);
        std::uintptr_t at = from + sizeof from;
        for (; at < mark && at - from < most_bytes; at += sizeof at) {
            const bool may_be_code = stack_word(at) - code + near_code <= 2 * near_code;
            if (!may_be_code) continue;
            kept.count = 0;
            for (std::uintptr_t saved = at;
                 saved > from && at - saved < std::size(kept_numbers) * 8;)
                kept.add(stack_word(saved -= sizeof saved));
            if (lead_to(kept, at, mark)) return true;
        }
#endif
        return false;
    }

  private:
    // A library's code lies together; and so much is read of others' stacks.
    static constexpr std::uintptr_t near_code = 256 << 20, most_bytes = 16 << 10;

    // Whether the frames do, outward of the return address that stands there. Where the frame
    // inward of it has a frame pointer, that of its caller is saved next to it.
    bool lead_to(kept_words& kept, std::uintptr_t at, std::uintptr_t mark) {
        std::uintptr_t fp = stack_word(at - sizeof at);
        for (std::uint32_t frames = 0; frames != stack_shape::deepest; ++frames) {
            if (at == mark) return true;
            const kept_rule& rule = rule_at(stack_word(at));
            const bool is_by_fp = rule.base == x86_64::fp;
            if (!rule.is_plain || (!is_by_fp && rule.base != x86_64::sp)) return false;
            const std::uintptr_t sp = at + sizeof at;
            const std::uintptr_t stack = offset(is_by_fp ? fp : sp, rule.offset);
            if (stack <= sp || stack > mark + sizeof at || stack % sizeof at != 0) return false;
            for (std::size_t i = 0; i != std::size(kept_numbers); ++i) {
                const std::uintptr_t place = offset(stack, rule.saved_at[i]);
                if (rule.saved_at[i] == 0) continue;
                if (place < sp || place >= stack || place % sizeof place != 0) return false;
                kept.add(stack_word(place));
                if (kept_numbers[i] == x86_64::fp) fp = stack_word(place);
            }
            at = stack - sizeof at;
        }
        return false;
    }

    static std::uintptr_t offset(std::uintptr_t from, std::int32_t bytes) {
        return from + static_cast<std::uintptr_t>(std::intptr_t{bytes});
    }

    using reach_type = stack_reach<system_stack_ends>;
    using steps = frame_steps<x86_64, reach_type>;
    static constexpr std::size_t codes_log2 = 9;

    struct known_code {
        std::uintptr_t pc;
        unwind_row row;
    };

    // Registers that functions keep, as DWARF numbers them.
    static constexpr unsigned kept_numbers[] = {3, 6, 12, 13, 14, 15};
    struct kept_rule {
        std::uintptr_t pc;
        std::int32_t offset;  // of the caller's stack, from this register
        std::uint8_t base;
        bool is_own, is_outermost, is_plain;
        std::int16_t saved_at[std::size(kept_numbers)];  // from there; 0: left as it is
    };

    bool step(const kept_rule& rule, std::uintptr_t (&values)[x86_64::registers],
              kept_words* found) {
        const std::uintptr_t stack =
            values[rule.base] + static_cast<std::uintptr_t>(std::intptr_t{rule.offset});
        const std::uintptr_t sp = values[x86_64::sp];
        if (stack <= sp || stack % sizeof stack != 0 || !reach_.holds_until(stack)) return false;
        for (std::size_t i = 0; i != std::size(kept_numbers); ++i) {
            if (rule.saved_at[i] == 0) continue;
            const std::uintptr_t at =
                stack + static_cast<std::uintptr_t>(std::intptr_t{rule.saved_at[i]});
            if (at < sp || at >= stack || at % sizeof at != 0) return false;
            values[kept_numbers[i]] = word_at(at);
            if (found != nullptr) found->add(word_at(at));
        }
        values[x86_64::pc] = word_at(stack - x86_64::return_slot);
        values[x86_64::sp] = stack;
        return values[x86_64::pc] != 0;
    }

    const kept_rule& rule_at(std::uintptr_t pc) {
        kept_rule& known = rules_[mix(pc) >> (64 - codes_log2)];
        if (known.pc != pc) know(known, pc);
        return known;
    }

    void know(kept_rule& rule, std::uintptr_t pc) {
        rule = {};
        const unwind_tables tables = tables_without_lock(pc - 1);
        const unwind_tables own = tables_without_lock(x86_64::here().pc);
        frame_description description;
        rule.pc = pc;
        rule.is_own = tables.index != 0 && tables.index == own.index;
        if (!description_search(tables).find(pc - 1, description)) return;
        if (!program_.run(description, pc - 1)) return;
        const auto& rules = program_.result();
        rule.is_outermost = rules.kinds[x86_64::pc] == register_rule::undefined;
        if (rules.stack.is_expression || rules.stack.base >= x86_64::pc) return;
        if (description.is_of_handler) return;
        rule.base = static_cast<std::uint8_t>(rules.stack.base);
        rule.offset = static_cast<std::int32_t>(rules.stack.offset);
        for (std::size_t i = 0; i != std::size(kept_numbers); ++i) {
            const register_rule kind = rules.kinds[kept_numbers[i]];
            if (kind != register_rule::kept && kind != register_rule::at_stack) return;
            if (kind == register_rule::at_stack)
                rule.saved_at[i] = static_cast<std::int16_t>(rules.values[kept_numbers[i]]);
        }
        rule.is_plain = true;
    }

    unwind_row row_at(std::uintptr_t pc) {
        known_code& known = codes_[mix(pc) >> (64 - codes_log2)];
        if (known.pc != pc) {
            known.row = row_of(pc - 1);
            known.pc = pc;
        }
        return known.row;
    }

    unwind_row row_of(std::uintptr_t call) {
        frame_description description;
        if (!description_search(tables_without_lock(call)).find(call, description)) return {};
        if (!program_.run(description, call)) return {0, 0, stack_rule::outermost, fp_rule::kept};
        return program_.digest();
    }

    reach_type reach_;
    unwind_program<x86_64> program_;
    known_code codes_[std::size_t{1} << codes_log2];
    kept_rule rules_[std::size_t{1} << codes_log2];
};

}  // namespace fil
