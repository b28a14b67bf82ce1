#include "symbols/dwo_package.hpp"

#include <dwarf.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "os/cold/files.hpp"

namespace fil {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{512} << 20;  // of a section, or a file

// The columns of the index, by their number: before DWARF 5, and since.
struct named_column {
    std::uint32_t before_5, since_5;
    const char* section;
};
constexpr named_column columns[] = {
    {1, 1, ".debug_info.dwo"},        {3, 3, ".debug_abbrev.dwo"},   {4, 4, ".debug_line.dwo"},
    {6, 6, ".debug_str_offsets.dwo"}, {0, 8, ".debug_rnglists.dwo"},
};
constexpr const char* strings = ".debug_str.dwo";  // is all units'

template <typename Number>
bool take(const std::string& from, std::uint64_t at, Number& number) {
    if (at > from.size() || from.size() - at < sizeof number) return false;
    std::memcpy(&number, from.data() + at, sizeof number);
    return true;
}

// An ELF file of nothing but sections.
class elf_writer {
  public:
    elf_writer() { add("", SHT_NULL, ""); }
    void add(const std::string& name, std::uint32_t type, const std::string& content) {
        Elf64_Shdr header = {};
        header.sh_name = static_cast<std::uint32_t>(names_.size());
        header.sh_type = type;
        header.sh_offset = sizeof(Elf64_Ehdr) + contents_.size();
        header.sh_size = content.size();
        header.sh_addralign = type != SHT_NULL;
        headers_.push_back(header);
        names_ += name + '\0';
        contents_ += content;
    }
    std::string file() {
        add(".shstrtab", SHT_STRTAB, names_ + ".shstrtab" + '\0');
        contents_.resize((contents_.size() + 7) & ~std::size_t{7});
        Elf64_Ehdr header = {};
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_type = ET_REL;
        header.e_machine = EM_X86_64;
        header.e_version = EV_CURRENT;
        header.e_ehsize = sizeof header;
        header.e_shentsize = sizeof(Elf64_Shdr);
        header.e_shnum = static_cast<std::uint16_t>(headers_.size());
        header.e_shstrndx = static_cast<std::uint16_t>(headers_.size() - 1);
        header.e_shoff = sizeof header + contents_.size();
        std::string all(reinterpret_cast<const char*>(&header), sizeof header);
        all += contents_;
        all.append(reinterpret_cast<const char*>(headers_.data()),
                   headers_.size() * sizeof(Elf64_Shdr));
        return all;
    }

  private:
    std::vector<Elf64_Shdr> headers_;
    std::string names_, contents_;
};

std::string read(int file, std::uint64_t offset, std::uint64_t bytes) {
    const auto facts = os::facts_of(file);
    if (bytes > most_bytes || !facts || bytes > facts->bytes) return {};
    std::string text(bytes, '\0');
    const std::int64_t got = os::read_at(file, text.data(), text.size(), offset);
    return got == static_cast<std::int64_t>(bytes) ? text : std::string();
}

// Where libdw looks for it; "" if that is no place below our folder.
std::string name_of_rest(Dwarf_Die& unit) {
    for (const unsigned attribute : {DW_AT_dwo_name, DW_AT_GNU_dwo_name}) {
        Dwarf_Attribute room;
        const char* name = dwarf_formstring(dwarf_attr(&unit, attribute, &room));
        if (name == nullptr) continue;
        const std::filesystem::path path(name);
        const bool leads_out = std::ranges::find(path, std::filesystem::path("..")) != path.end();
        return path.is_absolute() || leads_out ? "" : name;
    }
    return "";
}

}  // namespace

dwo_package::dwo_package(const std::string& of_file)
    : file_(of_file), package_(os::open_to_read(of_file + ".dwp")) {
    if (package_.number() < 0) return;
    read_sections();
    if (const Elf64_Shdr* index = section(".debug_cu_index"))
        index_ = content(*index, 0, index->sh_size);
    if (index_.empty()) return;
    std::error_code error;
    std::filesystem::path place = std::filesystem::temp_directory_path(error);
    if (error) place = "/tmp";  // what $TMPDIR names is no folder
    std::string made = (place / "fil-names-XXXXXX").string();
    if (mkdtemp(made.data()) != nullptr) folder_ = made;
}

dwo_package::~dwo_package() {
    std::error_code error;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, error);
}

void dwo_package::read_sections() {
    Elf64_Ehdr header;
    const std::string begin = read(package_.number(), 0, sizeof header);
    if (!take(begin, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr))
        return;
    const std::string table =
        read(package_.number(), header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
    sections_.resize(table.size() / sizeof(Elf64_Shdr));
    if (sections_.empty() || header.e_shstrndx >= sections_.size()) return sections_.clear();
    std::memcpy(sections_.data(), table.data(), table.size());
    const Elf64_Shdr& names = sections_[header.e_shstrndx];
    names_ = content(names, 0, names.sh_size);
}

const Elf64_Shdr* dwo_package::section(const char* name) const {
    for (const Elf64_Shdr& each : sections_) {
        if (each.sh_name < names_.size() && std::strcmp(names_.c_str() + each.sh_name, name) == 0)
            return &each;
    }
    return nullptr;
}

std::string dwo_package::content(const Elf64_Shdr& of, std::uint64_t offset,
                                 std::uint64_t bytes) const {
    if (offset > of.sh_size || bytes > of.sh_size - offset) return {};
    return read(package_.number(), of.sh_offset + offset, bytes);
}

// The index is a table of hashes: so many columns, units and slots; the slots' ids, and their rows;
// the columns' sections; and for each row its offsets, then its sizes.
std::vector<dwo_package::column> dwo_package::find(std::uint64_t unit_id) const {
    std::uint32_t count = 0, units = 0, slots = 0, row = 0;
    if (!take(index_, 4, count) || !take(index_, 8, units) || !take(index_, 12, slots)) return {};
    if (count > 16 || slots > index_.size()) return {};
    for (std::uint64_t i = 0; i < slots && row == 0; ++i) {
        std::uint64_t id = 0;
        if (!take(index_, 16 + 8 * i, id)) return {};
        if (id == unit_id && !take(index_, 16 + 8 * std::uint64_t{slots} + 4 * i, row)) return {};
    }
    if (row == 0 || row > units) return {};
    const std::uint64_t sections = 16 + 12 * std::uint64_t{slots};
    const std::uint64_t offsets = sections + 4 * std::uint64_t{count};
    const std::uint64_t sizes = offsets + 4 * std::uint64_t{units} * count;
    std::vector<column> found(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t place = 4 * ((std::uint64_t{row} - 1) * count + i);
        if (!take(index_, sections + 4 * i, found[i].section) ||
            !take(index_, offsets + place, found[i].offset) ||
            !take(index_, sizes + place, found[i].bytes))
            return {};
    }
    return found;
}

file_descriptor dwo_package::copy_of_file() const {
    if (folder_.empty()) return file_descriptor(-1);
    std::error_code error;
    const std::filesystem::path copy = std::filesystem::path(folder_) / "file";
    const bool is_small = std::filesystem::file_size(file_, error) < most_bytes;
    if (!is_small || !std::filesystem::copy_file(file_, copy, error)) return file_descriptor(-1);
    return os::open_to_read(copy.string());
}

void dwo_package::unpack(Dwarf_Die& unit) const {
    std::uint64_t id = 0;
    std::uint8_t type = 0;
    Dwarf_Half version = 0;
    const std::string name = name_of_rest(unit);
    if (folder_.empty() || name.empty() ||
        dwarf_cu_info(unit.cu, &version, &type, nullptr, nullptr, &id, nullptr, nullptr) != 0 ||
        type != DW_UT_skeleton)
        return;
    elf_writer written;
    for (const column& part : find(id)) {
        for (const named_column& known : columns) {
            if (part.section != (version < 5 ? known.before_5 : known.since_5)) continue;
            if (const Elf64_Shdr* from = section(known.section))
                written.add(known.section, SHT_PROGBITS, content(*from, part.offset, part.bytes));
        }
    }
    if (const Elf64_Shdr* from = section(strings))
        written.add(strings, SHT_PROGBITS, content(*from, 0, from->sh_size));
    std::error_code error;
    const std::filesystem::path path = std::filesystem::path(folder_) / name;
    std::filesystem::create_directories(path.parent_path(), error);
    os::write_and_close(os::make_private_file(path.string()), written.file());
}

}  // namespace fil
