#pragma once
// A small ELF file of nothing but sections, made for a test.

#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

namespace fil::test {

struct elf_section {
    std::string name, content;
    std::uint64_t flags = 0;
};

template <typename Value>
std::string bytes_of(const Value& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

// The header, what is in the sections, and their table; the first is none, the last has the names.
inline std::string elf_text(std::vector<elf_section> sections) {
    sections.insert(sections.begin(), elf_section{});
    sections.push_back({".shstrtab", ""});
    std::string names, contents, table;
    for (const elf_section& one : sections) names += one.name + '\0';
    sections.back().content = names;
    std::size_t name = 0;
    for (const elf_section& one : sections) {
        Elf64_Shdr header{};
        header.sh_name = static_cast<std::uint32_t>(name);
        header.sh_type = one.name.empty() ? SHT_NULL : SHT_PROGBITS;
        if (&one == &sections.back()) header.sh_type = SHT_STRTAB;
        header.sh_flags = one.flags;
        header.sh_offset = sizeof(Elf64_Ehdr) + contents.size();
        header.sh_size = one.content.size();
        table += bytes_of(header);
        contents += one.content;
        name += one.name.size() + 1;
    }
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<std::uint16_t>(sections.size());
    header.e_shstrndx = static_cast<std::uint16_t>(sections.size() - 1);
    header.e_shoff = sizeof header + contents.size();
    return bytes_of(header) + contents + table;
}

}  // namespace fil::test
