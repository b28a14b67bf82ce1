// Files of the kernel, a page or two of text each, read whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/descriptor.hpp"

namespace fil::cli {

descriptor open_small_file(const std::string& path);

// From its beginning; empty if it cannot be read.
std::string read_small_file(const descriptor& file);
std::string read_small_file(const std::string& path);

// A number at the beginning of the text, or after the first line's beginning `name`.
std::optional<std::int64_t> first_number(std::string_view text);
std::optional<std::int64_t> number_of(std::string_view text, std::string_view name);

}  // namespace fil::cli
