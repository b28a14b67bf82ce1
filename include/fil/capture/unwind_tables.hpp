#pragma once
// A module's unwind tables: which description covers an address?
//
// Compilers describe each function's frame in the module's .eh_frame, for exceptions; the linker
// adds a sorted index, .eh_frame_hdr, which lies in memory as the module does. Here the index is
// searched and the description's head is read; its program is unwind_program.hpp's. Nothing outside
// of the segment that the index is in is read, whatever the tables say. Sources: the Linux Standard
// Base ("Exception Frames"), DWARF 4 section 6.4. Hot path (uncommon part): no malloc, no throw,
// little stack.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fil/capture/module_finder.hpp"

namespace fil {

// Reads forwards within bounds; beyond them it reads zeros and has failed.
class table_reader {
  public:
    table_reader() = default;
    table_reader(std::uintptr_t at, std::uintptr_t end) : at_(at), end_(end) {
        if (at > end) at_ = end, failed_ = true;
    }

    template <typename Value>
    Value take() {
        Value value{};
        if (end_ - at_ < sizeof value) {
            fail();
        } else {
            std::memcpy(&value, reinterpret_cast<const void*>(at_), sizeof value);
            at_ += sizeof value;
        }
        return value;
    }
    std::uint64_t take_unsigned() {  // LEB128
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            const auto byte = take<std::uint8_t>();
            if (shift < 64) value |= std::uint64_t{byte & 0x7Fu} << shift;
            if (byte < 0x80) return value;
        }
    }
    std::int64_t take_signed() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;;) {
            const auto byte = take<std::uint8_t>();
            if (shift < 64) value |= std::uint64_t{byte & 0x7Fu} << shift;
            shift += 7;
            if (byte >= 0x80) continue;
            if (shift < 64 && (byte & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
            return static_cast<std::int64_t>(value);
        }
    }
    // A pointer as the tables encode it, relative to itself or absolute.
    std::uintptr_t take_pointer(std::uint8_t encoding, std::uintptr_t index = 0) {
        const std::uintptr_t from = at_;
        std::uint64_t value = 0;
        switch (encoding & 0x0F) {
            case 0x00:
            case 0x04:
            case 0x0C:
                value = take<std::uint64_t>();
                break;
            case 0x01:
                value = take_unsigned();
                break;
            case 0x02:
                value = take<std::uint16_t>();
                break;
            case 0x03:
                value = take<std::uint32_t>();
                break;
            case 0x09:
                value = static_cast<std::uint64_t>(take_signed());
                break;
            case 0x0A:
                value = static_cast<std::uint64_t>(std::int64_t{take<std::int16_t>()});
                break;
            case 0x0B:
                value = static_cast<std::uint64_t>(std::int64_t{take<std::int32_t>()});
                break;
            default:
                fail();
        }
        switch (encoding & 0xF0) {
            case 0x00:
                return value;
            case 0x10:
                return value + from;
            case 0x30:
                return value + index;
            default:  // of no module of Linux
                fail();
                return 0;
        }
    }
    void skip(std::uint64_t bytes) {
        if (bytes > end_ - at_) return fail();
        at_ += bytes;
    }

    std::uintptr_t at() const { return at_; }
    std::uintptr_t end() const { return end_; }
    bool is_at_end() const { return at_ == end_; }
    bool failed() const { return failed_; }
    void fail() {
        failed_ = true;
        at_ = end_;
    }

  private:
    std::uintptr_t at_ = 0;
    std::uintptr_t end_ = 0;
    bool failed_ = false;
};

// What is known of the frames of a stretch of code: the programs to run (first the one that many
// share), and how they count.
struct frame_description {
    std::uintptr_t code;  // where it begins
    std::uintptr_t code_bytes;
    table_reader shared_program, program;
    std::uint64_t code_unit;
    std::int64_t data_unit;
    std::uint64_t return_register;
    bool is_of_handler;  // the frame into which a signal handler returns
};

class description_search {
  public:
    explicit description_search(const unwind_tables& tables) : tables_(tables) {}

    // Of the code at `pc`; false if none covers it.
    bool find(std::uintptr_t pc, frame_description& found) const {
        table_reader index(tables_.index, tables_.end);
        if (tables_.index < tables_.begin || index.take<std::uint8_t>() != 1) return false;
        const auto frames_encoding = index.take<std::uint8_t>();
        const auto count_encoding = index.take<std::uint8_t>();
        const auto entry_encoding = index.take<std::uint8_t>();
        const std::uintptr_t frames = index.take_pointer(frames_encoding, tables_.index);
        constexpr std::uint8_t omitted = 0xFF, sorted_pairs = 0x3B;
        if (count_encoding == omitted || entry_encoding != sorted_pairs)
            return find_in_order(frames, pc, found);
        const std::uint64_t count = index.take_pointer(count_encoding, tables_.index);
        if (index.failed() || count > (tables_.end - index.at()) / sizeof(pair)) return false;
        const auto* pairs = reinterpret_cast<const pair*>(index.at());
        std::uint64_t low = 0, high = count;  // the last that begins at or before pc
        while (low < high) {
            const std::uint64_t middle = low + (high - low) / 2;
            if (address(pairs[middle].code) <= pc) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low != 0 && read(address(pairs[low - 1].description), found) &&
               pc - found.code < found.code_bytes;
    }

  private:
    struct pair {
        std::int32_t code, description;  // from the index on
    };
    std::uintptr_t address(std::int32_t offset) const {
        return tables_.index + static_cast<std::uintptr_t>(std::intptr_t{offset});
    }

    // A linker that met a section it did not understand leaves the index empty.
    bool find_in_order(std::uintptr_t at, std::uintptr_t pc, frame_description& found) const {
        while (true) {
            const table_reader entry = entry_at(at);
            if (entry.failed() || entry.is_at_end()) return false;
            if (read(at, found) && pc - found.code < found.code_bytes) return true;
            at = entry.end();
        }
    }

    // The content of the entry there: without its length.
    table_reader entry_at(std::uintptr_t at) const {
        table_reader reader(at < tables_.begin ? tables_.end : at, tables_.end);
        std::uint64_t bytes = reader.take<std::uint32_t>();
        if (bytes == 0xFFFFFFFF) bytes = reader.take<std::uint64_t>();
        if (reader.failed() || bytes > tables_.end - reader.at()) return {1, 0};
        return {reader.at(), reader.at() + bytes};
    }

    bool read(std::uintptr_t at, frame_description& to) const {
        table_reader entry = entry_at(at);
        const std::uintptr_t from = entry.at();
        const auto back = entry.take<std::uint32_t>();
        if (entry.failed() || back == 0) return false;  // a shared one
        std::uint8_t encoding = 0;
        bool is_sized = false;
        if (!read_shared(from - back, to, encoding, is_sized)) return false;
        to.code = entry.take_pointer(encoding);
        to.code_bytes = entry.take_pointer(encoding & 0x0F);
        if (is_sized) entry.skip(entry.take_unsigned());
        to.program = entry;
        return !entry.failed();
    }

    bool read_shared(std::uintptr_t at, frame_description& to, std::uint8_t& encoding,
                     bool& is_sized) const {
        table_reader entry = entry_at(at);
        if (entry.take<std::uint32_t>() != 0) return false;
        const auto version = entry.take<std::uint8_t>();
        const auto* letters = reinterpret_cast<const char*>(entry.at());
        while (entry.take<char>() != 0) {
        }
        if (entry.failed() || (version != 1 && version != 3)) return false;
        to.code_unit = entry.take_unsigned();
        to.data_unit = entry.take_signed();
        to.return_register = version == 1 ? entry.take<std::uint8_t>() : entry.take_unsigned();
        to.is_of_handler = false;
        is_sized = *letters == 'z';
        std::uintptr_t programs = 0;
        if (is_sized) {
            const std::uint64_t bytes = entry.take_unsigned();
            programs = entry.at() + bytes;
            if (!read_letters(letters + 1, entry, to, encoding)) return false;
            if (programs < entry.at()) return false;
            entry.skip(programs - entry.at());
        } else if (*letters != 0) {
            return false;
        }
        to.shared_program = entry;
        return !entry.failed();
    }

    static bool read_letters(const char* letters, table_reader& entry, frame_description& to,
                             std::uint8_t& encoding) {
        for (; *letters != 0; ++letters) {
            switch (*letters) {
                case 'R':
                    encoding = entry.take<std::uint8_t>();
                    break;
                case 'L':
                    entry.take<std::uint8_t>();
                    break;
                case 'P':
                    // Its value is not wanted; one that is loaded first is as long.
                    entry.take_pointer(entry.take<std::uint8_t>() & 0x7F);
                    break;
                case 'S':
                    to.is_of_handler = true;
                    break;
                case 'B':
                case 'G':
                    break;
                default:
                    return false;
            }
        }
        return !entry.failed();
    }

    unwind_tables tables_;
};

}  // namespace fil
