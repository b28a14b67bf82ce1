/* Prints where this interpreter keeps what the frame walk reads, one "name offset" a line: the
 * names are the members of python_layout (bindings/python/cpython/version_layout.hpp). Compiled by
 * version_layout_test.cpp against the internal headers of each interpreter it finds; a C file,
 * since those headers are not C++ before 3.13. */
#define Py_BUILD_CORE 1
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#if PY_VERSION_HEX >= 0x030b0000
#include <internal/pycore_code.h>
#include <internal/pycore_dict.h>
#include <internal/pycore_frame.h>
#endif
#if PY_VERSION_HEX >= 0x030e0000
#include <internal/pycore_genobject.h>
#include <internal/pycore_interpframe.h>
#endif
#if PY_VERSION_HEX >= 0x030d0000
#include <internal/pycore_runtime.h>
#endif

#define PRINT(name, type, field) printf(#name " %zu\n", offsetof(type, field))

/* A bit field has no offset: sets it and prints the word. */
#define PRINT_BITS(name, field, value)                           \
    do {                                                         \
        PyASCIIObject text;                                      \
        unsigned int word;                                       \
        memset(&text, 0, sizeof text);                           \
        text.state.field = (value);                              \
        memcpy(&word, (char*)&text + LAYOUT_STATE, sizeof word); \
        printf(#name " %u\n", word);                             \
    } while (0)

/* Where the interpreter publishes an offset about itself (debug_offsets.hpp). */
#define PRINT_PUBLISHED(group, field) \
    printf("published." #group "." #field " %zu\n", offsetof(struct _Py_DebugOffsets, group.field))

#define LAYOUT_STATE offsetof(PyASCIIObject, state)

int main(void) {
    printf("version %d\n", PY_VERSION_HEX >> 16);
#if PY_VERSION_HEX >= 0x030d0000
    PRINT(thread_frame, PyThreadState, current_frame);
#elif PY_VERSION_HEX >= 0x030b0000
    PRINT(thread_frame, PyThreadState, cframe);
    PRINT(cframe_frame, _PyCFrame, current_frame);
#else
    PRINT(thread_frame, PyThreadState, frame);
#endif
#if PY_VERSION_HEX >= 0x030a0000 && PY_VERSION_HEX < 0x030c0000
    PRINT(thread_cframe, PyThreadState, cframe);
#if PY_VERSION_HEX >= 0x030b0000
    PRINT(cframe_previous, _PyCFrame, previous);
#else
    PRINT(cframe_previous, CFrame, previous);
#endif
#endif
    PRINT(thread_id, PyThreadState, thread_id);
#if PY_VERSION_HEX >= 0x030b0000
    PRINT(thread_piece, PyThreadState, datastack_chunk);
    PRINT(piece_below, _PyStackChunk, previous);
    PRINT(piece_frames, _PyStackChunk, data);
#endif
#if PY_VERSION_HEX >= 0x030d0000
    PRINT(frame_previous, _PyInterpreterFrame, previous);
    PRINT(frame_code, _PyInterpreterFrame, f_executable);
    PRINT(frame_instruction, _PyInterpreterFrame, instr_ptr);
    PRINT(frame_owner, _PyInterpreterFrame, owner);
#if PY_VERSION_HEX < 0x030e0000
    PRINT(frame_stamp, _PyInterpreterFrame, stacktop);
#endif
#elif PY_VERSION_HEX >= 0x030b0000
    PRINT(frame_previous, _PyInterpreterFrame, previous);
    PRINT(frame_code, _PyInterpreterFrame, f_code);
    PRINT(frame_instruction, _PyInterpreterFrame, prev_instr);
    PRINT(frame_stamp, _PyInterpreterFrame, stacktop);
#if PY_VERSION_HEX >= 0x030c0000
    PRINT(frame_owner, _PyInterpreterFrame, owner);
#endif
#else
    PRINT(frame_previous, PyFrameObject, f_back);
    PRINT(frame_code, PyFrameObject, f_code);
    PRINT(frame_instruction, PyFrameObject, f_lasti);
    PRINT(frame_stamp, PyFrameObject, f_trace_lines);
    PRINT(frame_generator, PyFrameObject, f_gen);
#endif
    PRINT(object_type, PyObject, ob_type);
#if PY_VERSION_HEX >= 0x030b0000
    PRINT(objects.frame_variables, _PyInterpreterFrame, localsplus);
    PRINT(objects.frame_owner, _PyInterpreterFrame, owner);
    PRINT(objects.code_variables, PyCodeObject, co_nlocalsplus);
    PRINT(objects.generator_frame, PyGenObject, gi_iframe);
    PRINT(objects.values_first, struct _dictvalues, values);
#else
    PRINT(objects.frame_variables, PyFrameObject, f_localsplus);
    PRINT(objects.frame_generator, PyFrameObject, f_gen);
    PRINT(objects.code_variables, PyCodeObject, co_nlocals);
    PRINT(objects.code_cells, PyCodeObject, co_cellvars);
    PRINT(objects.code_free, PyCodeObject, co_freevars);
#endif
    PRINT(objects.code_flags, PyCodeObject, co_flags);
    PRINT(objects.code_arguments, PyCodeObject, co_argcount);
    PRINT(objects.code_keyword_arguments, PyCodeObject, co_kwonlyargcount);
    PRINT(objects.code_names, PyCodeObject, co_names);
    PRINT(objects.type_cached_keys, PyHeapTypeObject, ht_cached_keys);
    PRINT(objects.tuple_items, PyTupleObject, ob_item);
    PRINT(objects.type_flags, PyTypeObject, tp_flags);
    PRINT(objects.type_dict_offset, PyTypeObject, tp_dictoffset);
    PRINT(objects.type_basic_size, PyTypeObject, tp_basicsize);
    PRINT(objects.dict_keys, PyDictObject, ma_keys);
    PRINT(objects.dict_values, PyDictObject, ma_values);
    PRINT(objects.tuple_length, PyVarObject, ob_size);
    PRINT(code_name, PyCodeObject, co_name);
    PRINT(code_filename, PyCodeObject, co_filename);
    PRINT(code_first_line, PyCodeObject, co_firstlineno);
#if PY_VERSION_HEX >= 0x030a0000
    PRINT(code_line_table, PyCodeObject, co_linetable);
#else
    PRINT(code_line_table, PyCodeObject, co_lnotab);
#endif
    PRINT(bytes_length, PyBytesObject, ob_base.ob_size);
    PRINT(bytes_data, PyBytesObject, ob_sval);
#if PY_VERSION_HEX >= 0x030b0000
    PRINT(code_instructions, PyCodeObject, co_code_adaptive);
#endif
    PRINT(text_length, PyASCIIObject, length);
    printf("text_state %zu\n", LAYOUT_STATE);
    printf("text_ascii %zu\n", sizeof(PyASCIIObject));
    printf("text_compact %zu\n", sizeof(PyCompactUnicodeObject));
    PRINT(text_pointer, PyUnicodeObject, data);
#if PY_VERSION_HEX < 0x030c0000
    PRINT(text_wide, PyASCIIObject, wstr);
    PRINT(text_wide_length, PyCompactUnicodeObject, wstr_length);
#endif
    PRINT_BITS(text_kind_mask, kind, 7);
    PRINT_BITS(text_compact_bit, compact, 1);
    PRINT_BITS(text_ascii_bit, ascii, 1);
#if PY_VERSION_HEX >= 0x030d0000
    PRINT_PUBLISHED(thread_state, size);
    PRINT_PUBLISHED(thread_state, current_frame);
    PRINT_PUBLISHED(thread_state, thread_id);
    PRINT_PUBLISHED(thread_state, datastack_chunk);
    PRINT_PUBLISHED(interpreter_frame, size);
    PRINT_PUBLISHED(interpreter_frame, previous);
    PRINT_PUBLISHED(interpreter_frame, executable);
    PRINT_PUBLISHED(interpreter_frame, instr_ptr);
    PRINT_PUBLISHED(interpreter_frame, owner);
    PRINT_PUBLISHED(code_object, size);
    PRINT_PUBLISHED(code_object, filename);
    PRINT_PUBLISHED(code_object, name);
    PRINT_PUBLISHED(code_object, firstlineno);
    PRINT_PUBLISHED(code_object, linetable);
    PRINT_PUBLISHED(code_object, co_code_adaptive);
    PRINT_PUBLISHED(pyobject, ob_type);
#endif
    return 0;
}
