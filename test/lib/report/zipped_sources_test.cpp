// Sources out of archives made byte by byte, whole and broken.

#include "report/zipped_sources.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using fil::report::frame;
using fil::report::frame_kind;

std::string number(std::size_t value, int bytes) {
    std::string text;
    for (; bytes > 0; --bytes, value >>= 8) text += static_cast<char>(value & 0xff);
    return text;
}

std::string deflated(const std::string& text) {
    std::string packed(text.size() + 64, '\0');
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

// An archive of one file.
std::string zipped(const std::string& name, const std::string& text, bool packed) {
    const std::string bytes = packed ? deflated(text) : text;
    const std::string method = number(packed ? 8 : 0, 2);
    const std::string sizes = number(bytes.size(), 4) + number(text.size(), 4);
    const std::string local = "PK\3\4" + number(20, 2) + number(0, 2) + method + number(0, 8) +
                              sizes + number(name.size(), 2) + number(0, 2) + name + bytes;
    const std::string central = "PK\1\2" + number(20, 2) + number(20, 2) + number(0, 2) + method +
                                number(0, 8) + sizes + number(name.size(), 2) + number(0, 16) +
                                name;
    return local + central + "PK\5\6" + number(0, 4) + number(1, 2) + number(1, 2) +
           number(central.size(), 4) + number(local.size(), 4) + number(0, 2);
}

class zipped_sources : public testing::Test {
  protected:
    ~zipped_sources() override { fs::remove_all(here); }

    // The text that a frame of package/module.py in this archive has; "" if none.
    std::string text_in(const std::string& archive, std::optional<std::int64_t> started = {}) {
        std::ofstream(here + "/lib.zip", std::ios::binary) << archive;
        fil::report::snapshot taken;
        frame of;
        of.file = here + "/lib.zip/package/module.py";
        of.line = 1;
        of.kind = kind;
        taken.add_frame(of);
        fil::add_zipped_sources(taken, started);
        const auto found = taken.texts().find(of.file);
        return found == taken.texts().end() ? "" : found->second;
    }

    std::string unique = "/tmp/fil-test-XXXXXX";
    std::string here = mkdtemp(unique.data());
    frame_kind kind = frame_kind::python;
    const std::string source = "x = [0] * 10\nprint('a text that is written twice, twice')\n";
    const std::string stored = zipped("package/module.py", source, false);
    const std::string packed = zipped("package/module.py", source, true);
};

TEST_F(zipped_sources, are_read_stored_and_deflated) {
    EXPECT_EQ(text_in(stored), source);
    EXPECT_EQ(text_in(packed), source);
}

TEST_F(zipped_sources, are_found_behind_other_bytes) {
    EXPECT_EQ(text_in("#!/usr/bin/env python3\n" + stored), source);
}

TEST_F(zipped_sources, of_another_name_or_kind_are_not_taken) {
    EXPECT_EQ(text_in(zipped("package/other.py", source, false)), "");
    kind = frame_kind::native;
    EXPECT_EQ(text_in(stored), "");
}

TEST_F(zipped_sources, that_were_written_after_the_start_are_not_those_that_ran) {
    EXPECT_EQ(text_in(stored, 1), "");
    EXPECT_EQ(text_in(stored, 4'000'000'000), source);
}

TEST_F(zipped_sources, of_a_broken_archive_are_none) {
    EXPECT_EQ(text_in(""), "");
    EXPECT_EQ(text_in(std::string(100'000, 'P')), "");
    constexpr std::size_t comment_length = 2;  // at the very end; nobody needs it
    for (std::size_t bytes = 0; bytes < packed.size() - comment_length; ++bytes)
        EXPECT_EQ(text_in(packed.substr(0, bytes)), "") << bytes;
}

TEST_F(zipped_sources, whose_bytes_are_changed_are_whole_or_none) {
    for (std::size_t at = 0; at < packed.size(); ++at) {
        std::string changed = packed;
        changed[at] = static_cast<char>(changed[at] ^ 0xff);
        const std::string text = text_in(changed);
        EXPECT_TRUE(text.empty() || text.size() == source.size()) << at;
    }
}

}  // namespace
