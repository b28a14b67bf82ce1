// Reading str objects, laid out by hand as each kind of string is.

#include "text.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

using namespace fil::python;

namespace {

// A str object in memory of the test's.
class object {
  public:
    explicit object(const python_layout& layout) : layout_(layout), bytes_(128) {}

    template <typename Value>
    object& put(std::size_t offset, Value value) {
        if (bytes_.size() < offset + sizeof value) bytes_.resize(offset + sizeof value);
        std::memcpy(bytes_.data() + offset, &value, sizeof value);
        return *this;
    }
    template <typename Character>
    object& put_all(std::size_t offset, std::basic_string_view<Character> characters) {
        put(layout_.text_length, characters.size());
        for (std::size_t i = 0; i < characters.size(); ++i) {
            put(offset + i * sizeof(Character), characters[i]);
        }
        return *this;
    }
    object& state(unsigned kind, bool compact, bool ascii) {
        return put<std::uint32_t>(
            layout_.text_state, 3u | kind << 2 | (compact ? 32u : 0u) | (ascii ? 64u : 0u) | 128u);
    }
    std::string read(std::size_t room = 1000) const {
        std::vector<char> buffer(room);
        const fil_text text =
            read_text(layout_, reinterpret_cast<address>(bytes_.data()), buffer.data(), room);
        return {text.data, text.length};
    }

  private:
    const python_layout& layout_;
    std::vector<char> bytes_;
};

class text : public testing::TestWithParam<const python_layout*> {};

INSTANTIATE_TEST_SUITE_P(each_version, text, testing::ValuesIn(known_layouts));

}  // namespace

TEST_P(text, ascii_is_borrowed_whatever_its_length) {
    const std::string name(20000, 'x');
    object ascii(*GetParam());
    ascii.state(1, true, true).put_all<char>(GetParam()->text_ascii, name);
    EXPECT_EQ(ascii.read(10), name);
}

TEST_P(text, latin_characters_become_utf8) {
    object latin(*GetParam());
    latin.state(1, true, false).put_all<char>(GetParam()->text_compact, "caf\xe9");
    EXPECT_EQ(latin.read(), "caf\u00e9");
}

TEST_P(text, two_and_four_byte_characters_become_utf8) {
    object two(*GetParam());
    two.state(2, true, false).put_all<char16_t>(GetParam()->text_compact, u"\u65e5\u672c.py");
    EXPECT_EQ(two.read(), "\u65e5\u672c.py");
    object four(*GetParam());
    four.state(4, true, false).put_all<char32_t>(GetParam()->text_compact, U"\U0001f40d.py");
    EXPECT_EQ(four.read(), "\U0001f40d.py");
}

TEST_P(text, escaped_bytes_become_the_bytes_again) {
    object two(*GetParam());
    two.state(2, true, false)
        .put_all<char16_t>(GetParam()->text_compact, std::u16string{u'a', 0xdcff, 0xdc80});
    EXPECT_EQ(two.read(), "a\xff\x80");
}

TEST_P(text, a_lone_surrogate_is_replaced) {
    object two(*GetParam());
    two.state(2, true, false)
        .put_all<char16_t>(GetParam()->text_compact, std::u16string{0xd800, u'a', 0xdc7f});
    EXPECT_EQ(two.read(),
              "\ufffd"
              "a"
              "\ufffd");
}

TEST_P(text, is_cut_between_characters) {
    object two(*GetParam());
    two.state(2, true, false).put_all<char16_t>(GetParam()->text_compact, u"\u65e5\u672c");
    EXPECT_EQ(two.read(5), "\u65e5");
}

TEST_P(text, of_a_subclass_lies_elsewhere) {
    const std::string name = "elsewhere";
    object subclass(*GetParam());
    subclass.state(1, false, true).put(GetParam()->text_length, name.size());
    subclass.put(GetParam()->text_pointer, name.data());
    EXPECT_EQ(subclass.read(), name);
}

TEST_P(text, never_readied_is_read_as_wide) {
    if (GetParam()->text_wide == 0) GTEST_SKIP() << "no such strings in this version";
    const std::wstring name = L"w\u00efde";
    object legacy(*GetParam());
    legacy.state(0, false, false).put(GetParam()->text_wide, name.data());
    legacy.put(GetParam()->text_wide_length, name.size());
    EXPECT_EQ(legacy.read(), "w\u00efde");
}

TEST_P(text, missing_reads_as_a_question_mark) {
    char buffer[8];
    const fil_text text = read_text(*GetParam(), 0, buffer, sizeof buffer);
    EXPECT_EQ(std::string(text.data, text.length), "?");
    EXPECT_EQ(object(*GetParam()).state(0, false, false).read(), "?");
}

TEST(frames_3_9, a_key_names_code_and_instruction) {
    const address code = 0x7fff00000010;
    EXPECT_NE(frames_3_9::pack(code, 0), frames_3_9::pack(code, 2));
    EXPECT_NE(frames_3_9::pack(code, 2'000'000), frames_3_9::pack(code + 176, -1));
    EXPECT_NE(frames_3_9::pack(code, -1), frames_3_9::pack(code - 176, 2'000'000));
}
