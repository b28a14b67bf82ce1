#pragma once
// Source lines of compilation units, kept small: which line an address is of, and the unit's files.
//
// libdw keeps the lines of each unit that was asked about, 88 bytes a row, until its handle is
// closed. So they are read by a handle of their own, copied (16 bytes a row), and the handle is
// closed from time to time.
// Cold code; one thread at a time.

#include <elfutils/libdw.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fil {

// Of one unit.
struct unit_lines {
    struct row {
        Dwarf_Addr address;
        std::uint32_t line;  // 0: no code from here on
        std::uint32_t file;  // an index of `files`
    };
    std::vector<row> rows;           // by address
    std::vector<std::string> files;  // as the unit names them; by the unit's own numbers

    // The last row that is not after the address; none if no code is there.
    const row* at(Dwarf_Addr address) const;
};

// The files of a unit, read by the handle that it is of: of one in a .dwo or .dwp, which has no
// rows.
std::vector<std::string> files_of(Dwarf_Die& unit);

class line_reader {
  public:
    line_reader() = default;
    line_reader(const line_reader&) = delete;
    ~line_reader() { close(); }

    unit_lines read(Dwarf_Die& unit);

  private:
    static constexpr std::size_t most_rows = 500'000;  // that libdw keeps at a time

    void close();

    Dwarf* of_ = nullptr;
    Dwarf* handle_ = nullptr;
    std::size_t rows_ = 0;
};

}  // namespace fil
