#include "sample/control_groups.hpp"

#include <algorithm>
#include <sstream>

#include "os/small_file.hpp"

namespace fil::cli {
namespace {

constexpr control_group::file_names version_1 = {"memory.limit_in_bytes",
                                                 "memory.usage_in_bytes",
                                                 {"total_active_file", "total_inactive_file"},
                                                 "memory.memsw.limit_in_bytes",
                                                 "memory.memsw.usage_in_bytes",
                                                 true,
                                                 "memory.oom_control"};
constexpr control_group::file_names version_2 = {
    "memory.max",      "memory.current",      {"active_file", "inactive_file"},
    "memory.swap.max", "memory.swap.current", false,
    "memory.events"};
constexpr std::int64_t no_limit = std::int64_t{1} << 50;  // version 1 has a huge number instead

// "a,b,c" has b.
bool has_word(std::string_view list, std::string_view word) {
    std::istringstream words{std::string(list)};
    for (std::string one; std::getline(words, one, ',');)
        if (one == word) return true;
    return false;
}

// The group as it is seen at the mount: below the group that is mounted there. In a container, the
// path is one of the host's, which is not visible: then the mounted group is ours.
std::string path_inside(const group_mount& mount, const std::string& group) {
    if (mount.group == "/") return group;
    if (!group.starts_with(mount.group)) return "";
    const std::string rest = group.substr(mount.group.size());
    return rest.empty() || rest.starts_with('/') ? rest : "";
}

void add_with_ancestors(std::vector<control_group>& groups, const std::string& root,
                        const group_mount& mount, std::string path,
                        const control_group::file_names& files) {
    if (path == "/") path.clear();
    for (;;) {
        groups.emplace_back(path.empty() ? "/" : path, root + mount.place + path, files);
        if (path.empty()) return;
        path.erase(path.rfind('/'));
    }
}

}  // namespace

control_group::control_group(std::string name, const std::string& directory,
                             const file_names& files)
    : name_(std::move(name)),
      files_(files),
      limit_(open_small_file(directory + "/" + files.limit)),
      usage_(open_small_file(directory + "/" + files.usage)),
      statistics_(open_small_file(directory + "/memory.stat")),
      swap_limit_(open_small_file(directory + "/" + files.swap_limit)),
      swap_usage_(open_small_file(directory + "/" + files.swap_usage)),
      events_(open_small_file(directory + "/" + files.events)) {}

std::optional<std::int64_t> control_group::limit() const {
    const auto limit = first_number(read_small_file(limit_));  // version 2 may say "max"
    if (!limit || *limit <= 0 || *limit >= no_limit) return std::nullopt;
    return limit;
}

std::optional<std::int64_t> control_group::killed() const {
    return number_of(read_small_file(events_), "oom_kill");
}

control_group::swap control_group::look_at_swap(std::int64_t limit, std::int64_t usage,
                                                std::int64_t swap_free) const {
    const std::string text = read_small_file(swap_limit_);
    if (text.empty()) return {};
    const std::int64_t both = files_.swap_has_memory ? 1 : 0;
    swap now;
    if (const auto used = first_number(read_small_file(swap_usage_)))
        now.used = std::max<std::int64_t>(*used - both * usage, 0);
    const std::int64_t most = first_number(text).value_or(no_limit) - both * limit;
    now.left = std::clamp<std::int64_t>(most - now.used, 0, swap_free);
    return now;
}

std::optional<control_group::memory> control_group::look(std::int64_t swap_free,
                                                         std::int64_t enough) const {
    const auto most = limit();
    const auto usage = first_number(read_small_file(usage_));
    if (!most || !usage) return std::nullopt;
    memory now{*most, *usage, *most - *usage};
    if (now.left >= enough) return now;
    const std::string statistics = read_small_file(statistics_);
    for (const char* cache : files_.cache) now.used -= number_of(statistics, cache).value_or(0);
    const swap swapped = look_at_swap(*most, *usage, swap_free);
    now.left = *most - now.used + swapped.left;
    now.used += swapped.used;
    return now;
}

std::optional<group_mount> find_group_mount(std::string_view mountinfo, std::string_view type,
                                            std::string_view controller) {
    // 35 31 0:32 GROUP PLACE rw,relatime [more] - TYPE SOURCE rw,CONTROLLER
    std::istringstream lines{std::string(mountinfo)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string word, group, place, its_type, source, options;
        words >> word >> word >> word >> group >> place;
        while (words >> word && word != "-") {
        }
        words >> its_type >> source >> options;
        if (its_type == type && (controller.empty() || has_word(options, controller)))
            return group_mount{place, group};
    }
    return std::nullopt;
}

std::optional<std::string> find_group(std::string_view cgroups, std::string_view controller) {
    // NUMBER:CONTROLLERS:PATH
    std::istringstream lines{std::string(cgroups)};
    for (std::string line; std::getline(lines, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        if (controller.empty() ? controllers.empty() : has_word(controllers, controller))
            return line.substr(second + 1);
    }
    return std::nullopt;
}

std::vector<control_group> control_groups_around_us(const std::string& root) {
    const std::string mounts = read_small_file(root + "/proc/self/mountinfo");
    const std::string ours = read_small_file(root + "/proc/self/cgroup");
    std::vector<control_group> groups;
    const auto add = [&](const char* type, const char* controller,
                         const control_group::file_names& files) {
        const auto mount = find_group_mount(mounts, type, controller);
        const auto group = find_group(ours, controller);
        if (mount && group)
            add_with_ancestors(groups, root, *mount, path_inside(*mount, *group), files);
    };
    add("cgroup", "memory", version_1);
    add("cgroup2", "", version_2);
    return groups;
}

}  // namespace fil::cli
