#include "symbols.hpp"

#include <cstddef>
#include <initializer_list>

#include "elf_symbols.hpp"

namespace fil::python {
namespace {

/* The first object that defines a name wins, as in the loader: a variable may have been copied into
 * the main executable. */
template <typename Symbol>
void take(Symbol*& symbol, const elf_symbols& object, const char* name) {
    if (symbol == nullptr) symbol = reinterpret_cast<Symbol*>(object.find(name));
}

void take_all(python_symbols& symbols, const elf_symbols& object) {
#define FIL_TAKE(name) take(symbols.name, object, #name)
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
    FIL_TAKE(Py_Version);
    FIL_TAKE(PyCode_Type);
    FIL_TAKE(_PyRuntime);
    FIL_TAKE(_Py_PrintReferences);
#undef FIL_TAKE
}

int visit_object(dl_phdr_info* object, std::size_t, void* context) {
    take_all(*static_cast<python_symbols*>(context), elf_symbols(*object));
    return 0;
}

int count_loads(dl_phdr_info* object, std::size_t, void* context) {
    *static_cast<unsigned long long*>(context) = object->dlpi_adds;
    return 1;
}

int visit_main_program(dl_phdr_info* object, std::size_t, void* context) {
    const elf_symbols program(*object);
    for (const char* name : {"Py_BytesMain", "Py_Main"}) {
        if (program.find(name) != nullptr || program.imports(name)) {
            *static_cast<bool*>(context) = true;
        }
    }
    return 1; /* the first object is the main program */
}

}  // namespace

void find_symbols(python_symbols& symbols, unsigned long long& loads) {
    unsigned long long loads_now = 0;
    dl_iterate_phdr(count_loads, &loads_now);
    if (loads_now == loads) return;
    loads = loads_now;
    python_symbols found = {};
    dl_iterate_phdr(visit_object, &found);
    if (found.found()) symbols = found;
}

bool main_program_is_python() {
    bool is_python = false;
    dl_iterate_phdr(visit_main_program, &is_python);
    return is_python;
}

}  // namespace fil::python
