#pragma once
// Values as bytes and back: what a snapshot file's content is written and read with.
//
// Numbers are little-endian, of their own width; a text is its length (four bytes) and its bytes; a
// list its count and its elements; what may be missing a byte, 0 or 1, and the value. The layout of
// a struct is one function, `fields(archive, value)`, which names its members: a writer puts them,
// a reader takes them. A reader never goes beyond the end, and never makes room for more than the
// bytes that are left can hold. Cold.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fil {

struct damaged_content : std::runtime_error {
    damaged_content() : runtime_error("its content makes no sense") {}
};

template <typename T>
concept plain_number = std::is_integral_v<T> || std::is_enum_v<T>;

class content_writer {
  public:
    template <typename... Values>
    void operator()(const Values&... values) {
        (put(values), ...);
    }
    std::string take() { return std::move(out_); }

    void bytes(const void* data, std::size_t length) {
        out_.append(static_cast<const char*>(data), length);
    }
    void count(std::size_t count) { put(static_cast<std::uint32_t>(count)); }

  private:
    template <plain_number T>
    void put(const T& value) {
        bytes(&value, sizeof value);
    }
    void put(double value) { bytes(&value, sizeof value); }
    void put(const std::string& text) {
        count(text.size());
        bytes(text.data(), text.size());
    }
    template <typename T>
    void put(const std::optional<T>& value) {
        put(value.has_value());
        if (value) put(*value);
    }
    template <typename T>
    void put(const std::vector<T>& values) {
        count(values.size());
        for (const T& value : values) put(value);
    }
    template <typename K, typename V>
    void put(const std::map<K, V>& values) {
        count(values.size());
        for (const auto& [key, value] : values) put(key), put(value);
    }
    template <typename Struct>
    requires std::is_class_v<Struct>
    void put(const Struct& value) { fields(*this, value); }

    std::string out_;
};

class content_reader {
  public:
    explicit content_reader(std::string_view in) : in_(in) {}

    // All throw damaged_content.
    template <typename... Values>
    void operator()(Values&... values) {
        (get(values), ...);
    }
    void end() const { require(in_.empty()); }

    void bytes(void* to, std::size_t length) {
        require(length <= in_.size());
        if (length == 0) return;  // then `to` may be no place at all
        std::memcpy(to, in_.data(), length);
        in_.remove_prefix(length);
    }
    // Of elements that take so many bytes each, at least.
    std::size_t count(std::size_t each) {
        std::uint32_t count = 0;
        get(count);
        require(count <= in_.size() / each);
        return count;
    }
    static void require(bool holds) {
        if (!holds) throw damaged_content();
    }

  private:
    template <plain_number T>
    void get(T& value) {
        bytes(&value, sizeof value);
        if constexpr (std::is_enum_v<T>) require(is_one_of(value));
    }
    void get(bool& value) {
        std::uint8_t byte = 0;
        get(byte);
        require(byte <= 1);
        value = byte != 0;
    }
    void get(double& value) {
        bytes(&value, sizeof value);
        require(std::isfinite(value));
    }
    void get(std::string& text) {
        const std::size_t length = count(1);
        text = in_.substr(0, length);
        in_.remove_prefix(length);
    }
    template <typename T>
    void get(std::optional<T>& value) {
        bool is_there = false;
        get(is_there);
        if (is_there) get(value.emplace());
    }
    template <typename T>
    void get(std::vector<T>& values) {
        for (std::size_t left = count(smallest<T>()); left > 0; --left) get(values.emplace_back());
    }
    template <typename K, typename V>
    void get(std::map<K, V>& values) {
        for (std::size_t left = count(smallest<K>() + smallest<V>()); left > 0; --left) {
            K key;
            get(key);
            require(values.empty() || values.rbegin()->first < key);  // as a writer goes through it
            get(values.try_emplace(values.end(), std::move(key))->second);
        }
    }
    template <typename Struct>
    requires std::is_class_v<Struct>
    void get(Struct& value) { fields(*this, value); }

    // What an element of a list takes at least.
    template <typename T>
    static std::size_t smallest() {
        static const std::size_t bytes = [] {
            content_writer writer;
            writer(T{});
            return writer.take().size();
        }();
        return bytes;
    }

    std::string_view in_;
};

}  // namespace fil
