#include "target.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "fil.h"

namespace fil::preload {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half this_machine = EM_AARCH64;
#endif

struct errno_keeper {
    int kept = errno;
    ~errno_keeper() { errno = kept; }
};

// Raw calls: libc's open, read and close are cancellation points.
struct open_file {
    int descriptor;
    open_file(int directory, const char* path)
        : descriptor(static_cast<int>(syscall(SYS_openat, directory, path, O_RDONLY | O_CLOEXEC))) {
    }
    ~open_file() {
        if (descriptor >= 0) syscall(SYS_close, descriptor);
    }
    open_file(const open_file&) = delete;
    std::size_t read(std::size_t offset, void* to, std::size_t bytes) const {
        long got = syscall(SYS_pread64, descriptor, to, bytes, offset);
        return got < 0 ? 0 : static_cast<std::size_t>(got);
    }
};

const char* last_component(const char* path) {
    const char* slash = std::strrchr(path, '/');
    return slash != nullptr ? slash + 1 : path;
}

bool is_our_loader(const char* path) {
    const char* name = last_component(path);
    for (const char* start : {"ld-linux", "ld-2.", "ld.so", "ld64.so"}) {
        if (std::strncmp(name, start, std::strlen(start)) == 0) return true;
    }
    return false;
}

// The dynamic loader ignores LD_PRELOAD where the kernel says AT_SECURE.
bool gains_privileges(const struct stat& status, int file) {
    bool sets_user = (status.st_mode & S_ISUID) != 0;
    bool sets_group = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    if ((sets_user ? status.st_uid : geteuid()) != getuid()) return true;
    if ((sets_group ? status.st_gid : getegid()) != getgid()) return true;
    return getuid() != 0 && file >= 0 && fgetxattr(file, "security.capability", nullptr, 0) > 0;
}

target judge_elf(const open_file& file, const char* path) {
    Elf64_Ehdr header;
    if (file.read(0, &header, sizeof header) < sizeof header) return target::unknown;
    if (header.e_ident[EI_CLASS] != ELFCLASS64) return target::refuses;
    if (header.e_machine != this_machine) return target::refuses;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr part;
        std::size_t offset = header.e_phoff + std::size_t{i} * header.e_phentsize;
        if (file.read(offset, &part, sizeof part) < sizeof part) return target::unknown;
        if (part.p_type != PT_INTERP) continue;
        char loader[256];
        std::size_t length = file.read(part.p_offset, loader, sizeof loader - 1);
        loader[length] = 0;
        return is_our_loader(loader) ? target::loads : target::refuses;
    }
    // Static; or the loader itself, started with a program as its argument.
    return path != nullptr && is_our_loader(path) ? target::loads : target::refuses;
}

target judge_file(int directory, const char* path, int depth);

target judge_script(char* line, int depth) {
    char* interpreter = line + 2;
    interpreter += std::strspn(interpreter, " \t");
    interpreter[std::strcspn(interpreter, " \t\n")] = 0;
    if (*interpreter == 0 || depth == 5) return target::unknown;
    return judge_file(AT_FDCWD, interpreter, depth + 1);
}

target judge_file(int directory, const char* path, int depth) {
    struct stat status;
    if (fstatat(directory, path, &status, 0) != 0) return target::absent;
    if (!S_ISREG(status.st_mode)) return target::absent;
    if (faccessat(directory, path, X_OK, AT_EACCESS) != 0) return target::absent;
    open_file file(directory, path);
    char start[256];
    std::size_t length = file.descriptor < 0 ? 0 : file.read(0, start, sizeof start - 1);
    start[length] = 0;
    bool script = length > 2 && start[0] == '#' && start[1] == '!';
    if (script) return judge_script(start, depth);  // where the kernel ignores set-user-id
    if (gains_privileges(status, file.descriptor)) return target::refuses;
    if (length < SELFMAG || std::memcmp(start, ELFMAG, SELFMAG) != 0) return target::unknown;
    return judge_elf(file, path);
}

// A filter was installed by this process or one that forked it, and the new program inherits it.
bool is_confined() {
    return fil_sandbox_allows(FIL_CALLS_ALL) == 0;
}

}  // namespace

target judge_path(const char* path) {
    if (is_confined()) return target::confined;
    errno_keeper keeper;
    return path == nullptr ? target::absent : judge_file(AT_FDCWD, path, 0);
}

target judge_descriptor(int file) {
    if (is_confined()) return target::confined;
    errno_keeper keeper;
    char path[32] = "/proc/self/fd/";
    char* number = path + std::strlen(path);
    std::to_chars(number, path + sizeof path - 1, file);
    target kind = judge_file(AT_FDCWD, path, 0);
    return kind == target::absent ? target::unknown : kind;  // perhaps there is no /proc
}

target judge_at(int directory, const char* path, int flags) {
    if (is_confined()) return target::confined;
    errno_keeper keeper;
    if (path == nullptr) return target::absent;
    if (*path == 0 && (flags & AT_EMPTY_PATH) != 0) return judge_descriptor(directory);
    return judge_file(directory, path, 0);
}

target judge_on_path(const char* file) {
    if (is_confined()) return target::confined;
    errno_keeper keeper;
    if (file == nullptr || *file == 0) return target::absent;
    if (std::strchr(file, '/') != nullptr) return judge_path(file);
    const char* directory = std::getenv("PATH");
    if (directory == nullptr) directory = "/bin:/usr/bin";
    std::size_t file_length = std::strlen(file);
    for (;; ++directory) {
        char path[1024];
        std::size_t length = std::strcspn(directory, ":");
        if (length + file_length + 2 > sizeof path) return target::unknown;
        char* end = static_cast<char*>(mempcpy(path, directory, length));
        if (length != 0) *end++ = '/';
        std::strcpy(end, file);
        target kind = judge_file(AT_FDCWD, path, 0);
        if (kind != target::absent) return kind;
        directory += length;
        if (*directory == 0) return target::absent;
    }
}

}  // namespace fil::preload
