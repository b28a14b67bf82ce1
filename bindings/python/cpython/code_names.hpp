#pragma once
/* Code objects -> functions of the recording, and frames' keys -> places in them (function and
 * line), both remembered by address.
 *
 * An address names a code object only while that lives: the first look at one asks
 * fil_block_watch() to raise fil_generation() when its block is freed, and the owner then calls
 * forget(). Code frozen into the interpreter has no block and never dies. Zeroed memory is valid
 * and empty after the first forget(). One thread, no locks of ours. Hot path: no allocation, no
 * throw.
 */
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "fil.h"
#include "line_index.hpp"
#include "runtime.hpp"
#include "text.hpp"

namespace fil::python {

class code_names {
  public:
    void forget() {
        forget_places();
        lines_.forget();
        for (known_code& each : known_) each = {};
    }

    /* Only what is of code objects in these bytes, and places, which are soon found again. */
    void forget_code(address first, std::size_t bytes) {
        forget_places();
        lines_.forget(first, bytes);
        for (known_code& each : known_) {
            if (each.code - first < bytes) each = {};
        }
    }

    /* The callstack of a frame whose key is `key`, called by `caller`. A frame that is no Python
     * function's, or for which there is no room, is its caller. */
    fil_callstack callstack(const python_runtime& runtime, fil_callstack caller, address frame,
                            std::uint64_t key) {
        place& at = visited_[key * 0x9e3779b97f4a7c15u >> 54];
        if (at.key != key || at.epoch != epoch_) at = visit(runtime, frame, key);
        if (at.function == 0) return caller;
        const fil_callstack child = fil_callstack_child(caller, at.function, at.line);
        return child == FIL_CALLSTACK_NONE ? caller : child;
    }

    /* The function of a code object: remembered, or intern(code). */
    template <typename Intern>
    fil_function find(address code, Intern&& intern) {
        known_code& place = known_[(code >> 4 ^ code >> 13) % codes];
        if (place.code == code) return place.function;
        watch(code);
        const fil_function function = intern(code);
        place = {code, function};
        return function;
    }

    /* The function of a code object; 0 if it is not one, or one of the interpreter's own shims. */
    static fil_function intern(const python_runtime& runtime, address code, char* buffer,
                               std::size_t size) {
        const python_layout& layout = runtime.layout;
        if (!is_function(runtime, code)) return 0;
        const fil_text name = read_text(layout, load(code, layout.code_name), buffer, size / 4);
        const fil_text file =
            read_text(layout, load(code, layout.code_filename), buffer + size / 4, size - size / 4);
        return fil_function_intern(FIL_FUNCTION_PYTHON, name, file, first_line(layout, code));
    }

    /* From 3.12 the interpreter puts a frame of its own between a C function and the Python
     * function it calls; 3.15 has one below all others, too. */
    static bool is_shim(const python_layout& layout, address frame) {
        return layout.frame_owner != 0 && load<std::uint8_t>(frame, layout.frame_owner) >= 3;
    }

    /* Where the frame stands, in bytes from the code's start; below 0 before its first instruction.
     */
    static int offset_of(const python_layout& layout, address code, address frame) {
        if (layout.instruction_is_pointer()) {
            return static_cast<int>(load(frame, layout.frame_instruction) -
                                    (code + layout.code_instructions));
        }
        return load<std::int32_t>(frame, layout.frame_instruction) * layout.bytes_an_instruction();
    }

    /* `found`, or the function's first line for an instruction without one: clean-up, and the
     * preparations that precede the body. */
    static std::uint32_t line_or_first(const python_layout& layout, address code, int found) {
        if (found < 0) found = load<std::int32_t>(code, layout.code_first_line);
        return found < 0 ? 0 : static_cast<std::uint32_t>(found);
    }

  private:
    struct place {
        std::uint64_t key;
        fil_function function; /* 0: no function of Python's */
        std::uint32_t line;
        std::uint32_t epoch;
    };
    struct known_code {
        address code;
        fil_function function;
    };
    static constexpr std::uint32_t codes = 512;

    void forget_places() {
        if (++epoch_ != 0) return;
        std::memset(visited_, 0, sizeof visited_);
        epoch_ = 1;
    }

    static std::uint32_t first_line(const python_layout& layout, address code) {
        return line_or_first(layout, code, -1);
    }

    std::uint32_t line(const python_layout& layout, address code, address frame) {
        const int offset = offset_of(layout, code, frame);
        const int found =
            offset < 0 ? -1 : lines_.line(layout, code, static_cast<std::uint32_t>(offset));
        return line_or_first(layout, code, found);
    }

    /* The code that follows __init__ (3.12 on) is no function either: it starts at line 0 and has
     * one string for its name and its file. */
    static bool is_function(const python_runtime& runtime, address code) {
        const python_layout& layout = runtime.layout;
        if (code == 0 || load(code, layout.object_type) !=
                             reinterpret_cast<address>(runtime.symbols.PyCode_Type)) {
            return false;
        }
        const address name = load(code, layout.code_name);
        return name != load(code, layout.code_filename) || first_line(layout, code) != 0;
    }

    place visit(const python_runtime& runtime, address frame, std::uint64_t key) {
        if (is_shim(runtime.layout, frame)) return {key, 0, 0, epoch_};
        const address code = code_of(runtime.layout, frame);
        const fil_function function = find(
            code, [&](address object) { return intern(runtime, object, text_, sizeof text_); });
        const std::uint32_t at = function != 0 ? line(runtime.layout, code, frame) : 0;
        return {key, function, at, epoch_};
    }

    /* Each layer of the interpreter's debug hooks starts the block 16 bytes earlier; there are at
     * most two. */
    static void watch(address code) {
        for (address before : {0, 16, 32}) {
            if (fil_block_watch(reinterpret_cast<const void*>(code - before)) != 0) return;
        }
    }

    std::uint32_t epoch_;
    known_code known_[codes];
    place visited_[1024];
    char text_[16384];
    line_index<> lines_;
};

}  // namespace fil::python
