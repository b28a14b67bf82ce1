#include "os/cold/files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace fil::os {
namespace {

file_facts facts_in(const struct stat& about) {
    return {S_ISREG(about.st_mode), static_cast<std::uint64_t>(about.st_size), about.st_mtime};
}

}  // namespace

file_descriptor open_to_read(const std::string& path) {
    return file_descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

file_descriptor make_private_file(const std::string& path) {
    return file_descriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

file_descriptor make_file_in_memory() {
    return file_descriptor(memfd_create("fil-profile", MFD_CLOEXEC));
}

bool rename_file(const std::string& from, const std::string& to) {
    return ::rename(from.c_str(), to.c_str()) == 0;
}

file_descriptor make_file_anew(const std::string& path) {
    file_descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600));
    if (file.number() < 0) return file;
    const auto about = facts_of(file.number());
    if (about && about->is_regular && ftruncate(file.number(), 0) == 0) return file;
    if (about && !about->is_regular) errno = EINVAL;
    return file_descriptor();
}

void remove_file(const std::string& path) {
    unlink(path.c_str());
}

void remove_folder(const std::string& path) {
    rmdir(path.c_str());
}

file_descriptor duplicate(int descriptor) {
    return file_descriptor(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
}

std::optional<file_facts> facts_of(int descriptor) {
    struct stat about {};
    if (fstat(descriptor, &about) != 0) return {};
    return facts_in(about);
}

std::optional<file_facts> facts_of(const std::string& path) {
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) return {};
    return facts_in(about);
}

std::int64_t read_at(int descriptor, char* to, std::size_t bytes, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < bytes) {
        const ssize_t got =
            pread(descriptor, to + done, bytes - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return static_cast<std::int64_t>(done);
}

bool next_data(int descriptor, std::uint64_t offset, std::uint64_t& start, std::uint64_t& end) {
    const off_t data = lseek(descriptor, static_cast<off_t>(offset), SEEK_DATA);
    const off_t hole = data < 0 ? -1 : lseek(descriptor, data, SEEK_HOLE);
    if (hole < 0) return false;
    start = static_cast<std::uint64_t>(data);
    end = static_cast<std::uint64_t>(hole);
    return true;
}

// What `write` takes at once is less than all of it where a signal comes, a disk is full, or it is
// more than 2 GiB.
template <typename Write>
static bool write_all(std::size_t bytes, const Write& write) {
    for (std::size_t done = 0; done < bytes;) {
        const ssize_t written = write(done);
        if (written < 0 && errno == EINTR) continue;
        if (written == 0) errno = ENOSPC;
        if (written <= 0) return false;
        done += static_cast<std::size_t>(written);
    }
    return true;
}

bool write_at(int descriptor, const char* from, std::size_t bytes, std::uint64_t offset) {
    return write_all(bytes, [&](std::size_t done) {
        return pwrite(descriptor, from + done, bytes - done, static_cast<off_t>(offset + done));
    });
}

bool write_and_close(file_descriptor file, std::string_view text) {
    const bool is_written = write_all(text.size(), [&](std::size_t done) {
        return ::write(file.number(), text.data() + done, text.size() - done);
    });
    return is_written && close(file.release()) == 0;
}

bool set_length(int descriptor, std::uint64_t bytes) {
    return ftruncate(descriptor, static_cast<off_t>(bytes)) == 0;
}

void allow_for_mapping(int descriptor) {
    const auto facts = facts_of(descriptor);
    rlimit limit{};
    if (!facts || getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, limit.rlim_cur + facts->bytes);
    setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace fil::os
