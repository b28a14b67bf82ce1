// Sections that are compressed by zstd, in files made byte by byte, whole and damaged.

#include "symbols/unpacked_file.hpp"

#include <gtest/gtest.h>
#include <libelf.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

#include <fstream>
#include <memory>
#include <string>

#include "checking_child.hpp"
#include "elf_text.hpp"
#include "os/cold/files.hpp"
#include "scratch_folder.hpp"

namespace fil {
namespace {

std::string packed(const std::string& text, std::uint64_t said_bytes) {
    std::string compressed(ZSTD_compressBound(text.size()), '\0');
    compressed.resize(
        ZSTD_compress(compressed.data(), compressed.size(), text.data(), text.size(), 3));
    Elf64_Chdr header{};
    header.ch_type = 2;  // ELFCOMPRESS_ZSTD
    header.ch_size = said_bytes;
    header.ch_addralign = 8;
    return test::bytes_of(header) + compressed;
}

// What libelf finds in a section; "none".
std::string content_of(int file, const std::string& wanted) {
    elf_version(EV_CURRENT);
    const std::unique_ptr<Elf, int (*)(Elf*)> elf(elf_begin(file, ELF_C_READ, nullptr), elf_end);
    std::size_t names = 0;
    if (elf == nullptr || elf_getshdrstrndx(elf.get(), &names) != 0) return "none";
    for (Elf_Scn* at = nullptr; (at = elf_nextscn(elf.get(), at)) != nullptr;) {
        const Elf64_Shdr* header = elf64_getshdr(at);
        if (elf_strptr(elf.get(), names, header->sh_name) != wanted) continue;
        const Elf_Data* data = elf_rawdata(at, nullptr);
        if ((header->sh_flags & SHF_COMPRESSED) != 0) return "packed";
        return data->d_buf == nullptr
                   ? ""
                   : std::string(static_cast<const char*>(data->d_buf), data->d_size);
    }
    return "none";
}

// As long as it lives, this process takes no more memory for itself than so much more.
struct limited_memory {
    explicit limited_memory(std::uint64_t more) {
        std::ifstream status("/proc/self/status");
        for (std::string word; status >> word && word != "VmData:";) {
        }
        std::uint64_t kib = 0;
        HOLDS(100, status >> kib && getrlimit(RLIMIT_DATA, &before) == 0);
        const rlimit limit{kib * 1024 + more, before.rlim_max};
        HOLDS(101, setrlimit(RLIMIT_DATA, &limit) == 0);
    }
    ~limited_memory() { setrlimit(RLIMIT_DATA, &before); }

    rlimit before{};
};

struct unpacked : testing::Test {
    // True if it is another one than was given.
    bool is_copied(const std::string& text) {
        file_descriptor file = os::open_to_read(folder.write("file", text));
        const int number = file.number();
        got = unpacked_file(std::move(file));
        return got.number() != number;
    }

    const test::scratch_folder folder;
    const std::string text = std::string(2'000'000, 'x') + "the end";
    const std::string whole =
        test::elf_text({{".debug_info", packed(text, text.size()), SHF_COMPRESSED},
                        {".text", "code"},
                        {".debug_str", packed("names", 5), SHF_COMPRESSED}});
    file_descriptor got;
};

TEST_F(unpacked, sections_are_as_they_were_before_and_others_as_they_are) {
    EXPECT_TRUE(is_copied(whole));
    EXPECT_EQ(content_of(got.number(), ".debug_info"), text);
    EXPECT_EQ(content_of(got.number(), ".debug_str"), "names");
    EXPECT_EQ(content_of(got.number(), ".text"), "code");
    EXPECT_EQ(test::text_of(folder / "file"), whole);
}

TEST_F(unpacked, a_file_without_such_sections_is_itself) {
    EXPECT_FALSE(is_copied(test::elf_text({{".text", "code"}})));
    EXPECT_EQ(content_of(got.number(), ".text"), "code");
    EXPECT_FALSE(is_copied("no ELF file, and longer than the header of one would have to be"));
    EXPECT_FALSE(is_copied(""));
    Elf64_Chdr zlib{};
    zlib.ch_type = ELFCOMPRESS_ZLIB;
    EXPECT_FALSE(
        is_copied(test::elf_text({{".debug_info", test::bytes_of(zlib), SHF_COMPRESSED}})));
    EXPECT_EQ(unpacked_file(file_descriptor()).number(), -1);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const file_descriptor writing(ends[1]);
    EXPECT_EQ(unpacked_file(file_descriptor(ends[0])).number(), ends[0]);
}

TEST_F(unpacked, what_cannot_be_unpacked_stays_packed) {
    for (const std::uint64_t said : {0ull, 4ull, 6ull, 1ull << 20, 1ull << 33, 1ull << 60}) {
        is_copied(test::elf_text(
            {{".debug_info", packed("names", said), SHF_COMPRESSED}, {".text", "code"}}));
        EXPECT_EQ(content_of(got.number(), ".debug_info"), "packed") << said;
        EXPECT_EQ(content_of(got.number(), ".text"), "code");
    }
    EXPECT_FALSE(is_copied(test::elf_text({{".debug_info", "short", SHF_COMPRESSED}})));
}

TEST_F(unpacked, what_is_larger_than_memory_is_unpacked_too) {
    for (const std::uint64_t bytes : {64u << 20, (64u << 20) - 1}) {
        const std::string much(bytes, 'x');
        const std::string file =
            test::elf_text({{".debug_info", packed(much, bytes), SHF_COMPRESSED}});
        EXPECT_EQ(status_of_child([&] {
                      {
                          const limited_memory half(bytes / 2);
                          HOLDS(1, is_copied(file));
                      }
                      HOLDS(2, content_of(got.number(), ".debug_info") == much);
                  }),
                  0);
    }
}

TEST_F(unpacked, a_damaged_file_is_itself_or_a_copy_and_ends_nothing) {
    for (std::size_t bytes = 0; bytes < whole.size(); bytes += 3) {
        is_copied(whole.substr(0, bytes));
        EXPECT_GE(got.number(), 0);
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string changed = whole;
        changed[at] = static_cast<char>(~changed[at]);
        is_copied(changed);
        EXPECT_GE(got.number(), 0);
    }
}

}  // namespace
}  // namespace fil
