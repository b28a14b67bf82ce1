#include "executable.hpp"

#include <elf.h>
#include <sys/stat.h>

#include <cstring>
#include <optional>

#include "descriptor.hpp"
#include "search_path.hpp"

namespace fil::cli {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half our_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half our_machine = EM_AARCH64;
#endif

// Only regular files: to open or read a pipe would take the script away from its interpreter.
descriptor open_file(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    return descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

template <class Object>
bool read_at(int file, std::uint64_t offset, Object& object) {
    return ::pread(file, &object, sizeof object, static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(sizeof object);
}

// The loader that the program names (PT_INTERP); nothing if it names none.
std::optional<std::string> loader_of(int file, const Elf64_Ehdr& header) {
    for (unsigned number = 0; number < header.e_phnum; ++number) {
        Elf64_Phdr segment;
        if (!read_at(file, header.e_phoff + number * std::uint64_t{header.e_phentsize}, segment))
            break;
        if (segment.p_type != PT_INTERP) continue;
        std::string path(std::min<std::uint64_t>(segment.p_filesz, 4096), '\0');
        const ssize_t size =
            ::pread(file, path.data(), path.size(), static_cast<off_t>(segment.p_offset));
        return size > 0 ? path.c_str() : std::string();
    }
    return std::nullopt;
}

// It names no loader; started with a program as its argument, it loads that and obeys LD_PRELOAD.
bool is_loader_itself(const std::string& path) {
    const std::string name = base_name(path);
    return name.starts_with("ld-linux") || name.starts_with("ld-2.") || name.starts_with("ld.so");
}

// The loader ignores LD_PRELOAD in a program that runs with rights its caller does not have.
bool gains_rights(int file) {
    struct stat status;
    if (::fstat(file, &status) != 0) return false;
    return ((status.st_mode & S_ISUID) != 0 && status.st_uid != ::geteuid()) ||
           ((status.st_mode & S_ISGID) != 0 && status.st_gid != ::getegid());
}

std::string why_unusable(int file, const Elf64_Ehdr& header, const std::string& path) {
    if (header.e_ident[EI_CLASS] != ELFCLASS64) return "it is a 32-bit program";
    if (header.e_machine != our_machine) return "it is made for another kind of processor";
    const auto loader = loader_of(file, header);
    if (!loader && !is_loader_itself(path)) return "it is statically linked";
    if (loader && loader->find("ld-musl") != std::string::npos)
        return "it is linked with musl, not with glibc";
    if (gains_rights(file)) return "it is set-user-id or set-group-id";
    return {};
}

}  // namespace

std::string head_of_file(const std::string& path) {
    const descriptor file = open_file(path);
    std::string head(4096, '\0');
    const ssize_t size = ::pread(file.get(), head.data(), head.size(), 0);
    head.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return head;
}

executable inspect_executable(const std::string& path) {
    const descriptor file = open_file(path);
    Elf64_Ehdr header;
    if (!file || !read_at(file.get(), 0, header) ||
        std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return {};
    std::string why = why_unusable(file.get(), header, path);
    return {why.empty() ? executable_kind::usable : executable_kind::unusable, std::move(why)};
}

}  // namespace fil::cli
