#include "numba_threads.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "loaded_objects.hpp"

namespace fil::python {
namespace {

constexpr const char* parallel_name = "numba.np.ufunc.parallel";
constexpr const char* starter_name = "_load_threading_functions";

// Of the public C API, unchanged since 3.2. Objects are opaque.
struct interpreter {
    void* (*PyGILState_GetThisThreadState)();
    void* (*thread_state_with_lock)();  // or none; its name changed in 3.13
    void* (*PyErr_Occurred)();
    void (*PyErr_Clear)();
    void* (*PyImport_GetModuleDict)();
    void* (*PyDict_GetItemString)(void* dict, const char* key);
    void* (*PyObject_GetAttrString)(void* object, const char* name);
    int (*PyObject_SetAttrString)(void* object, const char* name, void* value);
    int (*PyObject_IsTrue)(void* object);
    int (*PyObject_RichCompareBool)(void* left, void* right, int how);
    void* (*PyObject_CallFunctionObjArgs)(void* callable, ...);
    void* (*PyCFunction_NewEx)(void* definition, void* self, void* module);
    void* (*PyLong_FromLong)(long value);
    void (*Py_DecRef)(void* object);
    bool is_whole;
};
constinit interpreter python{};

// Whether all is there by now.
bool find_functions(const source_kit::elf_symbols& object) {
    bool all = true;
#define FIL_TAKE(name)                                   \
    source_kit::take_symbol(python.name, object, #name); \
    all = all && python.name != nullptr
    source_kit::take_symbol(python.thread_state_with_lock, object, "PyThreadState_GetUnchecked");
    source_kit::take_symbol(python.thread_state_with_lock, object, "_PyThreadState_UncheckedGet");
    all = all && python.thread_state_with_lock != nullptr;
    FIL_TAKE(PyGILState_GetThisThreadState);
    FIL_TAKE(PyErr_Occurred);
    FIL_TAKE(PyErr_Clear);
    FIL_TAKE(PyImport_GetModuleDict);
    FIL_TAKE(PyDict_GetItemString);
    FIL_TAKE(PyObject_GetAttrString);
    FIL_TAKE(PyObject_SetAttrString);
    FIL_TAKE(PyObject_IsTrue);
    FIL_TAKE(PyObject_RichCompareBool);
    FIL_TAKE(PyObject_CallFunctionObjArgs);
    FIL_TAKE(PyCFunction_NewEx);
    FIL_TAKE(PyLong_FromLong);
    FIL_TAKE(Py_DecRef);
#undef FIL_TAKE
    return python.is_whole = all;
}

// A new reference, or none.
class reference {
  public:
    explicit reference(void* object) : object_(object) {}
    reference(const reference&) = delete;
    ~reference() {
        if (object_ != nullptr) python.Py_DecRef(object_);
    }
    void* get() const { return object_; }
    explicit operator bool() const { return object_ != nullptr; }

  private:
    void* object_;
};

void* parallel_module() {
    return python.PyDict_GetItemString(python.PyImport_GetModuleDict(), parallel_name);
}

// In the place of numba's own. It sets the number of threads of the thread that calls it.
void* start_with_one(void* starter, void* layer) {
    void* const result = python.PyObject_CallFunctionObjArgs(starter, layer, nullptr);
    if (result == nullptr) return nullptr;
    if (void* const parallel = parallel_module()) {
        const reference setter(python.PyObject_GetAttrString(parallel, "_set_num_threads"));
        const reference one(python.PyLong_FromLong(1));
        if (setter && one)
            const reference nothing(
                python.PyObject_CallFunctionObjArgs(setter.get(), one.get(), nullptr));
    }
    python.PyErr_Clear();
    return result;
}

// As in CPython's methodobject.h.
struct method_definition {
    const char* name;
    void* (*function)(void* self, void* argument);
    int flags;
    const char* documentation;
};
constexpr int takes_one_object = 0x0008;
constinit method_definition starts_with_one{starter_name, start_with_one, takes_one_object,
                                            nullptr};

// By the program itself, in whichever way.
bool number_was_chosen(void* parallel) {
    const reference config(python.PyObject_GetAttrString(parallel, "config"));
    if (!config) return false;
    const reference most(python.PyObject_GetAttrString(config.get(), "NUMBA_NUM_THREADS"));
    const reference usual(python.PyObject_GetAttrString(config.get(), "NUMBA_DEFAULT_NUM_THREADS"));
    constexpr int differ = 3;  // Py_NE
    return most && usual && python.PyObject_RichCompareBool(most.get(), usual.get(), differ) == 1;
}

void replace_starter() {
    void* const parallel = parallel_module();
    if (parallel == nullptr || number_was_chosen(parallel)) return;
    const reference started(python.PyObject_GetAttrString(parallel, "_is_initialized"));
    const reference starter(python.PyObject_GetAttrString(parallel, starter_name));
    if (!started || !starter || python.PyObject_IsTrue(started.get()) != 0) return;
    const reference ours(python.PyCFunction_NewEx(&starts_with_one, starter.get(), nullptr));
    if (ours) python.PyObject_SetAttrString(parallel, starter_name, ours.get());
}

// Not by PyGILState_Check(), which answers yes to everybody once there were several interpreters.
bool has_lock() {
    void* const own = python.PyGILState_GetThisThreadState();
    return own != nullptr && own == python.thread_state_with_lock();
}

bool runs_numbas_threads(const char* file) {
    const char* name = std::strstr(file, "/numba/np/ufunc/");
    if (name == nullptr) return false;
    name = std::strrchr(name, '/') + 1;
    for (const char* layer : {"workqueue.", "omppool.", "tbbpool."}) {
        if (std::strncmp(name, layer, std::strlen(layer)) == 0) return true;
    }
    return false;
}

}  // namespace

void limit_numba(const char* file) {
    if (file == nullptr || !runs_numbas_threads(file)) return;
    if (std::getenv("FIL_NUMBA_NUM_THREADS") == nullptr) return;
    if (std::getenv("NUMBA_NUM_THREADS") != nullptr) return;  // set since
    if (!python.is_whole) source_kit::visit_loaded_objects(find_functions);
    if (!python.is_whole || !has_lock() || python.PyErr_Occurred() != nullptr) return;
    replace_starter();
    python.PyErr_Clear();
}

}  // namespace fil::python
