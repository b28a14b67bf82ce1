#pragma once
// Which request does a message answer? Both ways in which Python's libraries send results between
// processes begin with the request's number: a pickled tuple (job, ...) of multiprocessing.pool, a
// pickled object of concurrent.futures' and loky's whose first attribute is `work_id`. So the
// first number in the pickle is looked for, before any value of the user's. Not more of a pickle
// is understood than stands before it. Hot path: no allocation, no throw.
//
// Source of the format: Lib/pickletools.py of CPython, protocols 2 to 5.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fil::python {

inline std::optional<std::uint64_t> first_number_of_pickle(std::string_view message) {
    constexpr std::size_t most = 512;
    const std::string_view head = message.substr(0, most);
    const auto number = [&head](std::size_t at, std::size_t bytes) -> std::optional<std::uint64_t> {
        if (at + bytes > head.size()) return std::nullopt;
        std::uint64_t value = 0;
        for (std::size_t i = bytes; i-- != 0;)
            value = value << 8 | static_cast<unsigned char>(head[at + i]);
        return value;
    };
    if (head.size() < 2 || head[0] != '\x80') return std::nullopt;
    for (std::size_t at = 2; at < head.size();) {
        switch (const char opcode = head[at++]) {
            case 'K':
                return number(at, 1);  // BININT1
            case 'M':
                return number(at, 2);  // BININT2
            case 'J':
                return number(at, 4);  // BININT, signed: ours are never negative
            case '\x95':
                at += 8;
                break;  // FRAME: a length
            case 'q':
            case 'h':
                at += 1;
                break;      // BINPUT, BINGET: a place in the memo
            case '\x8c': {  // SHORT_BINUNICODE: names
                const auto length = number(at, 1);
                if (!length) return std::nullopt;
                at += 1 + *length;
                break;
            }
            case 'X': {  // BINUNICODE
                const auto length = number(at, 4);
                if (!length || *length > most) return std::nullopt;
                at += 4 + *length;
                break;
            }
            case 'c': {  // GLOBAL: two lines
                for (int line = 0; line < 2; ++line) {
                    const std::size_t end = head.find('\n', at);
                    if (end == head.npos) return std::nullopt;
                    at = end + 1;
                }
                break;
            }
            // MEMOIZE, STACK_GLOBAL, EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, MARK
            default:
                if (std::string_view("\x94\x93)\x81}(").find(opcode) == std::string_view::npos)
                    return std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace fil::python
