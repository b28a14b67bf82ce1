#pragma once
// What a fuzz target is, and the driver that feeds it: each file of a corpus, then random changes
// of them, a page behind each that nobody may read.
//
//     TARGET CORPUS-FOLDER ROUNDS|SECONDSs
//
// The same inputs each time, unless FIL_FUZZ_SEED says otherwise. An input that ends the program is
// left in a file, whose name is said.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace fil::fuzz {

// One input, which ends where readable memory ends. What is wrong aborts.
void run(std::span<const std::uint8_t> input);

// A small input of bytes with some of them changed: each eight bytes of `changes` are a place and a
// word for it, of one byte where the place is odd.
template <typename Bytes>
Bytes changed_by(std::span<const std::uint8_t> changes, Bytes small) {
    for (; changes.size() >= 8; changes = changes.subspan(8)) {
        std::uint32_t place = 0;
        std::memcpy(&place, changes.data(), sizeof place);
        const std::size_t at = place / 2 % small.size();
        const std::size_t some = place % 2 == 1 ? 1 : std::min<std::size_t>(4, small.size() - at);
        std::memcpy(&small[at], changes.data() + 4, some);
    }
    return small;
}

// Aborts, and says what is wrong.
void hold(bool condition, const char* what);

}  // namespace fil::fuzz
