#include "os/other_users.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>

namespace fil::cli {
namespace {

namespace fs = std::filesystem;

bool has(const fs::path& path, fs::perms permissions) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    return !error && (status.permissions() & permissions) == permissions;
}

}  // namespace

bool our_children_may_be_other_users() {
    return ::geteuid() == 0;
}

bool anybody_can_read(const std::string& path) {
    if (!has(path, fs::perms::others_read)) return false;
    fs::path folder = fs::path(path).parent_path();
    for (; folder.has_relative_path(); folder = folder.parent_path())
        if (!has(folder, fs::perms::others_exec)) return false;
    return true;
}

void let_anybody_pass(const std::string& folder) {
    std::error_code error;
    const fs::perms all = fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec;
    fs::permissions(folder, all, error);
}

bool holds_programs(const std::string& folder) {
    struct statvfs about {};
    return ::statvfs(folder.c_str(), &about) == 0 && (about.f_flag & ST_NOEXEC) == 0;
}

}  // namespace fil::cli
