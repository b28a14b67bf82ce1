#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fil/base/hash.hpp"
#include "os/linux_numbers.hpp"
#include "os/os.hpp"
#include "os/recording_files.hpp"
#include "os/refused_call.hpp"

// System calls are made directly: the libc functions of these names may be our own hooks.
namespace fil::os {
namespace {

int open_with(const char* path, int flags) {
    const int file =
        static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file < 0) note_refusal(SYS_openat);
    return file;
}

bool may_be_so_long(std::uint64_t bytes) {
    rlimit limit{};
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
    if (bytes <= limit.rlim_cur) return true;
    errno = EFBIG;
    note_refusal(SYS_ftruncate);
    return false;
}

bool lengthen(int file, std::uint64_t bytes) {
    if (!may_be_so_long(bytes)) return false;
    if (syscall(SYS_ftruncate, file, bytes) == 0) return true;
    note_refusal(SYS_ftruncate);
    return false;
}

// What a file system that knows no better does, too: writes what is there anyway.
bool write_zeros(int file, std::uint64_t bytes, std::uint64_t offset) {
    static constexpr char zeros[4096] = {};
    for (std::uint64_t done = 0; done < bytes; done += sizeof zeros)
        if (syscall(SYS_pwrite64, file, zeros, sizeof zeros, offset + done) != sizeof zeros)
            return false;
    return true;
}

bool give_room(int file, std::uint64_t bytes, std::uint64_t offset) {
    long failed;
    do {
        failed = syscall(SYS_fallocate, file, 0, offset, bytes);
    } while (failed != 0 && errno == EINTR);
    return failed == 0;
}

bool make_room_in_file(const char* path, std::uint64_t bytes, std::uint64_t offset) {
    const int file = open_with(path, O_RDWR);
    if (file < 0) return false;
    bool is_made = give_room(file, bytes, offset);
    if (!is_made && errno == EOPNOTSUPP) is_made = write_zeros(file, bytes, offset);
    if (!is_made) note_refusal(SYS_fallocate);
    close_descriptor(file);
    return is_made;
}

// Of linux_dirent64.
constexpr long length_offset = 16, name_offset = 19;

}  // namespace

int make_file(const char* path, std::uint64_t bytes) {
    const int file = open_with(path, O_RDWR | O_CREAT | O_EXCL);
    if (file < 0 || lengthen(file, bytes)) return file;
    const int why = errno;
    close_descriptor(file);
    remove_file(path);
    errno = why;
    return -1;
}

int open_file(const char* path) {
    return open_with(path, O_RDWR);
}

std::uint64_t file_bytes(int file) {
    const long end = syscall(SYS_lseek, file, 0, SEEK_END);
    return end < 0 ? 0 : static_cast<std::uint64_t>(end);
}

bool set_length(const char* path, std::uint64_t bytes) {
    const int file = open_with(path, O_RDWR);
    if (file < 0) return false;
    const bool is_set = lengthen(file, bytes);
    close_descriptor(file);
    return is_set;
}

bool make_room(void* address, std::uint64_t bytes, const char* path, std::uint64_t offset) {
    if (syscall(SYS_madvise, address, bytes, populate_write) == 0) return true;
    if (errno == EINVAL) return make_room_in_file(path, bytes, offset);
    if (errno == EFAULT) errno = ENOSPC;  // as the kernel says that a page cannot be had
    note_refusal(SYS_fallocate);
    return false;
}

bool make_all_room(void* address, std::uint64_t bytes, const char* path) {
    const int file = open_with(path, O_RDWR);
    if (file < 0) return false;
    bool is_made = give_room(file, bytes, 0);
    if (!is_made && errno == EOPNOTSUPP) {
        is_made = syscall(SYS_madvise, address, bytes, populate_write) == 0;
        if (errno == EFAULT) errno = ENOSPC;
    }
    if (!is_made) note_refusal(SYS_fallocate);
    close_descriptor(file);
    return is_made;
}

bool make_folder(const char* path) {
    if (syscall(SYS_mkdirat, AT_FDCWD, path, 0700) == 0) return true;
    note_refusal(SYS_mkdirat);
    return false;
}

bool make_folders(char* path) {
    for (char* slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != nullptr) *slash = 0;
        const bool is_there = syscall(SYS_mkdirat, AT_FDCWD, path, 0777) == 0 || errno == EEXIST;
        if (slash != nullptr) *slash = '/';
        if (slash == nullptr) return is_there;
    }
}

void remove_file(const char* path) {
    syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

long read_file(const char* path, void* to, std::size_t bytes) {
    const int file = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC));
    if (file < 0) return -1;
    bool is_read = true;
    std::size_t got = 0;
    while (got < bytes) {
        const long part = syscall(SYS_read, file, static_cast<char*>(to) + got, bytes - got);
        if (part < 0 && errno == EINTR) continue;
        if (part <= 0) {
            is_read = part == 0;
            break;
        }
        got += static_cast<std::size_t>(part);
    }
    close_descriptor(file);
    return is_read ? static_cast<long>(got) : -1;
}

long read_link(const char* path, char* to, std::size_t bytes) {
    return syscall(SYS_readlinkat, AT_FDCWD, path, to, bytes);
}

bool is_running(std::int32_t pid) {
    return syscall(SYS_kill, pid, 0) == 0 || errno != ESRCH;
}

void host_name(char* to, std::size_t capacity) {
    utsname names{};
    if (uname(&names) != 0) names.nodename[0] = 0;
    std::size_t length = 0;
    for (const char* c = names.nodename; *c != 0 && length + 1 < capacity; ++c) {
        const bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                              (*c >= '0' && *c <= '9') || *c == '-' || *c == '.';
        to[length++] = is_plain ? *c : '_';
    }
    to[length] = 0;
}

std::uint64_t machine_number() {
    char text[64];
    const long length = read_file("/proc/sys/kernel/random/boot_id", text, sizeof text);
    return length <= 0 ? 0 : hash_bytes(text, static_cast<std::size_t>(length));
}

void for_each_name(const char* folder, name_visitor visit, void* context) {
    const int directory =
        static_cast<int>(syscall(SYS_openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory < 0) return;
    alignas(8) char entries[2048];
    for (bool goes_on = true; goes_on;) {
        const long bytes = syscall(SYS_getdents64, directory, entries, sizeof entries);
        if (bytes <= 0) break;
        for (long at = 0; goes_on && at < bytes;) {
            unsigned short length = 0;
            memcpy(&length, entries + at + length_offset, sizeof length);
            goes_on = visit(context, entries + at + name_offset);
            at += length;
        }
    }
    close_descriptor(directory);
}

}  // namespace fil::os
