#pragma once
// The callstack of a thread that runs Lua:
//
//     running states -> newest frame -> remembered chain -> node cache -> known places -> call tree
//                       and instruction (all unchanged)     (known child) (first time)
//
// A coroutine's frames stand on those of whoever resumed it. Frames of functions in C are passed
// over: what they allocate is charged to the line that called them, as a tail call's is to the
// function that is there now. thread_walk is the memory that fil.h gives a source in every thread.
// Hot path: no allocation, no throw; the first sight of a function takes a lock of the core.
#include "caller_registers.hpp"
#include "fil.h"
#include "known_functions.hpp"
#include "known_places.hpp"
#include "names.hpp"
#include "node_cache.hpp"
#include "remembered_chain.hpp"
#include "states.hpp"

namespace fil::lua {

inline constexpr std::uint16_t no_stamp = 0;

// One of the two chains that a thread's stack is remembered as. The outer one is that of the
// outermost state; the inner one, of all that run inside, stands on its callstack. So a coroutine
// that is resumed from elsewhere needs no proof of its own frames.
struct stack_part {
    const running_states& states;
    address newest;      // frame
    std::uint64_t key;   // of that one: what it has written down may be older
    std::uint16_t mark;  // this part's stamp; none: coroutines inside coroutines move
};

// How the remembered chain reads a frame. A key is the address of the next instruction.
struct frames {
    static constexpr bool callers_stay_stamped = true;  // until the call returns
    const stack_part& part;

    static call& at(address frame) { return *reinterpret_cast<call*>(frame); }
    address previous(address frame) const {
        const call* below = at(frame).previous;
        return below != nullptr ? reinterpret_cast<address>(below) : part.states.around(frame);
    }
    std::uint64_t key(address frame) const {
        if (frame == part.newest) return part.key;
        return (at(frame).status & call::in_c) != 0
                   ? 0
                   : reinterpret_cast<std::uint64_t>(at(frame).saved_at);
    }
    bool is_stamped(address frame) const { return (at(frame).status & part.mark) != 0; }
    void stamp(address frame) const { at(frame).status |= part.mark; }
};

// The prototype of a frame in Lua, or NULL.
inline const prototype* function_of(const call& frame) {
    if ((frame.status & call::in_c) != 0 || !frame.function->is_lua_function()) return nullptr;
    return static_cast<const closure*>(frame.function->content)->function;
}

struct thread_walk {
    std::uint64_t generation;  // never 0
    running_states states;
    source_kit::caller_registers registers;
    source_kit::remembered_chain<1024, 256> outer, inner;
    source_kit::node_cache<512> nodes;
    source_kit::known_functions<512> functions;
    source_kit::known_places<10> places;

    void forget() {
        states.forget();
        outer.forget();
        inner.forget();
        nodes.forget();
        functions.forget();
        places.forget();
    }

    // A child that the node cache does not know.
    [[gnu::noinline]] fil_callstack meet(definition_names& names, fil_callstack caller,
                                         address frame, std::uint64_t at) {
        const fil_callstack found = places.callstack(caller, at, [&]() -> source_kit::code_place {
            const prototype* const function = function_of(frames::at(frame));
            if (function == nullptr) return {0, 0};
            const fil_function known =
                functions.find(reinterpret_cast<address>(function), running_states::watch,
                               [&](address) { return intern(names, *function); });
            return {known, line_of(*function, reinterpret_cast<const instruction*>(at))};
        });
        nodes.insert(caller, at, found);
        return found;
    }

    // Where the newest frame stands. The interpreter's loop writes that down before whatever may
    // raise an error, but not before it makes a table, which allocates: then only a register of the
    // loop's has it, and what is written down is some lines ago.
    [[gnu::noinline]] std::uint64_t key_of_newest(const call& frame) {
        const prototype* const function = function_of(frame);
        if (function == nullptr) return 0;
        const auto saved = reinterpret_cast<std::uint64_t>(frame.saved_at);
        if ((frame.status & call::in_hook) != 0) return saved;
        const auto begin = reinterpret_cast<std::uint64_t>(function->code);
        const std::uint64_t bytes =
            sizeof(instruction) * static_cast<std::uint64_t>(function->size);
        const std::uint64_t found = registers.find([&](std::uint64_t value) {
            if (value - begin - 1 >= bytes || value % sizeof(instruction) != 0) return false;
            return value == saved ||
                   is_not_saved(*function, reinterpret_cast<const instruction*>(value));
        });
        return found != 0 ? found : saved;
    }

    // Whether the instruction before `next` allocates without writing down where it stands.
    static bool is_not_saved(const prototype& function, const instruction* next) {
        operation what = operation_of(next[-1]);
        if (what == op_extra_argument && next - function.code > 1) what = operation_of(next[-2]);
        return what == op_new_table || what == op_set_list;
    }
};
static_assert(sizeof(thread_walk) <= 1u << 20 && alignof(thread_walk) <= 64);

inline fil_callstack capture(definition_names& names, const std::uint64_t& generation,
                             void* memory) {
    thread_walk& walk = *static_cast<thread_walk*>(memory);
    if (walk.generation != generation) [[unlikely]] {
        walk.forget();
        walk.generation = generation;
    }
    const state* const innermost = walk.states.innermost();
    if (innermost == nullptr || innermost->newest == nullptr) return FIL_CALLSTACK_NONE;
    const auto child = [&walk, &names](fil_callstack caller, address frame, std::uint64_t at) {
        if (at == 0) return caller;  // no function of Lua's
        const fil_callstack found = walk.nodes.find(caller, at);
        return found != FIL_CALLSTACK_NONE ? found : walk.meet(names, caller, frame, at);
    };
    const std::uint64_t key = walk.key_of_newest(*innermost->newest);
    const std::uint32_t count = walk.states.count();
    const auto newest_of = [](const state& of) { return reinterpret_cast<address>(of.newest); };
    stack_part part{walk.states, newest_of(walk.states.outermost()), count == 1 ? key : 0,
                    call::outer_stamp};
    fil_callstack callstack = walk.outer.follow(part.newest, frames{part}, child);
    if (count > 1) {
        part.newest = newest_of(*innermost);
        part.key = key;
        part.mark = count == 2 ? call::inner_stamp : no_stamp;
        walk.inner.stand_on(callstack);
        callstack = walk.inner.follow(part.newest, frames{part}, child);
    }
    return callstack == FIL_CALLSTACK_UNKNOWN ? FIL_CALLSTACK_NONE : callstack;
}

}  // namespace fil::lua
