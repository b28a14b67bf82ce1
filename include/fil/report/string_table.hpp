#pragma once
// The texts of a page, each once, by number: names of functions, paths, lines of source.
//
// Written as one text with line ends between them, which takes the least room, also where the page
// is quoted in another. A line end in a text is spelled out, as readers see it. Number 0 is "".

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

namespace fil::report {

class string_table {
  public:
    std::uint32_t operator()(const std::string& text) {
        const auto [known, is_new] =
            numbers_.try_emplace(text, static_cast<std::uint32_t>(numbers_.size()));
        if (is_new) append(text);
        return known->second;
    }

    std::string take() { return std::move(all_); }

  private:
    void append(const std::string& text) {
        all_ += '\n';
        for (const char c : text) {
            if (c == '\n') {
                all_ += "\\u000a";
            } else {
                all_ += c;
            }
        }
    }

    std::unordered_map<std::string, std::uint32_t> numbers_{{"", 0}};
    std::string all_;
};

}  // namespace fil::report
