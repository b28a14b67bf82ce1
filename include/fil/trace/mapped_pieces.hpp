#pragma once
// Ranges of addresses that do not overlap, by where they begin: a Piece knows its `end`, and
// whatever else is known of all of it. Cold; one thread.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

namespace fil::trace {

template <typename Piece>
using mapped_pieces = std::map<std::uint64_t, Piece>;

// What lies on either side stays. gone(begin, end, piece) of each part that goes, in order.
template <typename Piece, typename Gone>
void cut_out(mapped_pieces<Piece>& pieces, std::uint64_t begin, std::uint64_t end, Gone&& gone) {
    auto next = pieces.upper_bound(begin);
    if (next != pieces.begin() && std::prev(next)->second.end > begin) --next;
    while (next != pieces.end() && next->first < end) {
        const auto [start, known] = *next;
        next = pieces.erase(next);
        if (start < begin) {
            Piece& before = pieces[start] = known;
            before.end = begin;
        }
        if (known.end > end) next = std::next(pieces.insert_or_assign(end, known).first);
        gone(std::max(begin, start), std::min(end, known.end), known);
    }
}

}  // namespace fil::trace
