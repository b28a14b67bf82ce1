#pragma once
// The mappings of another process, read out of its memory while it goes on: by their tree, whose
// head it has told (mapping_set.hpp).
//
// A tree that changes meanwhile may show a range twice, or not at all; it is never followed further
// than it can be long. `read(address, to, bytes)` copies memory of that process, or says false.

#include <cstdint>
#include <utility>
#include <vector>

#include "fil/track/mapping.hpp"

namespace fil {

struct read_mapping {
    std::uint64_t start, bytes;
    mapping_kind kind;
    bool counted;
};

template <typename Read>
std::vector<read_mapping> read_mappings(std::uint64_t head, Read&& read) {
    using tree = boost::intrusive::avltree_node_traits<void*, true>;
    constexpr std::size_t most = 100'000;
    const auto place = [](auto* node) { return reinterpret_cast<std::uintptr_t>(node); };
    // Any byte may be there.
    const auto is_set = [](const bool& word) {
        return reinterpret_cast<const unsigned char&>(word) != 0;
    };
    std::vector<read_mapping> all;
    tree::node first;
    if (head == 0 || !read(head, &first, sizeof first)) return all;
    std::vector<std::uintptr_t> next{place(tree::get_parent(&first))};
    while (!next.empty() && all.size() < most) {
        const std::uintptr_t at = std::exchange(next.back(), 0);
        next.pop_back();
        alignas(mapping) std::byte copy[sizeof(mapping)];
        if (at == 0 || at == head || !read(at, &copy, sizeof copy)) continue;
        const auto* range = reinterpret_cast<const mapping*>(copy);
        const auto* node = reinterpret_cast<const tree::node*>(copy);
        const mapping_kind kind =
            is_set(range->accessible) ? range->accessible_kind : mapping_kind::reserved;
        all.push_back({range->start, range->bytes, kind, is_set(range->counted)});
        next.push_back(place(tree::get_left(node)));
        next.push_back(place(tree::get_right(node)));
    }
    return all;
}

}  // namespace fil
