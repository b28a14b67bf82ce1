#include "symbols/readable_name.hpp"

#include <algorithm>
#include <functional>
#include <optional>

namespace fil {
namespace {

// Their last arguments are mostly what they are by default.
constexpr std::string_view with_defaults[] = {
    "std::vector",
    "std::deque",
    "std::list",
    "std::forward_list",
    "std::map",
    "std::multimap",
    "std::set",
    "std::multiset",
    "std::unordered_map",
    "std::unordered_set",
    "std::basic_string",
    "std::unordered_multimap",
    "std::unique_ptr",
    "std::basic_ostream",
    "std::unordered_multiset",
    "std::basic_istream",
    "std::basic_string_view",
};
constexpr std::string_view defaults[] = {
    "std::allocator<", "std::less<",     "std::char_traits<",
    "std::hash<",      "std::equal_to<", "std::default_delete<",
};
// Where the libraries of GNU and LLVM have their versions.
constexpr std::string_view versions[] = {"std::__cxx11::", "std::__1::"};

bool is_of_name(char c) {
    return c == '_' || c == ':' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

class reader {
  public:
    reader(std::string_view text, int depth) : text_(text), depth_(depth) {}

    // None: its brackets are not understood.
    std::optional<std::string> read() {
        std::string all = until('\0', '\0', 0);
        if (failed_ || at_ != text_.size()) return std::nullopt;
        return all;
    }

  private:
    bool eat(std::string_view what) {
        if (!text_.substr(at_).starts_with(what)) return false;
        at_ += what.size();
        return true;
    }

    // Up to one of these two letters, which is not read. (No name has a zero.)
    std::string until(char end, char other_end, int depth) {
        std::string written;
        if (depth > 2000) failed_ = true;
        while (!failed_ && at_ < text_.size()) {
            const char c = text_[at_];
            if (c == end || c == other_end) break;
            if (c == '-' && eat("->")) {
                written += "->";
            } else if (c == '<') {
                if (!is_operator(written)) written += arguments(written, depth);
            } else if (c == '(' || c == '{' || c == '[') {
                written += bracket(depth);
            } else if (c != 's' || !skip_version(written)) {
                written += text_[at_++];
            }
        }
        return written;
    }

    bool skip_version(std::string& written) {
        for (const std::string_view version : versions) {
            if (!eat(version)) continue;
            written += "std::";
            return true;
        }
        return false;
    }

    // What follows is the sign of an operator: it is read here.
    bool is_operator(std::string& written) {
        constexpr std::string_view word = "operator";
        if (!written.ends_with(word)) return false;
        const std::size_t before = written.size() - word.size();
        if (before != 0 && is_of_name(written[before - 1]) && written[before - 1] != ':')
            return false;
        for (const std::string_view sign : {"<=>", "<<=", "<<", "<=", "<"}) {
            if (!eat(sign)) continue;
            written += sign;
            return true;
        }
        return false;
    }

    std::string bracket(int depth) {
        const char open = text_[at_++];
        const char close = open == '(' ? ')' : open == '{' ? '}' : ']';
        const std::string inside = until(close, close, depth + 1);
        if (!eat(std::string_view(&close, 1))) failed_ = true;
        return open + inside + close;
    }

    std::string arguments(std::string& written, int depth) {
        ++at_;
        ++templates_;
        std::vector<std::string> all;
        do {
            while (eat(" ")) {
            }
            all.push_back(until(',', '>', depth + 1));
            while (all.back().ends_with(' ')) all.back().pop_back();
        } while (eat(","));
        if (!eat(">")) failed_ = true;
        --templates_;
        std::size_t start = written.size();
        while (start > 0 && is_of_name(written[start - 1])) --start;
        const std::string_view of = std::string_view(written).substr(start);
        if (std::ranges::find(with_defaults, of) != std::end(with_defaults)) {
            while (all.size() > 1 && is_default(all.back())) all.pop_back();
        }
        if (of.starts_with("std::basic_") && all.size() == 1 && all[0] == "char") {
            written.erase(start + std::string_view("std::").size(),
                          std::string_view("basic_").size());
            return "";
        }
        if (templates_ >= depth_) return "<…>";
        std::string text = "<";
        for (const std::string& one : all) text += (text.size() > 1 ? ", " : "") + one;
        return text + ">";
    }

    static bool is_default(std::string_view argument) {
        return std::ranges::any_of(defaults,
                                   [&](auto start) { return argument.starts_with(start); });
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_;
    int templates_ = 0;
    bool failed_ = false;
};

}  // namespace

std::string readable_name(std::string_view name, int depth) {
    if (name.find_first_of("<:") == name.npos) return std::string(name);
    return reader(name, depth).read().value_or(std::string(name));
}

const std::string& readable_names::of(const std::string& name) {
    const auto [at, is_new] = known_.try_emplace(name);
    if (is_new) at->second = shortened(name);
    return at->second;
}

std::string readable_names::shortened(const std::string& name) {
    std::string shorter = readable_name(name);
    if (shorter.size() <= most_) return shorter;
    for (int depth = 3; depth >= 0 && shorter.size() > most_; --depth)
        shorter = readable_name(name, depth);
    if (shorter.size() > most_) {
        std::size_t begin = most_ * 3 / 4, end = shorter.size() - most_ / 8;
        const auto is_inside = [&](std::size_t at) { return (shorter[at] & 0xC0) == 0x80; };
        while (is_inside(begin)) --begin;
        while (is_inside(end)) ++end;
        shorter = shorter.substr(0, begin) + "…" + shorter.substr(end);
    }
    std::vector<std::size_t>& others = cut_[shorter];
    const std::size_t hash = std::hash<std::string>()(name);
    const auto known = std::ranges::find(others, hash);
    const auto place = static_cast<std::size_t>(known - others.begin());
    if (known == others.end()) others.push_back(hash);
    return place == 0 ? shorter : shorter + " #" + std::to_string(place + 1);
}

}  // namespace fil
