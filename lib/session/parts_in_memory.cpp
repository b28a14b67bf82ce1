#include "session/parts_in_memory.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

#include "os/cold/pages_in_memory.hpp"

namespace fil {
namespace {

char* base_of(const recording_view& recording) {
    return reinterpret_cast<char*>(const_cast<recording_header*>(&recording.header()));
}

// "Swap:                 12 kB" of an entry of /proc/self/smaps.
std::uint64_t kilobytes_in(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_of("0123456789"), line.size()));
    std::uint64_t number = 0;
    std::from_chars(line.data(), line.data() + line.size(), number);
    return number;
}

}  // namespace

std::vector<bytes_range> parts_in_memory(const recording_view& recording, std::uint64_t bytes) {
    constexpr std::uint64_t window = 64 << 20;
    const std::uint64_t page = os::page_bytes();
    bytes = std::min(bytes, recording.bytes());
    std::vector<unsigned char> is_there(window / page);
    std::vector<bytes_range> parts;
    for (std::uint64_t at = 0; at < bytes; at += window) {
        const std::uint64_t looked_at = std::min(window, bytes - at);
        if (!os::see_pages_in_memory(base_of(recording) + at, looked_at, is_there.data())) break;
        for (std::uint64_t offset = 0; offset < looked_at; offset += page) {
            if ((is_there[offset / page] & 1) == 0) continue;
            const std::uint64_t start = at + offset;
            const bool joins = !parts.empty() && parts.back().start + parts.back().bytes == start;
            if (!joins) parts.push_back({start, 0});
            parts.back().bytes += std::min(page, looked_at - offset);
        }
    }
    return parts;
}

std::uint64_t swapped_bytes(const recording_view& recording) {
    std::ifstream entries("/proc/self/smaps");
    const auto base = reinterpret_cast<std::uintptr_t>(base_of(recording));
    bool is_it = false;
    for (std::string line; std::getline(entries, line);) {
        std::uintptr_t start = 0;
        const auto read = std::from_chars(line.data(), line.data() + line.size(), start, 16);
        if (*read.ptr == '-') is_it = start == base;
        if (is_it && line.starts_with("Swap:")) return kilobytes_in(line) * 1024;
    }
    return 0;
}

// A thread that does nothing takes 66 pages for its counters and touches one: nothing in
// a recording is sparser.
bool is_plausible(const recording_view& recording) {
    constexpr std::uint64_t sparsest = 128, little = 64 << 20;
    if (recording.used_bytes() <= little) return true;
    std::uint64_t there = swapped_bytes(recording);
    for (const bytes_range& part : parts_in_memory(recording, recording.used_bytes())) {
        there += part.bytes;
    }
    return recording.used_bytes() / sparsest <= there + little / sparsest;
}

}  // namespace fil
