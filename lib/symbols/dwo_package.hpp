#pragma once
// A package (.dwp) of what -gsplit-dwarf leaves in .dwo files: the functions of each unit.
//
// libdw reads packages from 0.191 on. For the one before, a unit's part is written as the .dwo file
// that it was, into a folder of ours, where libdw looks for it: beside the file that the unit is
// of, which therefore has a copy there. Removed with this object. Cold code; one thread at a time.

#include <elfutils/libdw.h>
#include <gelf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "os/file_descriptor.hpp"

namespace fil {

class dwo_package {
  public:
    // The one of this ELF file, "FILE.dwp"; there may be none.
    explicit dwo_package(const std::string& of_file);
    dwo_package(const dwo_package&) = delete;
    dwo_package& operator=(const dwo_package&) = delete;
    ~dwo_package();

    // A copy of that file, in our folder; -1: there is no package, or no room for it.
    file_descriptor copy_of_file() const;

    // Has libdw find the rest of a unit that is nothing but a skeleton.
    void unpack(Dwarf_Die& unit) const;

  private:
    struct column {
        std::uint32_t section, offset, bytes;
    };

    void read_sections();
    const Elf64_Shdr* section(const char* name) const;
    std::vector<column> find(std::uint64_t unit_id) const;
    std::string content(const Elf64_Shdr& of, std::uint64_t offset, std::uint64_t bytes) const;

    std::string file_, folder_;
    file_descriptor package_;
    std::vector<Elf64_Shdr> sections_;
    std::string names_;
    std::string index_;
};

}  // namespace fil
