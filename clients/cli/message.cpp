#include "message.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "unhurried_writer.hpp"

namespace fil::cli {
namespace {

constexpr int longest_wait = 2000;  // for a reader at the end, in milliseconds

unhurried_writer to_stderr{STDERR_FILENO};

// "9,999"; of numbers below a million.
std::string with_comma(long long number) {
    std::string digits = std::to_string(number);
    if (number > 999) digits.insert(digits.size() - 3, 1, ',');
    return digits;
}

std::string with_one_decimal(double number) {
    const long long tenths = std::llround(number * 10);
    return with_comma(tenths / 10) + '.' + std::to_string(tenths % 10);
}

}  // namespace

std::string message_line(std::string_view text) {
    std::string line = "=fil-profile= ";
    line += text;
    std::ranges::replace_if(
        line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    line += '\n';
    return line;
}

void say(std::string_view text) {
    to_stderr.add(message_line(text));
}

bool go_on_saying() {
    to_stderr.go_on();
    return !to_stderr.is_done();
}

void finish_saying() {
    to_stderr.finish(longest_wait);
}

// As in reports; fil.h has no such text, and a client sees nothing else of the library.
std::string size_text(long long bytes) {
    constexpr double kib = 1024, mib = 1024 * kib;
    if (bytes < 1024) return with_comma(bytes) + " B";
    const auto size = static_cast<double>(bytes);
    if (size < mib / 20) return with_one_decimal(size / kib) + " KiB";
    double unit = mib;
    long long most = 100'000;  // tenths
    for (const char* name : {" MiB", " GiB", " TiB", " PiB"}) {
        if (std::llround(size * 10 / unit) < most) return with_one_decimal(size / unit) + name;
        unit *= 1024;
        most = 10'240;
    }
    return with_one_decimal(size / unit) + " EiB";
}

std::string seconds_text(double seconds) {
    char text[48];
    if (seconds < 0.9995)
        std::snprintf(text, sizeof text, "%.0f ms", 1000 * seconds);
    else
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    return text;
}

}  // namespace fil::cli
