#pragma once
// A text put together on the stack: a name, or a fact for the report. What does not fit is cut. Any
// thread. Hot: no allocation, no throw.
#include <charconv>
#include <cstddef>
#include <cstring>

#include "fil.h"

namespace fil::source_kit {

class short_text {
  public:
    short_text& operator<<(fil_text more) {
        const std::size_t room = sizeof text_ - length_;
        const std::size_t length = more.length < room ? more.length : room;
        std::memcpy(text_ + length_, more.data, length);
        length_ += length;
        return *this;
    }
    short_text& operator<<(const char* more) { return *this << fil_text{more, std::strlen(more)}; }
    short_text& operator<<(unsigned number) {
        char digits[16];
        const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
        return *this << fil_text{digits, static_cast<std::size_t>(end - digits)};
    }
    operator fil_text() const { return {text_, length_}; }

    // Told to the recorder: fil_recorder_describe().
    void describe(const char* key) const { fil_recorder_describe({key, std::strlen(key)}, *this); }

  private:
    char text_[256];
    std::size_t length_ = 0;
};

}  // namespace fil::source_kit
