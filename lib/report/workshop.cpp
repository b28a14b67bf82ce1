#include "report/workshop.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

#include "os/cold/files.hpp"
#include "os/cold/random_bytes.hpp"

namespace fil {
namespace {

constexpr std::string_view unfinished = ".unfinished-";
constexpr const char* work_name = "report";

[[noreturn]] void fail() {
    throw std::system_error(errno, std::generic_category());
}

void check(bool is_done) {
    if (!is_done) fail();
}

os::folder opened(os::folder folder) {
    check(folder.is_open());
    return folder;
}

std::string random_letters() {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[12];
    check(os::fill_randomly(bytes));
    std::string text;
    for (const unsigned char byte : bytes) text += letters[byte % letters.size()];
    return text;
}

// Not through links, and no deeper than our own folders are.
void empty_folder(const os::folder& folder, int depth = 2) {
    for (const std::string& name : folder.names()) {
        if (folder.remove(name) || depth == 1) continue;
        const os::folder below = folder.below(name);
        if (!below.is_open()) continue;
        empty_folder(below, depth - 1);
        folder.remove_folder(name);
    }
}

void remove_folder(const os::folder& place, const std::string& name, const os::folder& folder) {
    empty_folder(folder);
    place.remove_folder(name);
}

// Ten minutes are waited: between its making and its lock, and where locks reach no other machine.
bool is_abandoned(const os::folder& folder) {
    constexpr std::time_t a_while = 600;
    const auto found = folder.look();
    return found && found->is_ours() && std::time(nullptr) - found->modified > a_while &&
           folder.lock();
}

void remove_abandoned(const os::folder& place) {
    for (const std::string& name : place.names()) {
        if (!name.starts_with(unfinished)) continue;
        const os::folder folder = place.below(name);
        if (folder.is_open() && is_abandoned(folder)) remove_folder(place, name, folder);
    }
}

// Names of one pattern: the same but for their digits.
bool is_like(std::string_view a, std::string_view b) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return std::ranges::equal(
        a, b, [&](char x, char y) { return x == y || (is_digit(x) && is_digit(y)); });
}

// As the kernel judges links in /tmp (protected_symlinks), whether or not it was told to, and
// wherever else all may write.
bool is_planted(const os::owned& link, const os::owned& around) {
    constexpr std::uint32_t by_all = 02;
    const bool is_known = link.is_ours() || link.owner == 0 || link.owner == around.owner;
    return (around.permissions & by_all) != 0 && !is_known;
}

}  // namespace

os::folder open_place(std::filesystem::path path) {
    if (!path.has_filename()) path = path.parent_path();  // "a/b/"
    const std::string name = path.filename().string();
    if (name.empty() || name == "." || name == "..")
        return opened(os::folder::follow(path.string()));
    const std::string parent = path.has_parent_path() ? path.parent_path().string() : ".";
    const os::folder around = opened(os::folder::follow(parent));
    const os::held_link link(around, name);
    check(link.is_there());
    const auto found = link.look(), outside = around.look();
    if (!found || !found->is_link) return opened(around.below_to_enter(name));
    check(outside.has_value());
    if (is_planted(*found, *outside)) throw planted_link();
    const auto target = link.text();  // of the link that was judged, whatever has its name by now
    check(target.has_value());
    return opened(around.follow_here(*target));
}

workshop::workshop(const std::filesystem::path& place) : place_(open_place(place)) {
    remove_abandoned(place_);
    name_ = std::string(unfinished) + random_letters();
    check(place_.make_folder(name_, 0700));
    private_ = opened(place_.below(name_));
    private_.lock();  // where there are no locks, it stays
    try {
        check(private_.make_folder(work_name, 0777));
        work_ = opened(private_.below(work_name));
    } catch (...) {
        remove_folder(place_, name_, private_);
        throw;
    }
}

workshop::~workshop() {
    remove_folder(place_, name_, private_);
}

void workshop::write(std::string_view name, std::string_view text) {
    file_descriptor file = work_.make_file(std::string(name));
    check(file.number() >= 0);
    check(os::write_and_close(std::move(file), text));
}

bool workshop::give(const std::string& name) {
    if (private_.move_to_new(work_name, place_, name)) return true;
    if (errno == EEXIST) return false;
    if (errno != EINVAL && errno != ENOSYS) fail();
    // A file system that cannot: a folder replaces nothing but an empty one, here our own.
    if (!place_.make_folder(name, 0700)) {
        if (errno == EEXIST) return false;
        fail();
    }
    if (private_.move(work_name, place_, name)) return true;
    if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) return false;
    fail();
}

void workshop::give_file(const std::string& name) {
    check(work_.move(name, place_, name));
}

bool workshop::give_link(const std::string& name, const std::string& target) {
    constexpr const char* made = "link";
    const auto old = place_.link_text(name);
    if (!old && errno == ENOENT) return place_.make_link(name, target);
    const bool is_ours = old && is_like(*old, target);
    return is_ours && private_.make_link(made, target) && private_.move(made, place_, name);
}

void workshop::remove_file(const std::string& name) {
    place_.remove(name);
}

}  // namespace fil
