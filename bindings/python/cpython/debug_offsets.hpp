#pragma once
// The offsets that CPython publishes about itself, for debuggers, at the start of _PyRuntime: from
// 3.13 on, in a table whose own layout changes with the minor version.
//
// Reads them into a python_layout, so that a distributor's patched interpreter is read as it is,
// not as it should be. Nothing is believed without the cookie, the version and plausible values: a
// refusal leaves the table of version_layout.hpp. Called once, cold; no locks.
#include <cstdint>
#include <cstring>

#include "version_layout.hpp"

namespace fil::python {

using published = std::uint64_t;  // an offset, or a size, in bytes

// ---- the heads of _Py_DebugOffsets, as far as they are read ----

struct debug_offsets_start {
    char cookie[8];
    std::uint64_t version;  // PY_VERSION_HEX
    std::uint64_t free_threaded;
    struct {
        published size, finalizing, interpreters_head;
    } runtime_state;
};

struct published_code_3_13 {
    published size, filename, name, qualname, linetable, firstlineno, argcount, localsplusnames,
        localspluskinds, co_code_adaptive;
};
struct published_code_3_14 : published_code_3_13 {
    published co_tlbc;
};
struct published_frame_3_13 {
    published size, previous, executable, instr_ptr, localsplus, owner;
};
struct published_frame_3_14 : published_frame_3_13 {
    published stackpointer, tlbc_index;
};
struct published_object {
    published size, ob_type;
};
struct published_thread_3_13 {
    published size, prev, next, interp, current_frame, thread_id, native_thread_id, datastack_chunk,
        status;
};

struct debug_offsets_3_13 {
    debug_offsets_start start;
    struct {
        published size, id, next, threads_head, gc, imports_modules, sysdict, builtins, ceval_gil,
            gil_runtime_state, gil_enabled, gil_locked, gil_holder;
    } interpreter_state;
    published_thread_3_13 thread_state;
    published_frame_3_13 interpreter_frame;
    published_code_3_13 code_object;
    published_object pyobject;
};

struct published_interpreter_3_14 {
    published size, id, next, threads_head, threads_main, gc, imports_modules, sysdict, builtins,
        ceval_gil, gil_runtime_state, gil_enabled, gil_locked, gil_holder, code_object_generation,
        tlbc_generation;
};

struct debug_offsets_3_14 {
    debug_offsets_start start;
    published_interpreter_3_14 interpreter_state;
    published_thread_3_13 thread_state;
    published_frame_3_14 interpreter_frame;
    published_code_3_14 code_object;
    published_object pyobject;
};

struct debug_offsets_3_15 {
    debug_offsets_start start;
    published_interpreter_3_14 interpreter_state;
    struct {
        published size, prev, next, interp, current_frame, base_frame, last_profiled_frame,
            last_profiled_frame_seq, thread_id, native_thread_id, datastack_chunk, status,
            holds_gil, gil_requested, current_exception, exc_state;
    } thread_state;
    struct {
        published exc_value;
    } err_stackitem;
    published_frame_3_14 interpreter_frame;
    published_code_3_14 code_object;
    published_object pyobject;
};

// ---- reading them ----

enum class offsets_found { none, free_threaded, usable };

inline bool has_debug_cookie(const void* runtime) {
    return std::memcmp(runtime, "xdebugpy", 8) == 0;
}

template <typename Offsets>
bool take_offsets(const void* runtime, python_layout& layout) {
    Offsets found;
    std::memcpy(&found, runtime, sizeof found);
    const auto& thread = found.thread_state;
    const auto& frame = found.interpreter_frame;
    const auto& code = found.code_object;
    const auto lies_in = [](published bytes, published offset, published size) {
        return offset < size && bytes <= size - offset;
    };
    const bool plausible =
        thread.size < 4096 && lies_in(8, thread.current_frame, thread.size) &&
        lies_in(8, thread.thread_id, thread.size) &&
        lies_in(8, thread.datastack_chunk, thread.size) && frame.size < 512 &&
        lies_in(8, frame.previous, frame.size) && lies_in(8, frame.executable, frame.size) &&
        lies_in(8, frame.instr_ptr, frame.size) && lies_in(1, frame.owner, frame.size) &&
        code.size < 1024 && lies_in(8, code.filename, code.size) &&
        lies_in(8, code.name, code.size) && lies_in(4, code.firstlineno, code.size) &&
        lies_in(8, code.linetable, code.size) && code.co_code_adaptive <= code.size &&
        found.pyobject.ob_type < 64;
    if (!plausible) return false;

    // The stamp's place is not published: it is known where frames look as we know them.
    if (frame.instr_ptr != layout.frame_instruction) layout.frame_stamp = 0;
    layout.thread_frame = static_cast<std::uint16_t>(thread.current_frame);
    layout.thread_id = static_cast<std::uint16_t>(thread.thread_id);
    layout.thread_piece = static_cast<std::uint16_t>(thread.datastack_chunk);
    layout.frame_previous = static_cast<std::uint16_t>(frame.previous);
    layout.frame_code = static_cast<std::uint16_t>(frame.executable);
    layout.frame_instruction = static_cast<std::uint16_t>(frame.instr_ptr);
    layout.frame_owner = static_cast<std::uint16_t>(frame.owner);
    layout.object_type = static_cast<std::uint16_t>(found.pyobject.ob_type);
    layout.code_name = static_cast<std::uint16_t>(code.name);
    layout.code_filename = static_cast<std::uint16_t>(code.filename);
    layout.code_first_line = static_cast<std::uint16_t>(code.firstlineno);
    layout.code_line_table = static_cast<std::uint16_t>(code.linetable);
    layout.code_instructions = static_cast<std::uint16_t>(code.co_code_adaptive);
    return true;
}

// Takes the published offsets into `layout`, which holds the table of this interpreter's version.
inline offsets_found read_debug_offsets(const void* runtime, python_layout& layout) {
    if (!has_debug_cookie(runtime)) return offsets_found::none;
    debug_offsets_start start;
    std::memcpy(&start, runtime, sizeof start);
    if (start.version >> 16 != layout.version) return offsets_found::none;
    if (start.free_threaded != 0) return offsets_found::free_threaded;
    bool usable = false;
    switch (layout.version) {
        case 0x030d:
            usable = take_offsets<debug_offsets_3_13>(runtime, layout);
            break;
        case 0x030e:
            usable = take_offsets<debug_offsets_3_14>(runtime, layout);
            break;
        case 0x030f:
            usable = take_offsets<debug_offsets_3_15>(runtime, layout);
            break;
    }
    return usable ? offsets_found::usable : offsets_found::none;
}

}  // namespace fil::python
