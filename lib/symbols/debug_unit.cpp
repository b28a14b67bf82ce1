#include "symbols/debug_unit.hpp"

#include <cxxabi.h>
#include <dwarf.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "symbols/range_search.hpp"
#include "symbols/rust_name.hpp"

namespace fil {
namespace {

const char* text_of(Dwarf_Die& die, unsigned attribute) {
    Dwarf_Attribute room;
    return dwarf_formstring(dwarf_attr(&die, attribute, &room));
}

const char* name_for_linker(Dwarf_Die& function) {
    for (const unsigned attribute : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
        Dwarf_Attribute room;
        const char* name = dwarf_formstring(dwarf_attr_integrate(&function, attribute, &room));
        if (name != nullptr) return name;
    }
    return nullptr;
}

// Of D and Swift: nothing here can read what their compilers tell the linker, so the entry's own
// name is better.
bool is_unreadable(std::string_view name) {
    if (name.starts_with("_D") && name.size() > 2) return name[2] >= '1' && name[2] <= '9';
    if (name.starts_with("_$")) name.remove_prefix(1);
    return name.starts_with("$s") || name.starts_with("$S");
}

// Names of source files may be relative to the directory in which the compiler ran. That one is
// relative too where a distribution took its builder's directories out; then it may already stand
// in the name.
std::string source_file(Dwarf_Die& unit, const char* name) {
    if (name == nullptr) return "";
    const char* directory = text_of(unit, DW_AT_comp_dir);
    std::filesystem::path base = directory != nullptr ? directory : "";
    if (base.is_relative() && std::string_view(name).starts_with(base.native() + "/")) base.clear();
    return (base / name).lexically_normal().string();
}

code_place line_at(Dwarf_Die& unit, const unit_lines& lines, Dwarf_Addr address) {
    const unit_lines::row* found = lines.at(address);
    if (found == nullptr || found->file >= lines.files.size()) return {};
    return {"", source_file(unit, lines.files[found->file].c_str()), found->line};
}

// Where an inlined function was called.
code_place call_of(Dwarf_Die& unit, const std::vector<std::string>& files, Dwarf_Die& inlined) {
    Dwarf_Attribute room;
    Dwarf_Word line = 0;
    Dwarf_Word file = 0;
    if (dwarf_formudata(dwarf_attr(&inlined, DW_AT_call_line, &room), &line) != 0 ||
        dwarf_formudata(dwarf_attr(&inlined, DW_AT_call_file, &room), &file) != 0 ||
        file >= files.size()) {
        return {};
    }
    return {"", source_file(unit, files[file].c_str()), static_cast<std::uint32_t>(line)};
}

template <typename Visit>
void for_each_child(Dwarf_Die& parent, Visit&& visit) {
    Dwarf_Die child;
    for (int end = dwarf_child(&parent, &child); end == 0; end = dwarf_siblingof(&child, &child)) {
        visit(child);
    }
}

const char* unnamed(Dwarf_Die& scope) {
    if (dwarf_tag(&scope) == DW_TAG_namespace) return "(anonymous namespace)";
    bool is_called = false;
    for_each_child(scope, [&](Dwarf_Die& member) {
        const char* name = dwarf_diename(&member);
        is_called = is_called || (name != nullptr && std::string_view(name) == "operator()");
    });
    return is_called ? "(lambda)" : "(anonymous)";
}

// Whether that tells the scopes around it, too: it has a name for the linker.
bool put_scope_before(std::string& name, Dwarf_Die& scope) {
    const char* linked = dwarf_tag(&scope) == DW_TAG_subprogram ? name_for_linker(scope) : nullptr;
    if (linked != nullptr && is_unreadable(linked)) linked = nullptr;
    const char* own = linked != nullptr ? linked : dwarf_diename(&scope);
    name = (own != nullptr ? demangled(own) : unnamed(scope)) + "::" + name;
    return linked != nullptr;
}

// Adds the inlined functions around an address, outermost first.
void add_inlined(Dwarf_Die& around, Dwarf_Addr address, std::vector<Dwarf_Die>& functions) {
    for_each_child(around, [&](Dwarf_Die& child) {
        const int tag = dwarf_tag(&child);
        const bool is_inlined = tag == DW_TAG_inlined_subroutine;
        if ((!is_inlined && tag != DW_TAG_lexical_block) || dwarf_haspc(&child, address) <= 0) {
            return;
        }
        if (is_inlined) functions.push_back(child);
        add_inlined(child, address, functions);
    });
}

}  // namespace

std::string demangled(std::string_view name) {
    if (const std::size_t version = name.find('@'); version != name.npos && version > 0) {
        name = name.substr(0, version);
    }
    if (auto of_rust = rust_name(name)) return std::move(*of_rust);
    std::string plain(name);
    if (!name.starts_with("_Z")) return plain;
    int status = 0;
    char* text = abi::__cxa_demangle(plain.c_str(), nullptr, nullptr, &status);
    if (text != nullptr) plain = text;
    std::free(text);
    return plain;
}

debug_unit::debug_unit(Dwarf_Die& unit, line_reader& lines)
    : unit_(unit), full_(unit), lines_(lines.read(unit)) {
    Dwarf_Die split;
    std::uint8_t type = 0;
    if (dwarf_cu_info(unit.cu, nullptr, &type, nullptr, &split, nullptr, nullptr, nullptr) == 0 &&
        type == DW_UT_skeleton && split.cu != nullptr) {
        full_ = split;
        split_files_ = files_of(split);
    }
    read_scope(full_, outermost);
    std::ranges::sort(functions_, {}, &function_range::begin);
    functions_.shrink_to_fit();
    scopes_.shrink_to_fit();
}

Dwarf_Die debug_unit::entry_at(std::uint32_t offset) const {
    Dwarf_Die unit = full_, entry{};
    const Dwarf_Off begin = dwarf_dieoffset(&unit) - dwarf_cuoffset(&unit);
    dwarf_offdie(dwarf_cu_getdwarf(unit.cu), begin + offset, &entry);
    return entry;
}

std::uint32_t debug_unit::scope_around(Dwarf_Die& function) const {
    const auto entry = static_cast<std::uint32_t>(dwarf_cuoffset(&function));
    const auto at = std::ranges::lower_bound(scopes_, entry, {}, &scope::entry);
    return at != scopes_.end() && at->entry == entry ? at->around : outermost;
}

void debug_unit::read_scope(Dwarf_Die& scope, std::uint32_t around) {
    for_each_child(scope, [&](Dwarf_Die& child) {
        switch (dwarf_tag(&child)) {
            case DW_TAG_lexical_block:
                return read_scope(child, around);
            case DW_TAG_subprogram:
                read_ranges(child);
                [[fallthrough]];
            case DW_TAG_namespace:
            case DW_TAG_module:  // of D and Fortran
            case DW_TAG_class_type:
            case DW_TAG_structure_type:
            case DW_TAG_union_type: {
                scopes_.push_back({static_cast<std::uint32_t>(dwarf_cuoffset(&child)), around});
                read_scope(child, static_cast<std::uint32_t>(scopes_.size() - 1));
            }
        }
    });
}

void debug_unit::read_ranges(Dwarf_Die& function) {
    Dwarf_Addr base = 0;
    Dwarf_Addr begin = 0;
    Dwarf_Addr end = 0;
    ptrdiff_t next = 0;
    while ((next = dwarf_ranges(&function, next, &base, &begin, &end)) > 0) {
        if (begin != 0 && end > begin)
            functions_.push_back(
                {begin, end, static_cast<std::uint32_t>(dwarf_cuoffset(&function))});
    }
}

std::string debug_unit::name_of(Dwarf_Die function) {
    const char* name = dwarf_diename(&function);
    const char* linked = name_for_linker(function);
    if (linked != nullptr && (name == nullptr || !is_unreadable(linked))) return demangled(linked);
    // Members of local classes have no name for the linker, and "operator()" alone says little.
    for (const unsigned attribute : {DW_AT_abstract_origin, DW_AT_specification}) {
        Dwarf_Attribute room;
        Dwarf_Die declared;
        if (dwarf_formref_die(dwarf_attr(&function, attribute, &room), &declared) != nullptr) {
            function = declared;
        }
    }
    if (name == nullptr) return "";
    if (function.cu == full_.cu) return scope_name(scope_around(function)) + name;
    return scope_name_elsewhere(function) + name;
}

std::string debug_unit::scope_name(std::uint32_t place) {
    std::string name;
    for (; place != outermost; place = scopes_[place].around) {
        Dwarf_Die die = entry_at(scopes_[place].entry);
        if (put_scope_before(name, die)) break;
    }
    return name;
}

// Of what another unit declares (link time optimisation puts together what was apart); libdw reads
// that whole unit for the answer.
std::string debug_unit::scope_name_elsewhere(Dwarf_Die& function) {
    std::string name;
    Dwarf_Die* scopes = nullptr;
    const int count = dwarf_getscopes_die(&function, &scopes);
    for (int i = 1; i + 1 < count; ++i) {  // outwards; the last is the unit
        if (dwarf_tag(&scopes[i]) == DW_TAG_lexical_block) continue;
        if (put_scope_before(name, scopes[i])) break;
    }
    std::free(scopes);
    return name;
}

std::vector<code_place> debug_unit::places_at(Dwarf_Addr address) {
    std::vector<code_place> places;
    std::vector<Dwarf_Die> functions;
    if (const function_range* found = range_at(functions_, address)) {
        Dwarf_Die function = entry_at(found->function);
        functions.push_back(function);
        add_inlined(function, address, functions);
    }
    for (std::size_t i = 0; i < functions.size(); ++i) {
        places.push_back(i + 1 < functions.size()
                             ? call_of(unit_, files_of_calls(), functions[i + 1])
                             : line_at(unit_, lines_, address));
        places.back().function = name_of(functions[i]);
    }
    if (places.empty()) places.push_back(line_at(unit_, lines_, address));
    return places;
}

}  // namespace fil
