// What a process knows of its memory (fil_session_memory), put in order: who cut up which range of
// addresses, disjoint, and where its blocks are.
#pragma once

#include <fil_supervisor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "os/process.hpp"
#include "sample/untouched.hpp"

namespace fil::cli {

// Of a kind of resident memory. `is_counted`: all of it is, whatever blocks are there.
struct known_range {
    std::uint64_t low = 0, high = 0;
    fil_resident_kind kind = FIL_RESIDENT_UNKNOWN;
    std::string name = {};
    bool is_counted = false;
};

// What sparse memory lacks for the sake of some callstack's blocks.
struct kept_memory {
    fil_callstack callstack;
    std::uint64_t blocks, bytes;
};

class known_memory {
  public:
    // False where the process does not tell; then it is empty.
    bool read(const fil_session* session, pid_t pid);

    // As read() does for each part; what was told of before keeps its range.
    void take(const fil_known_memory& part);
    void claim(known_range range);

    // Those in a range, cut to it; in order.
    std::vector<known_range> ranges_in(std::uint64_t low, std::uint64_t high) const;

    // Of blocks: those of 64 KiB and more, cut to the range; and how many bytes smaller ones have
    // in its pages.
    std::vector<address_range> blocks_in(std::uint64_t low, std::uint64_t high) const;
    std::uint64_t small_bytes_in(std::uint64_t low, std::uint64_t high) const;

    const std::vector<kept_memory>& sparse() const { return sparse_; }
    // Of malloc's pages, those on which blocks are: resident bytes. Nothing where nobody told.
    std::optional<std::uint64_t> occupied() const { return occupied_; }

  private:
    std::map<std::uint64_t, known_range> ranges_;  // by `high`
    std::vector<address_range> blocks_;
    std::vector<address_range> small_;  // page, bytes
    std::vector<kept_memory> sparse_;
    std::optional<std::uint64_t> occupied_;
};

}  // namespace fil::cli
