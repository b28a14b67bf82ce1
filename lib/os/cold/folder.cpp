#include "os/cold/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <string_view>

namespace fil::os {
namespace {

constexpr int itself = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::optional<owned> look_at(int descriptor) {
    struct stat found {};
    if (fstat(descriptor, &found) != 0) return {};
    return owned{found.st_uid, found.st_mode & 07777u, found.st_mtime, S_ISLNK(found.st_mode)};
}

std::optional<std::string> text_of_link(int around, const char* name) {
    char text[PATH_MAX];
    const auto length = readlinkat(around, name, text, sizeof text);
    if (length < 0) return {};
    return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace

bool owned::is_ours() const {
    return owner == geteuid();
}

folder::folder(const std::string& path) : folder(open(path.c_str(), O_RDONLY | itself)) {}

folder folder::follow(const std::string& path) {
    return folder(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}
folder folder::follow_here(const std::string& name) const {
    return folder(openat(itself_.number(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}
folder folder::below(const std::string& name) const {
    return folder(openat(itself_.number(), name.c_str(), O_RDONLY | itself));
}
folder folder::below_to_enter(const std::string& name) const {
    return folder(openat(itself_.number(), name.c_str(), O_PATH | itself));
}

std::optional<owned> folder::look() const {
    return look_at(itself_.number());
}

bool folder::lock() const {
    return flock(itself_.number(), LOCK_EX | LOCK_NB) == 0;
}

std::vector<std::string> folder::names() const {
    std::vector<std::string> found;
    const int again = is_open() ? openat(itself_.number(), ".", O_RDONLY | itself) : -1;
    DIR* const entries = again < 0 ? nullptr : fdopendir(again);
    if (entries == nullptr) {
        if (again >= 0) close(again);
        return found;
    }
    while (const dirent* entry = readdir(entries)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") found.emplace_back(name);
    }
    closedir(entries);
    return found;
}

bool folder::has_socket(const std::string& name) const {
    struct stat found {};
    return fstatat(itself_.number(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISSOCK(found.st_mode);
}

std::string folder::path_of(const std::string& name) const {
    return "/proc/self/fd/" + std::to_string(itself_.number()) + "/" + name;
}

std::optional<std::string> folder::link_text(const std::string& name) const {
    return text_of_link(itself_.number(), name.c_str());
}

bool folder::make_link(const std::string& name, const std::string& target) const {
    return symlinkat(target.c_str(), itself_.number(), name.c_str()) == 0;
}

bool folder::make_folder(const std::string& name, std::uint32_t permissions) const {
    return mkdirat(itself_.number(), name.c_str(), permissions) == 0;
}

file_descriptor folder::make_file(const std::string& name) const {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    return file_descriptor(openat(itself_.number(), name.c_str(), flags, 0666));
}

bool folder::remove(const std::string& name) const {
    return unlinkat(itself_.number(), name.c_str(), 0) == 0;
}

bool folder::remove_folder(const std::string& name) const {
    return unlinkat(itself_.number(), name.c_str(), AT_REMOVEDIR) == 0;
}

bool folder::move(const std::string& name, const folder& there, const std::string& new_name) const {
    const int to = there.itself_.number();
    return renameat(itself_.number(), name.c_str(), to, new_name.c_str()) == 0;
}

bool folder::move_to_new(const std::string& name, const folder& there,
                         const std::string& new_name) const {
    return syscall(SYS_renameat2, itself_.number(), name.c_str(), there.itself_.number(),
                   new_name.c_str(), RENAME_NOREPLACE) == 0;
}

held_link::held_link(const folder& around, const std::string& name)
    : itself_(openat(around.itself_.number(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)) {}

std::optional<owned> held_link::look() const {
    return look_at(itself_.number());
}

std::optional<std::string> held_link::text() const {
    return text_of_link(itself_.number(), "");
}

}  // namespace fil::os
