#include "os/message.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "fil/report/characters.hpp"
#include "os/unhurried_writer.hpp"

namespace fil::cli {
namespace {

constexpr int longest_wait = 2000;  // for a reader at the end, in milliseconds

unhurried_writer to_stderr{STDERR_FILENO};
bool is_quiet = false;
bool is_held = false;
std::vector<std::string> held;

// What a terminal would obey, turn the line round for, or not show.
bool is_harmful(std::string_view text, const report::utf8_step& step) {
    if (step.valid) return report::is_invisible(step.code);
    const auto byte = static_cast<unsigned char>(text[0]);  // of another character set
    return byte >= 0x80 && byte < 0xa0;
}

}  // namespace

void be_quiet() {
    is_quiet = true;
}

bool is_being_quiet() {
    return is_quiet;
}

std::string harmless(std::string_view text) {
    std::string line;
    while (!text.empty()) {
        const report::utf8_step step = report::next_utf8(text);
        const std::size_t bytes = step.valid ? step.bytes : 1;
        line += is_harmful(text, step) ? "?" : text.substr(0, bytes);
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

void say_without_memory(std::string_view text) noexcept {
    std::array<char, 500> line{};
    std::size_t size = message_prefix.copy(line.data(), line.size());
    for (const char c : text.substr(0, line.size() - size - 1))
        line[size++] = static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
    line[size++] = '\n';
    to_stderr.add_without_memory({line.data(), size}, !is_held);
}

void say_line(std::string line, worth it) {
    if (is_quiet && it != worth::error) return;
    if (is_held)
        held.push_back(std::move(line));
    else
        to_stderr.add(line);
}

void hold_saying(bool holds) {
    is_held = holds;
    if (is_held) return;
    for (std::string& line : held) to_stderr.add(line);
    held.clear();
    to_stderr.go_on();
}

bool is_saying_held() {
    return is_held;
}

bool go_on_saying() {
    to_stderr.go_on();
    return !to_stderr.is_done();
}

void finish_saying() {
    to_stderr.finish(longest_wait);
}

}  // namespace fil::cli
