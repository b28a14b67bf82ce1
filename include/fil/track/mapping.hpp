#pragma once
// One mapped address range, and the pool it comes from.
//
// A mapping is a node of the set in mappings.hpp, or, outside it, a piece in a chain. Nodes are
// never given back to the system, only reused: a program maps and unmaps all day.
//
// No lock inside: everything here is used under the lock of the mappings' owner. Hot path (uncommon
// part): no malloc, no throw; get() answers nullptr when memory ran out, and counts it.

#include <boost/intrusive/avl_set_hook.hpp>
#include <cstddef>
#include <cstdint>
#include <new>

#include "fil/base/arena.hpp"
#include "fil/base/ids.hpp"
#include "fil/base/pages.hpp"

namespace fil {

// What mprotect makes of a range; what was reserved stays so as an arena, or in a pool.
enum class mapping_access { none, accessible, arena, pool };

struct mapping : boost::intrusive::avl_set_base_hook<
                     boost::intrusive::link_mode<boost::intrusive::normal_link>,
                     boost::intrusive::optimize_size<true>> {
    std::uintptr_t start;
    std::size_t bytes;
    mapping* next;  // in a chain of pieces
    callstack_id callstack;
    mapping_kind accessible_kind;  // what it is, or becomes once accessible: never `reserved`
    bool accessible;
    bool counted;          // false: another view of the same memory is
    std::uint64_t memory;  // which, if there is or was a second view of it; else 0 (mappings.hpp)

    std::uintptr_t end() const { return start + bytes; }
    mapping_kind kind() const { return accessible ? accessible_kind : mapping_kind::reserved; }
    bool is_of_arena() const { return accessible_kind == mapping_kind::arena; }
    bool continued_by(const mapping& other) const {
        return end() == other.start && callstack == other.callstack &&
               accessible_kind == other.accessible_kind && accessible == other.accessible &&
               counted == other.counted && other.memory == (memory == 0 ? 0 : memory + bytes);
    }
};

struct address_range {
    std::uintptr_t start, end;
    bool holds(std::uintptr_t address) const { return start <= address && address < end; }
};

struct start_of_mapping {
    using type = std::uintptr_t;
    type operator()(const mapping& range) const { return range.start; }
};

template <page_source Pages>
class mapping_pool {
  public:
    mapping* get() {
        mapping* node = free_;
        if (node != nullptr) {
            free_ = node->next;
            return node;
        }
        void* room = arena_.take(sizeof(mapping));
        if (room == nullptr) {
            ++refused_;
            return nullptr;
        }
        return ::new (room) mapping;
    }

    void put(mapping* node) {
        node->next = free_;
        free_ = node;
    }

    std::uint64_t refused() const { return refused_; }

  private:
    arena<Pages> arena_;
    mapping* free_ = nullptr;
    std::uint64_t refused_ = 0;
};

}  // namespace fil
