#pragma once
// How what is recorded without a supervisor is called, below the folder that FIL_OUTPUT names:
//
//     2026-11-29T21-05-06Z-HOST-PID/      a session: a first process, and all that it started
//         session                         its page (recording/layout.hpp)
//         PID.recording                   a recording for each process, or each image of one:
//         PID-2.recording                 those that came later with the same number
//
// Readers go by a file's first bytes, not by its name: what is called otherwise is read as well.
// docs/design/session.md tells the rest. A process finds its session by FIL_SESSION, which is
// "files:MACHINE:FOLDER" then.

#include <charconv>
#include <cstdint>
#include <string_view>

namespace fil {

inline constexpr std::string_view session_page_name = "session";
inline constexpr std::string_view recording_suffix = ".recording";
inline constexpr std::string_view files_prefix = "files:";
inline constexpr std::size_t longest_folder = 900;  // of a session, whole

// A name that is put together in place. What does not fit makes it empty, for good.
class file_name {
  public:
    file_name& operator+=(std::string_view part) {
        if (is_cut_ || part.size() >= sizeof text_ - length_) {
            is_cut_ = true;
            length_ = 0;
        } else {
            length_ += part.copy(text_ + length_, part.size());
        }
        text_[length_] = 0;
        return *this;
    }
    file_name& operator+=(std::uint64_t number) {
        char digits[20];
        return *this += {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
    }

    const char* text() const { return text_; }
    char* text() { return text_; }
    std::string_view view() const { return {text_, length_}; }
    bool is_cut() const { return is_cut_; }

  private:
    char text_[longest_folder + 100] = {};
    std::size_t length_ = 0;
    bool is_cut_ = false;
};

// The `number`th of a process, counted from 1.
inline file_name recording_name(std::string_view folder, std::int32_t pid, std::uint32_t number) {
    file_name name;
    ((name += folder) += "/") += static_cast<std::uint64_t>(pid);
    if (number > 1) (name += "-") += number;
    return name += recording_suffix;
}

// FIL_SESSION, taken apart; views of the text. False: it is none of these.
struct files_address {
    std::uint64_t machine = 0;
    std::string_view folder;
};
inline bool parse_files_address(std::string_view text, files_address& address) {
    if (!text.starts_with(files_prefix)) return false;
    text.remove_prefix(files_prefix.size());
    const char* const end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data(), end, address.machine);
    if (error != std::errc() || after == end || *after != ':') return false;
    address.folder = {after + 1, static_cast<std::size_t>(end - after - 1)};
    return address.folder.starts_with('/');
}

}  // namespace fil
