#include "os/search_path.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace fil::cli {
namespace {

mode_t type_of(const std::string& path) {
    struct stat status;
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & S_IFMT : 0;
}

}  // namespace

bool is_file(const std::string& path) {
    return type_of(path) == S_IFREG;
}
bool is_directory(const std::string& path) {
    return type_of(path) == S_IFDIR;
}
bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}
bool is_readable(const std::string& path) {
    return ::access(path.c_str(), R_OK) == 0;
}
bool is_executable(const std::string& path) {
    return is_file(path) && ::access(path.c_str(), X_OK) == 0;
}

std::string why_not_there(const std::string& path) {
    return exists(path) ? "" : std::strerror(errno);
}

std::string why_not_executable(const std::string& path) {
    if (is_directory(path)) return "is a directory";
    return type_of(path) == 0 ? "does not exist" : "is not executable";
}

std::string find_on_path(const std::string& name, std::string_view path) {
    if (name.empty() || name.find('/') != std::string::npos) return {};
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        std::string candidate(path.substr(begin, end - begin));
        if (candidate.empty()) candidate.push_back('.');
        candidate += "/" + name;
        if (is_executable(candidate)) return candidate;
        begin = end + 1;
    }
    return {};
}

std::string find_on_path(const std::string& name) {
    const char* path = std::getenv("PATH");
    return find_on_path(name, path != nullptr ? path : "/bin:/usr/bin");
}

std::string absolute(const std::string& path) {
    std::error_code error;
    const auto whole = std::filesystem::absolute(path, error);
    return error ? path : whole.lexically_normal().string();
}

std::string base_name(std::string_view path) {
    return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace fil::cli
