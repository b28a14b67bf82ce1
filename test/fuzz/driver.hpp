#pragma once
// What a fuzz target is, and the driver that feeds it: each file of a corpus, then random changes
// of them, a page behind each that nobody may read.
//
//     TARGET CORPUS-FOLDER ROUNDS|SECONDSs
//
// The same inputs each time, unless FIL_FUZZ_SEED says otherwise. An input that ends the program is
// left in a file, whose name is said.

#include <cstddef>
#include <cstdint>
#include <span>

namespace fil::fuzz {

// One input, which ends where readable memory ends. What is wrong aborts.
void run(std::span<const std::uint8_t> input);

// Aborts, and says what is wrong.
void hold(bool condition, const char* what);

}  // namespace fil::fuzz
