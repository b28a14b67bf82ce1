#include "runtime.hpp"

#include "main_start.hpp"

namespace fil::python {

extern "C" void* __tls_get_addr(void* index);

constinit python_runtime the_runtime{};
constinit main_start the_main_start{};
constinit thread_local thread_words this_thread{};

namespace {

const address* locate(const accessed_variable& variable) {
    switch (variable.is) {
        case accessed_variable::kind::global:
            return reinterpret_cast<const address*>(variable.where);
        case accessed_variable::kind::thread_block:
            return reinterpret_cast<const address*>(
                reinterpret_cast<address>(__builtin_thread_pointer()) + variable.where);
        case accessed_variable::kind::thread_index:
            return static_cast<const address*>(
                __tls_get_addr(reinterpret_cast<void*>(variable.where)));
        case accessed_variable::kind::unknown:
            break;
    }
    return nullptr;
}

// Whether this thread has the variable yet. Its first use makes it, by malloc; and that may be a
// malloc of the program's own, in whose mmap this is, with its lock held. A thread without it has
// no state either.
//
// glibc: the word behind the thread pointer leads to a vector. Its element N has where the
// variables of module N are: nothing, or -1, until they are used; element -1 has the number of
// elements.
bool has_variable(const accessed_variable& variable) {
    if (variable.is != accessed_variable::kind::thread_index) return true;
    struct element {
        address value, to_free;
    };
    const auto* words = static_cast<const element* const*>(__builtin_thread_pointer());
    const element* vector = words[1];
    const address module = *reinterpret_cast<const address*>(variable.where);
    return module <= vector[-1].value && vector[module].value != 0 &&
           vector[module].value != ~address{0};
}

}  // namespace

address ask_for_thread_state(const python_runtime& runtime, bool may_keep) {
    if (!has_variable(runtime.state_variable)) return 0;
    const auto state = reinterpret_cast<address>(runtime.unchecked_thread_state());
    if (state == 0 || !may_keep) return state;
    // Shared by all threads, another may have changed it since. Then it is asked for once more.
    const address* const slot = locate(runtime.state_variable);
    if (slot != nullptr && *slot == state) this_thread.state_slot = slot;
    return state;
}

}  // namespace fil::python
