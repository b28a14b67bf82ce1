#include "runtime.hpp"

namespace fil::python {

extern "C" void* __tls_get_addr(void* index);

constinit python_runtime the_runtime{};
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

}  // namespace

address ask_for_thread_state(const python_runtime& runtime, bool may_keep) {
    const auto state = reinterpret_cast<address>(runtime.unchecked_thread_state());
    if (state == 0 || !may_keep) return state;
    /* Shared by all threads, another may have changed it since. Then it is asked for once more. */
    const address* const slot = locate(runtime.state_variable);
    if (slot != nullptr && *slot == state) this_thread.state_slot = slot;
    return state;
}

}  // namespace fil::python
