#pragma once
// Whether our library can be loaded into the program of a file, and if not, why: the one judge, of
// the command before it starts a program, and of the hooks before exec.
//
// As the kernel and the dynamic loader will decide: the file's mode and capabilities, its ELF
// header, and the loader that it names. No allocation, no throw, little stack: it runs between
// vfork and exec. `read(offset, to, bytes)` reads the file and returns how much it got.

#include <elf.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <initializer_list>

namespace fil {

enum class loadable {
    yes,
    not_elf,  // or not readable
    of_32_bits,
    of_another_processor,
    statically_linked,
    of_musl,
    of_another_c_library,
    set_id,            // it runs with rights that its caller does not have,
    has_capabilities,  // so the loader ignores LD_PRELOAD
};

// To stand after a colon.
inline const char* why_not(loadable found) {
    switch (found) {
        case loadable::of_32_bits:
            return "it is a 32-bit program";
        case loadable::of_another_processor:
            return "it is made for another kind of processor";
        case loadable::statically_linked:
            return "it is statically linked";
        case loadable::of_musl:
            return "it is linked with musl, not with glibc";
        case loadable::of_another_c_library:
            return "it is linked with another C library than glibc";
        case loadable::set_id:
            return "it is set-user-id or set-group-id";
        case loadable::has_capabilities:
            return "its file has capabilities (see getcap)";
        case loadable::yes:
        case loadable::not_elf:
            break;
    }
    return "";
}

// The dynamic loader of glibc, by its name.
inline bool is_loader_of_glibc(const char* path) {
    const char* const slash = std::strrchr(path, '/');
    const char* const name = slash != nullptr ? slash + 1 : path;
    for (const char* start : {"ld-linux", "ld-2.", "ld.so", "ld64.so", "ld-lsb"})
        if (std::strncmp(name, start, std::strlen(start)) == 0) return true;
    return false;
}

// Where the kernel says AT_SECURE, the loader ignores LD_PRELOAD.
inline loadable judge_rights(const struct stat& status, int file) {
    const bool sets_user = (status.st_mode & S_ISUID) != 0;
    const bool sets_group = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    constexpr auto refused = static_cast<id_t>(-1);  // by a sandbox: then nobody knows
    const auto differ = [](id_t one, id_t other) {
        return one != other && one != refused && other != refused;
    };
    if (differ(sets_user ? status.st_uid : geteuid(), getuid())) return loadable::set_id;
    if (differ(sets_group ? status.st_gid : getegid(), getgid())) return loadable::set_id;
    const bool gains_some =
        getuid() != 0 && file >= 0 && fgetxattr(file, "security.capability", nullptr, 0) > 0;
    return gains_some ? loadable::has_capabilities : loadable::yes;
}

// `path` tells a loader that is itself the program.
template <typename Read>
loadable judge_elf(Read read, const char* path) {
#if defined(__x86_64__)
    constexpr Elf64_Half this_machine = EM_X86_64;
#elif defined(__aarch64__)
    constexpr Elf64_Half this_machine = EM_AARCH64;
#endif
    Elf64_Ehdr header;
    if (read(0, &header, sizeof header) < sizeof header) return loadable::not_elf;
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return loadable::not_elf;
    if (header.e_ident[EI_CLASS] != ELFCLASS64) return loadable::of_32_bits;
    if (header.e_machine != this_machine) return loadable::of_another_processor;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr part;
        const std::size_t offset = header.e_phoff + std::size_t{i} * header.e_phentsize;
        if (read(offset, &part, sizeof part) < sizeof part) return loadable::not_elf;
        if (part.p_type != PT_INTERP) continue;
        char loader[256];
        loader[read(part.p_offset, loader, sizeof loader - 1)] = 0;
        if (is_loader_of_glibc(loader)) return loadable::yes;
        return std::strstr(loader, "ld-musl") != nullptr ? loadable::of_musl
                                                         : loadable::of_another_c_library;
    }
    // It names none: or it is the loader itself, started with a program as its argument.
    return path != nullptr && is_loader_of_glibc(path) ? loadable::yes
                                                       : loadable::statically_linked;
}

// All of it. What a program must not be given is said before what it could not use: a static one
// that gains rights drops LD_PRELOAD for those that it starts, too. A text gains none.
template <typename Read>
loadable judge(Read read, const struct stat& status, int file, const char* path) {
    const loadable found = judge_elf(read, path);
    char first;
    if (found == loadable::not_elf && read(0, &first, 1) == 1) return found;
    const loadable rights = judge_rights(status, file);
    return rights != loadable::yes ? rights : found;
}

}  // namespace fil
