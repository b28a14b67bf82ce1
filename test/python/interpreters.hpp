#pragma once
// The interpreters that tests run: FIL_TEST_PYTHONS (separated by colons), else each python3.X that
// answers, those of a version manager, the system's, and those that test/e2e/newest_pythons.py has
// fetched.

#include <glob.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace fil::test {

// What a shell command prints, or nothing if it fails. `status`, if given, is pclose()'s.
inline std::string output_of(const std::string& command, int* status = nullptr) {
    std::string output;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return output;
    char buffer[4096];
    while (const std::size_t size = fread(buffer, 1, sizeof buffer, pipe)) {
        output.append(buffer, size);
    }
    const int ended = pclose(pipe);
    if (status != nullptr) *status = ended;
    return ended == 0 || status != nullptr ? output : "";
}

inline std::string variable(const char* name) {
    const char* value = getenv(name);
    return value != nullptr ? value : "";
}

inline void add_matches(const std::string& pattern, std::vector<std::string>& paths) {
    glob_t matches;
    if (glob(pattern.c_str(), 0, nullptr, &matches) != 0) return;
    for (std::size_t i = 0; i < matches.gl_pathc; ++i) paths.push_back(matches.gl_pathv[i]);
    globfree(&matches);
}

// Paths of interpreters, each installation once.
inline std::vector<std::string> interpreters() {
    std::vector<std::string> candidates;
    if (const char* wanted = getenv("FIL_TEST_PYTHONS")) {
        std::stringstream list(wanted);
        for (std::string one; std::getline(list, one, ':');) candidates.push_back(one);
    } else {
        const std::string home = variable("HOME");
        const std::string cache = variable("XDG_CACHE_HOME");
        for (int minor = 9; minor <= 15; ++minor) {
            const std::string version = "3." + std::to_string(minor);
            candidates.push_back("python" + version);
            add_matches(home + "/.pyenv/versions/" + version + ".*/bin/python", candidates);
            add_matches((cache.empty() ? home + "/.cache" : cache) +
                            "/libfil/pythons/tree/usr/bin/python" + version,
                        candidates);
        }
        candidates.push_back("/usr/bin/python3");
    }
    std::vector<std::string> found;
    std::string seen = "\n";
    for (const std::string& candidate : candidates) {
        const std::string path = output_of(
            candidate +
            " -c 'import os, sys; print(os.path.realpath(sys.executable), end=\"\")' 2>/dev/null");
        if (path.empty() || seen.find("\n" + path + "\n") != std::string::npos) continue;
        seen += path + "\n";
        found.push_back(path);
    }
    return found;
}

}  // namespace fil::test
