#include "target/preload_library.hpp"

#include <filesystem>

#include "../../../lib/session/temporary_directories.hpp"
#include "os/refusal.hpp"
#include "os/search_path.hpp"
#include "os/this_executable.hpp"

namespace fil::cli {
namespace {

constexpr const char* library_name = "libfil_preload.so";

// Relative to the directory of this executable: beside it; installed; in the build tree, where
// build/bin/fil-profile is a link to where meson puts it.
constexpr const char* places[] = {"", "../" FIL_LIBRARY_DIRECTORY "/fil", "../lib/fil",
                                  "../preload"};

std::string find_library() {
    std::string searched;
    for (const auto& self : places_of_this_executable()) {
        for (const char* place : places) {
            const auto candidate = (self.parent_path() / place / library_name).lexically_normal();
            if (is_file(candidate)) return candidate;
        }
        searched = self.string();
    }
    throw refusal("cannot find " + std::string(library_name) +
                  (searched.empty() ? ": /proc does not say where fil-profile itself is"
                                    : " near " + searched));
}

}  // namespace

bool fits_ld_preload(const std::string& path) {
    return path.find_first_of(" :$") == std::string::npos;
}

preload_library::preload_library() : preload_library(find_library()) {}

preload_library::preload_library(const std::string& library) : path_(library) {
    if (fits_ld_preload(library)) return;
    std::string tried;
    directory_ = new_private_directory("fil-link-", tried, fits_ld_preload);
    if (directory_.empty()) throw refusal("cannot make a directory in " + tried);
    path_ = directory_ + "/" + library_name;
    std::error_code error;
    std::filesystem::create_symlink(library, path_, error);
    if (error) {
        std::filesystem::remove(directory_, error);
        throw refusal("cannot make a link in " + directory_);
    }
}

preload_library::~preload_library() {
    remove_link();
}

void preload_library::remove_link() {
    if (directory_.empty()) return;
    std::error_code error;
    std::filesystem::remove(path_, error);
    std::filesystem::remove(directory_, error);
    directory_.clear();
}

}  // namespace fil::cli
