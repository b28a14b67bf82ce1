#pragma once
// The structs of Lua 5.4.4 that are read, as its own headers (lobject.h, lstate.h) lay them out on
// x86-64. They are read in place, in the thread that runs the state; nothing of Lua is called, and
// two bits are written: the stamps of a call. Other versions have other structs (lua_source.cpp).
#include <cstddef>
#include <cstdint>

#include "memory_reading.hpp"

namespace fil::lua {

using source_kit::address;
using instruction = std::uint32_t;

struct text {  // TString
    address next;
    std::uint8_t tag, marked, extra, short_length;
    std::uint32_t hash;
    std::size_t long_length;
    char bytes[1];
    bool is_short() const { return (tag & 0x3f) == 4; }
    std::size_t length() const { return is_short() ? short_length : long_length; }
};

struct value {  // TValue
    const void* content;
    std::uint8_t tag;
    bool is_text() const { return (tag & 0x0f) == 4; }
    bool is_lua_function() const { return (tag & 0x3f) == 6; }
};

struct local_variable {  // LocVar: active from the instruction `start` on
    const text* name;
    std::int32_t start, end;
};

struct absolute_line {  // AbsLineInfo
    std::int32_t at, line;
};

struct prototype {  // Proto: the code of a function
    address next;
    std::uint8_t tag, marked, parameters, is_vararg, registers;
    std::int32_t upvalue_count, constant_count, size, line_count, inner_count, local_count,
        absolute_count, first_line, last_line;
    const value* constants;
    const instruction* code;
    const prototype* const* inner;  // functions defined inside
    const void* upvalues;
    const std::int8_t* lines;  // changes from one instruction to the next; NULL: stripped
    const absolute_line* absolute_lines;
    const local_variable* locals;
    const text* source;
};

struct closure {  // LClosure
    address next;
    std::uint8_t tag, marked, upvalues;
    address gray;
    const prototype* function;
};

struct call {  // CallInfo: a frame
    static constexpr std::uint16_t in_c = 1u << 1, in_hook = 1u << 3;
    // Unused by Lua, zero in each new call.
    static constexpr std::uint16_t outer_stamp = 1u << 15, inner_stamp = 1u << 14;
    const value* function;
    address top;
    call *previous, *next;
    const instruction* saved_at;  // the next instruction, when the loop last wrote it down
    address more[2];
    std::uint32_t other;
    std::int16_t results;
    std::uint16_t status;
};

struct global;  // global_State: behind the main state, in one block

struct state {  // lua_State: a coroutine, or the main one
    address next;
    std::uint8_t tag, marked, status, allows_hook;
    std::uint16_t calls;
    value* top;
    const global* shared;
    call* newest;
    value *stack_end, *stack;
    address lists[4];
    address error_jump;  // the innermost protected call, on the machine's stack; 0: none is on
    call outside;        // base_ci
    address hook, error_function;
    std::uint32_t nested_c_calls, other[3];
    std::int32_t hook_mask;
};

struct global {
    address before[33];
    const state* main;
};

static_assert(offsetof(prototype, constants) == 56 && offsetof(prototype, source) == 112);
static_assert(offsetof(closure, function) == 24 && offsetof(text, bytes) == 24);
static_assert(sizeof(call) == 64 && offsetof(call, status) == 62);
static_assert(offsetof(state, error_jump) == 88 && offsetof(state, outside) == 96);
static_assert(sizeof(state) == 200 && offsetof(global, main) == 264);

// A state is part of a block, behind the program's own word (LUA_EXTRASPACE).
inline constexpr std::size_t extra_space = 8, main_block_bytes = 1624;
// What a program's own allocator may put before each block, as malloc aligns.
inline constexpr std::size_t header_bytes = 16;

// lopcodes.h.
enum operation : std::uint32_t {
    op_get_table_of_upvalue = 11,  // GETTABUP
    op_set_table_of_upvalue = 15,  // SETTABUP
    op_set_field = 18,
    op_new_table = 19,
    op_set_list = 78,
    op_closure = 79,
    op_extra_argument = 82
};
inline operation operation_of(instruction i) {
    return static_cast<operation>(i & 0x7f);
}
inline std::uint32_t a_of(instruction i) {
    return i >> 7 & 0xff;
}
inline bool k_of(instruction i) {
    return (i >> 15 & 1) != 0;
}
inline std::uint32_t b_of(instruction i) {
    return i >> 16 & 0xff;
}
inline std::uint32_t c_of(instruction i) {
    return i >> 24;
}
inline std::uint32_t bx_of(instruction i) {
    return i >> 15;
}

}  // namespace fil::lua
