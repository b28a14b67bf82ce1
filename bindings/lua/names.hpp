#pragma once
// What functions of Lua are called, and which line an instruction stands at.
//
// A function has no name in Lua, only variables that hold it. It gets the name that its definition
// gave it: `function m.f()`, `local function f()`, `f = function()`. That is told by the
// instructions behind the one that makes the closure, so a function's inner ones are named when it
// is met itself: which is before any of them can run, since making a closure allocates. Names are
// kept by what a function is (its chunk, lines, size), not by its address, so they never become
// wrong; a function without one is "function <file:line>", as in Lua's own tracebacks.
//
// Any thread, no lock: a slot is claimed, written and then published. Hot path (uncommon part): no
// allocation, no throw.
#include <atomic>
#include <cstring>

#include "fil.h"
#include "lua_structs.hpp"
#include "short_text.hpp"

namespace fil::lua {

using source_kit::short_text;

inline fil_text text_of(const text* name) {
    return name == nullptr ? fil_text{"?", 1} : fil_text{name->bytes, name->length()};
}

// The file of a function. "@file" and "=name" are what they say; code in a string is shown by its
// first line.
inline fil_text chunk_of(const prototype& function, short_text& made) {
    const fil_text source = text_of(function.source);
    if (function.source == nullptr) return source;  // stripped
    if (source.length != 0 && (source.data[0] == '@' || source.data[0] == '=')) {
        return {source.data + 1, source.length - 1};
    }
    const void* const end = std::memchr(source.data, '\n', source.length);
    std::size_t length =
        end == nullptr ? source.length
                       : static_cast<std::size_t>(static_cast<const char*>(end) - source.data);
    const bool is_cut = end != nullptr || length > 40;
    if (length > 40) length = 40;
    return made << "[string \"" << fil_text{source.data, length} << (is_cut ? "...\"]" : "\"]");
}

// The line of the instruction before `next`.
inline std::uint32_t line_of(const prototype& function, const instruction* next) {
    const auto at = static_cast<std::int32_t>(next - function.code) - 1;
    std::int32_t from = -1, line = function.first_line;
    if (function.lines == nullptr || at >= function.line_count) return 0;
    for (std::int32_t low = 0, high = function.absolute_count; low < high;) {
        const std::int32_t middle = (low + high) / 2;
        const absolute_line& known = function.absolute_lines[middle];
        if (known.at <= at) {
            from = known.at, line = known.line, low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (from < at) line += function.lines[++from];
    return line < 0 ? 0 : static_cast<std::uint32_t>(line);
}

class definition_names {
  public:
    // The name is valid for ever; empty if there is none.
    fil_text find(const prototype& function) const {
        const std::uint64_t what = what_is(function);
        for (std::uint32_t i = 0; i != most_tries; ++i) {
            const slot& each = slots_[(what + i) % slots];
            const std::uint64_t holds = each.what.load(std::memory_order_acquire);
            if (holds == what) return {each.name, each.length};
            if (holds == 0) break;
        }
        return {};
    }

    // Of the functions that are defined inside.
    void learn_inner(const prototype& function) {
        for (std::int32_t i = 0; i + 1 < function.size; ++i) {
            const instruction made = function.code[i];
            const std::uint32_t inner = bx_of(made);
            if (operation_of(made) != op_closure ||
                inner >= static_cast<std::uint32_t>(function.inner_count))
                continue;
            short_text name;
            name_made_at(function, i, name);
            learn(*function.inner[inner], name);
        }
    }

  private:
    static constexpr std::uint32_t slots = 1u << 13, most_tries = 64;
    static constexpr std::uint64_t being_written = 1;
    struct slot {
        std::atomic<std::uint64_t> what;  // 0: nothing
        std::uint32_t length;
        char name[52];
    };

    static std::uint64_t what_is(const prototype& function) {
        std::uint64_t hash = 0xcbf29ce484222325u;
        const auto mix = [&hash](std::uint64_t more) { hash = (hash ^ more) * 0x100000001b3u; };
        const fil_text source = text_of(function.source);
        for (std::size_t i = 0; i != source.length && i != 256; ++i) {
            mix(static_cast<unsigned char>(source.data[i]));
        }
        mix(source.length);
        for (std::int32_t each : {function.first_line, function.last_line, function.size,
                                  function.constant_count, function.local_count}) {
            mix(static_cast<std::uint32_t>(each));
        }
        hash ^= hash >> 29;
        return hash > being_written ? hash : hash + 2;
    }

    void learn(const prototype& inner, fil_text name) {
        if (name.length == 0) return;
        const std::uint64_t what = what_is(inner);
        for (std::uint32_t i = 0; i != most_tries; ++i) {
            slot& each = slots_[(what + i) % slots];
            std::uint64_t holds = each.what.load(std::memory_order_acquire);
            if (holds == what) return;
            if (holds != 0 || !each.what.compare_exchange_strong(holds, being_written)) continue;
            each.length = static_cast<std::uint32_t>(
                name.length < sizeof each.name ? name.length : sizeof each.name);
            std::memcpy(each.name, name.data, each.length);
            each.what.store(what, std::memory_order_release);
            return;
        }
    }

    // The local variable that a register is at an instruction, or NULL.
    static const text* local_in(const prototype& function, std::uint32_t wanted, std::int32_t at) {
        for (std::int32_t i = 0; i != function.local_count; ++i) {
            const local_variable& each = function.locals[i];
            if (each.start > at) break;
            if (at < each.end && wanted-- == 0) return each.name;
        }
        return nullptr;
    }

    static const text* constant(const prototype& function, std::uint32_t number) {
        const value& known = function.constants[number];
        return number < static_cast<std::uint32_t>(function.constant_count) && known.is_text()
                   ? static_cast<const text*>(known.content)
                   : nullptr;
    }

    // Where the closure that instruction `at` makes goes to.
    static void name_made_at(const prototype& function, std::int32_t at, short_text& name) {
        const std::uint32_t where = a_of(function.code[at]);
        const instruction next = function.code[at + 1];
        const bool is_stored = !k_of(next) && c_of(next) == where;
        if (is_stored && operation_of(next) == op_set_table_of_upvalue) {
            if (const text* global = constant(function, b_of(next))) name << text_of(global);
        } else if (is_stored && operation_of(next) == op_set_field) {
            const text* field = constant(function, b_of(next));
            if (field == nullptr) return;
            const text* table = local_in(function, a_of(next), at);
            const instruction before = at != 0 ? function.code[at - 1] : 0;
            if (operation_of(before) == op_get_table_of_upvalue && a_of(before) == a_of(next)) {
                table = constant(function, c_of(before));
            }
            if (table != nullptr) name << text_of(table) << ".";
            name << text_of(field);
        } else if (const text* local = local_in(function, where, at + 1)) {
            name << text_of(local);
        }
    }

    slot slots_[slots] = {};
};

// The function of a prototype in the recording.
[[gnu::noinline]] inline fil_function intern(definition_names& names, const prototype& function) {
    names.learn_inner(function);
    short_text made, described;
    const fil_text file = chunk_of(function, made);
    fil_text name = names.find(function);
    if (function.first_line == 0) name = {"main chunk", 10};
    if (name.length == 0) {
        std::size_t folder = file.length;
        while (folder != 0 && file.data[folder - 1] != '/') --folder;
        name = described << "function <" << fil_text{file.data + folder, file.length - folder}
                         << ":" << static_cast<unsigned>(function.first_line) << ">";
    }
    return fil_function_intern(FIL_FUNCTION_LUA, name, file,
                               static_cast<std::uint32_t>(function.first_line));
}

}  // namespace fil::lua
