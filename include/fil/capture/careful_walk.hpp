#pragma once
// A walk that follows all registers: for frames that find their caller's stack by another than the
// stack and the frame pointer, as the loader's and other assembly does.
//
// Every frame's tables are read anew, so it takes a microsecond a frame; such stacks are rare. Of
// what a frame's expressions can say it knows what compilers and assemblers of this machine write.
// Reads nothing outside of the stack's reach. No malloc, no throw.

#include "fil/capture/frame_steps.hpp"
#include "fil/capture/unwind_program.hpp"

namespace fil {

template <typename Machine, typename Reach>
class careful_walk {
  public:
    using program = unwind_program<Machine>;

    careful_walk(Reach& reach, program& scratch) : reach_(reach), program_(scratch) {}

    // Begins with the registers of the function that it is called in.
    FIL_HOT void begin_here() {
        Machine::all_here(values_);
        reach_.begin_at(values_[Machine::sp]);
    }
    std::uintptr_t pc() const { return values_[Machine::pc]; }
    frame_place place() const {
        return {values_[Machine::pc], values_[Machine::sp], values_[Machine::fp]};
    }

    // To the caller of this frame, whose code these tables describe. False: there is none.
    bool step(const unwind_tables& tables) {
        frame_description description;
        const std::uintptr_t before = values_[Machine::sp];
        if (!description_search(tables).find(pc() - 1, description)) return step_framed();
        if (!program_.run(description, pc() - 1)) return false;
        const typename program::rules& rules = program_.result();
        if (rules.kinds[Machine::pc] == register_rule::undefined) return false;
        std::uintptr_t stack = 0;
        if (!find_stack(rules, stack)) return false;
        std::uintptr_t callers[Machine::registers];
        for (unsigned i = 0; i < Machine::registers; ++i) {
            callers[i] = values_[i];
            if (!find_register(rules, i, stack, callers[i])) return false;
        }
        if (rules.kinds[Machine::sp] == register_rule::kept) callers[Machine::sp] = stack;
        for (unsigned i = 0; i < Machine::registers; ++i) values_[i] = callers[i];
        if (description.is_of_handler) {
            ++values_[Machine::pc];
            reach_.begin_at(values_[Machine::sp]);
        } else if (values_[Machine::sp] <= before) {
            return false;
        }
        return values_[Machine::pc] != 0;
    }

  private:
    using steps = frame_steps<Machine, Reach>;

    bool step_framed() {
        frame_place at = place();
        if (!steps::step(at, {}, reach_).is_possible) return false;
        values_[Machine::pc] = at.pc;
        values_[Machine::sp] = at.sp;
        values_[Machine::fp] = at.fp;
        return true;
    }

    bool find_stack(const typename program::rules& rules, std::uintptr_t& stack) {
        if (rules.stack.is_expression) return evaluate(rules.stack.offset, nullptr, stack);
        if (rules.stack.base >= Machine::registers) return false;
        stack = values_[rules.stack.base] + static_cast<std::uintptr_t>(rules.stack.offset);
        return true;
    }

    bool find_register(const typename program::rules& rules, unsigned number, std::uintptr_t stack,
                       std::uintptr_t& value) {
        const std::int64_t how = rules.values[number];
        std::uintptr_t slot = 0;
        switch (rules.kinds[number]) {
            case register_rule::kept:
                return number != Machine::pc;
            case register_rule::undefined:
                value = 0;
                return true;
            case register_rule::at_stack:
                return load(stack + static_cast<std::uintptr_t>(how), value);
            case register_rule::is_stack_plus:
                value = stack + static_cast<std::uintptr_t>(how);
                return true;
            case register_rule::in_register:
                if (static_cast<std::uint64_t>(how) >= Machine::registers) return false;
                value = values_[how];
                return true;
            case register_rule::at_expression:
                return evaluate(how, &stack, slot) && load(slot, value);
            default:
                return evaluate(how, &stack, value);
        }
    }

    bool load(std::uintptr_t place, std::uintptr_t& value) {
        if (place % sizeof value != 0 || !reach_.holds(place)) return false;
        value = word_at(place);
        return true;
    }

    // `first` is what the expression finds before it begins, if anything.
    bool evaluate(std::int64_t expression, const std::uintptr_t* first, std::uintptr_t& result) {
        constexpr std::size_t most = 8;
        std::uintptr_t stack[most];
        std::size_t depth = 0;
        if (first != nullptr) stack[depth++] = *first;
        table_reader reader = program::expression_at(expression);
        while (!reader.is_at_end()) {
            const auto operation = reader.take<std::uint8_t>();
            if (operation >= 0x30 && operation <= 0x4F) {  // literals
                if (depth == most) return false;
                stack[depth++] = operation - 0x30u;
            } else if (operation >= 0x70 && operation <= 0x8F) {  // a register + offset
                const unsigned number = operation - 0x70u;
                if (depth == most || number >= Machine::registers) return false;
                stack[depth++] =
                    values_[number] + static_cast<std::uintptr_t>(reader.take_signed());
            } else if (!operate(operation, reader, stack, depth, most)) {
                return false;
            }
        }
        if (reader.failed() || depth == 0) return false;
        result = stack[depth - 1];
        return true;
    }

    bool operate(std::uint8_t operation, table_reader& reader, std::uintptr_t* stack,
                 std::size_t& depth, std::size_t most) {
        const auto push = [&](std::uintptr_t value) {
            if (depth == most) return false;
            stack[depth++] = value;
            return true;
        };
        if (operation == 0x08) return push(reader.take<std::uint8_t>());
        if (operation == 0x09)
            return push(static_cast<std::uintptr_t>(std::intptr_t{reader.take<std::int8_t>()}));
        if (operation == 0x0A) return push(reader.take<std::uint16_t>());
        if (operation == 0x0C) return push(reader.take<std::uint32_t>());
        if (operation == 0x10) return push(reader.take_unsigned());
        if (operation == 0x11) return push(static_cast<std::uintptr_t>(reader.take_signed()));
        if (depth == 0) return false;
        std::uintptr_t& top = stack[depth - 1];
        if (operation == 0x06) return load(top, top);
        if (operation == 0x12) return push(top);
        if (operation == 0x23) return top += reader.take_unsigned(), true;
        if (depth < 2) return false;
        std::uintptr_t& below = stack[depth - 2];
        switch (operation) {
            case 0x1A:
                below &= top;
                break;
            case 0x1C:
                below -= top;
                break;
            case 0x21:
                below |= top;
                break;
            case 0x22:
                below += top;
                break;
            case 0x24:
                below = top < 64 ? below << top : 0;
                break;
            case 0x2A:
                below = static_cast<std::intptr_t>(below) >= static_cast<std::intptr_t>(top);
                break;
            default:
                return false;
        }
        --depth;
        return true;
    }

    Reach& reach_;
    program& program_;
    std::uintptr_t values_[Machine::registers] = {};
};

}  // namespace fil
