// Line tables laid out by hand, as CPython 3.11's Objects/locations.md has them.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <memory>
#include <vector>

#include "line_index.hpp"

using namespace fil::python;

namespace {

using bytes = std::vector<std::uint8_t>;

std::uint8_t head(unsigned kind, unsigned instructions) {
    return static_cast<std::uint8_t>(0x80 | kind << 3 | (instructions - 1));
}

// A code object and its table, which ends where memory does.
class code {
  public:
    code(const bytes& table, std::int32_t first_line) : object_(256) {
        const std::size_t room = (layout.bytes_data + table.size() + 4095) / 4096 * 4096;
        mapped_ = room + 4096;
        memory_ = static_cast<char*>(
            mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        mprotect(memory_ + room, 4096, PROT_NONE);
        char* at = memory_ + room - table.size() - layout.bytes_data;
        const std::size_t length = table.size();
        std::memcpy(at + layout.bytes_length, &length, sizeof length);
        if (length != 0) std::memcpy(at + layout.bytes_data, table.data(), length);
        std::memcpy(object_.data() + layout.code_line_table, &at, sizeof at);
        std::memcpy(object_.data() + layout.code_first_line, &first_line, sizeof first_line);
    }
    code(const code&) = delete;
    ~code() { munmap(memory_, mapped_); }

    address where() const { return reinterpret_cast<address>(object_.data()); }
    void become(const code& other) { object_ = other.object_; }
    std::size_t size() const { return object_.size(); }

    static const python_layout& layout;

  private:
    std::vector<char> object_;
    char* memory_;
    std::size_t mapped_;
};
const python_layout& code::layout = *find_layout(0x030b);

const bytes of_each_kind = {
    head(0, 1),  0x11,                          // columns: line 10
    head(9, 2),  0x11,                          // the same
    head(10, 1), 1,    2,                       // one line, no change: 10
    head(11, 1), 1,    2,                       // 11
    head(12, 8), 1,    2,                       // 13
    head(13, 1), 0x0b,                          // five lines back: 8
    head(14, 1), 0x48, 0x03, 0x00, 0x01, 0x02,  // a hundred on, its end and columns: 108
    head(15, 1),                                // none
    head(0, 1),  0x11,                          // 108
};
const std::vector<std::int32_t> lines_of_it = {10, 10, 10, 10, 11, 13,  13, 13, 13,
                                               13, 13, 13, 13, 8,  108, -1, 108};

std::int32_t line_at(const code& of, std::uint32_t offset) {
    const line_table table(code::layout, of.where());
    line_cursor at = table.start();
    return table.read(at, offset, [](const line_cursor&) {});
}

// `entries` instructions, each a line further.
bytes down(std::uint32_t entries) {
    bytes table;
    for (std::uint32_t i = 0; i < entries; ++i) table.insert(table.end(), {head(11, 1), 1, 2});
    return table;
}

}  // namespace

TEST(line_table, each_kind_of_entry_is_as_long_as_it_says) {
    const code of(of_each_kind, 10);
    for (std::uint32_t i = 0; i < lines_of_it.size(); ++i)
        EXPECT_EQ(line_at(of, 2 * i), lines_of_it[i]) << i;
    EXPECT_EQ(line_at(of, 2 * static_cast<std::uint32_t>(lines_of_it.size())), -1);
}

TEST(line_table, one_that_is_cut_or_scribbled_on_is_not_read_beyond) {
    for (std::size_t length = 0; length <= of_each_kind.size(); ++length) {
        bytes table(of_each_kind.begin(),
                    of_each_kind.begin() + static_cast<std::ptrdiff_t>(length));
        const code cut(table, 10);
        for (std::uint32_t offset = 0; offset < 60; ++offset) line_at(cut, offset);
        if (length >= 2) {
            EXPECT_EQ(line_at(cut, 0), 10);
        }
        for (unsigned value = 0; value < 256 && length != 0; ++value) {
            table.back() = static_cast<std::uint8_t>(value);
            const code scribbled(table, 10);
            for (std::uint32_t offset = 0; offset < 60; offset += 7) line_at(scribbled, offset);
        }
    }
}

TEST(line_index, many_large_tables_are_read_in_turn) {
    std::vector<std::unique_ptr<code>> codes;  // more than have room
    for (std::int32_t i = 0; i < 300; ++i)
        codes.push_back(std::make_unique<code>(down(400), 1000 * i));
    const auto index = std::make_unique<line_index<>>();
    const auto is_right = [&](std::int32_t i, std::uint32_t at) {
        return index->line(code::layout, codes[static_cast<std::size_t>(i)]->where(), 2 * at) ==
               1000 * i + static_cast<std::int32_t>(at) + 1;
    };
    for (std::uint32_t at : {5u, 80u, 390u, 100u, 3u, 399u, 398u}) {
        for (std::int32_t i = 0; i < 300; ++i) ASSERT_TRUE(is_right(i, at)) << i << " " << at;
    }
}

TEST(line_index, an_address_may_name_another_code_once_it_is_forgotten) {
    code died(down(400), 0);
    const code other(down(400), 5000), next(down(400), 7000);
    const auto index = std::make_unique<line_index<>>();
    const auto line = [&](const code& of) { return index->line(code::layout, of.where(), 600); };
    EXPECT_EQ(line(died), 301);
    EXPECT_EQ(line(next), 7301);
    died.become(other);
    index->forget(next.where(), next.size());
    EXPECT_EQ(line(died), 301);  // as it was remembered
    index->forget(died.where(), died.size());
    EXPECT_EQ(line(died), 5301);
    EXPECT_EQ(line(next), 7301);
}
