#include "jemalloc_hooks.hpp"

#include <cstdint>

#include "allocator_ground.hpp"
#include "fil_hooks.h"

namespace fil::preload {
namespace {

using word = std::uintptr_t;

// What jemalloc is handed: who hears of blocks that came, go, and changed their size in place.
struct listener {
    void (*came)(void* self, int how, void* block, word raw, word* arguments);
    void (*goes)(void* self, int how, void* block, word* arguments);
    void (*changed)(void* self, int how, void* block, std::size_t old_bytes, std::size_t bytes,
                    word raw, word* arguments);
    void* self;
};

// How a block came. Later versions have pvalloc before mallocx.
enum how : int {
    by_malloc,
    by_posix_memalign,
    by_aligned_alloc,
    by_calloc,
    by_memalign,
    by_valloc,
    by_mallocx,
    by_realloc,
    by_rallocx,
    ways
};
constexpr int changed_by_realloc = 0, changed_by_rallocx = 1;

// What is given in place of `self`.
struct jemalloc {
    bool has_later_layout;  // pvalloc stands before mallocx
};
constinit jemalloc earlier{false}, later{true};

// A large block's mapping may be one from before we listened.
constexpr std::size_t large = std::size_t{1} << 20;

std::size_t product(std::size_t count, std::size_t bytes) {
    std::size_t total = 0;
    return __builtin_mul_overflow(count, bytes, &total) ? SIZE_MAX : total;
}

std::size_t requested(const jemalloc& self, int way, const word* arguments) {
    if (self.has_later_layout && way >= by_mallocx)
        way = way == by_mallocx ? by_valloc : way - 1;  // pvalloc is a valloc
    switch (way) {
        case by_malloc:
        case by_valloc:
        case by_mallocx:
            return arguments[0];
        case by_aligned_alloc:
        case by_memalign:
        case by_realloc:
        case by_rallocx:
            return arguments[1];
        case by_posix_memalign:
            return arguments[2];
        case by_calloc:
            return product(arguments[0], arguments[1]);
        default:
            return 0;
    }
}

void record(void* block, std::size_t bytes) {
    if (bytes < large) return fil_record_alloc(block, bytes);
    fil_pool_alloc(block, bytes);
}

void came(void* from, int way, void* block, word raw, word* arguments) {
    const auto& self = *static_cast<const jemalloc*>(from);
    const std::size_t bytes = requested(self, way, arguments);
    const bool failed = way == by_posix_memalign ? raw != 0 : block == nullptr;
    if (failed) return fil_record_failed(bytes);
    record(block, bytes);
}

void goes(void*, int, void* block, word*) {
    fil_record_free(block);
}

void changed(void*, int way, void* block, std::size_t old_bytes, std::size_t bytes, word,
             word* arguments) {
    const bool is_known = way == changed_by_realloc || way == changed_by_rallocx;
    if (!is_known && bytes == old_bytes) return;  // xallocx, in vain
    fil_record_free(block);
    record(block, is_known ? arguments[1] : bytes);
}

// ---- the trial ----

constexpr std::size_t odd_bytes = 4321;
constexpr int hidden_way = 1000;

struct trial {
    const void* block = nullptr;
    int way = hidden_way;
    bool is_gone = false;
};
constinit thread_local trial* trial_of_thread = nullptr;

void came_in_trial(void*, int way, void* block, word, word* arguments) {
    if (trial_of_thread == nullptr || arguments[0] != odd_bytes) return;
    trial_of_thread->block = block;
    trial_of_thread->way = way;
}
void gone_in_trial(void*, int, void* block, word*) {
    if (trial_of_thread != nullptr && block == trial_of_thread->block)
        trial_of_thread->is_gone = true;
}
void changed_in_trial(void*, int, void*, std::size_t, std::size_t, word, word*) {}

class installed {
  public:
    installed(const jemalloc_functions& functions, listener& whom) : functions_(functions) {
        std::size_t bytes = sizeof handle_;
        worked_ = functions_.mallctl("experimental.hooks.install", &handle_, &bytes, &whom,
                                     sizeof whom) == 0;
    }
    bool worked() const { return worked_; }
    void remove() {
        functions_.mallctl("experimental.hooks.remove", nullptr, nullptr, &handle_, sizeof handle_);
    }

  private:
    const jemalloc_functions& functions_;
    void* handle_ = nullptr;
    bool worked_ = false;
};

// Takes a block, and gives it back.
const void* passing_block(const jemalloc_functions& functions, std::size_t bytes, int flags) {
    void* block = functions.mallocx(bytes, flags);
    if (block == nullptr) return nullptr;
    if (functions.dallocx != nullptr) {
        functions.dallocx(block, flags);
    } else if (functions.sdallocx != nullptr) {
        functions.sdallocx(block, bytes, flags);
    } else {
        functions.free(block);
    }
    return block;
}

// The way by which it says that a block of mallocx came; hidden_way: it does not say so.
int way_of_mallocx(const jemalloc_functions& functions) {
    trial seen;
    trial_of_thread = &seen;
    const void* block = passing_block(functions, odd_bytes, 0);
    trial_of_thread = nullptr;
    return block != nullptr && seen.block == block && seen.is_gone ? seen.way : hidden_way;
}

// It takes memory from the system, for blocks as they come and for those at round places.
void have_it_map(const jemalloc_functions& functions) {
    constexpr int at_8_mib = 23;  // MALLOCX_LG_ALIGN
    for (const int flags : {0, at_8_mib}) passing_block(functions, std::size_t{3} << 20, flags);
}

}  // namespace

const char* version_of_jemalloc(const jemalloc_functions& functions) {
    const char* version = "";
    std::size_t bytes = sizeof version;
    return functions.mallctl("version", &version, &bytes, nullptr, 0) == 0 ? version : "";
}

jemalloc_answer listen_to_jemalloc(const jemalloc_functions& functions, const range& object,
                                   std::string_view name) {
    listener trying{came_in_trial, gone_in_trial, changed_in_trial, nullptr};
    installed trial_hooks(functions, trying);
    if (!trial_hooks.worked()) return jemalloc_answer::older;
    const int way = way_of_mallocx(functions);
    trial_hooks.remove();
    const bool is_known = way == by_mallocx || way == by_mallocx + 1;
    const std::uint32_t number =
        is_known ? fil_allocator_found({name.data(), name.size()}) : 0;  // no room: as unknown
    if (number == 0) return jemalloc_answer::unknown;
    {
        const learning_ground learning(object, number);
        have_it_map(functions);
    }
    listener listening{came, goes, changed, way == by_mallocx ? &earlier : &later};
    return installed(functions, listening).worked() ? jemalloc_answer::told
                                                    : jemalloc_answer::unknown;
}

}  // namespace fil::preload
