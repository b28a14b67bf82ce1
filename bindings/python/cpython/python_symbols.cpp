#include "python_symbols.hpp"

#include <initializer_list>

#include "loaded_objects.hpp"

namespace fil::python {
namespace {

using source_kit::elf_symbols;

void take_all(python_symbols& symbols, const elf_symbols& object) {
#define FIL_TAKE(name) source_kit::take_symbol(symbols.name, object, #name)
    FIL_TAKE(PyMem_GetAllocator);
    FIL_TAKE(PyMem_SetAllocator);
    FIL_TAKE(PyObject_GetArenaAllocator);
    FIL_TAKE(PyObject_SetArenaAllocator);
    FIL_TAKE(Py_GetVersion);
    FIL_TAKE(Py_IsInitialized);
    FIL_TAKE(_PyThreadState_UncheckedGet);
    FIL_TAKE(PyThreadState_GetUnchecked);
    FIL_TAKE(PyGILState_GetThisThreadState);
    FIL_TAKE(PyCode_Addr2Line);
    FIL_TAKE(PyThreadState_GetFrame);
    FIL_TAKE(PyFrame_GetBack);
    FIL_TAKE(PyFrame_GetCode);
    FIL_TAKE(PyFrame_GetLineNumber);
    FIL_TAKE(PyObject_GetAttrString);
    FIL_TAKE(PyUnicode_AsEncodedString);
    FIL_TAKE(PyBytes_AsStringAndSize);
    FIL_TAKE(PyErr_Fetch);
    FIL_TAKE(PyErr_Restore);
    FIL_TAKE(Py_DecRef);
    FIL_TAKE(PyCode_Type);
    FIL_TAKE(PyTuple_Type);
    FIL_TAKE(PyList_Type);
    FIL_TAKE(PyDict_Type);
    FIL_TAKE(PyFloat_Type);
    FIL_TAKE(PyFunction_Type);
    FIL_TAKE(PyType_Type);
    FIL_TAKE(PyMethod_Type);
    FIL_TAKE(PyCFunction_Type);
    FIL_TAKE(PyLong_Type);
    FIL_TAKE(PyBytes_Type);
    FIL_TAKE(_PyRuntime);
    FIL_TAKE(_PyEval_EvalFrameDefault);
    FIL_TAKE(_Py_PrintReferences);
#undef FIL_TAKE
}

}  // namespace

void find_symbols(python_symbols& symbols, unsigned long long& loads) {
    const unsigned long long loads_now = source_kit::objects_ever_loaded();
    if (loads_now == loads) return;
    loads = loads_now;
    python_symbols found = {};
    source_kit::visit_loaded_objects([&found](const elf_symbols& object) {
        take_all(found, object);
        return false;
    });
    if (found.found()) symbols = found;
}

bool main_program_is_python() {
    bool is_python = false;
    source_kit::visit_loaded_objects([&is_python](const elf_symbols& program) {
        for (const char* name : {"Py_BytesMain", "Py_Main"}) {
            if (program.find(name) != nullptr || program.imports(name)) is_python = true;
        }
        return true;  // the first object is the main program
    });
    return is_python;
}

}  // namespace fil::python
