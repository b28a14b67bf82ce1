#include "started_program.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "fil_hooks.h"
#include "loadable.hpp"

namespace fil::preload {
namespace {

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

target kind_of(loadable found) {
    if (found == loadable::yes) return target::loads;
    if (found == loadable::statically_linked) return target::passes_on;
    return found == loadable::not_elf ? target::unknown : target::refuses;
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
    const auto read = [&](std::size_t offset, void* to, std::size_t bytes) {
        return file.read(offset, to, bytes);
    };
    return kind_of(judge(read, status, file.descriptor, path));
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
