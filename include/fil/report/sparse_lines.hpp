#pragma once
// Which of the user's lines keep sparse memory (sparse_memory.hpp): pages and arenas that are
// resident for the sake of few bytes. At the peak, and when the data was gone: then it is why
// resident memory does not go down.
//
// What is little says nothing: below 1 MiB, or a hundredth of what is resident, there are no lines.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "fil/report/facts.hpp"
#include "fil/report/your_lines.hpp"

namespace fil::report {

struct sparse_lines {
    std::int64_t bytes = 0;        // that all of it lacks; 0: nothing to be said
    std::vector<your_line> lines;  // whose blocks are on it, and their share; heaviest first
    std::int64_t rest = 0;         // of smaller lines, of threads, and of what is no line's
};

// `resident`: then.
inline sparse_lines sparse_lines_of(const held_by_lines& held, std::int64_t resident) {
    constexpr std::int64_t worth_a_word = 1 << 20;
    constexpr std::size_t most = 10;
    sparse_lines sparse;
    sparse.bytes = held.others;
    for (const your_line& line : held.lines) sparse.bytes += line.bytes;
    for (const threads_usage& some : held.threads) sparse.bytes += some.bytes;
    if (sparse.bytes < std::max(worth_a_word, resident / 100)) return {};
    sparse.rest = sparse.bytes;
    for (const your_line& line : held.lines) {
        if (sparse.lines.size() == most || line.bytes < sparse.bytes / 100) break;
        sparse.lines.push_back(line);
        sparse.rest -= line.bytes;
    }
    return sparse;
}

inline std::int64_t sum_of(const std::vector<resident_part>& parts) {
    std::int64_t sum = 0;
    for (const resident_part& one : parts) sum += one.bytes;
    return sum;
}

}  // namespace fil::report
