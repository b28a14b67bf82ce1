#pragma once
// Code objects -> functions of the recording, and frames' keys -> places in them (function and
// line), both remembered by address while the code lives (known_functions.hpp).
//
// Code frozen into the interpreter has no block and never dies. Zeroed memory is valid and empty
// after the first forget(). One thread, no locks of ours. Hot path: no allocation, no throw.
#include <cstdint>
#include <initializer_list>

#include "fil.h"
#include "known_functions.hpp"
#include "known_places.hpp"
#include "line_index.hpp"
#include "runtime.hpp"
#include "text.hpp"

namespace fil::python {

class code_names {
  public:
    void forget() {
        places_.forget();
        lines_.forget();
        functions_.forget();
    }

    // Only what is of code objects in these bytes.
    template <typename Frames>
    void forget_code(address first, std::size_t bytes) {
        places_.forget_keys(Frames::first_key(first), Frames::keys_of(bytes));
        lines_.forget(first, bytes);
        functions_.forget(first, bytes);
    }

    // The callstack of a frame whose key is `key`, called by `caller`. A frame that is no Python
    // function's, or for which there is no room, is its caller.
    fil_callstack callstack(const python_runtime& runtime, fil_callstack caller, address frame,
                            std::uint64_t key) {
        return places_.callstack(caller, key, [&] { return visit(runtime, frame); });
    }

    // The function of a code object: remembered, or intern(code).
    template <typename Intern>
    fil_function find(address code, Intern&& intern) {
        return functions_.find(code, watch, intern);
    }

    // The function of a code object; 0 if it is not one, or one of the interpreter's own shims.
    static fil_function intern(const python_runtime& runtime, address code, char* buffer,
                               std::size_t size) {
        const python_layout& layout = runtime.layout;
        if (!is_function(runtime, code)) return 0;
        const fil_text name = read_text(layout, load(code, layout.code_name), buffer, size / 4);
        const fil_text file =
            read_text(layout, load(code, layout.code_filename), buffer + size / 4, size - size / 4);
        return fil_function_intern(FIL_FUNCTION_PYTHON, name, file, first_line(layout, code));
    }

    // From 3.12 the interpreter puts a frame of its own between a C function and the Python
    // function it calls; 3.15 has one below all others, too.
    static bool is_shim(const python_layout& layout, address frame) {
        return layout.frame_owner != 0 && load<std::uint8_t>(frame, layout.frame_owner) >= 3;
    }

    // Where the frame stands, in bytes from the code's start; below 0 before its first instruction.
    static int offset_of(const python_layout& layout, address code, address frame) {
        if (layout.instruction_is_pointer()) {
            return static_cast<int>(load(frame, layout.frame_instruction) -
                                    (code + layout.code_instructions));
        }
        return load<std::int32_t>(frame, layout.frame_instruction) * layout.bytes_an_instruction();
    }

    // `found`, or the function's first line for an instruction without one: clean-up, and the
    // preparations that precede the body.
    static std::uint32_t line_or_first(const python_layout& layout, address code, int found) {
        if (found < 0) found = load<std::int32_t>(code, layout.code_first_line);
        return found < 0 ? 0 : static_cast<std::uint32_t>(found);
    }

  private:
    static std::uint32_t first_line(const python_layout& layout, address code) {
        return line_or_first(layout, code, -1);
    }

    std::uint32_t line(const python_layout& layout, address code, address frame) {
        const int offset = offset_of(layout, code, frame);
        const int found =
            offset < 0 ? -1 : lines_.line(layout, code, static_cast<std::uint32_t>(offset));
        return line_or_first(layout, code, found);
    }

    // The code that follows __init__ (3.12 on) is no function either: it starts at line 0 and has
    // one string for its name and its file.
    static bool is_function(const python_runtime& runtime, address code) {
        const python_layout& layout = runtime.layout;
        if (code == 0 || load(code, layout.object_type) !=
                             reinterpret_cast<address>(runtime.symbols.PyCode_Type)) {
            return false;
        }
        const address name = load(code, layout.code_name);
        return name != load(code, layout.code_filename) || first_line(layout, code) != 0;
    }

    source_kit::code_place visit(const python_runtime& runtime, address frame) {
        if (is_shim(runtime.layout, frame)) return {0, 0};
        const address code = code_of(runtime.layout, frame);
        const fil_function function = find(
            code, [&](address object) { return intern(runtime, object, text_, sizeof text_); });
        const std::uint32_t at = function != 0 ? line(runtime.layout, code, frame) : 0;
        return {function, at};
    }

    // Each layer of the interpreter's debug hooks starts the block 16 bytes earlier; there are at
    // most two.
    static void watch(address code) {
        for (address before : {0, 16, 32}) {
            if (fil_block_watch(reinterpret_cast<const void*>(code - before)) != 0) return;
        }
    }

    source_kit::known_functions<512> functions_;
    source_kit::known_places<12> places_;
    char text_[16384];
    line_index<> lines_;
};

}  // namespace fil::python
