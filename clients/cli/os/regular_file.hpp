// A regular file, opened to be read. To open or read a pipe would take what is in it away from
// whoever it is for: a script in it from its interpreter.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "os/descriptor.hpp"

namespace fil::cli {

// Empty if there is none, or we may not read it.
descriptor open_regular_file(const std::string& path);

std::optional<struct stat> status_of(const descriptor& file);

}  // namespace fil::cli
