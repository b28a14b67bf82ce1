#include "symbols/debug_info.hpp"

#include <elfutils/libdw.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <tuple>

#include "os/cold/files.hpp"
#include "symbols/debug_file.hpp"
#include "symbols/range_search.hpp"
#include "symbols/unpacked_file.hpp"

namespace fil {
namespace {

int find_no_elf(Dwfl_Module*, void**, const char*, Dwarf_Addr, char**, Elf**) {
    return -1;
}

const Dwfl_Callbacks callbacks = {find_no_elf, find_debug_file, dwfl_offline_section_address,
                                  nullptr};

}  // namespace

debug_info::debug_info(const std::string& file, bool asks_servers)
    : package_(file), search_{asks_servers, {}}, session_(nullptr, dwfl_end) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return;
    session_.reset(dwfl_begin(&callbacks));
    if (session_ == nullptr) return;
    dwfl_report_begin(session_.get());
    file_descriptor opened = package_.copy_of_file();
    if (opened.number() < 0) opened = unpacked_file(os::open_to_read(file));
    os::allow_for_mapping(opened.number());
    module_ = dwfl_report_elf(session_.get(), file.c_str(), file.c_str(), opened.number(), 0, true);
    if (module_ != nullptr) {
        opened.release();
        void** data = nullptr;
        dwfl_module_info(module_, &data, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
        *data = &search_;
    }
    dwfl_report_end(session_.get(), nullptr, nullptr);
}

std::string debug_info::build_id() const {
    return module_ == nullptr ? "" : build_id_of(module_);
}

std::vector<code_place> debug_info::places_at(std::uint64_t address) {
    if (!has_read_units_) read_units();
    const unit_range* range = range_at(units_, address);
    if (range == nullptr) return {};
    auto& unit = open_units_[range->unit];
    if (unit == nullptr) {
        package_.unpack(*range->unit);
        unit = std::make_unique<debug_unit>(*range->unit, lines_);
    }
    std::vector<code_place> places = unit->places_at(address - range->bias);
    if (places.front().function.empty()) places.front().function = symbol_at(address);
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
