#include "allocators_inside.hpp"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string_view>
#include <type_traits>

#include "address_range.hpp"
#include "allocator_ground.hpp"
#include "elf_symbols.hpp"
#include "fil_hooks.h"
#include "jemalloc_hooks.hpp"
#include "loaded_objects.hpp"
#include "other_allocator.hpp"
#include "process_flag.hpp"
#include "real.hpp"
#include "symbol_file.hpp"

namespace fil::preload {
namespace {

constexpr std::size_t most_objects = 2048, most_candidates = 16;

// One that may have an allocator inside.
struct candidate {
    char path[1024];
    std::uintptr_t base;
    const ElfW(Phdr) * headers;
    int count;
    bool may_have_jemalloc, may_have_mimalloc;
    bool stands_before_us;  // it has the program's malloc
};

constinit std::atomic<bool> are_wanted = false;
constinit std::atomic<unsigned long long> loads_seen = 0;

// To ask the loader takes a lock, which a forked child would wait for in vain if another thread had
// it. So only dlsym soon after a dlopen asks: of the thread that opened, and some of others'.
constexpr int asks_after_open = 16;
constinit std::atomic<int> asks_left = 0, opened_in = 0;  // the latter: a process
constinit thread_local bool has_opened = false;

// What is to be done, by one thread at a time.
enum task : unsigned { forget_closed = 1, look_at_new = 2 };
constinit std::atomic<unsigned> tasks = 0;
constinit process_flag is_busy;

// Of who is at it.
constinit range looked_at[most_objects] = {};
constinit bool is_there[most_objects] = {};
constinit std::size_t objects = 0;
constinit candidate candidates[most_candidates] = {};
constinit std::size_t found = 0;

// Its place in `looked_at`, or `objects`.
std::size_t place_of(const range& object) {
    std::size_t i = 0;
    while (i < objects && looked_at[i].start != object.start) ++i;
    return i;
}

// An allocator maps memory, and gives parts of it back.
bool may_have_an_allocator(const source_kit::elf_symbols& object) {
    return object.imports("madvise") && object.imports("munmap");
}

// From 3.13 on it has a mimalloc, for builds without the lock of the interpreter. Others take it
// where PYTHONMALLOC says so, and then each block is seen (bindings/python/cpython/allocators.cpp).
bool is_python_without_mimalloc(const source_kit::elf_symbols& object) {
    return object.find("Py_GetVersion") != nullptr &&
           object.find("_Py_MergeZeroLocalRefcount") == nullptr;
}

int collect(dl_phdr_info* object, std::size_t, void*) {
    const range loaded = range_of(object->dlpi_addr, object->dlpi_phdr, object->dlpi_phnum);
    if (place_of(loaded) != objects) return 0;
    if (objects == most_objects || found == most_candidates) return 1;
    looked_at[objects++] = loaded;
    const void* somewhere = reinterpret_cast<const void*>(loaded.start);
    const bool is_counted_at_malloc = is_other_allocator(somewhere);
    const std::size_t length = std::strlen(object->dlpi_name);
    if (is_counted_at_malloc || length >= sizeof candidates[0].path) return 0;
    const source_kit::elf_symbols symbols(*object);
    const bool stands_before_us = is_earlier_allocator(somewhere);
    if (!stands_before_us && !may_have_an_allocator(symbols)) return 0;
    candidate& one = candidates[found++];
    std::memcpy(one.path, object->dlpi_name, length + 1);
    one.base = object->dlpi_addr;
    one.headers = object->dlpi_phdr;
    one.count = object->dlpi_phnum;
    one.may_have_jemalloc = symbols.imports("pthread_mutex_trylock");  // it only tries some locks
    one.may_have_mimalloc = !is_python_without_mimalloc(symbols);
    one.stands_before_us = stands_before_us;
    return 0;
}

// An object that stays while this does; or none, where it has been closed since. Waits until it is
// whole: another thread may still be loading what it has listed.
class pinned_object {
  public:
    explicit pinned_object(const candidate& one) {
        if (*one.path == 0) {
            is_there_ = true;  // the program
            return;
        }
        handle_ = real.dlopen(one.path, RTLD_LAZY | RTLD_NOLOAD);
        is_there_ = handle_ != nullptr && static_cast<link_map*>(handle_)->l_addr == one.base;
    }
    pinned_object(const pinned_object&) = delete;
    ~pinned_object() {
        if (handle_ == nullptr) return;
        real.dlclose(handle_);  // the last, perhaps
        fil_modules_unloaded();
        tasks.fetch_or(forget_closed);
    }
    bool is_there() const { return is_there_; }

  private:
    void* handle_ = nullptr;
    bool is_there_ = false;
};

std::string_view name_of_object(const char* path) {
    const char* slash = std::strrchr(path, '/');
    return *path == 0 ? "the program" : slash != nullptr ? slash + 1 : path;
}

// "libarrow.so.26: jemalloc 5.3.0".
void describe(std::string_view key, const char* path, std::string_view what) {
    char text[256];
    const std::string_view object = name_of_object(path);
    const std::string_view parts[] = {object.substr(0, 120), ": ", what.substr(0, 120)};
    std::size_t length = 0;
    for (const std::string_view part : parts) {
        std::memcpy(text + length, part.data(), part.size());
        length += part.size();
    }
    fil_recorder_describe({key.data(), key.size()}, {text, length});
}

constexpr std::string_view told_key = "blocks seen", untold_key = "blocks unseen",
                           idle_key = "blocks unseen, if any";

range object_of(const candidate& one) {
    return range_of(one.base, one.headers, one.count);
}

void tell_what_it_maps(const candidate& one) {
    const std::string_view name = name_of_object(one.path);
    note_untold_allocator(object_of(one), fil_allocator_untold({name.data(), name.size()}));
}

// It is named, and what its object maps is told.
void describe_untold(const candidate& one, std::string_view what,
                     std::string_view key = untold_key) {
    describe(key, one.path, what);
    tell_what_it_maps(one);
}

void describe_jemalloc(const candidate& one, bool is_told, const char* version) {
    char text[64] = "jemalloc ";
    const std::string_view whole(version);
    const std::string_view number = whole.substr(0, whole.find('-')).substr(0, 40);
    const bool is_known = !number.starts_with("0.0");
    if (is_known) std::memcpy(text + 9, number.data(), number.size());
    const std::string_view what(text, is_known ? 9 + number.size() : 8);
    if (is_told)
        describe(told_key, one.path, what);
    else
        describe_untold(one, what);
}

jemalloc_functions functions_of(const symbol_file& file, std::string_view prefix) {
    jemalloc_functions functions;
    file.each_beginning_with(prefix, [&](const char* name, void* address) {
        const auto take = [&](const char* wanted, auto& function) {
            if (std::strcmp(name, wanted) == 0)
                function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(address);
        };
        take("mallctl", functions.mallctl);
        take("mallocx", functions.mallocx);
        take("dallocx", functions.dallocx);
        take("sdallocx", functions.sdallocx);
        take("free", functions.free);
    });
    return functions;
}

// Arrow has several, and takes that one unless it is told otherwise.
bool arrow_takes_mimalloc() {
    const char* pool = std::getenv("ARROW_DEFAULT_MEMORY_POOL");
    return pool == nullptr || std::strcmp(pool, "mimalloc") == 0;
}

// Nothing can be asked of a mimalloc. Of arrow's pools the program may take another than the usual.
void name_mimalloc(const candidate& one) {
    const bool is_idle =
        name_of_object(one.path).starts_with("libarrow") && !arrow_takes_mimalloc();
    describe_untold(one, "mimalloc", is_idle ? idle_key : untold_key);
}

void look_at_jemalloc(const candidate& one, const jemalloc_functions& functions) {
    const bool is_complete = functions.mallocx != nullptr &&
                             (functions.dallocx != nullptr || functions.sdallocx != nullptr ||
                              functions.free != nullptr);
    const bool is_told =
        is_complete && listen_to_jemalloc(functions, object_of(one), name_of_object(one.path)) ==
                           jemalloc_answer::told;
    describe_jemalloc(one, is_told, version_of_jemalloc(functions));
}

// Whether there was one.
bool look_at_jemallocs(const candidate& one, const symbol_file& file) {
    if (!one.may_have_jemalloc || !file.has_text("<jemalloc>: ")) return false;
    std::uintptr_t known[4] = {};  // an object may have several, and each of them several names
    std::size_t count = 0;
    file.each_prefix("mallctlnametomib", [&](const char* prefix) {
        const jemalloc_functions functions = functions_of(file, prefix);
        const auto at = reinterpret_cast<std::uintptr_t>(functions.mallctl);
        if (at == 0 || count == std::size(known)) return;
        if (std::find(known, known + count, at) != known + count) return;
        known[count++] = at;
        look_at_jemalloc(one, functions);
    });
    if (count == 0) describe_untold(one, "jemalloc");
    return true;
}

// Each complains in its own name, so that stands among the constants. Names of functions are looked
// for then: of a large library they are far more, and nobody else may have read them from the disk.
// Of others, of which the report may know the name, what they map is told.
void look_into(const candidate& one) {
    const symbol_file file(one.path, one.base, one.headers, one.count);
    if (!file.is_readable()) return;
    const bool has_mimalloc = one.may_have_mimalloc && file.has_text("mimalloc: ");
    if (has_mimalloc) name_mimalloc(one);
    const bool has_jemalloc = look_at_jemallocs(one, file);
    if (one.stands_before_us && !has_mimalloc && !has_jemalloc) tell_what_it_maps(one);
}

void look_at_new_objects() {
    do {
        found = 0;
        dl_iterate_phdr(collect, nullptr);
        for (std::size_t i = 0; i < found; ++i) {
            const pinned_object object(candidates[i]);
            if (object.is_there()) look_into(candidates[i]);
        }
    } while (found == most_candidates);
}

void forget_closed_objects() {
    std::memset(is_there, 0, objects * sizeof is_there[0]);
    dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void*) {
            const std::size_t place =
                place_of(range_of(object->dlpi_addr, object->dlpi_phdr, object->dlpi_phnum));
            if (place != objects) is_there[place] = true;
            return 0;
        },
        nullptr);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < objects; ++i) {
        if (is_there[i])
            looked_at[kept++] = looked_at[i];
        else
            forget_ground_of(looked_at[i]);
    }
    objects = kept;
}

// Who comes while another thread is at it leaves it to that one: the other may wait for the
// loader's lock, which this one may have.
void have_done(task fresh) {
    tasks.fetch_or(fresh);
    while (tasks.load() != 0 && is_busy.try_take()) {
        const int kept = errno;
        const unsigned now = tasks.exchange(0);
        if ((now & forget_closed) != 0) forget_closed_objects();
        if ((now & look_at_new) != 0) look_at_new_objects();
        errno = kept;
        is_busy.give_back();
    }
}

}  // namespace

void want_allocators() {
    are_wanted = true;
}

void notice_allocators_soon() {
    if (fil_sandbox_allows(FIL_CALLS_ALL) == 0) return;  // getpid, too, may kill
    has_opened = true;
    opened_in = getpid();
    asks_left = asks_after_open;
}

void notice_opened_allocators() {
    if (!has_opened && asks_left.load(std::memory_order_relaxed) <= 0) [[likely]]
        return;
    has_opened = false;
    if (fil_sandbox_allows(FIL_CALLS_ALL) == 0) return;
    asks_left.fetch_sub(1, std::memory_order_relaxed);
    if (opened_in.load() == getpid()) notice_allocators();
}

void notice_allocators() {
    if (!are_wanted || fil_sandbox_allows(FIL_CALLS_ALL) == 0) return;
    const unsigned long long loads = source_kit::objects_ever_loaded();
    if (loads_seen.exchange(loads) != loads) have_done(look_at_new);
}

void forget_unloaded_allocators() {
    if (are_wanted && fil_sandbox_allows(FIL_CALLS_ALL) != 0) have_done(forget_closed);
}

}  // namespace fil::preload
