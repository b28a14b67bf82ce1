#pragma once
// Writes one JSON text: for a file, or one that may stand inside <script type="application/json">.
//
// In strings, line separators and control characters are escaped, in a page '<', '>' and '&' too,
// and what is not UTF-8 becomes U+FFFD, so that no text of the profiled program can end the element
// or break the JSON. Compact: no spaces. The caller says what follows what; commas are put by the
// writer:
//
//     json.begin('{').key("argv").begin('[').value("a").value("b").end(']').end('}');
//
// A long text is taken in parts: take() between any two calls, and go on.

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "fil/report/utf8.hpp"

namespace fil::report {

enum class json_place : std::uint8_t { page, file };

class json_writer {
  public:
    explicit json_writer(json_place place = json_place::page) : place_(place) {}

    json_writer& begin(char bracket) {
        separate();
        text_ += bracket;
        first_ = true;
        return *this;
    }

    json_writer& end(char bracket) {
        break_line();
        text_ += bracket;
        first_ = false;
        return *this;
    }

    json_writer& key(std::string_view name) {
        value(name);
        text_ += ':';
        first_ = true;  // no comma before the value
        return *this;
    }

    json_writer& value(std::string_view text) {
        separate();
        text_ += '"';
        while (!text.empty()) {
            const utf8_step step = next_utf8(text);
            add_character(step, text.substr(0, step.bytes));
            text.remove_prefix(step.bytes);
        }
        text_ += '"';
        return *this;
    }
    json_writer& value(const std::string& text) { return value(std::string_view(text)); }
    json_writer& value(const char* text) { return value(std::string_view(text)); }

    template <std::integral Integer>
    json_writer& value(Integer number) {
        separate();
        text_ += std::to_string(number);
        return *this;
    }

    // Six significant digits; JSON has no infinity: 0.
    json_writer& value(double number) {
        separate();
        std::array<char, 32> digits;
        if (!std::isfinite(number)) number = 0;
        const auto [last, error] = std::to_chars(digits.data(), digits.data() + digits.size(),
                                                 number, std::chars_format::general, 6);
        text_.append(digits.data(), last);
        return *this;
    }

    json_writer& boolean(bool is) {
        separate();
        text_ += is ? "true" : "false";
        return *this;
    }

    json_writer& null() {
        separate();
        text_ += "null";
        return *this;
    }

    // What comes next begins a line.
    json_writer& new_line() {
        breaks_ = true;
        return *this;
    }

    template <typename Value>
    json_writer& pair(std::string_view name, const Value& of) {
        return key(name).value(of);
    }

    template <typename Range, typename Write>
    json_writer& array(std::string_view name, const Range& range, Write write) {
        key(name).begin('[');
        for (const auto& element : range) write(element);
        return end(']');
    }

    // What was written since the last time.
    std::string take() { return std::exchange(text_, {}); }
    std::size_t size() const { return text_.size(); }

  private:
    void separate() {
        if (!first_) text_ += ',';
        first_ = false;
        break_line();
    }

    void break_line() {
        if (std::exchange(breaks_, false)) text_ += '\n';
    }

    void add_character(const utf8_step& step, std::string_view bytes) {
        if (!step.valid) {
            text_ += "\uFFFD";
        } else if (step.code == '"' || step.code == '\\') {
            text_ += '\\';
            text_ += bytes;
        } else if (step.code == '\n') {
            text_ += "\\n";
        } else if (is_escaped(step.code)) {
            text_ += "\\u";
            for (int shift = 12; shift >= 0; shift -= 4) {
                text_ += "0123456789abcdef"[(step.code >> shift) & 0xF];
            }
        } else {
            text_ += bytes;
        }
    }

    bool is_escaped(char32_t c) const {
        const bool is_markup = c == '<' || c == '>' || c == '&';
        return c < 0x20 || c == 0x7F || c == 0x2028 || c == 0x2029 ||
               (is_markup && place_ == json_place::page);
    }

    json_place place_;
    std::string text_;
    bool first_ = true;
    bool breaks_ = false;
};

}  // namespace fil::report
