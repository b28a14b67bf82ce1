#pragma once
// Long names of C++ (Rust, Swift) functions as parts, of which a reader needs the last ones most:
//
//     int ns::table<std::pair<a, b> >::find<c>(c const&) const  ->  "ns::", "table::", "find"
//
// Template arguments, parameters, what follows them and the type that stands before the name are
// left out. Demangled names are not a grammar: what looks otherwise than expected stays in a part.
// Pure functions.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fil::report {

class scoped_name {
  public:
    explicit scoped_name(std::string_view name) : left_(name) {}

    std::vector<std::string> parts() {
        const std::string whole(left_);
        while (!left_.empty() && step()) {
        }
        if (!part_.empty()) parts_.push_back(part_);
        return parts_.empty() ? std::vector{whole} : parts_;
    }

  private:
    static constexpr std::string_view unnamed = "(anonymous namespace)";

    // False at the end of what is of interest.
    bool step() {
        if (left_.starts_with(unnamed)) {
            take(unnamed.size());
        } else if (left_.starts_with("::")) {
            left_.remove_prefix(2);
            if (!part_.empty()) parts_.push_back(part_ + "::");
            part_.clear();
        } else if (is_operator()) {
            take_operator();
        } else if (left_.front() == '{' || left_.front() == '[') {
            take(bracket_end());
        } else if (left_.front() == '<') {
            left_.remove_prefix(bracket_end());
        } else if (left_.front() == '(') {
            left_.remove_prefix(bracket_end());
            is_called_ = true;
        } else if (left_.front() == ' ') {
            if (is_called_) return false;  // const, noexcept, [clone .cold]
            left_.remove_prefix(1);        // what stood before is a type
            parts_.clear(), part_.clear();
        } else {
            take(1);
        }
        return true;
    }

    void take(std::size_t bytes) {
        part_ += left_.substr(0, bytes);
        left_.remove_prefix(bytes);
    }

    bool is_operator() const {
        const auto is_letter = [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
        };
        constexpr std::string_view word = "operator";
        return part_.empty() && left_.starts_with(word) && left_.size() > word.size() &&
               !is_letter(left_[word.size()]);
    }

    // "operator<<", "operator()", "operator new[]", "operator std::string": up to its parameters.
    void take_operator() {
        std::size_t end = std::string_view("operator").size();
        if (left_.substr(end).starts_with("()")) {
            end += 2;
        } else if (left_[end] == ' ') {
            end = std::min(left_.find('(', end), left_.size());
        } else {
            while (end < left_.size() && left_[end] != '(' &&
                   std::isalpha(static_cast<unsigned char>(left_[end])) == 0)
                ++end;
            // Arguments of a template: "operator<< <char>".
            if (const auto space = left_.substr(0, end).rfind(' '); space != left_.npos)
                end = space;
        }
        take(end);
        if (left_.starts_with(" <")) left_.remove_prefix(1);
    }

    // Where the bracket that begins here ends; of one that does not end, everything.
    std::size_t bracket_end() const {
        std::size_t depth = 0;
        for (std::size_t i = 0; i < left_.size(); ++i) {
            const bool is_arrow = left_[i] == '>' && i > 0 && left_[i - 1] == '-';
            if (std::string_view("<({[").find(left_[i]) != std::string_view::npos) ++depth;
            if (!is_arrow && std::string_view(">)}]").find(left_[i]) != std::string_view::npos &&
                --depth == 0)
                return i + 1;
        }
        return left_.size();
    }

    std::string_view left_;
    std::string part_;
    std::vector<std::string> parts_;
    bool is_called_ = false;
};

inline std::vector<std::string> parts_of_scoped_name(std::string_view function) {
    return scoped_name(function).parts();
}

}  // namespace fil::report
