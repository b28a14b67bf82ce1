#include "os/message.hpp"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <utility>

#include "os/unhurried_writer.hpp"

namespace fil::cli {
namespace {

constexpr int longest_wait = 2000;  // for a reader at the end, in milliseconds

unhurried_writer to_stderr{STDERR_FILENO};
bool is_quiet = false;

// How many bytes at the beginning of `text` a terminal would obey, turn the line round for, or not
// show: control characters, in UTF-8 too, and marks of direction and of no width.
std::size_t harm_at(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    if (byte(0) < 0x20 || (byte(0) >= 0x7f && byte(0) < 0xa0)) return 1;
    if (byte(0) == 0xc2) return byte(1) >= 0x80 && byte(1) < 0xa0 ? 2 : 0;
    if (byte(0) == 0xd8) return byte(1) == 0x9c ? 2 : 0;
    if (byte(0) == 0xef) return byte(1) == 0xbb && byte(2) == 0xbf ? 3 : 0;
    if (byte(0) != 0xe2) return 0;
    const bool is_mark = (byte(1) == 0x80 && byte(2) >= 0x8b && byte(2) <= 0x8f) ||
                         (byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) ||
                         (byte(1) == 0x81 && byte(2) >= 0xa0 && byte(2) <= 0xaf);
    return is_mark ? 3 : 0;
}

// Of the whole character where it is one, or its last byte would be taken for a control character.
std::size_t character_at(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t bytes = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    for (std::size_t i = 1; i < bytes; ++i)
        if (i == text.size() || (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 1;
    return bytes;
}

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

void be_quiet() {
    is_quiet = true;
}

std::string harmless(std::string_view text) {
    std::string line;
    while (!text.empty()) {
        const std::size_t harm = harm_at(text);
        const std::size_t bytes = harm > 0 ? harm : character_at(text);
        line += harm > 0 ? "?" : text.substr(0, bytes);
        text.remove_prefix(bytes);
    }
    return line;
}

std::string message_line(std::string_view text) {
    return answer_line(harmless(text));
}

std::string answer_line(std::string_view text) {
    return std::string(message_prefix).append(text) + '\n';
}

void say(std::string_view text, worth it) {
    say_line(message_line(text), it);
}

void say_line(std::string line, worth it) {
    if (!is_quiet || it == worth::error) to_stderr.add(std::move(line));
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

}  // namespace fil::cli
