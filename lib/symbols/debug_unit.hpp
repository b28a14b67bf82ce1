#pragma once
// What the debug information of one compilation unit says about its code: functions, those inlined
// into them, and source lines.
//
// Made for many questions: the unit's functions are listed once (libdw's own search reads the whole
// unit for each address, milliseconds where it is large). Addresses are those of the debug
// information. With -gsplit-dwarf a unit stands in two files, its functions in a .dwo or .dwp.
// Cold code; one thread at a time.

#include <elfutils/libdw.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "symbols/unit_lines.hpp"

namespace fil {

// A function, demangled ("" if nobody knows), and the line where it stood (0: not known).
struct code_place {
    std::string function;
    std::string file;
    std::uint32_t line;
};

// A symbol as its author wrote it.
std::string demangled(std::string_view name);

class debug_unit {
  public:
    debug_unit(Dwarf_Die& unit, line_reader& lines);

    // The function that holds the code and those inlined into it there, outermost first; one place
    // without a function if none is known to hold it.
    std::vector<code_place> places_at(Dwarf_Addr address);

  private:
    // An entry of the unit is its offset there: a large unit has some hundred thousand.
    struct function_range {
        Dwarf_Addr begin;
        Dwarf_Addr end;
        std::uint32_t function;
    };

    struct scope {
        std::uint32_t entry;  // a function, a class, a namespace
        std::uint32_t around;
    };
    static constexpr std::uint32_t outermost = ~std::uint32_t{0};

    void read_scope(Dwarf_Die& scope, std::uint32_t around);
    void read_ranges(Dwarf_Die& function);
    const std::vector<std::string>& files_of_calls() const {
        return full_.cu == unit_.cu ? lines_.files : split_files_;
    }
    Dwarf_Die entry_at(std::uint32_t offset) const;
    std::uint32_t scope_around(Dwarf_Die& function) const;
    std::string name_of(Dwarf_Die function);
    std::string scope_name(std::uint32_t place);  // with what comes between it and a name
    static std::string scope_name_elsewhere(Dwarf_Die& function);

    Dwarf_Die unit_;
    Dwarf_Die full_;                         // the same, unless its functions are in another file
    std::vector<function_range> functions_;  // by begin
    std::vector<scope> scopes_;              // by entry
    unit_lines lines_;
    std::vector<std::string> split_files_;  // then, those that its functions name
};

}  // namespace fil
