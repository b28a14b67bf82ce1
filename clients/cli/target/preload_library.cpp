#include "target/preload_library.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "../../../lib/session/temporary_directories.hpp"
#include "os/other_users.hpp"
#include "os/process.hpp"
#include "os/refusal.hpp"
#include "os/search_path.hpp"
#include "os/this_executable.hpp"

namespace fil::cli {
namespace {

constexpr const char* usual_name = "libfil_preload.so";
constexpr const char* tracing_name = "libfil_trace.so";

// Relative to the directory of this executable: beside it; installed; in the build tree, where
// build/bin/fil-profile is a link to where meson puts it.
constexpr const char* places[] = {"", "../" FIL_LIBRARY_DIRECTORY "/fil", "../lib/fil",
                                  "../preload"};

std::string find_library(const std::string& library_name) {
    std::string searched;
    for (const auto& self : places_of_this_executable()) {
        for (const char* place : places) {
            const std::string written =
                self.parent_path().string().append("/").append(place).append("/");
            const auto candidate = std::filesystem::path(written + library_name).lexically_normal();
            if (is_file(candidate)) return candidate;
        }
        searched = self.string();
    }
    throw refusal("cannot find " + library_name +
                  (searched.empty() ? ": /proc does not say where fil-profile itself is"
                                    : " near " + searched));
}

// "fil-copy-4711-XXXXXX" says whose it is: who was killed could not remove it.
constexpr std::string_view copies = "fil-copy-";

void remove_abandoned_copies(const std::string& parent) {
    namespace fs = std::filesystem;
    std::error_code error;
    for (fs::directory_iterator entry(parent, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (!name.starts_with(copies)) continue;
        const auto owner = static_cast<pid_t>(std::atoi(name.c_str() + copies.size()));
        if (owner <= 0 || !is_gone(owner)) continue;
        std::error_code other_users;
        for (const char* name : {usual_name, tracing_name})
            fs::remove(entry->path() / name, other_users);
        fs::remove(entry->path(), other_users);
    }
}

}  // namespace

bool fits_ld_preload(const std::string& path) {
    return path.find_first_of(" :$") == std::string::npos;
}

preload_library::preload_library() : preload_library(find_library(usual_name)) {}

preload_library preload_library::that_traces() {
    return preload_library(find_library(tracing_name));
}

preload_library::preload_library(const std::string& library) : path_(library) {
    const bool fits = fits_ld_preload(library);
    const bool is_hidden = our_children_may_be_other_users() && !anybody_can_read(library);
    if (fits && !is_hidden) return;
    std::string tried;
    const std::string prefix =
        is_hidden ? std::string(copies) + std::to_string(own_pid()) + "-" : "fil-link-";
    directory_ = new_private_directory(prefix, tried, [&](const std::string& parent) {
        if (is_hidden) remove_abandoned_copies(parent);
        return fits_ld_preload(parent) && holds_programs(parent);
    });
    if (directory_.empty() && fits) return;
    if (directory_.empty()) throw refusal("cannot make a directory in " + tried);
    const bool traces = std::filesystem::path(library).filename() == tracing_name;
    path_ = directory_ + "/" + (traces ? tracing_name : usual_name);
    std::error_code error;
    if (is_hidden)
        std::filesystem::copy_file(library, path_, error);
    else
        std::filesystem::create_symlink(library, path_, error);
    if (!error) {
        let_anybody_pass(directory_);
        return;
    }
    remove_link();
    path_ = library;
    if (!fits) throw refusal("cannot make a link for " + library + ": " + error.message());
}

preload_library::~preload_library() {
    remove_link();
}

void preload_library::remove_link() {
    if (directory_.empty()) return;
    std::remove(path_.c_str());
    std::remove(directory_.c_str());
    directory_.clear();
}

}  // namespace fil::cli
