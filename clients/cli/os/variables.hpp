// The environment that this process was started with.
#pragma once

#include <string>
#include <vector>

namespace fil::cli {

// A whole one as "NAME=value", as exec wants it.
using environment = std::vector<std::string>;

environment current_environment();

// Empty if it is not set.
std::string environment_variable(const std::string& name);

}  // namespace fil::cli
