#pragma once
// The program and its shared libraries, searched for what a runtime exports.
//
// One binary serves every runtime, and most processes that load it have none: nothing of a
// runtime's is linked. Not by dlsym, which allocates on failure and does not see what a plugin
// loaded for itself (RTLD_LOCAL). Takes the loader's lock for a moment: cold, any thread.
#include <link.h>

#include <cstddef>
#include <cstring>

#include "elf_symbols.hpp"

namespace fil::source_kit {

// visit(elf_symbols) for each object, in the loader's order, until it returns true.
template <typename Visit>
void visit_loaded_objects(Visit visit) {
    const auto each = [](dl_phdr_info* object, std::size_t, void* context) {
        return (*static_cast<Visit*>(context))(elf_symbols(*object)) ? 1 : 0;
    };
    dl_iterate_phdr(each, &visit);
}

// The first place in the main program's constants where these characters stand, or NULL: for a
// runtime that is linked into it and exports nothing. Looks at no more than `most` bytes of a
// program.
inline const char* find_in_program(const char* characters, std::size_t length, std::size_t most) {
    struct search {
        const char* characters;
        std::size_t length, most;
        const char* found;
    } wanted{characters, length, most, nullptr};
    const auto look = [](dl_phdr_info* program, std::size_t, void* context) {
        auto& search = *static_cast<struct search*>(context);
        for (int i = 0; i < program->dlpi_phnum && search.found == nullptr; ++i) {
            const ElfW(Phdr)& segment = program->dlpi_phdr[i];
            if (segment.p_type != PT_LOAD || segment.p_flags != PF_R) continue;
            if (segment.p_filesz > search.most) continue;
            search.found = static_cast<const char*>(
                memmem(reinterpret_cast<const void*>(program->dlpi_addr + segment.p_vaddr),
                       segment.p_filesz, search.characters, search.length));
        }
        return 1;  // the first object is the main program
    };
    dl_iterate_phdr(look, &wanted);
    return wanted.found;
}

// How many objects were ever loaded: the same number, the same objects or fewer.
inline unsigned long long objects_ever_loaded() {
    unsigned long long loads = 0;
    const auto first = [](dl_phdr_info* object, std::size_t, void* context) {
        *static_cast<unsigned long long*>(context) = object->dlpi_adds;
        return 1;
    };
    dl_iterate_phdr(first, &loads);
    return loads;
}

// The first object that defines a name wins, as in the loader: a variable may have been copied into
// the main executable.
template <typename Symbol>
void take_symbol(Symbol*& symbol, const elf_symbols& object, const char* name) {
    if (symbol == nullptr) symbol = reinterpret_cast<Symbol*>(object.find(name));
}

}  // namespace fil::source_kit
