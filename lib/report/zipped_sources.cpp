#include "report/zipped_sources.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "fil/report/paths.hpp"
#include "os/cold/files.hpp"

namespace fil {
namespace {

constexpr std::uint64_t longest_text = 32 << 20, longest_directory = 64 << 20;
constexpr std::uint64_t longest_of_all = 64 << 20;

// Little-endian numbers at a place of some bytes; 0 beyond their end.
std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    if (at > bytes.size() || size > bytes.size() - at) return 0;
    while (size-- > 0) value = value << 8 | static_cast<unsigned char>(bytes[at + size]);
    return value;
}

std::string inflated(const std::string& packed, std::uint32_t bytes) {
    std::string text(bytes, '\0');
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return {};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = bytes;
    const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0;
    inflateEnd(&stream);
    return whole ? text : std::string();
}

class archive {
  public:
    explicit archive(const std::string& path) : file_(os::open_to_read(path)) {
        const auto about = os::facts_of(file_.number());
        if (about && about->is_regular) read_directory(about->bytes);
    }

    std::string text_of(const std::string& name) const {
        const auto found = entries_.find(name);
        if (found == entries_.end()) return {};
        const auto& [packed, whole, offset, is_deflated] = found->second;
        if (whole > longest_text || packed > longest_text || packed == 0) return {};
        // The entry's own header says how long it is; the rest of it is in the directory too.
        const std::string header = read(offset, 30);
        if (!header.starts_with("PK\3\4")) return {};
        const std::string bytes =
            read(offset + 30 + number(header, 26, 2) + number(header, 28, 2), packed);
        if (bytes.size() != packed) return {};
        return is_deflated ? inflated(bytes, whole) : bytes;
    }

  private:
    struct entry {
        std::uint32_t packed, whole;
        std::uint64_t offset;
        bool is_deflated;
    };

    void read_directory(std::uint64_t size) {
        constexpr std::uint64_t end_bytes = 22, longest_comment = 0xffff;
        const std::uint64_t tail = std::min(size, end_bytes + longest_comment);
        const std::string last = read(size - tail, tail);
        const std::size_t end = last.rfind("PK\5\6");
        if (end == last.npos) return;
        const std::uint32_t bytes = number(last, end + 12, 4);
        const std::uint64_t said = number(last, end + 16, 4), at = size - tail + end;
        // Other bytes may stand before the archive: all offsets count from its own beginning.
        if (bytes > longest_directory || said + bytes > at) return;
        const std::uint64_t beginning = at - bytes - said;
        const std::string directory = read(at - bytes, bytes);
        for (std::size_t from = 0; directory.compare(from, 4, "PK\1\2") == 0;) {
            const std::uint32_t name = number(directory, from + 28, 2);
            const std::uint32_t method = number(directory, from + 10, 2);
            if (directory.size() - from < 46 + std::size_t{name}) return;
            if (method == 0 || method == Z_DEFLATED) {
                entries_[directory.substr(from + 46, name)] = {
                    number(directory, from + 20, 4), number(directory, from + 24, 4),
                    beginning + number(directory, from + 42, 4), method == Z_DEFLATED};
            }
            from += 46 + name + number(directory, from + 30, 2) + number(directory, from + 32, 2);
            if (from >= directory.size()) return;
        }
    }

    std::string read(std::uint64_t offset, std::size_t bytes) const {
        std::string text(bytes, '\0');
        const auto got = os::read_at(file_.number(), text.data(), bytes, offset);
        text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return text;
    }

    file_descriptor file_;
    std::map<std::string, entry> entries_;
};

// "/x/lib.zip" of "/x/lib.zip/package/module.py": what of it is a file and no directory. Empty if
// there is none, or the whole is one.
std::string archive_in(const std::string& path, std::optional<std::int64_t> started) {
    for (std::size_t end = path.rfind('/'); end != path.npos && end > 0;
         end = path.rfind('/', end - 1)) {
        const std::string parent = path.substr(0, end);
        const auto about = os::facts_of(parent);
        if (!about) continue;
        const bool is_it = about->is_regular && !(started && about->modified > *started);
        return is_it ? parent : std::string();
    }
    return {};
}

}  // namespace

void add_zipped_sources(report::snapshot& taken, std::optional<std::int64_t> started) {
    std::map<std::string, archive> archives;
    std::set<std::string_view> seen;
    std::uint64_t left = longest_of_all;
    for (const report::frame& frame : taken.frames()) {
        const bool has_file = frame.kind != report::frame_kind::native &&
                              !report::is_pseudo_file(frame.file) && frame.line != 0;
        if (!has_file || taken.texts().contains(frame.file)) continue;
        if (!seen.insert(frame.file).second) continue;
        const std::string path = report::source_path(frame);
        const std::string parent = archive_in(path, started);
        if (parent.empty()) continue;
        const archive& from = archives.try_emplace(parent, parent).first->second;
        std::string text = from.text_of(path.substr(parent.size() + 1));
        if (text.empty() || text.size() > left) continue;
        left -= text.size();
        taken.add_text(frame.file, std::move(text));
    }
}

}  // namespace fil
