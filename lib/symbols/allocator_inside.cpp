#include "symbols/allocator_inside.hpp"

#include <gelf.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>

#include "os/cold/files.hpp"

namespace fil {
namespace {

// The most telling first. Rust's crates and DuckDB give jemalloc's functions prefixes.
struct known_name {
    std::string_view function, allocator;
};
constexpr known_name known_names[] = {
    {"je_mallctl", "jemalloc"},        {"_rjem_mallctl", "jemalloc"},
    {"duckdb_je_mallctl", "jemalloc"}, {"mallctl", "jemalloc"},
    {"mi_malloc", "mimalloc"},         {"_mi_malloc_generic", "mimalloc"},
    {"tc_malloc", "tcmalloc"},         {"TCMallocInternalMalloc", "tcmalloc"},
    {"rpmalloc", "rpmalloc"},          {"scalable_malloc", "TBB's allocator"},
    {"malloc", "a malloc of its own"},
};
constexpr std::size_t none = std::size(known_names);

// The place in `known_names` of what the section defines.
std::size_t best_known(Elf* file, Elf_Scn* section, const GElf_Shdr& header) {
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr || header.sh_entsize == 0) return none;
    std::size_t best = none;
    GElf_Sym symbol;
    for (std::size_t i = 0; i < data->d_size / header.sh_entsize; ++i) {
        if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
        if (symbol.st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
        const char* name = elf_strptr(file, header.sh_link, symbol.st_name);
        for (std::size_t at = 0; name != nullptr && at < best; ++at) {
            if (known_names[at].function == name) best = at;
        }
    }
    return best;
}

}  // namespace

std::string allocator_inside(const std::string& executable) {
    const file_descriptor opened = os::open_to_read(executable);
    if (opened.number() < 0 || elf_version(EV_CURRENT) == EV_NONE) return {};
    const std::unique_ptr<Elf, int (*)(Elf*)> file(
        elf_begin(opened.number(), ELF_C_READ_MMAP, nullptr), elf_end);
    std::size_t best = none;
    for (Elf_Scn* section = nullptr;
         file != nullptr && (section = elf_nextscn(file.get(), section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr) continue;
        const bool has_names = header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM;
        if (has_names) best = std::min(best, best_known(file.get(), section, header));
    }
    return best == none ? std::string() : std::string(known_names[best].allocator);
}

}  // namespace fil
