#include "process/session_files.hpp"

#include <cerrno>
#include <cstring>

#include <algorithm>

#include "fil/recording/at_peak.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "os/recording_files.hpp"
#include "os/refused_call.hpp"
#include "os/sandbox.hpp"
#include "process/session_words.hpp"

namespace fil {
namespace {

constexpr std::uint64_t first_length = 16 << 20;  // sparse: only what is used takes room
constexpr std::uint64_t most_sessions_a_second = 1000;

void add_two_digits(file_name& name, std::uint64_t number) {
    if (number < 10) name += "0";
    name += number;
}

// "2026-11-29T21-05-06Z": by hand, since the C library takes memory for it.
void add_time(file_name& name, std::int64_t seconds) {
    const std::int64_t day = seconds / 86400, second = seconds % 86400;
    // Days since 0000-03-01; eras of 400 years (Howard Hinnant, chrono-compatible low-level date
    // algorithms).
    const std::int64_t shifted = day + 719468, era = shifted / 146097, in_era = shifted % 146097;
    const std::int64_t year_of_era =
        (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    const std::int64_t in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t from_march = (5 * in_year + 2) / 153;
    const std::int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    name += static_cast<std::uint64_t>(year);
    name += "-";
    add_two_digits(name, static_cast<std::uint64_t>(month));
    name += "-";
    add_two_digits(name, static_cast<std::uint64_t>(in_year - (153 * from_march + 2) / 5 + 1));
    name += "T";
    add_two_digits(name, static_cast<std::uint64_t>(second / 3600));
    name += "-";
    add_two_digits(name, static_cast<std::uint64_t>(second / 60 % 60));
    name += "-";
    add_two_digits(name, static_cast<std::uint64_t>(second % 60));
    name += "Z";
}

// The program may change its directory: a relative name is made whole.
file_name whole_name(const char* output) {
    file_name name;
    if (output[0] != '/') {
        char directory[longest_folder];
        const std::size_t length = os::working_directory(directory, sizeof directory);
        name += std::string_view(directory, length);
        name += "/";
    }
    return name += output;
}

file_name page_name(std::string_view folder) {
    file_name name;
    return ((name += folder) += "/") += session_page_name;
}

// A mapped file of this session that another process records, or recorded, into.
class others_recording {
  public:
    explicit others_recording(const char* path) {
        const int file = os::open_file(path);
        if (file < 0) return;
        bytes_ = os::file_bytes(file);
        if (bytes_ >= recording_page) base_ = os::map_shared(file, bytes_);
        os::close_descriptor(file);
        if (base_ == nullptr || view().check() == recording_check::good) return;
        os::unmap(base_, bytes_);
        base_ = nullptr;
    }
    ~others_recording() {
        if (base_ != nullptr) os::unmap(base_, bytes_);
    }
    others_recording(const others_recording&) = delete;

    bool is_there() const { return base_ != nullptr; }
    recording_header& header() const { return *static_cast<recording_header*>(base_); }
    recording_view view() const { return {base_, bytes_}; }

    // As the supervisor has it (lib/session/session.cpp): its counters tell what it held.
    void close(session_page& page) const {
        if (header().closed.load(std::memory_order_acquire) != 0) return;
        const std::int64_t published = plausible(header().live.load());
        session_words(page, header()).close(used_now(view()) - published);
    }

  private:
    void* base_ = nullptr;
    std::uint64_t bytes_ = 0;
};

struct clearing {
    std::string_view folder;
    session_page& page;
    int looks_left = 64;
};

// Held nothing at the peak that stands: it came after it, or was gone before.
bool is_irrelevant(const recording_header& header, const session_page& page) {
    const std::int64_t closed_at = header.closed_at.load();
    return closed_at != page.peak.load() || header.joined_at == closed_at;
}

void clear_up_one(clearing& what, const char* name) {
    file_name path;
    ((path += what.folder) += "/") += name;
    const others_recording recording(path.text());
    if (!recording.is_there()) return;
    const recording_header& header = recording.header();
    if (header.closed.load(std::memory_order_acquire) == 0) {
        if (!os::is_running(header.pid)) recording.close(what.page);
        return;
    }
    if (header.pid == what.page.founder || !is_irrelevant(header, what.page)) return;
    what.page.gone.fetch_add(1);
    raise_to(what.page.gone_peak, header.peak.load());
    os::remove_file(path.text());
}

bool visit(void* context, const char* name) {
    auto& what = *static_cast<clearing*>(context);
    if (!std::string_view(name).ends_with(recording_suffix)) return true;
    clear_up_one(what, name);
    return --what.looks_left > 0;
}

void add_fact(recording_memory& memory, std::string_view key, std::string_view value) {
    memory.add_fact<linux_system>(key, value);
}

}  // namespace

bool begin_session_in_files(const char* output, std::int32_t founder, file_name& text,
                            file_name& failed) {
    file_name folder = whole_name(output);
    failed = folder;
    if (folder.is_cut() || folder.view().size() > longest_folder - 200) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (!os::make_folders(folder.text())) return false;
    folder += "/";
    const std::int64_t now = os::nanoseconds_since_1970();
    add_time(folder, now / 1'000'000'000);
    char host[65];
    os::host_name(host, sizeof host);
    ((((folder += "-") += host) += "-") += static_cast<std::uint64_t>(founder));
    file_name own = folder;
    for (std::uint64_t number = 2; !os::make_folder(own.text()); ++number) {
        if (errno != EEXIST || number > most_sessions_a_second) return false;
        own = folder;
        (own += "-") += number;
    }
    failed = own;
    const file_name page_file = page_name(own.view());
    const int file = os::make_file(page_file.text(), recording_page);
    if (file < 0) return false;
    auto* page = static_cast<session_page*>(os::map_shared(file, recording_page));
    os::close_descriptor(file);
    if (page == nullptr) return false;
    if (!os::make_room(page, recording_page, page_file.text(), 0)) return false;
    page->version = recording_version;
    page->founder = founder;
    page->magic = session_magic;
    os::unmap(page, recording_page);
    text = file_name();
    (((text += files_prefix) += os::machine_number()) += ":") += own.view();
    return !text.is_cut();
}

bool is_session_here(std::string_view text) {
    files_address address;
    if (!parse_files_address(text, address) || address.machine != os::machine_number())
        return false;
    session_page* page = map_session_page(address.folder);
    if (page == nullptr) return false;
    os::unmap(page, recording_page);
    return true;
}

session_page* map_session_page(std::string_view folder) {
    const int file = os::open_file(page_name(folder).text());
    if (file < 0) return nullptr;
    auto* page = static_cast<session_page*>(os::map_shared(file, recording_page));
    os::close_descriptor(file);
    if (page == nullptr) return nullptr;
    if (page->magic == session_magic && page->version == recording_version) return page;
    os::unmap(page, recording_page);
    return nullptr;
}

os::growing_memory recording_in_file::make(std::string_view folder, std::uint64_t reserved) {
    constexpr std::uint32_t most_images = 1 << 20;
    folder_ = folder;
    pid_ = os::process_id();
    number_ = 1;
    with_room_ = 0;
    base_ = nullptr;
    const std::uint64_t length = std::min(first_length, reserved);
    int file = os::make_file(name().text(), length);
    for (; file < 0 && errno == EEXIST && number_ < most_images;)
        ++number_, file = os::make_file(name().text(), length);
    if (file < 0) return {};
    length_.store(length);
    const os::growing_memory mapped = os::map_to_grow(file, os::first_bytes, reserved);
    os::close_descriptor(file);
    base_ = static_cast<char*>(mapped.address);
    if (base_ != nullptr && make_room(base_, recording_memory::formatted_bytes)) return mapped;
    if (base_ != nullptr) os::unmap(base_, mapped.bytes);
    base_ = nullptr;
    remove();
    return {};
}

bool recording_in_file::make_room(void* address, std::uint64_t bytes) {
    const os::keep_errno keep;
    const auto offset = static_cast<std::uint64_t>(static_cast<char*>(address) - base_);
    if (!sandbox::allows(sandbox::of_files)) return offset + bytes <= with_room_;
    std::uint64_t length = length_.load();
    if (offset + bytes > length) {
        length = std::max(2 * length, (offset + bytes + 0xffff) & ~std::uint64_t{0xffff});
        if (!os::set_length(name().text(), length)) return false;
        for (std::uint64_t known = length_.load();
             known < length && !length_.compare_exchange_weak(known, length);) {
        }
    }
    return os::make_room(address, bytes, name().text(), offset);
}

void recording_in_file::make_all_room() {
    const std::uint64_t length = length_.load();
    if (base_ != nullptr && os::make_all_room(base_, length, name().text())) with_room_ = length;
}

void recording_in_file::cut(std::uint64_t bytes) {
    if (bytes < length_.load() && os::set_length(name().text(), bytes)) length_.store(bytes);
}

void recording_in_file::remove() {
    os::remove_file(name().text());
}

void describe_process(recording_memory& memory) {
    constexpr std::size_t most = 16 << 10;
    auto* text = static_cast<char*>(system_pages::map(most));
    if (text == nullptr) return;
    const auto known = [&](long length) {
        return std::string_view(text, static_cast<std::size_t>(std::max(length, 0l)));
    };
    add_fact(memory, "command", known(os::read_file("/proc/self/cmdline", text, most)));
    add_fact(memory, "executable", known(os::read_link("/proc/self/exe", text, most)));
    add_fact(memory, "directory", {text, os::working_directory(text, most)});
    os::host_name(text, most);
    add_fact(memory, "host", text);
    file_name started;
    started += static_cast<std::uint64_t>(os::nanoseconds_since_1970() / 1'000'000'000);
    add_fact(memory, "started", started.view());
    system_pages::unmap(text, most);
}

void clear_up(std::string_view folder, session_page& page) {
    clearing what{folder, page};
    file_name name;
    name += folder;
    os::for_each_name(name.text(), visit, &what);
}

void close_dead(std::string_view folder, session_page& page, std::int32_t pid) {
    const os::keep_errno keep;
    for (std::uint32_t number = 1;; ++number) {
        const others_recording recording(recording_name(folder, pid, number).text());
        if (!recording.is_there()) return;
        recording.close(page);
    }
}

}  // namespace fil
