#include "symbols/debug_unit.hpp"

#include <cxxabi.h>
#include <dwarf.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "symbols/range_search.hpp"

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

code_place line_at(Dwarf_Die& unit, Dwarf_Addr address) {
    int line = 0;
    Dwarf_Line* found = dwarf_getsrc_die(&unit, address);
    if (found == nullptr || dwarf_lineno(found, &line) != 0 || line <= 0) return {};
    return {"", source_file(unit, dwarf_linesrc(found, nullptr, nullptr)),
            static_cast<std::uint32_t>(line)};
}

// Where an inlined function was called.
code_place call_of(Dwarf_Die& unit, Dwarf_Die& inlined) {
    Dwarf_Attribute room;
    Dwarf_Word line = 0;
    Dwarf_Word file = 0;
    Dwarf_Files* files = nullptr;
    if (dwarf_formudata(dwarf_attr(&inlined, DW_AT_call_line, &room), &line) != 0 ||
        dwarf_formudata(dwarf_attr(&inlined, DW_AT_call_file, &room), &file) != 0 ||
        dwarf_getsrcfiles(&unit, &files, nullptr) != 0) {
        return {};
    }
    return {"", source_file(unit, dwarf_filesrc(files, file, nullptr, nullptr)),
            static_cast<std::uint32_t>(line)};
}

template <typename Visit>
void for_each_child(Dwarf_Die& parent, Visit&& visit) {
    Dwarf_Die child;
    for (int end = dwarf_child(&parent, &child); end == 0; end = dwarf_siblingof(&child, &child)) {
        visit(child);
    }
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
    std::string plain(name);
    if (!name.starts_with("_Z")) return plain;
    int status = 0;
    char* text = abi::__cxa_demangle(plain.c_str(), nullptr, nullptr, &status);
    if (text != nullptr) plain = text;
    std::free(text);
    return plain;
}

debug_unit::debug_unit(Dwarf_Die& unit) : unit_(unit) {
    read_scope(unit_, "");
    std::ranges::sort(functions_, {}, &function_range::begin);
}

void debug_unit::read_scope(Dwarf_Die& scope, const std::string& prefix) {
    for_each_child(scope, [&](Dwarf_Die& child) {
        const int tag = dwarf_tag(&child);
        switch (tag) {
            case DW_TAG_lexical_block:
                return read_scope(child, prefix);
            case DW_TAG_subprogram:
                read_ranges(child);
                [[fallthrough]];
            case DW_TAG_namespace:
            case DW_TAG_class_type:
            case DW_TAG_structure_type:
            case DW_TAG_union_type: {
                const char* own = text_of(child, DW_AT_name);
                const char* unnamed =
                    tag == DW_TAG_namespace ? "(anonymous namespace)" : "(anonymous)";
                const std::string name = prefix + (own != nullptr ? own : unnamed);
                if (tag == DW_TAG_subprogram && own != nullptr && !prefix.empty() &&
                    name_for_linker(child) == nullptr) {
                    scoped_names_[dwarf_dieoffset(&child)] = name;
                }
                read_scope(child, name + "::");
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
        if (begin != 0 && end > begin) functions_.push_back({begin, end, function});
    }
}

std::string debug_unit::name_of(Dwarf_Die function) const {
    if (const char* name = name_for_linker(function)) return demangled(name);
    const char* name = dwarf_diename(&function);
    // Members of local classes have no name for the linker, and "operator()" alone says little.
    for (const unsigned attribute : {DW_AT_abstract_origin, DW_AT_specification}) {
        Dwarf_Attribute room;
        Dwarf_Die declared;
        if (dwarf_formref_die(dwarf_attr(&function, attribute, &room), &declared) != nullptr) {
            function = declared;
        }
    }
    const auto scoped = scoped_names_.find(dwarf_dieoffset(&function));
    if (scoped != scoped_names_.end()) return scoped->second;
    return name != nullptr ? name : "";
}

std::vector<code_place> debug_unit::places_at(Dwarf_Addr address) {
    std::vector<code_place> places;
    std::vector<Dwarf_Die> functions;
    if (const function_range* found = range_at(functions_, address)) {
        Dwarf_Die function = found->function;
        functions.push_back(function);
        add_inlined(function, address, functions);
    }
    for (std::size_t i = 0; i < functions.size(); ++i) {
        places.push_back(i + 1 < functions.size() ? call_of(unit_, functions[i + 1])
                                                  : line_at(unit_, address));
        places.back().function = name_of(functions[i]);
    }
    if (places.empty()) places.push_back(line_at(unit_, address));
    return places;
}

}  // namespace fil
