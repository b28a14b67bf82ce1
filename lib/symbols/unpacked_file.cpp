#include "symbols/unpacked_file.hpp"

#include <gelf.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "os/cold/files.hpp"

namespace fil {
namespace {

constexpr std::uint32_t zstd_type = 2;  // ELFCOMPRESS_ZSTD, where elf.h knows it
constexpr std::uint64_t largest = std::uint64_t{16} << 30;
constexpr std::uint64_t alignment = 16;

bool read_all(int file, void* to, std::size_t bytes, std::uint64_t offset) {
    const std::int64_t got = os::read_at(file, static_cast<char*>(to), bytes, offset);
    return got == static_cast<std::int64_t>(bytes);
}

bool write_all(int file, const void* from, std::size_t bytes, std::uint64_t offset) {
    return os::write_at(file, static_cast<const char*>(from), bytes, offset);
}

std::vector<Elf64_Shdr> sections_of(int file, const Elf64_Ehdr& header, std::uint64_t file_bytes) {
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return {};
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr))
        return {};
    std::vector<Elf64_Shdr> sections(1);
    if (header.e_shoff == 0 || !read_all(file, sections.data(), sizeof(Elf64_Shdr), header.e_shoff))
        return {};
    const std::uint64_t count = header.e_shnum != 0 ? header.e_shnum : sections[0].sh_size;
    if (count > file_bytes / sizeof(Elf64_Shdr)) return {};
    sections.resize(count);
    const std::size_t bytes = count * sizeof(Elf64_Shdr);
    if (!read_all(file, sections.data(), bytes, header.e_shoff)) return {};
    return sections;
}

// How it is compressed, if it is by zstd.
std::optional<Elf64_Chdr> zstd_header(int file, const Elf64_Shdr& section) {
    Elf64_Chdr header;
    if ((section.sh_flags & SHF_COMPRESSED) == 0 || section.sh_size < sizeof header) return {};
    if (!read_all(file, &header, sizeof header, section.sh_offset)) return {};
    if (header.ch_type != zstd_type || header.ch_size > largest) return {};
    return header;
}

bool copy(int from, int to, std::uint64_t bytes) {
    std::vector<char> part(1 << 20);
    for (std::uint64_t at = 0; at < bytes;) {
        const std::size_t wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), bytes - at));
        if (!read_all(from, part.data(), wanted, at) || !write_all(to, part.data(), wanted, at))
            return false;
        at += wanted;
    }
    return true;
}

// True if that is what `packed` is of. Part by part: of a damaged one `bytes` may be more than
// there is memory for.
bool unpack(const std::vector<char>& packed, int to, std::uint64_t offset, std::uint64_t bytes) {
    const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                               ZSTD_freeDStream);
    if (stream == nullptr) return false;
    std::vector<char> part(1 << 20);
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    for (std::uint64_t done = 0;;) {
        ZSTD_outBuffer out{part.data(), part.size(), 0};
        const std::size_t left = ZSTD_decompressStream(stream.get(), &out, &in);
        if (ZSTD_isError(left) || out.pos > bytes - done) return false;
        if (!write_all(to, part.data(), out.pos, offset + done)) return false;
        done += out.pos;
        const bool is_all_read = in.pos == in.size;
        if (is_all_read && left == 0) return done == bytes;
        if (is_all_read && out.pos < out.size) return false;  // its end is missing
    }
}

// What the section holds stands at `offset` of the copy from now on.
bool unpack(int file, int to, Elf64_Shdr& section, const Elf64_Chdr& header, std::uint64_t offset) {
    std::vector<char> packed(section.sh_size - sizeof header);
    if (!read_all(file, packed.data(), packed.size(), section.sh_offset + sizeof header) ||
        !unpack(packed, to, offset, header.ch_size))
        return false;
    section.sh_flags &= ~std::uint64_t{SHF_COMPRESSED};
    section.sh_offset = offset;
    section.sh_size = header.ch_size;
    section.sh_addralign = header.ch_addralign;
    return true;
}

}  // namespace

file_descriptor unpacked_file(file_descriptor file) {
    Elf64_Ehdr header;
    const int from = file.number();
    const auto facts = os::facts_of(from);
    if (!facts || !facts->is_regular || !read_all(from, &header, sizeof header, 0)) return file;
    std::vector<Elf64_Shdr> sections = sections_of(from, header, facts->bytes);
    file_descriptor unpacked(-1);
    std::uint64_t end = facts->bytes;
    for (Elf64_Shdr& section : sections) {
        const auto compressed = zstd_header(from, section);
        if (!compressed || section.sh_size > facts->bytes) continue;
        if (unpacked.number() < 0) {
            unpacked = os::make_file_in_memory();
            if (unpacked.number() < 0 || !copy(from, unpacked.number(), end)) return file;
        }
        end = (end + alignment - 1) & -alignment;
        if (unpack(from, unpacked.number(), section, *compressed, end)) end += section.sh_size;
    }
    const std::size_t bytes = sections.size() * sizeof(Elf64_Shdr);
    const bool is_whole = unpacked.number() >= 0 &&
                          write_all(unpacked.number(), sections.data(), bytes, header.e_shoff);
    return is_whole ? std::move(unpacked) : std::move(file);
}

}  // namespace fil
