// How each verb of the laboratory begins: what it is told, or its help.
#pragma once

#include <optional>
#include <string>

#include "lab/lab_options.hpp"
#include "start/command_line.hpp"

namespace fil::cli {

enum class traces_taken { one, several };

// Nothing: the help was asked for, and is on stdout. Throws refusal, also where there are too few
// or too many traces.
std::optional<lab_options> options_of_verb(const std::string& verb, const invocation& asked,
                                           const char* help, traces_taken traces);

// After the help.
int status_of_stdout();

}  // namespace fil::cli
