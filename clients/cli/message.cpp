#include "message.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace fil::cli {

std::string message_line(std::string_view text) {
    std::string line = "=fil-profile= ";
    line += text;
    std::ranges::replace_if(
        line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    line += '\n';
    return line;
}

void say(std::string_view text) {
    const std::string line = message_line(text);
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

std::string mebibytes(long long bytes) {
    char text[48];
    std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
    return text;
}

}  // namespace fil::cli
