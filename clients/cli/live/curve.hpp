// Memory over time as a few rows of characters. Pure.
#pragma once

#include <fil_supervisor.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace fil::cli {

// From the start (or, where that leaves columns empty, from the first sample) to `end`, in seconds;
// each column is as high as the most in it, the highest is `most`. In eighths of a row, or in '#'.
std::vector<std::string> curve(std::span<const fil_sample> samples, double end, std::int64_t most,
                               std::size_t columns, std::size_t rows, bool ascii);

// By how many bytes a second memory grew in the last so many seconds; 0: nobody knows.
double growth(std::span<const fil_sample> samples, double end, std::int64_t now, double last);

}  // namespace fil::cli
