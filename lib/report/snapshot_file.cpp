#include "report/snapshot_file.hpp"

#include <zstd.h>

#include <cstring>
#include <new>

#include "fil/base/hash.hpp"
#include "report/content.hpp"
#include "report/snapshot_content.hpp"

namespace fil {
namespace {

constexpr int level = 3;

struct file_header {
    char magic[8];
    std::uint32_t version;
    std::uint32_t reserved;  // 0
    std::uint64_t packed_bytes;
    std::uint64_t content_bytes;
    std::uint64_t checksum;  // of the packed bytes, seeded by that of what stands before this
};
static_assert(sizeof(file_header) == 40);

std::uint64_t checksum_of(const file_header& header, std::string_view packed) {
    return hash_bytes(packed.data(), packed.size(),
                      hash_bytes(&header, offsetof(file_header, checksum)));
}

[[noreturn]] void refuse(snapshot_problem what, const std::string& why) {
    throw unreadable_snapshot(what, why);
}

[[noreturn]] void refuse_as_damaged() {
    refuse(snapshot_problem::damaged, "it is damaged");
}

std::string unpacked(std::string_view packed, std::uint64_t bytes) {
    std::string content(bytes, '\0');
    const std::size_t got =
        ZSTD_decompress(content.data(), content.size(), packed.data(), packed.size());
    if (ZSTD_isError(got) || got != bytes) refuse_as_damaged();
    return content;
}

}  // namespace

bool is_snapshot_file(std::string_view bytes) {
    return bytes.starts_with(snapshot_magic);
}

std::optional<std::string> snapshot_file(const report::session_snapshot& from) {
    const std::string content = content_of(from);
    if (content.size() > longest_content) return {};
    std::string file(sizeof(file_header) + ZSTD_compressBound(content.size()), '\0');
    const std::size_t packed =
        ZSTD_compress(file.data() + sizeof(file_header), file.size() - sizeof(file_header),
                      content.data(), content.size(), level);
    if (ZSTD_isError(packed)) throw std::bad_alloc();
    file.resize(sizeof(file_header) + packed);
    file_header header{{}, snapshot_version, 0, packed, content.size(), 0};
    snapshot_magic.copy(header.magic, sizeof header.magic);
    header.checksum = checksum_of(header, std::string_view(file).substr(sizeof header));
    std::memcpy(file.data(), &header, sizeof header);
    return file;
}

report::session_snapshot read_snapshot_file(std::string_view bytes) {
    if (!is_snapshot_file(bytes)) refuse(snapshot_problem::not_one, "it is no snapshot file");
    const auto refuse_as_cut = [&](std::uint64_t whole) {
        refuse(snapshot_problem::truncated, "it is cut short: " + std::to_string(bytes.size()) +
                                                " of " + std::to_string(whole) +
                                                " bytes are there");
    };
    file_header header{};
    std::memcpy(&header, bytes.data(), std::min(bytes.size(), sizeof header));
    if (bytes.size() >= offsetof(file_header, reserved) && header.version != snapshot_version)
        refuse(snapshot_problem::other_version,
               "it is of version " + std::to_string(header.version) + ", and only version " +
                   std::to_string(snapshot_version) + " can be read");
    if (bytes.size() < sizeof header) refuse_as_cut(sizeof header);
    const std::string_view packed = bytes.substr(sizeof header);
    if (packed.size() < header.packed_bytes) refuse_as_cut(sizeof header + header.packed_bytes);
    if (packed.size() > header.packed_bytes || header.reserved != 0 ||
        header.content_bytes > longest_content || header.checksum != checksum_of(header, packed))
        refuse_as_damaged();
    try {
        return snapshot_of_content(unpacked(packed, header.content_bytes));
    } catch (const damaged_content&) {
        refuse_as_damaged();
    }
}

}  // namespace fil
