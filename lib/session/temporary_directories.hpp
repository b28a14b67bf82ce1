#pragma once
// Where temporary files go, for lib/ and clients/cli: one choice. A folder is tried, not asked
// about: root has leave to write to /proc, and cannot. Cold.

#include <stdlib.h>

#include <cerrno>
#include <string>
#include <vector>

namespace fil {

// $TMPDIR, and what serves where that is not set, missing, full or not ours to write.
inline std::vector<std::string> temporary_directories() {
    std::vector<std::string> all = {"/tmp", "/var/tmp", "/dev/shm"};
    const char* chosen = getenv("TMPDIR");
    if (chosen != nullptr && *chosen == '/') all.insert(all.begin(), chosen);
    return all;
}

// A new folder that nobody else can look into, named `prefix` and six letters, in the first of
// these that is `usable(parent)`. If none can hold it: empty, errno says why, and `tried` names
// them.
template <typename Usable>
std::string new_private_directory(const std::string& prefix, std::string& tried, Usable usable) {
    errno = ENOENT;
    for (const std::string& parent : temporary_directories()) {
        if (!usable(parent)) continue;
        std::string path = parent + "/" + prefix + "XXXXXX";
        if (mkdtemp(path.data()) != nullptr) return path;
        tried += (tried.empty() ? "" : ", ") + parent;
    }
    return {};
}

}  // namespace fil
