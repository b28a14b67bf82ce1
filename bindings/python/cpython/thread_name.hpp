#pragma once
// The threads of a pool are one to a reader: their names without what tells them apart. Hot path.
#include <cstddef>
#include <string_view>

namespace fil::python {

// "ThreadPoolExecutor-0_1" -> "ThreadPoolExecutor", "Thread-7 (run)" -> "Thread (run)". Returns
// how many characters it wrote, at most `most`.
inline std::size_t write_without_numbers(std::string_view name, char* to, std::size_t most) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    std::size_t length = 0;
    for (std::size_t i = 0; i < name.size() && length < most;) {
        std::size_t end = i + 1;
        if (name[i] == '-' || name[i] == '_')
            while (end < name.size() && is_digit(name[end])) ++end;
        const bool ends =
            end == name.size() || name[end] == ' ' || name[end] == '-' || name[end] == '_';
        if (end > i + 1 && ends) {
            i = end;
        } else {
            to[length++] = name[i++];
        }
    }
    return length;
}

}  // namespace fil::python
