#include "os/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "os/refusal.hpp"

namespace fil::cli {

descriptor new_memory_file() {
    descriptor file(::memfd_create("fil-replay", MFD_CLOEXEC));
    if (!file)
        throw refusal(std::string("there can be no file in memory: ") + std::strerror(errno));
    return file;
}

void write_whole(const descriptor& file, const void* data, std::size_t bytes) {
    const auto* from = static_cast<const char*>(data);
    while (bytes > 0) {
        const ssize_t written = ::write(file.get(), from, bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
            throw refusal(std::string("the replay's plan has no room: ") + std::strerror(errno));
        from += written;
        bytes -= static_cast<std::size_t>(written);
    }
}

mapped_whole_file::mapped_whole_file(const std::string& path) {
    const auto refuse = [&](int error) {
        throw refusal("cannot read " + path + ": " + std::strerror(error));
    };
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) refuse(errno);
    struct stat about {};
    if (::fstat(file.get(), &about) != 0) refuse(errno);
    if (S_ISDIR(about.st_mode)) refuse(EISDIR);
    if (!S_ISREG(about.st_mode) || about.st_size == 0)
        throw refusal("cannot read " + path + ": it is no trace");
    length_ = static_cast<std::size_t>(about.st_size);
    void* mapped = ::mmap(nullptr, length_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (mapped == MAP_FAILED) refuse(errno);
    begin_ = static_cast<const std::uint8_t*>(mapped);
}

mapped_whole_file::~mapped_whole_file() {
    if (begin_ != nullptr) ::munmap(const_cast<std::uint8_t*>(begin_), length_);
}

}  // namespace fil::cli
