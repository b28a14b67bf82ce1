#include "symbols/debug_file.hpp"

#include <elfutils/libdwelf.h>
#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <vector>

#include "os/cold/debug_server.hpp"
#include "os/cold/files.hpp"
#include "symbols/unpacked_file.hpp"

namespace fil {
namespace {

std::string hexadecimal(const unsigned char* bytes, std::size_t count) {
    std::string digits;
    for (std::size_t i = 0; i < count; ++i) {
        digits += "0123456789abcdef"[bytes[i] >> 4];
        digits += "0123456789abcdef"[bytes[i] & 15];
    }
    return digits;
}

std::string build_id_of_file(int descriptor) {
    std::string digits;
    if (Elf* elf = elf_begin(descriptor, ELF_C_READ_MMAP, nullptr)) {
        const void* bytes = nullptr;
        const ssize_t length = dwelf_elf_gnu_build_id(elf, &bytes);
        if (length > 0) {
            digits = hexadecimal(static_cast<const unsigned char*>(bytes),
                                 static_cast<std::size_t>(length));
        }
        elf_end(elf);
    }
    return digits;
}

bool has_checksum(int descriptor, GElf_Word wanted) {
    std::vector<char> part(1 << 20);
    uLong sum = crc32(0, nullptr, 0);
    for (std::uint64_t at = 0;;) {
        const std::int64_t got = os::read_at(descriptor, part.data(), part.size(), at);
        if (got < 0) return false;
        if (got == 0) return sum == wanted;
        sum = crc32(sum, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(got));
        at += static_cast<std::uint64_t>(got);
    }
}

// libdwfl's own way to find debug information may ask a server; this is the rest of it.
int open_by_link(Dwfl_Module* module, const char* file, const char* link, GElf_Word checksum,
                 char** found, std::string& unfit) {
    if (file == nullptr || link == nullptr) return -1;
    const std::string wanted = build_id_of(module);
    std::error_code error;
    const std::filesystem::path directory = std::filesystem::absolute(file, error).parent_path();
    for (const std::filesystem::path& candidate :
         {directory / link, directory / ".debug" / link,
          std::filesystem::path("/usr/lib/debug") / directory.relative_path() / link}) {
        // A link that leads to the file itself was left by a copy.
        if (std::filesystem::equivalent(candidate, file, error)) continue;
        file_descriptor opened = os::open_to_read(candidate.string());
        if (opened.number() < 0) continue;
        const std::string id = build_id_of_file(opened.number());
        const bool is_right =
            wanted.empty() || id.empty() ? has_checksum(opened.number(), checksum) : id == wanted;
        if (!is_right) {
            unfit = candidate;
            continue;
        }
        unfit.clear();
        *found = strdup(candidate.c_str());
        return opened.release();
    }
    return -1;
}

}  // namespace

std::string build_id_of(Dwfl_Module* module) {
    const unsigned char* bytes = nullptr;
    GElf_Addr where = 0;
    const int length = dwfl_module_build_id(module, &bytes, &where);
    return length > 0 ? hexadecimal(bytes, static_cast<std::size_t>(length)) : "";
}

int find_debug_file(Dwfl_Module* module, void** data, const char* name, Dwarf_Addr base,
                    const char* file, const char* link, GElf_Word checksum, char** found) {
    int descriptor =
        dwfl_build_id_find_debuginfo(module, data, name, base, file, link, checksum, found);
    auto& search = *static_cast<debug_file_search*>(*data);
    if (descriptor < 0)
        descriptor = open_by_link(module, file, link, checksum, found, search.unfit);
    if (descriptor < 0 && search.asks_servers) {
        const unsigned char* bytes = nullptr;
        GElf_Addr where = 0;
        const int length = dwfl_module_build_id(module, &bytes, &where);
        descriptor = ask_debug_servers(bytes, length, found);
        if (descriptor >= 0) search.unfit.clear();
    }
    if (descriptor < 0) return -1;
    file_descriptor whole = unpacked_file(file_descriptor(descriptor));
    os::allow_for_mapping(whole.number());
    return whole.release();
}

}  // namespace fil
