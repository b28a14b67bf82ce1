#pragma once
// The line table of a code object, read in place: which instructions stand at which line.
//
// A table is a run of entries, each of which says how far it reaches and how the line changes. It
// can only be read from its start, so a place in a large one is O(its size) away: line_index.hpp
// remembers where to go on. Three formats, told apart by version:
//
//     3.9         pairs (bytes, line change): the change comes after these bytes
//     3.10        pairs (bytes, line change): the change comes before them; -128: no line
//     from 3.11   the location table of CPython's Objects/locations.md
//
// The answers are PyCode_Addr2Line's. Reads nothing outside the table, whatever it holds. Any
// thread, no locks. Hot path: no allocation, no throw.
#include <cstddef>
#include <cstdint>

#include "frames.hpp"

namespace fil::python {

// Between two entries: what came before is read. All zero but the line: the start of a table.
struct line_cursor {
    std::uint32_t next;  // where the next entry stands in the table
    std::uint32_t end;   // the code offset that the entries read so far reach to
    std::int32_t line;   // the last line computed
};

class line_table {
  public:
    line_table(const python_layout& layout, address code)
        : first_line_(load<std::int32_t>(code, layout.code_first_line)), version_(layout.version) {
        const address table = load(code, layout.code_line_table);
        bytes_ = reinterpret_cast<const std::uint8_t*>(table + layout.bytes_data);
        const auto length = load<std::size_t>(table, layout.bytes_length);
        size_ = length < UINT32_MAX ? static_cast<std::uint32_t>(length) : UINT32_MAX;
    }

    std::uint32_t size() const { return size_; }
    line_cursor start() const { return {0, 0, first_line_}; }

    // Reads on until the entry that covers `offset`, which is not below at.end, and returns its
    // line; -1 if it has none. `passed(cursor)` sees where each entry begins.
    template <typename Passed>
    std::int32_t read(line_cursor& at, std::uint32_t offset, Passed passed) const {
        if (version_ >= 0x030b) return read_with<&line_table::next_location>(at, offset, passed);
        if (version_ == 0x030a) return read_with<&line_table::next_pair>(at, offset, passed);
        const std::int32_t line = read_with<&line_table::next_pair_3_9>(at, offset, passed);
        return at.end <= offset ? at.line : line;  // what is left has the last line
    }

  private:
    static constexpr std::int32_t no_line = -1;

    template <auto Next, typename Passed>
    std::int32_t read_with(line_cursor& at, std::uint32_t offset, Passed passed) const {
        line_cursor here = at;  // in registers: the compiler must assume that bytes alias `at`
        std::int32_t line = no_line;
        while (here.end <= offset && here.next < size_) {
            passed(static_cast<const line_cursor&>(here));
            line = (this->*Next)(here);
        }
        at = here;
        return here.end <= offset ? no_line : line;
    }

    static void change(line_cursor& at, std::int32_t by) {
        at.line = static_cast<std::int32_t>(static_cast<std::uint32_t>(at.line) +
                                            static_cast<std::uint32_t>(by));
    }

    std::int32_t next_pair_3_9(line_cursor& at) const {
        const std::int32_t line = at.line;
        at.end += bytes_[at.next++];
        if (at.next < size_) change(at, static_cast<std::int8_t>(bytes_[at.next++]));
        return line;
    }

    std::int32_t next_pair(line_cursor& at) const {
        at.end += bytes_[at.next++];
        if (at.next == size_) return no_line;
        const auto by = static_cast<std::int8_t>(bytes_[at.next++]);
        if (by == -128) return no_line;
        change(at, by);
        return at.line;
    }

    // An entry is a head, the one byte that has the highest bit, and what its kind has: columns; a
    // change of the line in the kind itself and columns; one in numbers; nothing, and no line.
    std::int32_t next_location(line_cursor& at) const {
        const std::uint8_t head = bytes_[at.next++];
        const unsigned kind = head >> 3 & 15;
        at.end += ((head & 7u) + 1) * 2;
        if (kind <= 12) [[likely]] {
            at.next += kind < 10 ? 1 : 2;
            change(at, kind < 10 ? 0 : static_cast<std::int32_t>(kind) - 10);
            return at.line;
        }
        if (kind == 15) return no_line;
        change(at, signed_number(at.next));
        while (at.next < size_ && (bytes_[at.next] & 0x80) == 0) ++at.next;
        return at.line;
    }

    // Six bits a byte, the lowest first; bit 6: another follows. The lowest of all is the sign.
    std::int32_t signed_number(std::uint32_t from) const {
        std::uint32_t number = 0;
        for (unsigned shift = 0; from < size_ && shift < 32; shift += 6) {
            const std::uint8_t byte = bytes_[from++];
            number |= (byte & 63u) << shift;
            if ((byte & 64) == 0) break;
        }
        const auto half = static_cast<std::int32_t>(number >> 1);
        return (number & 1) != 0 ? -half : half;
    }

    const std::uint8_t* bytes_;
    std::uint32_t size_;
    std::int32_t first_line_;
    std::uint32_t version_;
};

}  // namespace fil::python
