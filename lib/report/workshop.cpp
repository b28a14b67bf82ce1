#include "report/workshop.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

namespace fil {
namespace {

constexpr std::string_view unfinished = ".unfinished-";
constexpr const char* work_name = "report";
constexpr int folder_itself = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

[[noreturn]] void fail(int error) {
    throw std::system_error(error, std::generic_category());
}

template <typename Result>
Result checked(Result result) {
    if (result < 0) fail(errno);
    return result;
}

file_descriptor open_at(int folder, const std::string& name, int flags, mode_t mode = 0) {
    return file_descriptor(checked(openat(folder, name.c_str(), flags | O_CLOEXEC, mode)));
}

std::string random_letters() {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[12];
    if (getrandom(bytes, sizeof bytes, 0) != ssize_t{sizeof bytes}) fail(errno);
    std::string text;
    for (const unsigned char byte : bytes) text += letters[byte % letters.size()];
    return text;
}

// Not through links, and no deeper than our own folders are.
void empty_folder(int folder, int depth = 2) {
    DIR* entries = fdopendir(openat(folder, ".", O_RDONLY | folder_itself));
    if (entries == nullptr) return;
    while (const dirent* entry = readdir(entries)) {
        const std::string name = entry->d_name;
        if (name == "." || name == ".." || unlinkat(folder, name.c_str(), 0) == 0 || depth == 1)
            continue;
        const file_descriptor below(openat(folder, name.c_str(), O_RDONLY | folder_itself));
        if (below.number() < 0) continue;
        empty_folder(below.number(), depth - 1);
        unlinkat(folder, name.c_str(), AT_REMOVEDIR);
    }
    closedir(entries);
}

void remove_folder(int place, const std::string& name, int folder) {
    empty_folder(folder);
    unlinkat(place, name.c_str(), AT_REMOVEDIR);
}

// Ten minutes are waited: between its making and its lock, and where locks reach no other machine.
bool is_abandoned(int folder) {
    constexpr time_t a_while = 600;
    struct stat found {};
    return fstat(folder, &found) == 0 && found.st_uid == geteuid() &&
           time(nullptr) - found.st_mtime > a_while && flock(folder, LOCK_EX | LOCK_NB) == 0;
}

void remove_abandoned(int place) {
    DIR* entries = fdopendir(openat(place, ".", O_RDONLY | folder_itself));
    if (entries == nullptr) return;
    while (const dirent* entry = readdir(entries)) {
        const std::string name = entry->d_name;
        if (!name.starts_with(unfinished)) continue;
        const file_descriptor folder(openat(place, name.c_str(), O_RDONLY | folder_itself));
        if (folder.number() >= 0 && is_abandoned(folder.number()))
            remove_folder(place, name, folder.number());
    }
    closedir(entries);
}

// Names of one pattern: the same but for their digits.
bool is_like(std::string_view a, std::string_view b) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return std::ranges::equal(
        a, b, [&](char x, char y) { return x == y || (is_digit(x) && is_digit(y)); });
}

bool is_link(int file) {
    struct stat found {};
    return fstat(file, &found) == 0 && S_ISLNK(found.st_mode);
}

// As the kernel judges links in /tmp (protected_symlinks), whether or not it was told to, and
// wherever else all may write.
bool is_planted(int folder, int link) {
    struct stat around {
    }, found{};
    checked(fstat(folder, &around));
    checked(fstat(link, &found));
    const bool is_known =
        found.st_uid == geteuid() || found.st_uid == 0 || found.st_uid == around.st_uid;
    return (around.st_mode & S_IWOTH) != 0 && !is_known;
}

}  // namespace

file_descriptor open_place(std::filesystem::path path) {
    if (!path.has_filename()) path = path.parent_path();  // "a/b/"
    const std::string name = path.filename().string();
    if (name.empty() || name == "." || name == "..")
        return open_at(AT_FDCWD, path.string(), O_PATH | O_DIRECTORY);
    const std::string parent = path.has_parent_path() ? path.parent_path().string() : ".";
    const file_descriptor around = open_at(AT_FDCWD, parent, O_PATH | O_DIRECTORY);
    const file_descriptor link = open_at(around.number(), name, O_PATH | O_NOFOLLOW);
    if (!is_link(link.number())) return open_at(around.number(), name, O_PATH | folder_itself);
    if (is_planted(around.number(), link.number())) throw planted_link();
    char target[PATH_MAX];  // of the link that was judged, whatever has its name by now
    const auto length = checked(readlinkat(link.number(), "", target, sizeof target));
    const std::string where(target, static_cast<std::size_t>(length));
    return open_at(around.number(), where, O_PATH | O_DIRECTORY);
}

workshop::workshop(const std::filesystem::path& place) : place_(open_place(place)) {
    remove_abandoned(place_.number());
    name_ = std::string(unfinished) + random_letters();
    checked(mkdirat(place_.number(), name_.c_str(), 0700));
    private_ = open_at(place_.number(), name_, O_RDONLY | folder_itself);
    flock(private_.number(), LOCK_EX | LOCK_NB);  // where there are no locks, it stays
    try {
        checked(mkdirat(private_.number(), work_name, 0777));
        work_ = open_at(private_.number(), work_name, O_RDONLY | folder_itself);
    } catch (...) {
        remove_folder(place_.number(), name_, private_.number());
        throw;
    }
}

workshop::~workshop() {
    remove_folder(place_.number(), name_, private_.number());
}

void workshop::write(std::string_view name, std::string_view text) {
    file_descriptor file =
        open_at(work_.number(), std::string(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
    while (!text.empty()) {
        const ssize_t written = ::write(file.number(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail(written == 0 ? ENOSPC : errno);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    checked(close(file.release()));  // where a network's file system says that it is full
}

bool workshop::give(const std::string& name) {
    const auto moved = [&](unsigned flags) {
        return syscall(SYS_renameat2, private_.number(), work_name, place_.number(), name.c_str(),
                       flags) == 0;
    };
    if (moved(RENAME_NOREPLACE)) return true;
    if (errno == EEXIST) return false;
    if (errno != EINVAL && errno != ENOSYS) fail(errno);
    // A file system that cannot: a folder replaces nothing but an empty one, here our own.
    if (mkdirat(place_.number(), name.c_str(), 0700) != 0) {
        if (errno == EEXIST) return false;
        fail(errno);
    }
    if (moved(0)) return true;
    if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) return false;
    fail(errno);
}

void workshop::give_file(const std::string& name) {
    checked(renameat(work_.number(), name.c_str(), place_.number(), name.c_str()));
}

bool workshop::give_link(const std::string& name, const std::string& target) {
    constexpr const char* made = "link";
    char old[NAME_MAX + 1];
    const auto length = readlinkat(place_.number(), name.c_str(), old, sizeof old);
    if (length < 0 && errno == ENOENT)
        return symlinkat(target.c_str(), place_.number(), name.c_str()) == 0;
    const bool is_ours = length > 0 && length < ssize_t{sizeof old} &&
                         is_like(std::string_view(old, std::size_t(length)), target);
    if (!is_ours || symlinkat(target.c_str(), private_.number(), made) != 0) return false;
    return renameat(private_.number(), made, place_.number(), name.c_str()) == 0;
}

void workshop::remove_file(const std::string& name) {
    unlinkat(place_.number(), name.c_str(), 0);
}

}  // namespace fil
