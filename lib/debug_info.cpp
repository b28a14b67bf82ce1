#include "debug_info.hpp"

#include <cxxabi.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <tuple>

namespace fil {
namespace {

std::string hexadecimal(const unsigned char* bytes, std::size_t count) {
    std::string digits;
    for (std::size_t i = 0; i < count; ++i) {
        digits += "0123456789abcdef"[bytes[i] >> 4];
        digits += "0123456789abcdef"[bytes[i] & 15];
    }
    return digits;
}

std::string build_id_of(Dwfl_Module* module) {
    const unsigned char* bytes = nullptr;
    GElf_Addr where = 0;
    const int length = dwfl_module_build_id(module, &bytes, &where);
    return length > 0 ? hexadecimal(bytes, static_cast<std::size_t>(length)) : "";
}

std::string build_id_of_file(int descriptor) {
    std::string digits;
    if (Elf* elf = elf_begin(descriptor, ELF_C_READ_MMAP, nullptr)) {
        const void* bytes = nullptr;
        const ssize_t length = dwelf_elf_gnu_build_id(elf, &bytes);
        if (length > 0) {
            digits = hexadecimal(static_cast<const unsigned char*>(bytes),
                                 static_cast<std::size_t>(length));
        }
        elf_end(elf);
    }
    return digits;
}

// ---- finding debug information: libdwfl's own way may ask a server
// --------------------------------

int open_by_debug_link(Dwfl_Module* module, const char* file, const char* link, char** found) {
    if (file == nullptr || link == nullptr) return -1;
    const std::string wanted = build_id_of(module);
    if (wanted.empty()) return -1;
    const std::filesystem::path directory = std::filesystem::path(file).parent_path();
    for (const std::filesystem::path& candidate :
         {directory / link, directory / ".debug" / link,
          std::filesystem::path("/usr/lib/debug") / directory.relative_path() / link}) {
        const int descriptor = open(candidate.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (descriptor < 0) continue;
        if (build_id_of_file(descriptor) == wanted) {
            *found = strdup(candidate.c_str());
            return descriptor;
        }
        close(descriptor);
    }
    return -1;
}

int find_debug_information(Dwfl_Module* module, void** data, const char* name, Dwarf_Addr base,
                           const char* file, const char* link, GElf_Word checksum, char** found) {
    const int descriptor =
        dwfl_build_id_find_debuginfo(module, data, name, base, file, link, checksum, found);
    return descriptor >= 0 ? descriptor : open_by_debug_link(module, file, link, found);
}

int find_no_elf(Dwfl_Module*, void**, const char*, Dwarf_Addr, char**, Elf**) {
    return -1;
}

const Dwfl_Callbacks callbacks = {find_no_elf, find_debug_information, dwfl_offline_section_address,
                                  nullptr};

// ---- names
// ----------------------------------------------------------------------------------------

std::string demangled(std::string_view name) {
    if (const std::size_t version = name.find('@'); version != name.npos && version > 0) {
        name = name.substr(0, version);
    }
    std::string plain(name);
    if (!name.starts_with("_Z")) return plain;
    int status = 0;
    char* text = abi::__cxa_demangle(plain.c_str(), nullptr, nullptr, &status);
    if (text != nullptr) plain = text;
    std::free(text);
    return plain;
}

std::string name_of(Dwarf_Die& function) {
    for (const unsigned attribute : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
        Dwarf_Attribute room;
        const char* name = dwarf_formstring(dwarf_attr_integrate(&function, attribute, &room));
        if (name != nullptr) return demangled(name);
    }
    const char* name = dwarf_diename(&function);
    return name != nullptr ? name : "";
}

// Names of source files may be relative to the directory in which the compiler ran. That one is
// relative too where a distribution took its builder's directories out; then it may already stand
// in the name.
std::string source_file(Dwarf_Die& unit, const char* name) {
    if (name == nullptr) return "";
    Dwarf_Attribute room;
    const char* directory = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &room));
    std::filesystem::path base = directory != nullptr ? directory : "";
    if (base.is_relative() && std::string_view(name).starts_with(base.native() + "/")) base.clear();
    return (base / name).lexically_normal().string();
}

debug_info::place line_at(Dwarf_Die& unit, Dwarf_Addr address) {
    debug_info::place here{};
    int line = 0;
    Dwarf_Line* found = dwarf_getsrc_die(&unit, address);
    if (found == nullptr || dwarf_lineno(found, &line) != 0 || line <= 0) return here;
    here.file = source_file(unit, dwarf_linesrc(found, nullptr, nullptr));
    here.line = static_cast<std::uint32_t>(line);
    return here;
}

// Where an inlined function was called.
debug_info::place call_of(Dwarf_Die& unit, Dwarf_Die& inlined) {
    debug_info::place call{};
    Dwarf_Attribute room;
    Dwarf_Word line = 0;
    Dwarf_Word file = 0;
    Dwarf_Files* files = nullptr;
    if (dwarf_formudata(dwarf_attr(&inlined, DW_AT_call_line, &room), &line) != 0 ||
        dwarf_formudata(dwarf_attr(&inlined, DW_AT_call_file, &room), &file) != 0 ||
        dwarf_getsrcfiles(&unit, &files, nullptr) != 0) {
        return call;
    }
    call.file = source_file(unit, dwarf_filesrc(files, file, nullptr, nullptr));
    call.line = static_cast<std::uint32_t>(line);
    return call;
}

// The scopes around an address, innermost first.
std::vector<Dwarf_Die> scopes_at(Dwarf_Die& unit, Dwarf_Addr address) {
    std::vector<Dwarf_Die> result;
    Dwarf_Die* innermost = nullptr;
    if (dwarf_getscopes(&unit, address, &innermost) > 0) {
        // Those after the first may be the scopes of an inlined function's definition, not of the
        // place where it was inlined.
        Dwarf_Die* around = nullptr;
        const int count = dwarf_getscopes_die(innermost, &around);
        if (count > 0) result.assign(around, around + count);
        std::free(around);
    }
    std::free(innermost);
    return result;
}

// The last range that begins at or before `address` and holds it; ranges are in order of begin.
template <typename Range>
const Range* range_at(const std::vector<Range>& ranges, std::uint64_t address) {
    auto after = std::ranges::upper_bound(ranges, address, {}, &Range::begin);
    for (int tries = 0; after != ranges.begin() && tries < 16; ++tries) {
        if (address < (--after)->end) return &*after;
    }
    return nullptr;
}

}  // namespace

debug_info::debug_info(const std::string& file) : session_(nullptr, dwfl_end) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return;
    session_.reset(dwfl_begin(&callbacks));
    if (session_ == nullptr) return;
    dwfl_report_begin(session_.get());
    module_ = dwfl_report_elf(session_.get(), file.c_str(), file.c_str(), -1, 0, true);
    dwfl_report_end(session_.get(), nullptr, nullptr);
}

std::string debug_info::build_id() const {
    return module_ == nullptr ? "" : build_id_of(module_);
}

std::vector<debug_info::place> debug_info::places_at(std::uint64_t address) {
    if (!has_read_units_) read_units();
    std::vector<place> places;
    const unit_range* range = range_at(units_, address);
    if (range == nullptr) return places;
    Dwarf_Die& unit = *range->unit;
    place here = line_at(unit, address - range->bias);
    bool is_complete = false;
    for (Dwarf_Die& scope : scopes_at(unit, address - range->bias)) {
        const int tag = dwarf_tag(&scope);
        is_complete = tag == DW_TAG_subprogram;
        if (!is_complete && tag != DW_TAG_inlined_subroutine) continue;
        here.function = name_of(scope);
        places.push_back(std::move(here));
        if (is_complete) break;
        here = call_of(unit, scope);
    }
    if (!is_complete) {
        here.function = symbol_at(address);
        places.push_back(std::move(here));
    }
    std::ranges::reverse(places);
    return places;
}

std::string debug_info::symbol_at(std::uint64_t address) {
    if (!has_read_symbols_) read_symbols();
    const symbol* found = range_at(symbols_, address);
    return found != nullptr ? demangled(found->name) : "";
}

// libdwfl would go through all symbols for each address.
void debug_info::read_symbols() {
    has_read_symbols_ = true;
    const int count = module_ == nullptr ? 0 : dwfl_module_getsymtab(module_);
    for (int i = 0; i < count; ++i) {
        GElf_Sym entry;
        GElf_Addr begin = 0;
        GElf_Word section = SHN_UNDEF;
        const char* name =
            dwfl_module_getsym_info(module_, i, &entry, &begin, &section, nullptr, nullptr);
        const int type = GELF_ST_TYPE(entry.st_info);
        const bool is_code = type == STT_FUNC || type == STT_GNU_IFUNC;
        if (name == nullptr || *name == '\0' || !is_code || section == SHN_UNDEF) continue;
        symbols_.push_back({begin, begin + entry.st_size, name});
    }
    add_entry_point();
    // Of several names for one function the last is found: the shortest, `malloc`.
    std::ranges::sort(symbols_, [](const symbol& a, const symbol& b) {
        return std::tuple(a.begin, b.name.size(), a.name) <
               std::tuple(b.begin, a.name.size(), b.name);
    });
    for (std::size_t i = 0; i + 1 < symbols_.size(); ++i) {
        if (symbols_[i].end == symbols_[i].begin) symbols_[i].end = symbols_[i + 1].begin;
    }
}

// Where a program begins, as every C library calls it: without symbols it would stand unnamed at
// the root of every stack. The code is a few dozen bytes; a symbol that covers it is preferred.
void debug_info::add_entry_point() {
    GElf_Addr bias = 0;
    GElf_Ehdr header;
    Elf* elf = module_ == nullptr ? nullptr : dwfl_module_getelf(module_, &bias);
    if (elf == nullptr || gelf_getehdr(elf, &header) == nullptr || header.e_entry == 0) return;
    const std::uint64_t entry = header.e_entry + bias;
    for (const symbol& s : symbols_) {
        if (entry >= s.begin && entry < s.end) return;
    }
    symbols_.push_back({entry, entry + 40, "_start"});
}

// Not by .debug_aranges, which some compilers leave out.
void debug_info::read_units() {
    has_read_units_ = true;
    if (module_ == nullptr) return;
    Dwarf_Addr bias = 0;
    Dwarf_Die* unit = nullptr;
    while ((unit = dwfl_module_nextcu(module_, unit, &bias)) != nullptr) {
        Dwarf_Addr base = 0;
        Dwarf_Addr begin = 0;
        Dwarf_Addr end = 0;
        ptrdiff_t next = 0;
        while ((next = dwarf_ranges(unit, next, &base, &begin, &end)) > 0) {
            if (begin != 0 && end > begin) units_.push_back({begin + bias, end + bias, unit, bias});
        }
    }
    std::ranges::sort(units_, {}, &unit_range::begin);
}

}  // namespace fil
