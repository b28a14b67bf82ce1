#include "symbol_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace fil::preload {
symbol_file::symbol_file(const char* path, std::uintptr_t base, const ElfW(Phdr) * headers,
                         int count)
    : base_(base) {
    const long file =
        syscall(SYS_openat, AT_FDCWD, *path != 0 ? path : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat about {};
    if (syscall(SYS_fstat, file, &about) == 0 &&
        about.st_size >= static_cast<off_t>(sizeof(ElfW(Ehdr)))) {
        bytes_ = static_cast<std::size_t>(about.st_size);
        const long mapped = syscall(SYS_mmap, nullptr, bytes_, PROT_READ, MAP_PRIVATE, file, 0);
        if (mapped != -1) image_ = reinterpret_cast<const char*>(mapped);
    }
    syscall(SYS_close, file);
    if (image_ == nullptr) return;
    const auto* header = at<ElfW(Ehdr)>(0, 1);
    const auto* own = at<ElfW(Phdr)>(header->e_phoff, header->e_phnum);
    const auto number = static_cast<std::size_t>(count);
    const bool is_same = std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && own != nullptr &&
                         header->e_phnum == number &&
                         std::memcmp(own, headers, number * sizeof *own) == 0;
    if (is_same) {
        read_tables();
    } else {
        syscall(SYS_munmap, image_, bytes_);
        image_ = nullptr;
    }
}

symbol_file::~symbol_file() {
    if (image_ != nullptr) syscall(SYS_munmap, image_, bytes_);
}

template <typename Type>
const Type* symbol_file::at(std::uint64_t offset, std::uint64_t count) const {
    if (offset > bytes_ || count > (bytes_ - offset) / sizeof(Type)) return nullptr;
    return reinterpret_cast<const Type*>(image_ + offset);
}

void symbol_file::read_tables() {
    const auto* header = at<ElfW(Ehdr)>(0, 1);
    const auto* sections = at<ElfW(Shdr)>(header->e_shoff, header->e_shnum);
    if (sections == nullptr) return;
    std::size_t found = 0;
    for (std::size_t i = 0; i < header->e_shnum && found < 2; ++i) {
        const ElfW(Shdr)& section = sections[i];
        const bool has_names = section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM;
        if (has_names && section.sh_link < header->e_shnum) tables_[found++] = table_of(section);
    }
}

symbol_file::table symbol_file::table_of(const ElfW(Shdr) & section) const {
    const auto* header = at<ElfW(Ehdr)>(0, 1);
    const ElfW(Shdr)& texts = at<ElfW(Shdr)>(header->e_shoff, header->e_shnum)[section.sh_link];
    table found;
    found.count = section.sh_size / sizeof(ElfW(Sym));
    found.symbols = at<ElfW(Sym)>(section.sh_offset, found.count);
    found.names_bytes = texts.sh_size;
    found.names = at<char>(texts.sh_offset, texts.sh_size);
    const bool is_whole = found.symbols != nullptr && found.names != nullptr &&
                          found.names_bytes > 0 && found.names[found.names_bytes - 1] == 0;
    return is_whole ? found : table{};
}

const char* symbol_file::find_ending(const table& texts, std::string_view ending,
                                     const char* from) {
    const char* const end = texts.names + texts.names_bytes;
    while (from < end) {
        const auto rest = static_cast<std::size_t>(end - from);
        const auto* hit =
            static_cast<const char*>(memmem(from, rest, ending.data(), ending.size()));
        if (hit == nullptr || hit[ending.size()] == 0) return hit;
        from = hit + 1;
    }
    return nullptr;
}

bool symbol_file::take_prefix(const table& texts, std::size_t number, const char* hit,
                              char (&prefix)[longest_name]) {
    const ElfW(Sym)& symbol = texts.symbols[number];
    const char* name = texts.names + symbol.st_name;
    const auto length = static_cast<std::size_t>(hit - name);
    if (length >= longest_name || std::memchr(name, 0, length) != nullptr) return false;
    std::memcpy(prefix, name, length);
    prefix[length] = 0;
    return is_code_or_data(symbol);
}

// Of a large library the constants are a small part, so it is they that are searched (not all that
// is only read: code for graphics cards may be hundreds of megabytes); all of the file where
// nothing says where they are.
bool symbol_file::has_text(std::string_view characters) const {
    const auto* header = at<ElfW(Ehdr)>(0, 1);
    const auto* sections = at<ElfW(Shdr)>(header->e_shoff, header->e_shnum);
    const auto is_in = [&](const char* from, std::size_t bytes) {
        return memmem(from, bytes, characters.data(), characters.size()) != nullptr;
    };
    const bool has_names = sections != nullptr && header->e_shstrndx < header->e_shnum &&
                           sections[header->e_shstrndx].sh_type == SHT_STRTAB;
    if (!has_names) return is_in(image_, bytes_);
    const ElfW(Shdr)& names = sections[header->e_shstrndx];
    constexpr std::string_view constants = ".rodata";
    for (std::size_t i = 0; i < header->e_shnum; ++i) {
        const ElfW(Shdr)& section = sections[i];
        const char* name = at<char>(names.sh_offset + section.sh_name, constants.size());
        if (section.sh_type != SHT_PROGBITS || name == nullptr) continue;
        if (std::memcmp(name, constants.data(), constants.size()) != 0) continue;
        const char* content = at<char>(section.sh_offset, section.sh_size);
        if (content != nullptr && is_in(content, section.sh_size)) return true;
    }
    return false;
}

}  // namespace fil::preload
