#include "target/executable.hpp"

#include <sys/stat.h>

#include "../../preload/loadable.hpp"
#include "os/descriptor.hpp"

namespace fil::cli {
namespace {

// Only regular files: to open or read a pipe would take the script away from its interpreter.
descriptor open_file(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    return descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
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
    struct stat status;
    if (!file || ::fstat(file.get(), &status) != 0) return {};
    const auto read = [&](std::size_t offset, void* to, std::size_t bytes) {
        const ssize_t got = ::pread(file.get(), to, bytes, static_cast<off_t>(offset));
        return got > 0 ? static_cast<std::size_t>(got) : 0;
    };
    loadable found = judge_elf(read, path.c_str());
    if (found == loadable::not_elf) return {};
    if (found == loadable::yes) found = judge_rights(status, file.get());
    if (found == loadable::yes) return {executable_kind::usable, {}};
    return {executable_kind::unusable, why_not(found)};
}

}  // namespace fil::cli
