// A file in memory, which a program that we start maps; and a file of somebody's, mapped to be
// read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "os/descriptor.hpp"

namespace fil::cli {

// Throw refusal.
descriptor new_memory_file();
void write_whole(const descriptor& file, const void* data, std::size_t bytes);

class mapped_whole_file {
  public:
    explicit mapped_whole_file(const std::string& path);
    mapped_whole_file(const mapped_whole_file&) = delete;
    ~mapped_whole_file();
    std::span<const std::uint8_t> bytes() const { return {begin_, length_}; }

  private:
    const std::uint8_t* begin_ = nullptr;
    std::size_t length_ = 0;
};

}  // namespace fil::cli
