#pragma once
// Places in code -> lines, at a cost that does not grow with the code.
//
// A line table can only be read from its start. Of a large one this remembers how far it was read,
// and a checkpoint each `stride` entries on the way:
//
//     table    ├──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──...
//     marks    0           1           2           3           4     read
//
// A place beyond is read on to, so a program that runs down a long function reads its table once. A
// place before costs a binary search and at most a stride. When the marks are full, each second one
// goes and the stride doubles. A small table is read from its start.
//
// Many large ones at a time, by the address of the code object: modules that import each other are
// read in turn. forget() when an address may name another. Zeroed memory is valid and empty. One
// thread, no locks. Hot path: no allocation, no throw.
#include <cstdint>

#include "line_table.hpp"

namespace fil::python {

template <std::uint32_t Marks = 128>
class line_index {
  public:
    // The line of the instruction at `offset`, in bytes; or -1 if it has none.
    std::int32_t line(const python_layout& layout, address code, std::uint32_t offset) {
        const line_table table(layout, code);
        if (table.size() <= small) {
            line_cursor at = table.start();
            return table.read(at, offset, [](const line_cursor&) {});
        }
        const std::uint64_t at = code * 0x9e3779b97f4a7c15u >> 57;
        static_assert(1ull << (64 - 57) == most);
        if (codes_[at] != code) indexed_[at].begin(table.start());
        codes_[at] = code;
        return indexed_[at].line(table, offset);
    }

    void forget() {
        for (address& each : codes_) each = 0;
    }
    void forget(address first, std::size_t bytes) {
        for (address& each : codes_) {
            if (each - first < bytes) each = 0;
        }
    }

  private:
    static constexpr std::uint32_t small = 256;  // bytes

    struct indexed {
        std::uint32_t stride;
        std::uint32_t left;  // entries until the next mark
        std::uint32_t marks;
        std::uint32_t read_from;  // the last entry read covers read_from .. read.end
        std::int32_t read_line;
        line_cursor read;
        line_cursor mark[Marks];

        void begin(const line_cursor& start) {
            stride = 32;
            left = marks = read_from = 0;
            read_line = -1;
            read = start;
        }

        std::int32_t line(const line_table& table, std::uint32_t offset) {
            if (offset >= read.end) {
                read_line = table.read(read, offset, [this](const line_cursor& at) { pass(at); });
                if (offset >= read.end) read_from = read.end;  // beyond the table
                return read_line;
            }
            if (offset >= read_from) return read_line;
            std::uint32_t low = 0, high = marks;  // mark 0 is at the start of the code
            while (high - low > 1) {
                const std::uint32_t middle = (low + high) / 2;
                (mark[middle].end <= offset ? low : high) = middle;
            }
            line_cursor at = mark[low];
            return table.read(at, offset, [](const line_cursor&) {});
        }

        void pass(const line_cursor& at) {
            read_from = at.end;
            if (left-- != 0) return;
            if (marks == Marks) {
                marks = Marks / 2;
                for (std::uint32_t i = 1; i < marks; ++i) mark[i] = mark[2 * i];
                stride *= 2;
            }
            mark[marks++] = at;
            left = stride - 1;
        }
    };

    static constexpr std::size_t most = 128;
    address codes_[most];  // apart: to forget one, all are looked at
    indexed indexed_[most];
};

}  // namespace fil::python
