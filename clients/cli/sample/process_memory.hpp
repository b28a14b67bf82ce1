// What the kernel says about one process's memory: resident bytes, cheaply and often (statm), and
// by kind, now and then (status). Where descriptors are not dear, statm is kept open: then a
// reading is one system call and never meets another process that got the same number. Reading a
// process that has ended is fine.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "os/descriptor.hpp"
#include "os/process.hpp"

namespace fil::cli {

struct resident_parts {
    std::int64_t anonymous = 0;
    std::int64_t file = 0;
    std::int64_t shared = 0;
    std::int64_t total() const { return anonymous + file + shared; }
};

class process_memory {
  public:
    process_memory(pid_t pid, bool keep_open);

    // Resident bytes; nothing if they cannot be known, as of a process that has ended.
    std::optional<std::int64_t> resident() const;
    std::optional<resident_parts> parts() const;

    // Where the first thread's stack begins: no two processes have the same, unless one was forked
    // by the other. 0: not known.
    std::uint64_t start_of_stack() const;

    // Whether the whole process has ended, all of its threads. Asked when resident() has no answer:
    // a process whose first thread alone has ended has none either.
    bool has_ended() const;

  private:
    pid_t pid_;
    descriptor statm_;
};

// The same from the files' texts. Pure.
std::optional<std::int64_t> parse_statm(std::string_view text, std::int64_t page_bytes);
std::optional<resident_parts> parse_status(std::string_view text);
std::uint64_t parse_start_of_stack(std::string_view text);

}  // namespace fil::cli
