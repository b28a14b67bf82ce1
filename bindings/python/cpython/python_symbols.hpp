#pragma once
// The interpreter's functions and variables that we use, found in the running process.
//
// One binary serves every CPython: nothing of Python's is linked, the exported symbols of the
// loaded objects are searched instead (loaded_objects.hpp). Static interpreters export the same
// names. The declarations are the public C API's, unchanged since 3.9. find_symbols() takes the
// loader's lock for a moment: cold, one thread at a time.
#include <cstddef>
#include <cstdint>

namespace fil::python {

// As in CPython's pymem.h and objimpl.h.
struct memory_allocator {
    void* context;
    void* (*malloc)(void* context, std::size_t bytes);
    void* (*calloc)(void* context, std::size_t count, std::size_t bytes);
    void* (*realloc)(void* context, void* block, std::size_t bytes);
    void (*free)(void* context, void* block);
};

struct arena_allocator {
    void* context;
    void* (*alloc)(void* context, std::size_t bytes);
    void (*free)(void* context, void* arena, std::size_t bytes);
};

enum memory_domain { domain_raw = 0, domain_mem = 1, domain_obj = 2 };

// NULL where the interpreter does not have it. Opaque pointers are PyThreadState, PyFrameObject,
// PyCodeObject and PyObject.
struct python_symbols {
    void (*PyMem_GetAllocator)(int domain, memory_allocator* allocator);
    void (*PyMem_SetAllocator)(int domain, memory_allocator* allocator);
    void (*PyObject_GetArenaAllocator)(arena_allocator* allocator);
    void (*PyObject_SetArenaAllocator)(arena_allocator* allocator);

    const char* (*Py_GetVersion)();
    int (*Py_IsInitialized)();
    void* (*_PyThreadState_UncheckedGet)();  // up to 3.12
    void* (*PyThreadState_GetUnchecked)();   // from 3.13
    void* (*PyGILState_GetThisThreadState)();
    int (*PyCode_Addr2Line)(void* code, int byte_offset);

    void* (*PyThreadState_GetFrame)(void* thread);
    void* (*PyFrame_GetBack)(void* frame);
    void* (*PyFrame_GetCode)(void* frame);
    int (*PyFrame_GetLineNumber)(void* frame);
    void* (*PyObject_GetAttrString)(void* object, const char* name);
    void* (*PyUnicode_AsEncodedString)(void* text, const char* encoding, const char* errors);
    int (*PyBytes_AsStringAndSize)(void* bytes, char** data, std::ptrdiff_t* length);
    void (*PyErr_Fetch)(void** type, void** value, void** traceback);
    void (*PyErr_Restore)(void* type, void* value, void* traceback);
    void (*Py_DecRef)(void* object);

    const void* PyCode_Type;
    const void *PyTuple_Type, *PyList_Type, *PyDict_Type, *PyFloat_Type, *PyFunction_Type,
        *PyType_Type, *PyMethod_Type, *PyCFunction_Type, *PyLong_Type, *PyBytes_Type;
    const void* _PyRuntime;
    const void* _PyEval_EvalFrameDefault;
    const void* _Py_PrintReferences;  // only in a build with Py_TRACE_REFS

    bool found() const { return PyMem_SetAllocator != nullptr; }

    // Whether all that public_walk.hpp calls is there.
    bool has_public_api() const {
        return (PyThreadState_GetUnchecked != nullptr || _PyThreadState_UncheckedGet != nullptr) &&
               PyThreadState_GetFrame != nullptr && PyFrame_GetBack != nullptr &&
               PyFrame_GetCode != nullptr && PyFrame_GetLineNumber != nullptr &&
               PyObject_GetAttrString != nullptr && PyUnicode_AsEncodedString != nullptr &&
               PyBytes_AsStringAndSize != nullptr && PyErr_Fetch != nullptr &&
               PyErr_Restore != nullptr && Py_DecRef != nullptr;
    }
};

// Searches the loaded objects, in the loader's order. Returns at once, leaving `symbols`, if no
// object was loaded since `loads`, which it updates.
void find_symbols(python_symbols& symbols, unsigned long long& loads);

// Whether the main executable is a Python interpreter: it runs Py_BytesMain, or is one statically.
// A program that merely embeds Python (a debugger, an editor) is not.
bool main_program_is_python();

}  // namespace fil::python
