#pragma once
// What one ELF file, and its debug information where it can be found on this machine, say about the
// code at an address of it: functions and source lines, by libdw.
//
// Debug information is in the file, or in one of its own (debug_file.hpp). Addresses are as the
// file counts them. Cold code; one thread at a time.

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "symbols/debug_file.hpp"
#include "symbols/debug_unit.hpp"
#include "symbols/dwo_package.hpp"
#include "symbols/unit_lines.hpp"

namespace fil {

class debug_info {
  public:
    explicit debug_info(const std::string& file, bool asks_servers = false);
    debug_info(const debug_info&) = delete;

    bool readable() const { return module_ != nullptr; }
    std::string build_id() const;  // hexadecimal; "" if it has none

    // The file that the debug link leads to, if that is of another build, once anything was asked.
    const std::string& unfit_debug_file() const { return search_.unfit; }

    // The function that holds the code and those inlined into it there, outermost first. Empty if
    // no debug information covers the address.
    std::vector<code_place> places_at(std::uint64_t address);

    // The name of the symbol whose code holds the address, demangled; "" if there is none.
    std::string symbol_at(std::uint64_t address);

  private:
    struct symbol {
        std::uint64_t begin;
        std::uint64_t end;
        std::string_view name;  // in the file's own table, as it stands there
    };
    struct unit_range {
        std::uint64_t begin;
        std::uint64_t end;
        Dwarf_Die* unit;
        std::uint64_t bias;  // address - address in the debug information
    };

    void read_symbols();
    void add_entry_point();
    void read_units();

    dwo_package package_;
    debug_file_search search_;
    std::unique_ptr<Dwfl, void (*)(Dwfl*)> session_;
    Dwfl_Module* module_ = nullptr;
    bool has_read_symbols_ = false;
    bool has_read_units_ = false;
    std::vector<symbol> symbols_;    // by begin
    std::vector<unit_range> units_;  // by begin
    line_reader lines_;
    std::unordered_map<Dwarf_Die*, std::unique_ptr<debug_unit>> open_units_;
};

}  // namespace fil
