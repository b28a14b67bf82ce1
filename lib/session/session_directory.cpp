#include "session/session_directory.hpp"

#include <stdlib.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "os/cold/connections.hpp"
#include "os/cold/files.hpp"
#include "os/cold/folder.hpp"
#include "process/tell_refusal.hpp"
#include "session/temporary_directories.hpp"

namespace fil {
namespace {

namespace fs = std::filesystem;

constexpr const char* directory_prefix = "fil-";
constexpr std::size_t directory_name_size = 10;  // six letters more
constexpr const char* socket_name = "session";
constexpr const char* unready_name = "session.new";

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// Ours, and nobody else can write to it: others may give a folder of theirs such a name, or a link.
bool is_private(const os::folder& directory) {
    const std::optional<os::owned> found = directory.look();
    return found && found->is_ours() && (found->permissions & 077) == 0;
}

// Of the links that processes left which could not join.
std::vector<std::string> refusals_in(const os::folder& directory) {
    std::vector<std::string> names = directory.names();
    std::erase_if(names, [](const auto& name) { return !name.starts_with(refusal_link + 1); });
    return names;
}

void remove_session(const std::string& path, const os::folder& directory) {
    for (const std::string& name : refusals_in(directory)) directory.remove(name);
    directory.remove(unready_name);
    directory.remove(socket_name);
    os::remove_folder(path);  // refuses, if anything else is in it
}

// Our own. Whoever else can write to its parent may have put a link in its place.
void remove_own_session(const std::string& path) {
    const os::folder directory(path);
    if (!directory.is_open() && errno == EMFILE) {
        os::remove_file(path + "/" + unready_name);
        os::remove_file(path + "/" + socket_name);
    }
    remove_session(path, directory);
}

bool is_abandoned(const os::folder& directory) {
    return directory.has_socket(socket_name) && os::is_deserted(directory.path_of(socket_name));
}

void remove_abandoned(const std::string& parent) {
    std::error_code error;
    for (fs::directory_iterator entry(parent, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (name.size() != directory_name_size || !name.starts_with(directory_prefix)) continue;
        const os::folder directory(entry->path().string());
        if (is_private(directory) && is_abandoned(directory))
            remove_session(entry->path().string(), directory);
    }
}

std::string new_session_directory() {
    std::string tried;
    const std::string path = new_private_directory(directory_prefix, tried, [](const auto& parent) {
        if (parent.size() > 60) return false;  // a socket's path has 108 bytes
        remove_abandoned(parent);
        return true;
    });
    if (path.empty()) fail("cannot make a private directory in " + tried);
    return path;
}

}  // namespace

std::string session_socket_of(const std::string& bound_name) {
    const fs::path unready = bound_name;
    const std::string directory = unready.parent_path().filename().string();
    const bool is_one = unready.filename() == unready_name && unready.is_absolute() &&
                        directory.size() == directory_name_size &&
                        directory.starts_with(directory_prefix);
    return is_one ? (unready.parent_path() / socket_name).string() : "";
}

session_directory::session_directory() : path_(new_session_directory()) {
    socket_path_ = path_ + "/" + socket_name;
    try {
        socket_ = os::make_listening_socket();
        if (socket_.number() < 0) fail("cannot make a socket");
        listen_at(path_ + "/" + unready_name);
        abstract_ = os::make_listening_socket();
        if (!os::listen_at_abstract(abstract_.number(), socket_path_))
            abstract_ = file_descriptor();
    } catch (...) {
        remove_own_session(path_);
        throw;
    }
}

std::vector<std::uint32_t> session_directory::refusals() const {
    std::vector<std::uint32_t> all;
    const os::folder directory(path_);
    if (!is_private(directory)) return all;
    for (const std::string& name : refusals_in(directory)) {
        const std::optional<std::string> text = directory.link_text(name);
        if (text) all.push_back(static_cast<std::uint32_t>(strtoul(text->c_str(), nullptr, 10)));
    }
    return all;
}

void session_directory::listen_at(const std::string& path) {
    if (!os::listen_at(socket_.number(), path) ||
        std::rename(path.c_str(), socket_path_.c_str()) != 0) {
        fail("cannot listen at " + path);
    }
}

session_directory::~session_directory() {
    try {
        remove_own_session(path_);
    } catch (const std::exception&) {  // the next session removes it, as one that was abandoned
    }
}

}  // namespace fil
