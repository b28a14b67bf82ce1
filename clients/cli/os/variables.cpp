#include "os/variables.hpp"

#include <unistd.h>

#include <cstdlib>

namespace fil::cli {

environment current_environment() {
    environment all;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
        all.emplace_back(*variable);
    return all;
}

std::string environment_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value != nullptr ? value : "";
}

}  // namespace fil::cli
