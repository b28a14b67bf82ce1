// What the beginning of a file says about running it under a preloaded library: an ELF file that
// works, an ELF file that cannot work and why, or not ELF at all. Reads the file, never runs it.
#pragma once

#include <string>

namespace fil::cli {

enum class executable_kind { not_elf, usable, unusable };

struct executable {
    executable_kind kind = executable_kind::not_elf;
    std::string why;  // of an unusable one: "it is statically linked", to stand after a colon
    bool passes_on = false;  // and what it starts can be profiled
};

executable inspect_executable(const std::string& path);

// The first bytes of a regular file, at most 4096; empty if it cannot be read.
std::string head_of_file(const std::string& path);

}  // namespace fil::cli
