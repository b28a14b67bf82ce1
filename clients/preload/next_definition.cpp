#include "next_definition.hpp"

#include <link.h>

#include "elf_symbols.hpp"

namespace fil::preload {
namespace {

definition first_definition(const link_map* from, const link_map* end, const char* name) {
    for (const link_map* object = from; object != end; object = object->l_next) {
        void* address = source_kit::elf_symbols(object->l_addr, object->l_ld).find(name);
        if (address != nullptr) return {address, object};
    }
    return {};
}

}  // namespace

const link_map* our_object() {
    const link_map* object = _r_debug.r_map;
    // The linker makes a _DYNAMIC for each object, and this one is ours.
    while (object != nullptr && object->l_ld != _DYNAMIC) object = object->l_next;
    return object;
}

definition next_definition(const char* name) {
    const link_map* ours = our_object();
    return ours != nullptr ? first_definition(ours->l_next, nullptr, name) : definition{};
}

definition earlier_malloc() {
    return first_definition(_r_debug.r_map, our_object(), "malloc");
}

}  // namespace fil::preload
