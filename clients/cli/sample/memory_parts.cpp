#include "sample/memory_parts.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

#include "os/small_file.hpp"

namespace fil::cli {
namespace {

constexpr std::uint64_t largest_guard = 64 << 10;
constexpr std::uint64_t heap_of_malloc = 64 << 20;  // each begins at a multiple of that

struct kernel_mapping {
    std::uint64_t low = 0, high = 0;
    std::string access, name, flags;
    std::int64_t resident = 0, proportional = 0, anonymous = 0;

    bool is_writable() const { return access.size() > 1 && access[1] == 'w'; }
    bool is_hidden() const { return access.starts_with("---"); }
    bool is_shared() const { return access.size() > 3 && access[3] == 's'; }
    bool is_of_file() const { return name.starts_with('/'); }
};

void add(std::vector<memory_part>& all, const memory_part& one) {
    if (one.bytes == 0 && one.live == 0) return;
    const auto same = std::ranges::find_if(all, [&](const memory_part& other) {
        return other.kind == one.kind && other.name == one.name;
    });
    if (same == all.end()) {
        all.push_back(one);
    } else {
        same->bytes += one.bytes;
        same->live += one.live;
    }
}

// What we map is left out of core files (MADV_DONTDUMP), so that a crash is the program's alone;
// the kernel's own pages have that mark, too, and are never resident.
bool is_ours(const kernel_mapping& one) {
    return one.name.starts_with("/memfd:fil-") || one.name.ends_with("/libfil_preload.so") ||
           (one.flags + ' ').find(" dd ") != std::string::npos;
}

bool is_memory(std::string_view file) {
    return file.starts_with("/dev/shm/") || file.starts_with("/memfd:") ||
           file.starts_with("/SYSV") || file.starts_with("/dev/zero");
}

// Without a name: what stands before it tells what it is.
fil_resident_kind kind_of_nameless(const kernel_mapping& one, const kernel_mapping& before) {
    const bool touches = before.high == one.low;
    const bool has_guard =
        touches && before.is_hidden() && before.high - before.low <= largest_guard;
    if (one.is_shared()) return FIL_RESIDENT_SHARED;
    if (has_guard && one.low % heap_of_malloc != 0) return FIL_RESIDENT_STACKS;
    if (touches && before.is_of_file() && before.is_writable()) return FIL_RESIDENT_DATA;
    return FIL_RESIDENT_PROGRAM;
}

class reading {
  public:
    explicit reading(shared_pages how) : how_(how) {}

    std::vector<memory_part> all(std::istream& smaps) {
        for (std::string line; std::getline(smaps, line);) take(line);
        finish();
        return std::move(all_);
    }

  private:
    void take(const std::string& line) {
        unsigned long long low = 0, high = 0;
        long long kilobytes = 0;
        int name_at = 0;
        char access[8] = "";
        if (std::sscanf(line.c_str(), "%llx-%llx %7s %*s %*s %*s %n", &low, &high, access,
                        &name_at) >= 3) {
            finish();
            now_ = {.low = low, .high = high, .access = access, .name = {}, .flags = {}};
            if (name_at > 0) now_.name = line.substr(static_cast<std::size_t>(name_at));
            constexpr std::string_view gone = " (deleted)";
            if (now_.name.ends_with(gone)) now_.name.resize(now_.name.size() - gone.size());
        } else if (line.starts_with("VmFlags:")) {
            now_.flags = line.substr(8);
        } else if (std::sscanf(line.c_str(), "Rss: %lld", &kilobytes) == 1) {
            now_.resident = kilobytes * 1024;
        } else if (std::sscanf(line.c_str(), "Pss: %lld", &kilobytes) == 1) {
            now_.proportional = kilobytes * 1024;
        } else if (std::sscanf(line.c_str(), "Anonymous: %lld", &kilobytes) == 1) {
            now_.anonymous = kilobytes * 1024;
        }
    }

    void finish() {
        if (now_.high == 0) return;
        const bool in_parts = how_ == shared_pages::in_parts;
        const std::int64_t bytes = in_parts ? now_.proportional : now_.resident;
        const auto is = [&](fil_resident_kind kind, std::int64_t size) {
            add(all_, {kind, {}, size, 0});
        };
        if (is_ours(now_)) {
            is(FIL_RESIDENT_PROFILER, bytes);
        } else if (now_.is_of_file() && now_.is_shared() && is_memory(now_.name)) {
            is(FIL_RESIDENT_SHARED, bytes);
        } else if (now_.is_of_file()) {
            const std::int64_t own = std::min(now_.anonymous, bytes);
            is(FIL_RESIDENT_DATA, own);
            is(FIL_RESIDENT_FILES, bytes - own);
        } else if (now_.name.starts_with("[stack")) {
            is(FIL_RESIDENT_STACKS, bytes);
        } else if (now_.name.empty()) {
            // What follows the variables of our own library are more of them.
            const bool is_our_data = before_.high == now_.low && is_ours(before_) &&
                                     before_.is_of_file() && before_.is_writable() &&
                                     !before_.is_shared();
            is(is_our_data ? FIL_RESIDENT_PROFILER : kind_of_nameless(now_, before_), bytes);
        } else {
            const bool is_memory = now_.name == "[heap]" || now_.name.starts_with("[anon");
            is(is_memory ? FIL_RESIDENT_PROGRAM : FIL_RESIDENT_FILES, bytes);
        }
        before_ = std::exchange(now_, {});
    }

    shared_pages how_;
    kernel_mapping before_, now_;
    std::vector<memory_part> all_;
};

// As far as it can be read: a process that ends takes it along.
std::string whole_file(const std::string& path) {
    std::ifstream file(path);
    std::string text;
    for (std::string line; std::getline(file, line);) text += line + '\n';
    return text;
}

std::vector<fil_ground> grounds_of(const fil_session* session, pid_t pid) {
    std::vector<fil_ground> grounds(512);
    std::size_t count = grounds.size();
    if (fil_session_allocators(session, pid, grounds.data(), &count, sizeof grounds.front()) !=
        FIL_OK)
        count = 0;
    grounds.resize(count);
    return grounds;
}

}  // namespace

std::vector<memory_part> parts_of_smaps(const std::string& smaps,
                                        std::span<const fil_ground> grounds, shared_pages how,
                                        const counter_of_pages& present) {
    std::istringstream text(smaps);
    std::vector<memory_part> all = reading(how).all(text);
    if (grounds.empty()) return all;
    std::vector<address_range> ranges;
    for (const fil_ground& one : grounds) ranges.push_back({one.address, one.bytes});
    std::istringstream again(smaps);
    const std::vector<std::uint64_t> resident = resident_in(again, ranges, present);
    const auto program = std::ranges::find(all, FIL_RESIDENT_PROGRAM, &memory_part::kind);
    std::int64_t left = program == all.end() ? 0 : program->bytes;
    std::vector<memory_part> found;
    for (std::size_t i = 0; i < grounds.size(); ++i) {
        const std::int64_t bytes = std::min(static_cast<std::int64_t>(resident[i]), left);
        const bool is_first = i == 0 || std::string_view(grounds[i - 1].allocator) !=
                                            std::string_view(grounds[i].allocator);
        add(found,
            {FIL_RESIDENT_GROUND, grounds[i].allocator, bytes, is_first ? grounds[i].live : 0});
        left -= bytes;
    }
    if (program != all.end()) program->bytes = left;
    all.insert(all.end(), found.begin(), found.end());
    return all;
}

void add_parts_of_process(std::vector<memory_part>& all, const fil_session* session, pid_t pid,
                          shared_pages how) {
    const std::vector<fil_ground> grounds = grounds_of(session, pid);
    const auto present = [&](address_range range) {
        return count_bytes(pid, range, pages_with::memory);
    };
    const std::string smaps = whole_file(file_of_process(pid, "smaps"));
    for (const memory_part& one : parts_of_smaps(smaps, grounds, how, present)) add(all, one);
}

std::int64_t sum_of(std::span<const memory_part> parts) {
    std::int64_t sum = 0;
    for (const memory_part& one : parts) sum += one.bytes;
    return sum;
}

}  // namespace fil::cli
