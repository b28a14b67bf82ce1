// The shell's look-up of a name on PATH, and questions about files that every step asks.
#pragma once

#include <string>
#include <string_view>

namespace fil::cli {

bool is_file(const std::string& path);  // a regular file, through symbolic links
bool is_directory(const std::string& path);
bool exists(const std::string& path);
bool is_readable(const std::string& path);    // anything that we may read
bool is_executable(const std::string& path);  // a regular file that we may execute

// The first executable file called `name` in the directories of `path` (separated by colons, an
// empty one is the working directory). Empty if there is none. A name with a slash is not searched.
std::string find_on_path(const std::string& name, std::string_view path);

// The same on this process's PATH; the system's own default where it is unset.
std::string find_on_path(const std::string& name);

// What the system says of one that we could not come upon: "Permission denied".
std::string why_not_there(const std::string& path);

// "does not exist", "is a directory", "is not executable": of a path that is no executable file.
std::string why_not_executable(const std::string& path);

std::string absolute(const std::string& path);  // joined with the working directory; links stay
std::string base_name(std::string_view path);

}  // namespace fil::cli
