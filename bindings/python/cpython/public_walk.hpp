#pragma once
// The source of callstacks for an interpreter whose structs we do not know: its public API.
//
// Honest but slow, and only where the calling thread holds the interpreter lock. The calls create
// frame objects, that is, they allocate: not while the interpreter's allocator is in the middle of
// a small request, and not while tracemalloc is on. Otherwise as frame_walk.hpp. Throws nothing;
// what the interpreter allocates meanwhile is not recorded, since capture runs inside an event.
#include <cstdint>

#include "allocators.hpp"
#include "code_names.hpp"
#include "fil.h"
#include "runtime.hpp"

namespace fil::python {

struct public_walk {
    static constexpr std::uint32_t capacity = 65000;
    struct place {
        fil_function function;
        std::uint32_t line;
    };
    std::uint64_t generation;
    std::uint32_t count;
    code_names names;
    place places[capacity];  // from the newest frame; what is deeper is left out
};
static_assert(sizeof(public_walk) <= 1u << 20);

// A text attribute of a code object, as bytes that live until `holder` is given back.
inline fil_text text_attribute(const python_symbols& python, void* code, const char* name,
                               void*& holder) {
    void* text = python.PyObject_GetAttrString(code, name);
    holder = text ? python.PyUnicode_AsEncodedString(text, "utf-8", "surrogateescape") : nullptr;
    if (text != nullptr) python.Py_DecRef(text);
    char* data = nullptr;
    std::ptrdiff_t length = 0;
    if (holder == nullptr || python.PyBytes_AsStringAndSize(holder, &data, &length) != 0) {
        return unreadable_text;
    }
    return {data, static_cast<std::size_t>(length)};
}

// The function of a code object, by its attributes.
inline fil_function intern_by_attributes(const python_symbols& python, address code) {
    void* const object = reinterpret_cast<void*>(code);
    void *type, *value, *traceback, *held_name, *held_file;
    python.PyErr_Fetch(&type, &value, &traceback);
    const fil_text name = text_attribute(python, object, "co_name", held_name);
    const fil_text file = text_attribute(python, object, "co_filename", held_file);
    const fil_function function = fil_function_intern(FIL_FUNCTION_PYTHON, name, file, 0);
    if (held_name != nullptr) python.Py_DecRef(held_name);
    if (held_file != nullptr) python.Py_DecRef(held_file);
    python.PyErr_Restore(type, value, traceback);
    return function;
}

inline fil_callstack capture_publicly(const python_runtime& runtime, void* memory) {
    const python_symbols& python = runtime.symbols;
    if (inside_small_request() || !python.Py_IsInitialized()) {
        return FIL_CALLSTACK_NONE;
    }
    void* const state = reinterpret_cast<void*>(ask_for_thread_state(runtime, false));
    if (state == nullptr || is_traced(python)) return FIL_CALLSTACK_NONE;

    auto& walk = *static_cast<public_walk*>(memory);
    const std::uint64_t generation = *runtime.generation;
    if (walk.generation != generation) {
        walk.generation = generation;
        walk.names.forget();
    }
    walk.count = 0;
    for (void* frame = python.PyThreadState_GetFrame(state); frame != nullptr;) {
        void* code = python.PyFrame_GetCode(frame);
        if (walk.count < public_walk::capacity) {
            const fil_function function = walk.names.find(
                reinterpret_cast<address>(code),
                [&](address object) { return intern_by_attributes(python, object); });
            const int line = python.PyFrame_GetLineNumber(frame);
            walk.places[walk.count++] = {function, line < 0 ? 0 : static_cast<std::uint32_t>(line)};
        }
        void* back = python.PyFrame_GetBack(frame);
        python.Py_DecRef(code);
        python.Py_DecRef(frame);
        frame = back;
    }

    fil_callstack callstack = FIL_CALLSTACK_UNKNOWN;
    while (walk.count != 0) {
        const public_walk::place& place = walk.places[--walk.count];
        if (place.function == 0) continue;
        const fil_callstack child = fil_callstack_child(callstack, place.function, place.line);
        if (child != FIL_CALLSTACK_NONE) callstack = child;
    }
    return callstack;
}

}  // namespace fil::python
