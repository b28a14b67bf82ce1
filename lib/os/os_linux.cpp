// Linux and glibc: the system beneath include/fil/base and lib/.

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "fil/base/spin_lock.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "os/refused_call.hpp"
#include "os/sandbox.hpp"

// System calls are made directly: the libc functions of these names may be our own hooks.
namespace {

void* raw_map(std::uintptr_t place, std::size_t bytes, int flags, int descriptor) {
    const int protection = PROT_READ | PROT_WRITE;
    // The offset is passed on the stack, where an int leaves half of the kernel's word as it was.
    const long address = syscall(SYS_mmap, place, bytes, protection, flags, descriptor, off_t{0});
    if (address == -1) fil::note_refusal(SYS_mmap);
    return address == -1 ? nullptr : reinterpret_cast<void*>(address);
}

void advise(void* address, std::size_t bytes, int advice) {
    syscall(SYS_madvise, address, bytes, advice);
}

constinit std::atomic<std::uint32_t> next_place{0};

void* map_anonymous(std::size_t bytes) {
    const fil::os::keep_errno keep;
    void* address = raw_map(0, bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    if (address == nullptr) return nullptr;
    // Sparse tables must stay sparse, and out of core dumps.
    advise(address, bytes, MADV_NOHUGEPAGE);
    advise(address, bytes, MADV_DONTDUMP);
    return address;
}

// In a sandbox, where the program's own filter may refuse these calls.
void* from_reserve(fil::page_reserve& reserve, std::size_t bytes) {
    return fil::sandbox::is_on() ? reserve.take(bytes) : nullptr;
}
bool may_map() {
    return fil::sandbox::allows(fil::sandbox::of_memory);
}

}  // namespace

namespace fil {

void* system_pages::map(std::size_t bytes) {
    if (void* kept = from_reserve(sandbox::pages, bytes)) return kept;
    return may_map() ? map_anonymous(bytes) : nullptr;
}

void system_pages::unmap(void* address, std::size_t bytes) {
    if (!sandbox::allows(sandbox::of_giving_back)) return;
    const os::keep_errno keep;
    syscall(SYS_munmap, address, bytes);
}

// Locked pages (mlockall) cannot be given back.
void system_pages::clear(void* address, std::size_t bytes) {
    const os::keep_errno keep;
    if (may_map() && syscall(SYS_madvise, address, bytes, MADV_DONTNEED) == 0) return;
    memset(address, 0, bytes);
}

void* system_pages_wiped_on_fork::map(std::size_t bytes) {
    if (void* kept = from_reserve(sandbox::pages_wiped_on_fork, bytes)) return kept;
    if (!may_map()) return nullptr;
    void* address = map_anonymous(bytes);
    const os::keep_errno keep;
    if (address != nullptr) advise(address, bytes, MADV_WIPEONFORK);
    return address;
}

bool system_pages::extend(void* end, std::size_t bytes) {
    return may_map() && os::extend(end, bytes);
}

void system_pages::forbid(void* address, std::size_t bytes) {
    if (!sandbox::allows(sandbox::of_folding)) return;
    const os::keep_errno keep;
    syscall(SYS_mprotect, address, bytes, PROT_NONE);
}

void system_pages::allow(void* address, std::size_t bytes) {
    if (!sandbox::allows(sandbox::of_folding)) return;
    const os::keep_errno keep;
    syscall(SYS_munlock, address, bytes);
    syscall(SYS_mprotect, address, bytes, PROT_READ | PROT_WRITE);
}

void system_pages_wiped_on_fork::unmap(void* address, std::size_t bytes) {
    system_pages::unmap(address, bytes);
}

void system_pages_wiped_on_fork::clear(void* address, std::size_t bytes) {
    system_pages::clear(address, bytes);
}

std::size_t system_pages::resident_bytes(std::uintptr_t start, std::size_t bytes) {
    if (!sandbox::allows(sandbox::of_residence)) return 0;
    const os::keep_errno keep;
    constexpr std::size_t page = 4096;
    unsigned char states[2048];
    std::size_t resident = 0;
    for (std::size_t done = 0; done < bytes;) {
        const std::size_t now =
            bytes - done < sizeof states * page ? bytes - done : sizeof states * page;
        done += now;
        // A part that another thread has just unmapped: no more is known of its neighbours here.
        if (syscall(SYS_mincore, start + done - now, now, states) != 0) continue;
        for (std::size_t i = 0; i < now / page; ++i) resident += (states[i] & 1u) * page;
    }
    return resident;
}

bool system_waiting::may_yield() {
    return sandbox::allows(sandbox::of_waiting);
}

void system_waiting::yield() {
    if (!may_yield()) return spin_lock::pause();
    const os::keep_errno keep;
    sched_yield();
}

system_waiting::uninterrupted::uninterrupted() : held_(sandbox::allows(sandbox::of_signal_mask)) {
    if (!held_) return;
    const os::keep_errno keep;
    const unsigned long all = ~0ul;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask_, 8);
}
system_waiting::uninterrupted::~uninterrupted() {
    if (!held_) return;
    const os::keep_errno keep;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask_, nullptr, 8);
}

}  // namespace fil

namespace fil::os {

keep_errno::keep_errno() : saved_(errno) {}
keep_errno::~keep_errno() {
    errno = saved_;
}

std::uint64_t share_of_limited_space() {
    rlimit limit{};
    const bool is_limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return is_limited ? limit.rlim_cur / share_of_address_space : ~std::uint64_t{0};
}

std::uint64_t recording_bytes() {
    constexpr std::uint64_t plenty = 16ull << 30, little = 8ull << 20;
    const std::uint64_t bytes = std::clamp(share_of_limited_space(), little, plenty);
    return bytes & ~std::uint64_t{0xffff};
}

void* map_private(std::uint64_t bytes) {
    return map_anonymous(bytes);
}

// Tried, since there are emulators that cannot (valgrind): later it would be too late for another
// place.
static bool can_grow(const growing_memory& made) {
    constexpr std::uint64_t some = 4096;
    void* const end = static_cast<std::byte*>(made.address) + made.bytes;
    const bool has_grown = extend(end, some);
    if (has_grown) unmap(end, some);
    return has_grown;
}

// In a part of the address space where the kernel puts nothing by itself, each at a place of its
// own: half way between where it puts programs (0x55...) and where libraries like their own tables.
// Where that cannot be had (a smaller address space, emulators), all of the room is taken.
growing_memory map_to_grow(int descriptor, std::uint64_t bytes, std::uint64_t room) {
    constexpr std::uintptr_t first_place = 0x4000'0000'0000;
    constexpr std::uint64_t places = 1024, longest_room = 16ull << 30;
    const int kind = descriptor >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    growing_memory made{nullptr, std::min(bytes, room)};
    for (int i = 0; i < 64 && room <= longest_room && made.address == nullptr; ++i) {
        // As random as the stack's address.
        const auto random = reinterpret_cast<std::uintptr_t>(&kind) >> 4;
        const std::uintptr_t place =
            first_place + (random + next_place.fetch_add(1)) % places * longest_room;
        made.address =
            raw_map(place, made.bytes, kind | MAP_NORESERVE | MAP_FIXED_NOREPLACE, descriptor);
        if (made.address == nullptr && errno != EEXIST) break;
        // An old kernel takes the place for a wish.
        if (made.address != nullptr && made.address != reinterpret_cast<void*>(place)) {
            unmap(made.address, made.bytes);
            made.address = nullptr;
        }
    }
    if (made.address != nullptr && made.bytes < room && !can_grow(made)) {
        unmap(made.address, made.bytes);
        made.address = nullptr;
    }
    if (made.address == nullptr) made = {raw_map(0, room, kind | MAP_NORESERVE, descriptor), room};
    if (made.address == nullptr) return made;
    if (descriptor < 0) advise(made.address, made.bytes, MADV_NOHUGEPAGE);
    advise(made.address, made.bytes, MADV_DONTDUMP);
    return made;
}

// By its last page: of one whose first part is locked, that one tells that the rest is not.
bool extend(void* end, std::uint64_t bytes) {
    const keep_errno keep;
    constexpr std::uint64_t page = 4096;
    return syscall(SYS_mremap, static_cast<std::byte*>(end) - page, page, page + bytes, 0) != -1;
}

int make_shared_file(const char* name, std::uint64_t bytes) {
    const int descriptor =
        static_cast<int>(syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (descriptor < 0) note_refusal(SYS_memfd_create);
    if (descriptor < 0) return -1;
    const bool is_long = ftruncate(descriptor, static_cast<off_t>(bytes)) == 0;
    if (!is_long) note_refusal(SYS_ftruncate);
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    const bool is_sealed = is_long && fcntl(descriptor, F_ADD_SEALS, seals) == 0;
    if (is_long && !is_sealed) note_refusal(SYS_fcntl);
    if (!is_sealed) {
        close_descriptor(descriptor);
        return -1;
    }
    return descriptor;
}

void* map_shared(int descriptor, std::uint64_t bytes) {
    void* address = raw_map(0, bytes, MAP_SHARED | MAP_NORESERVE, descriptor);
    if (address != nullptr) advise(address, bytes, MADV_DONTDUMP);
    return address;
}

// Inaccessible at first: a program that locks what it maps (MCL_FUTURE) must not get all of it.
void* map_reserve(std::uint64_t bytes, bool wiped_on_fork) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const long address = syscall(SYS_mmap, nullptr, bytes, PROT_NONE, flags, -1, off_t{0});
    if (address == -1) return nullptr;
    void* const mapped = reinterpret_cast<void*>(address);
    advise(mapped, bytes, MADV_NOHUGEPAGE);
    advise(mapped, bytes, MADV_DONTDUMP);
    if (wiped_on_fork) advise(mapped, bytes, MADV_WIPEONFORK);
    syscall(SYS_munlock, mapped, bytes);
    if (syscall(SYS_mprotect, mapped, bytes, PROT_READ | PROT_WRITE) == 0) return mapped;
    syscall(SYS_munmap, mapped, bytes);
    return nullptr;
}

void unmap(void* address, std::uint64_t bytes) {
    syscall(SYS_munmap, address, bytes);
}

void* map_wiped_page() {
    const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* address = raw_map(0, bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    // Where a forked child cannot be told from its parent, nothing is recorded.
    if (address != nullptr && syscall(SYS_madvise, address, bytes, MADV_WIPEONFORK) != 0) {
        note_refusal(SYS_madvise);
        syscall(SYS_munmap, address, bytes);
        return nullptr;
    }
    return address;
}

std::size_t read_memory(std::int32_t process, std::uintptr_t from, void* to, std::size_t bytes) {
    const iovec there{reinterpret_cast<void*>(from), bytes}, here{to, bytes};
    const long had = syscall(SYS_process_vm_readv, process, &here, 1, &there, 1, 0);
    return had < 0 ? 0 : static_cast<std::size_t>(had);
}

std::int32_t process_id() {
    return static_cast<std::int32_t>(syscall(SYS_getpid));
}
std::int32_t parent_process_id() {
    return static_cast<std::int32_t>(syscall(SYS_getppid));
}

bool is_first_thread() {
    if (!sandbox::allows(sandbox::of_identity)) return true;
    return syscall(SYS_gettid) == syscall(SYS_getpid);
}

void close_descriptor(int descriptor) {
    syscall(SYS_close, descriptor);
}

bool make_link(const char* target, const char* path) {
    return syscall(SYS_symlink, target, path) == 0;
}

std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::int64_t nanoseconds_since_1970() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::size_t working_directory(char* buffer, std::size_t capacity) {
    if (!sandbox::allows(sandbox::of_directory)) return 0;
    const keep_errno keep;
    const long length = syscall(SYS_getcwd, buffer, capacity);  // counts the final zero
    return length > 1 ? static_cast<std::size_t>(length - 1) : 0;
}

}  // namespace fil::os
