#include "message.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "unhurried_writer.hpp"

namespace fil::cli {
namespace {

constexpr int longest_wait = 2000;  // for a reader at the end, in milliseconds

unhurried_writer to_stderr{STDERR_FILENO};

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

std::string size_text(long long bytes) {
    constexpr double kib = 1024, mib = 1024 * kib;
    const auto size = static_cast<double>(bytes);
    if (bytes < 1024) return std::to_string(bytes) + " bytes";
    char text[48];
    std::snprintf(text, sizeof text, "%.1f %s", size < mib / 20 ? size / kib : size / mib,
                  size < mib / 20 ? "KiB" : "MiB");
    return text;
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
