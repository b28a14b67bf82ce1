// Files of the kernel, a page or two of text each, read whole.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/descriptor.hpp"

namespace fil::cli {

descriptor open_small_file(const std::string& path);

// Of /proc, of one process.
std::string file_of_process(pid_t pid, std::string_view name);

// From its beginning; empty if it cannot be read.
std::string read_small_file(const descriptor& file);
std::string read_small_file(const std::string& path);

// Any file's bytes from `offset` on; how many there were, 0 if it cannot be read.
std::size_t read_at(const descriptor& file, std::uint64_t offset, void* to, std::size_t bytes);

// What some of them count in.
std::int64_t bytes_of_a_page();

// A number at the beginning of the text, or after the first line's beginning `name`.
std::optional<std::int64_t> first_number(std::string_view text);
std::optional<std::int64_t> number_of(std::string_view text, std::string_view name);

}  // namespace fil::cli
