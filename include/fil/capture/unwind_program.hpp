#pragma once
// A frame description's program: run up to an address, it says where each register of the caller
// is.
//
// The result is a set of rules, one a register; digest() makes a row of it where the stack and the
// frame pointer are all that matters. Sources: DWARF 4 section 6.4.2; what GNU tools add to it.
// Large (some KiB): it lives in the thread's memory, not on the stack.
// Hot path (uncommon part): no malloc, no throw.

#include <cstddef>
#include <cstdint>
#include <limits>

#include "fil/capture/unwind_row.hpp"
#include "fil/capture/unwind_tables.hpp"

namespace fil {

enum class register_rule : std::uint8_t {
    kept,
    undefined,
    at_stack,       // saved at the beginning of the caller's stack + value
    is_stack_plus,  // it is that
    in_register,    // value is its number
    at_expression,  // saved where the expression at `value` says
    is_expression
};

struct stack_start {
    bool is_expression;
    std::uint64_t base;   // a register
    std::int64_t offset;  // from it; or where the expression stands
};

template <typename Machine>
class unwind_program {
  public:
    static constexpr unsigned registers = Machine::registers;
    struct rules {
        stack_start stack;
        std::int64_t values[registers];
        register_rule kinds[registers];
    };

    // False if there is something in it that nobody knows.
    bool run(const frame_description& description, std::uintptr_t pc) {
        now_ = initial_ = {};
        depth_ = 0;
        description_ = &description;
        location_ = description.code;
        if (description.return_register != Machine::pc) return false;
        if (!run_one(description.shared_program, ~std::uintptr_t{0})) return false;
        initial_ = now_;
        location_ = description.code;
        return run_one(description.program, pc);
    }
    const rules& result() const { return now_; }

    unwind_row digest() const {
        constexpr unwind_row other{0, 0, stack_rule::other, fp_rule::kept};
        if (description_->is_of_handler) return {0, 0, stack_rule::handler, fp_rule::kept};
        if (now_.kinds[Machine::pc] == register_rule::undefined)
            return {0, 0, stack_rule::outermost, fp_rule::kept};
        constexpr auto slot = -static_cast<std::int64_t>(Machine::return_slot);
        const bool is_plain = now_.kinds[Machine::pc] == register_rule::at_stack &&
                              now_.values[Machine::pc] == slot &&
                              now_.kinds[Machine::sp] == register_rule::kept;
        unwind_row row;
        return is_plain && digest_stack(row) && digest_fp(row) ? row : other;
    }

  private:
    // ---- rows ----

    bool digest_stack(unwind_row& row) const {
        std::int64_t offset = now_.stack.offset;
        if (now_.stack.is_expression) {
            bool loads = false;
            if (!is_fp_plus(now_.stack.offset, offset, loads) || !loads) return false;
            row.stack = stack_rule::loaded;
        } else if (now_.stack.base == Machine::sp) {
            row.stack = stack_rule::sp;
        } else if (now_.stack.base == Machine::fp) {
            row.stack = stack_rule::fp;
        } else {
            return false;
        }
        row.stack_offset = static_cast<std::int32_t>(offset);
        return row.stack_offset == offset;
    }

    bool digest_fp(unwind_row& row) const {
        std::int64_t offset = now_.values[Machine::fp];
        bool loads = false;
        switch (now_.kinds[Machine::fp]) {
            case register_rule::kept:
                return true;
            case register_rule::undefined:
                row.fp = fp_rule::lost;
                return true;
            case register_rule::at_stack:
                row.fp = fp_rule::at_stack;
                break;
            case register_rule::at_expression:
                if (!is_fp_plus(now_.values[Machine::fp], offset, loads) || loads) return false;
                row.fp = fp_rule::at_fp;
                break;
            default:
                return false;
        }
        row.fp_offset = static_cast<std::int16_t>(offset);
        return row.fp_offset == offset;
    }

    // The expressions of functions that align their stack: fp + offset, or the word there.
    bool is_fp_plus(std::int64_t expression, std::int64_t& offset, bool& loads) const {
        table_reader reader = expression_at(expression);
        constexpr std::uint8_t register_plus = 0x70, load = 0x06;
        if (reader.take<std::uint8_t>() != register_plus + Machine::fp) return false;
        offset = reader.take_signed();
        loads = !reader.is_at_end() && reader.take<std::uint8_t>() == load;
        return reader.is_at_end() && !reader.failed();
    }

  public:
    // An expression: its length, and what stands behind it.
    static table_reader expression_at(std::int64_t expression) {
        const auto at = static_cast<std::uintptr_t>(expression);
        table_reader length(at, at + 10);
        const std::uint64_t bytes = length.take_unsigned();
        return {length.at(), length.at() + bytes};
    }

  private:
    // ---- the program ----

    // Up to the row that holds at `pc`.
    bool run_one(table_reader reader, std::uintptr_t pc) {
        while (!reader.is_at_end()) {
            const auto instruction = reader.take<std::uint8_t>();
            const unsigned low = instruction & 0x3F;
            switch (instruction >> 6) {
                case 0:
                    if (!run_extended(low, reader)) return false;
                    break;
                case 1:
                    advance(low);
                    break;
                case 2:
                    set(low, register_rule::at_stack, factored(reader.take_unsigned()));
                    break;
                default:
                    restore(low);
            }
            if (location_ > pc) return true;  // what follows holds further on
        }
        return !reader.failed();
    }

    bool run_extended(unsigned instruction, table_reader& reader) {
        enum : unsigned {
            nop = 0x00,
            set_loc = 0x01,
            advance_loc1 = 0x02,
            advance_loc2 = 0x03,
            advance_loc4 = 0x04,
            offset_extended = 0x05,
            restore_extended = 0x06,
            undefined = 0x07,
            same_value = 0x08,
            register_ = 0x09,
            remember_state = 0x0A,
            restore_state = 0x0B,
            def_cfa = 0x0C,
            def_cfa_register = 0x0D,
            def_cfa_offset = 0x0E,
            def_cfa_expression = 0x0F,
            expression = 0x10,
            offset_extended_sf = 0x11,
            def_cfa_sf = 0x12,
            def_cfa_offset_sf = 0x13,
            val_offset = 0x14,
            val_offset_sf = 0x15,
            val_expression = 0x16,
            gnu_args_size = 0x2E,
            gnu_negative_offset_extended = 0x2F
        };
        std::uint64_t number = 0;
        switch (instruction) {
            case nop:
                return true;
            case set_loc:
                location_ = reader.take<std::uint64_t>();
                return true;
            case advance_loc1:
                advance(reader.take<std::uint8_t>());
                return true;
            case advance_loc2:
                advance(reader.take<std::uint16_t>());
                return true;
            case advance_loc4:
                advance(reader.take<std::uint32_t>());
                return true;
            case offset_extended:
                number = reader.take_unsigned();
                set(number, register_rule::at_stack, factored(reader.take_unsigned()));
                return true;
            case offset_extended_sf:
                number = reader.take_unsigned();
                set(number, register_rule::at_stack, reader.take_signed() * unit());
                return true;
            case gnu_negative_offset_extended:
                number = reader.take_unsigned();
                set(number, register_rule::at_stack, -factored(reader.take_unsigned()));
                return true;
            case restore_extended:
                restore(reader.take_unsigned());
                return true;
            case undefined:
                set(reader.take_unsigned(), register_rule::undefined, 0);
                return true;
            case same_value:
                set(reader.take_unsigned(), register_rule::kept, 0);
                return true;
            case register_:
                number = reader.take_unsigned();
                set(number, register_rule::in_register,
                    static_cast<std::int64_t>(reader.take_unsigned()));
                return true;
            case remember_state:
                if (depth_ == deepest) return false;
                remembered_[depth_++] = now_;
                return true;
            case restore_state:
                if (depth_ == 0) return false;
                now_ = remembered_[--depth_];
                return true;
            case def_cfa:
                number = reader.take_unsigned();
                now_.stack = {false, number, static_cast<std::int64_t>(reader.take_unsigned())};
                return true;
            case def_cfa_sf:
                number = reader.take_unsigned();
                now_.stack = {false, number, reader.take_signed() * unit()};
                return true;
            case def_cfa_register:
                now_.stack.base = reader.take_unsigned();
                return !now_.stack.is_expression;
            case def_cfa_offset:
                now_.stack.offset = static_cast<std::int64_t>(reader.take_unsigned());
                return !now_.stack.is_expression;
            case def_cfa_offset_sf:
                now_.stack.offset = reader.take_signed() * unit();
                return !now_.stack.is_expression;
            case def_cfa_expression:
                now_.stack = {true, 0, skip_expression(reader)};
                return true;
            case expression:
                number = reader.take_unsigned();
                set(number, register_rule::at_expression, skip_expression(reader));
                return true;
            case val_expression:
                number = reader.take_unsigned();
                set(number, register_rule::is_expression, skip_expression(reader));
                return true;
            case val_offset:
                number = reader.take_unsigned();
                set(number, register_rule::is_stack_plus, factored(reader.take_unsigned()));
                return true;
            case val_offset_sf:
                number = reader.take_unsigned();
                set(number, register_rule::is_stack_plus, reader.take_signed() * unit());
                return true;
            case gnu_args_size:
                reader.take_unsigned();
                return true;
            default:
                return false;
        }
    }

    static std::int64_t skip_expression(table_reader& reader) {
        const auto at = static_cast<std::int64_t>(reader.at());
        reader.skip(reader.take_unsigned());
        return at;
    }

    std::int64_t factored(std::uint64_t value) const {
        return static_cast<std::int64_t>(value) * unit();
    }
    std::int64_t unit() const { return description_->data_unit; }
    void advance(std::uint64_t units) { location_ += units * description_->code_unit; }

    void set(std::uint64_t number, register_rule kind, std::int64_t value) {
        if (number >= registers) return;  // one that nobody asks for
        now_.kinds[number] = kind;
        now_.values[number] = value;
    }
    void restore(std::uint64_t number) {
        if (number >= registers) return;
        now_.kinds[number] = initial_.kinds[number];
        now_.values[number] = initial_.values[number];
    }

    static constexpr std::size_t deepest = 8;
    const frame_description* description_;
    std::uintptr_t location_;
    std::size_t depth_;
    rules now_, initial_, remembered_[deepest];
};

}  // namespace fil
