#pragma once
// A line of text put together on the stack, and told to the recorder as a fact. What does not fit
// is cut. Any thread. Hot: no allocation, no throw.
#include <charconv>
#include <cstddef>
#include <cstring>

#include "fil.h"

namespace fil::source_kit {

class fact_line {
  public:
    fact_line& operator<<(fil_text text) {
        std::size_t length = text.length;
        if (length > sizeof text_ - length_) length = sizeof text_ - length_;
        std::memcpy(text_ + length_, text.data, length);
        length_ += length;
        return *this;
    }
    fact_line& operator<<(const char* text) { return *this << fil_text{text, std::strlen(text)}; }
    fact_line& operator<<(unsigned number) {
        char digits[16];
        const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
        return *this << fil_text{digits, static_cast<std::size_t>(end - digits)};
    }
    void describe(const char* key) const {
        fil_recorder_describe({key, std::strlen(key)}, {text_, length_});
    }

  private:
    char text_[256];
    std::size_t length_ = 0;
};

}  // namespace fil::source_kit
