#pragma once
// What the debug information of one compilation unit says about its code: functions, those inlined
// into them, and source lines.
//
// Made for many questions: the unit's functions are listed once (libdw's own search reads the whole
// unit for each address, milliseconds where it is large). Addresses are those of the debug
// information. Cold code; one thread at a time.

#include <elfutils/libdw.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

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
    explicit debug_unit(Dwarf_Die& unit);

    // The function that holds the code and those inlined into it there, outermost first; one place
    // without a function if none is known to hold it.
    std::vector<code_place> places_at(Dwarf_Addr address);

  private:
    struct function_range {
        Dwarf_Addr begin;
        Dwarf_Addr end;
        Dwarf_Die function;
    };

    void read_scope(Dwarf_Die& scope, const std::string& prefix);
    void read_ranges(Dwarf_Die& function);
    std::string name_of(Dwarf_Die function) const;

    Dwarf_Die unit_;
    std::vector<function_range> functions_;  // by begin
    std::unordered_map<Dwarf_Off, std::string>
        scoped_names_;  // of those the linker has no name for
};

}  // namespace fil
