#include "preload_library.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "refusal.hpp"
#include "search_path.hpp"

namespace fil::cli {
namespace {

constexpr const char* library_name = "libfil_preload.so";

// Relative to the directory of this executable: beside it; installed; in the build tree, where
// build/bin/fil-profile is a link to where meson puts it.
constexpr const char* places[] = {"", "../" FIL_LIBRARY_DIRECTORY "/fil", "../lib/fil",
                                  "../preload"};

std::string find_library() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    for (const char* place : places) {
        const auto candidate = (self.parent_path() / place / library_name).lexically_normal();
        if (is_file(candidate)) return candidate;
    }
    throw refusal("cannot find " + std::string(library_name) + " near " + self.string());
}

std::string new_private_directory() {
    std::string parent = temporary_directory();
    if (!fits_ld_preload(parent)) parent = "/tmp";
    std::string directory = parent + "/fil-link-XXXXXX";
    if (::mkdtemp(directory.data()) == nullptr)
        throw refusal("cannot make a directory in " + parent);
    return directory;
}

}  // namespace

std::string temporary_directory() {
    const char* directory = std::getenv("TMPDIR");
    return directory != nullptr && directory[0] == '/' ? directory : "/tmp";
}

bool fits_ld_preload(const std::string& path) {
    return path.find_first_of(" :$") == std::string::npos;
}

preload_library::preload_library() : preload_library(find_library()) {}

preload_library::preload_library(const std::string& library) : path_(library) {
    if (fits_ld_preload(library)) return;
    directory_ = new_private_directory();
    path_ = directory_ + "/" + library_name;
    if (::symlink(library.c_str(), path_.c_str()) != 0) {
        ::rmdir(directory_.c_str());
        throw refusal("cannot make a link in " + directory_);
    }
}

preload_library::~preload_library() {
    remove_link();
}

void preload_library::remove_link() {
    if (directory_.empty()) return;
    ::unlink(path_.c_str());
    ::rmdir(directory_.c_str());
    directory_.clear();
}

}  // namespace fil::cli
