#pragma once
/* The offsets that CPython 3.13 publishes about itself, for debuggers, at the start of _PyRuntime.
 *
 * Reads them into a python_layout, so that a distributor's patched 3.13 is read as it is, not as it
 * should be. Nothing is believed without the cookie, the version and plausible values: a refusal
 * leaves the table of layout.hpp. Called once, cold; no locks.
 */
#include <cstdint>
#include <cstring>

#include "layout.hpp"

namespace fil::python {

/* The head of _Py_DebugOffsets as 3.13 has it; 3.14 inserts fields, hence the version. */
struct debug_offsets_3_13 {
    char cookie[8];
    std::uint64_t version;
    std::uint64_t free_threaded;
    struct {
        std::uint64_t size, finalizing, interpreters_head;
    } runtime_state;
    struct {
        std::uint64_t size, id, next, threads_head, gc, imports_modules, sysdict, builtins,
            ceval_gil, gil_runtime_state, gil_enabled, gil_locked, gil_holder;
    } interpreter_state;
    struct {
        std::uint64_t size, prev, next, interp, current_frame, thread_id, native_thread_id,
            datastack_chunk, status;
    } thread_state;
    struct {
        std::uint64_t size, previous, executable, instr_ptr, localsplus, owner;
    } interpreter_frame;
    struct {
        std::uint64_t size, filename, name, qualname, linetable, firstlineno, argcount,
            localsplusnames, localspluskinds, co_code_adaptive;
    } code_object;
    struct {
        std::uint64_t size, ob_type;
    } pyobject;
};

enum class offsets_found { none, free_threaded, usable };

inline bool has_debug_cookie(const void* runtime) {
    return std::memcmp(runtime, "xdebugpy", 8) == 0;
}

/* Takes the published offsets into `layout`, which holds the table for 3.13. */
inline offsets_found read_debug_offsets(const void* runtime, python_layout& layout) {
    debug_offsets_3_13 found;
    if (!has_debug_cookie(runtime)) return offsets_found::none;
    std::memcpy(&found, runtime, sizeof found);
    if (found.version >> 16 != layout.version) return offsets_found::none;
    if (found.free_threaded != 0) return offsets_found::free_threaded;

    const auto& thread = found.thread_state;
    const auto& frame = found.interpreter_frame;
    const auto& code = found.code_object;
    const bool plausible = thread.current_frame + 8 <= thread.size && thread.size < 4096 &&
                           thread.thread_id + 8 <= thread.size && frame.size < 512 &&
                           frame.previous + 8 <= frame.size && frame.executable + 8 <= frame.size &&
                           frame.instr_ptr + 8 <= frame.size && frame.owner < frame.size &&
                           code.size < 1024 && code.filename + 8 <= code.size &&
                           code.name + 8 <= code.size && code.firstlineno + 4 <= code.size &&
                           code.co_code_adaptive <= code.size && found.pyobject.ob_type < 64;
    if (!plausible) return offsets_found::none;

    layout.thread_frame = static_cast<std::uint16_t>(thread.current_frame);
    layout.thread_id = static_cast<std::uint16_t>(thread.thread_id);
    layout.frame_previous = static_cast<std::uint16_t>(frame.previous);
    layout.frame_code = static_cast<std::uint16_t>(frame.executable);
    layout.frame_instruction = static_cast<std::uint16_t>(frame.instr_ptr);
    layout.frame_owner = static_cast<std::uint16_t>(frame.owner);
    layout.object_type = static_cast<std::uint16_t>(found.pyobject.ob_type);
    layout.code_name = static_cast<std::uint16_t>(code.name);
    layout.code_filename = static_cast<std::uint16_t>(code.filename);
    layout.code_first_line = static_cast<std::uint16_t>(code.firstlineno);
    layout.code_instructions = static_cast<std::uint16_t>(code.co_code_adaptive);
    return offsets_found::usable;
}

}  // namespace fil::python
