#include "symbols/rust_name.hpp"

#include <cstdint>
#include <utility>

#include "symbols/punycode.hpp"
#include "symbols/rust_legacy_name.hpp"

namespace fil {
namespace {

constexpr std::size_t longest = 20'000, deepest = 200;

// By their letters from a on; empty: no type has this letter.
constexpr std::string_view basic_types[] = {
    "i8",   "bool", "char", "f64", "str", "f32", "",    "u8", "isize", "usize", "",    "i32", "u32",
    "i128", "u128", "_",    "",    "",    "i16", "u16", "()", "...",   "",      "i64", "u64", "!"};

std::string_view basic_type(char letter) {
    return letter >= 'a' && letter <= 'z' ? basic_types[letter - 'a'] : "";
}

// Reads the name once, from left to right, and writes what it reads; a back reference reads
// another place. After an error nothing more is written.
class v0_reader {
  public:
    explicit v0_reader(std::string_view text) : text_(text) {}

    std::optional<std::string> read() {
        path(true);
        if (failed_ || written_.size() > longest) return std::nullopt;
        return std::move(written_);
    }

  private:
    // ---- letters ----

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    char next() {
        if (at_ == text_.size()) failed_ = true;
        return at_ < text_.size() ? text_[at_++] : '\0';
    }
    bool eat(char letter) {
        if (peek() != letter) return false;
        ++at_;
        return true;
    }
    void write(std::string_view text) {
        if (failed_ || is_quiet_) return;
        written_ += text;
        if (written_.size() > longest) failed_ = true;
    }
    std::uint64_t number_62() {
        if (eat('_')) return 0;
        std::uint64_t number = 0;
        while (!failed_ && !eat('_')) {
            const char c = next();
            const bool is_digit = c >= '0' && c <= '9', is_small = c >= 'a' && c <= 'z';
            if (!is_digit && !is_small && !(c >= 'A' && c <= 'Z')) failed_ = true;
            number = number * 62 + static_cast<std::uint64_t>(is_digit   ? c - '0'
                                                              : is_small ? c - 'a' + 10
                                                                         : c - 'A' + 36);
        }
        return number + 1;
    }
    std::uint64_t optional_62(char mark) { return eat(mark) ? number_62() + 1 : 0; }

    template <typename Read>
    void nested(Read&& read) {
        if (++depth_ > deepest) failed_ = true;
        if (!failed_) read();
        --depth_;
    }
    // What `read` makes of the place that is referred to.
    template <typename Read>
    void back_reference(Read&& read) {
        const std::size_t start = at_ - 1;
        const std::uint64_t to = number_62();
        if (to >= start) failed_ = true;
        if (failed_ || is_quiet_) return;
        const std::size_t after = std::exchange(at_, static_cast<std::size_t>(to));
        nested(read);
        at_ = after;
    }
    // Items up to the letter E, with what stands between them; how many.
    template <typename Read>
    std::size_t list(std::string_view between, Read&& read) {
        std::size_t count = 0;
        for (; !failed_ && !eat('E'); ++count) {
            if (count != 0) write(between);
            read();
        }
        return count;
    }

    // ---- identifiers ----

    std::string identifier() {
        const bool is_punycode = eat('u');
        std::size_t length = 0;
        if (peek() < '0' || peek() > '9') failed_ = true;
        if (!eat('0')) {
            while (peek() >= '0' && peek() <= '9' && length < text_.size())
                length = length * 10 + static_cast<std::size_t>(next() - '0');
        }
        eat('_');
        if (length > text_.size() - at_) failed_ = true;
        if (failed_) return {};
        const std::string_view bytes = text_.substr(at_, length);
        at_ += length;
        std::string name;
        if (!is_punycode) return std::string(bytes);
        if (!append_punycode(name, bytes)) failed_ = true;
        return name;
    }

    // ---- paths ----

    void path(bool is_value) {
        nested([&] { path_by(next(), is_value); });
    }

    void path_by(char kind, bool is_value) {
        switch (kind) {
            case 'C':
                optional_62('s');
                return write(identifier());
            case 'N':
                return nested_path(is_value);
            case 'M':
                skip_impl_path();
                write("<");
                type();
                return write(">");
            case 'X':
                skip_impl_path();
                [[fallthrough]];
            case 'Y':
                write("<");
                type();
                write(" as ");
                path(false);
                return write(">");
            case 'I':
                path(is_value);
                write(is_value ? "::<" : "<");
                list(", ", [&] { generic_argument(); });
                return write(">");
            case 'B':
                return back_reference([&] { path(is_value); });
            default:
                failed_ = true;
        }
    }

    void nested_path(bool is_value) {
        const char space = next();
        path(is_value);
        const std::uint64_t number = optional_62('s');
        const std::string name = identifier();
        if (space >= 'A' && space <= 'Z') {
            write("::{");
            write(space == 'C' ? "closure" : space == 'S' ? "shim" : std::string(1, space));
            if (!name.empty()) write(":" + name);
            write("#" + std::to_string(number) + "}");
        } else if (space < 'a' || space > 'z') {
            failed_ = true;
        } else if (!name.empty()) {
            write("::" + name);
        }
    }

    void skip_impl_path() {
        optional_62('s');
        const bool was_quiet = std::exchange(is_quiet_, true);
        path(false);
        is_quiet_ = was_quiet;
    }

    void generic_argument() {
        if (eat('L')) {
            lifetime(number_62());
        } else if (eat('K')) {
            constant();
        } else {
            type();
        }
    }

    // ---- types ----

    void type() {
        nested([&] { type_by(next()); });
    }

    void type_by(char kind) {
        if (const std::string_view basic = basic_type(kind); !basic.empty()) return write(basic);
        switch (kind) {
            case 'R':
            case 'Q':
                write("&");
                if (eat('L')) {
                    if (const std::uint64_t index = number_62()) {
                        lifetime(index);
                        write(" ");
                    }
                }
                if (kind == 'Q') write("mut ");
                return type();
            case 'P':
            case 'O':
                write(kind == 'P' ? "*const " : "*mut ");
                return type();
            case 'A':
            case 'S':
                write("[");
                type();
                if (kind == 'A') {
                    write("; ");
                    constant();
                }
                return write("]");
            case 'T':
                write("(");
                if (list(", ", [&] { type(); }) == 1) write(",");
                return write(")");
            case 'F':
                return within_binder([&] { function_type(); });
            case 'D':
                write("dyn ");
                within_binder([&] { list(" + ", [&] { dyn_trait(); }); });
                if (!eat('L')) failed_ = true;
                if (const std::uint64_t index = number_62()) {
                    write(" + ");
                    lifetime(index);
                }
                return;
            case 'B':
                return back_reference([&] { type(); });
            default:
                --at_;
                path(false);
        }
    }

    void function_type() {
        if (eat('U')) write("unsafe ");
        if (eat('K')) {
            std::string abi = "C";
            if (!eat('C')) abi = identifier();
            for (char& c : abi) c = c == '_' ? '-' : c;
            write("extern \"" + abi + "\" ");
        }
        write("fn(");
        list(", ", [&] { type(); });
        write(")");
        if (eat('u')) return;
        write(" -> ");
        type();
    }

    // A trait with what its associated types are: Iterator<Item = u8>.
    void dyn_trait() {
        bool is_open = open_path();
        while (!failed_ && eat('p')) {
            write(is_open ? ", " : "<");
            is_open = true;
            write(identifier() + " = ");
            type();
        }
        if (is_open) write(">");
    }
    // Whether a list of arguments was left open.
    bool open_path() {
        bool is_open = false;
        if (eat('B')) {
            back_reference([&] { is_open = open_path(); });
        } else if (eat('I')) {
            path(false);
            write("<");
            list(", ", [&] { generic_argument(); });
            is_open = true;
        } else {
            path(false);
        }
        return is_open;
    }

    template <typename Read>
    void within_binder(Read&& read) {
        const std::uint64_t more = optional_62('G');
        if (more > 64) failed_ = true;
        if (more != 0 && !failed_) {
            write("for<");
            for (std::uint64_t i = 0; i < more; ++i) {
                if (i != 0) write(", ");
                ++bound_lifetimes_;
                lifetime(1);
            }
            write("> ");
        }
        read();
        bound_lifetimes_ -= failed_ ? 0 : more;
    }

    void lifetime(std::uint64_t index) {
        if (index == 0) return write("'_");
        if (index > bound_lifetimes_) {
            failed_ = true;
            return;
        }
        const std::uint64_t depth = bound_lifetimes_ - index;
        write(depth < 26 ? std::string("'") + static_cast<char>('a' + depth)
                         : "'_" + std::to_string(depth));
    }

    // ---- constants ----

    void constant() {
        nested([&] { constant_by(next()); });
    }

    void constant_by(char kind) {
        if (kind == 'p') return write("_");
        if (kind == 'B') return back_reference([&] { constant(); });
        const bool is_integer =
            kind != '\0' && std::string_view("ahijlmnostxy").find(kind) != std::string_view::npos;
        if (!is_integer && kind != 'b' && kind != 'c') {
            failed_ = true;  // a structure or a text: no stable Rust has these
            return;
        }
        if (eat('n')) write("-");
        std::string digits;
        while (!failed_ && !eat('_')) digits += next();
        if (digits.size() > 16) return write("0x" + digits);
        std::uint64_t value = 0;
        for (const char digit : digits) {
            const bool is_decimal = digit >= '0' && digit <= '9';
            if (!is_decimal && (digit < 'a' || digit > 'f')) failed_ = true;
            value = value * 16 +
                    static_cast<std::uint64_t>(is_decimal ? digit - '0' : digit - 'a' + 10);
        }
        if (kind == 'b') return write(value != 0 ? "true" : "false");
        if (kind != 'c') return write(std::to_string(value));
        std::string character;
        append_character(character, static_cast<std::uint32_t>(value));
        if (value < 0x20) character = "\\x" + digits;
        write("'" + character + "'");
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::uint64_t bound_lifetimes_ = 0;
    bool failed_ = false;
    bool is_quiet_ = false;
    std::string written_;
};

}  // namespace

std::optional<std::string> rust_name(std::string_view mangled) {
    if (!mangled.starts_with("_R")) return rust_legacy_name(mangled);
    mangled.remove_prefix(2);
    // Of a version to come, or of something else.
    if (mangled.empty() || mangled[0] < 'A' || mangled[0] > 'Z') return std::nullopt;
    return v0_reader(mangled.substr(0, mangled.find('.'))).read();
}

}  // namespace fil
