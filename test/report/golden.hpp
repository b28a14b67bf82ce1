#pragma once
// Reads a file of test/report/golden/: what an exporter must write, byte for byte.

#include <fstream>
#include <sstream>
#include <string>

namespace fil::report {

inline std::string golden(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(std::string(FIL_GOLDEN_DIRECTORY "/") + name, std::ios::binary).rdbuf();
    return text.str();
}

// Without line ends and the indentation after them: they make golden JSON readable.
inline std::string on_one_line(const std::string& text) {
    std::string line;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\n') {
            line += text[at];
        } else {
            while (at + 1 < text.size() && text[at + 1] == ' ') ++at;
        }
    }
    return line;
}

}  // namespace fil::report
