#include "target/preload_library.hpp"

#include <dlfcn.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "../../../lib/session/temporary_directories.hpp"
#include "os/refusal.hpp"
#include "os/search_path.hpp"

namespace fil::cli {
namespace {

constexpr const char* library_name = "libfil_preload.so";

// Relative to the directory of this executable: beside it; installed; in the build tree, where
// build/bin/fil-profile is a link to where meson puts it.
constexpr const char* places[] = {"", "../" FIL_LIBRARY_DIRECTORY "/fil", "../lib/fil",
                                  "../preload"};

// This executable: as the kernel knows it; where there is no /proc, or it is the dynamic loader
// that was started, as the loader does.
std::vector<std::filesystem::path> places_of_this_executable() {
    std::vector<std::filesystem::path> found;
    Dl_info ours{};
    if (::dladdr(reinterpret_cast<const void*>(&fits_ld_preload), &ours) == 0) ours.dli_fname = "";
    const auto* started = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
    for (const char* name : {"/proc/self/exe", started, ours.dli_fname}) {
        std::error_code error;
        const auto path = std::filesystem::canonical(name != nullptr ? name : "", error);
        if (!error) found.push_back(path);
    }
    return found;
}

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
