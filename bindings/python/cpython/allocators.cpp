#include "allocators.hpp"

#include <link.h>

#include <cstdint>

#include "fil.h"

namespace fil::python {
namespace {

/* What a wrapper must do around the real call. */
enum class below {
    pymalloc, /* nothing: what pymalloc does for itself while it serves a request is counted too */
    layers,   /* hush the hooks: they would see the same request again, larger */
    noted,    /* as pymalloc, but remember that we are inside (public API) */
};

memory_allocator real[3];
arena_allocator real_arena;
bool notes_small_requests = false;
void* (*raw_malloc_at_start)(void*, std::size_t) = nullptr;
thread_local bool in_small_request __attribute__((tls_model("initial-exec"))) = false;

template <below Below>
class around_real_call {
  public:
    around_real_call() {
        if constexpr (Below == below::layers) fil_guard_raise();
        if constexpr (Below == below::noted) in_small_request = true;
    }
    ~around_real_call() {
        if constexpr (Below == below::layers) fil_guard_lower();
        if constexpr (Below == below::noted) in_small_request = false;
    }
};

/* pymalloc hands 0 bytes to malloc, as 1. Debug layers make a small block of it. */
template <below Below>
bool is_small(std::size_t bytes) {
    return Below == below::layers ? bytes <= 512 : bytes - 1 < 512;
}

template <below Below>
void* small_malloc(const memory_allocator& next, std::size_t bytes) {
    void* block;
    {
        const around_real_call<Below> call;
        block = next.malloc(next.context, bytes);
    }
    fil_record_alloc(block, bytes); /* ignores NULL */
    return block;
}

template <below Below>
void* wrapped_malloc(void* context, std::size_t bytes) {
    const auto& next = *static_cast<const memory_allocator*>(context);
    if (!is_small<Below>(bytes)) return next.malloc(next.context, bytes);
    return small_malloc<Below>(next, bytes);
}

template <below Below>
void* wrapped_calloc(void* context, std::size_t count, std::size_t bytes) {
    const auto& next = *static_cast<const memory_allocator*>(context);
    std::size_t total;
    if (__builtin_mul_overflow(count, bytes, &total) || !is_small<Below>(total)) {
        return next.calloc(next.context, count, bytes);
    }
    void* block;
    {
        const around_real_call<Below> call;
        block = next.calloc(next.context, count, bytes);
    }
    fil_record_alloc(block, total);
    return block;
}

template <below Below>
void* wrapped_realloc(void* context, void* old, std::size_t bytes) {
    const auto& next = *static_cast<const memory_allocator*>(context);
    if (old == nullptr) return wrapped_malloc<Below>(context, bytes);
    /* The block may move between pymalloc and malloc. Ours is forgotten before anybody else can get
     * its address; a block of malloc's is then no news to malloc's hook. */
    const fil_block forgotten = fil_block_forget(old);
    void* block;
    if (is_small<Below>(bytes)) {
        {
            const around_real_call<Below> call;
            block = next.realloc(next.context, old, bytes);
        }
        fil_record_alloc(block, bytes); /* replaces what malloc's hook may have recorded */
    } else {
        block = next.realloc(next.context, old, bytes);
    }
    if (block == nullptr) {
        fil_block_restore(old, forgotten);
        fil_record_failed(bytes);
    }
    return block;
}

template <below Below>
void wrapped_free(void* context, void* block) {
    const auto& next = *static_cast<const memory_allocator*>(context);
    if (block != nullptr) fil_record_free(block);
    next.free(next.context, block);
}

template <below Below>
memory_allocator wrapper(memory_domain domain) {
    return {&real[domain], wrapped_malloc<Below>, wrapped_calloc<Below>, wrapped_realloc<Below>,
            wrapped_free<Below>};
}

/* pymalloc's arenas: 256 KiB up to 3.9, 1 MiB since; 2 MiB in a 3.15 built for huge pages. */
bool is_arena(std::size_t bytes) {
    return bytes == 256u << 10 || bytes == 1u << 20 || bytes == 2u << 20;
}

void* wrapped_arena_alloc(void*, std::size_t bytes) {
    if (!is_arena(bytes)) return real_arena.alloc(real_arena.context, bytes);
    fil_guard_raise();
    void* arena = real_arena.alloc(real_arena.context, bytes);
    fil_guard_lower();
    return arena;
}

void wrapped_arena_free(void*, void* arena, std::size_t bytes) {
    if (is_arena(bytes)) fil_record_free_range(arena, bytes);
    real_arena.free(real_arena.context, arena, bytes);
}

/* ---- is the wrapper in place? ---- */

bool is_wrapper(const memory_allocator& allocator) {
    return allocator.malloc == wrapped_malloc<below::pymalloc> ||
           allocator.malloc == wrapped_malloc<below::layers> ||
           allocator.malloc == wrapped_malloc<below::noted>;
}

struct segment_search {
    std::uintptr_t code;
    std::uintptr_t data;
    bool found;
};

/* Whether an allocator at `data` would lie in a segment of the object that holds `code`. */
int visit_object(dl_phdr_info* object, std::size_t, void* context) {
    auto& search = *static_cast<segment_search*>(context);
    bool has_code = false;
    bool has_data = false;
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || segment.p_memsz < sizeof(memory_allocator)) continue;
        const std::uintptr_t start = object->dlpi_addr + segment.p_vaddr;
        has_code |= search.code - start < segment.p_memsz;
        has_data |= search.data - start <= segment.p_memsz - sizeof(memory_allocator);
    }
    search.found = has_code && has_data;
    return has_code ? 1 : 0;
}

/* An allocator among the interpreter's own variables, or NULL. */
const memory_allocator* pythons_own(const python_symbols& symbols, const void* data) {
    segment_search search = {reinterpret_cast<std::uintptr_t>(symbols.PyMem_SetAllocator),
                             reinterpret_cast<std::uintptr_t>(data), false};
    if (search.data % alignof(memory_allocator) != 0) return nullptr;
    dl_iterate_phdr(visit_object, &search);
    return search.found ? static_cast<const memory_allocator*>(data) : nullptr;
}

/* tracemalloc and the debug hooks stand on top of what was there: the context of theirs, a variable
 * of the interpreter's, is that allocator, or a letter and then that allocator. */
bool leads_to_wrapper(const python_symbols& symbols, const memory_allocator* allocator,
                      int layers = 3) {
    if (allocator == nullptr) return false;
    if (is_wrapper(*allocator)) return true;
    if (allocator->context == nullptr || layers == 0) return false;
    const auto* after_letter = static_cast<const char*>(allocator->context) + sizeof(void*);
    return leads_to_wrapper(symbols, pythons_own(symbols, allocator->context), layers - 1) ||
           leads_to_wrapper(symbols, pythons_own(symbols, after_letter), layers - 1);
}

void install(const python_symbols& symbols, memory_domain domain) {
    memory_allocator now;
    symbols.PyMem_GetAllocator(domain, &now);
    if (leads_to_wrapper(symbols, &now)) return;
    memory_allocator raw;
    symbols.PyMem_GetAllocator(domain_raw, &raw);
    if (now.malloc == raw.malloc) return;
    real[domain] = now;
    const bool is_pymalloc = now.context == nullptr;
    memory_allocator ours = !is_pymalloc           ? wrapper<below::layers>(domain)
                            : notes_small_requests ? wrapper<below::noted>(domain)
                                                   : wrapper<below::pymalloc>(domain);
    symbols.PyMem_SetAllocator(domain, &ours);
}

void install_arena(const python_symbols& symbols) {
    arena_allocator now;
    symbols.PyObject_GetArenaAllocator(&now);
    if (now.alloc == wrapped_arena_alloc) return;
    real_arena = now;
    arena_allocator ours = {nullptr, wrapped_arena_alloc, wrapped_arena_free};
    symbols.PyObject_SetArenaAllocator(&ours);
}

}  // namespace

void install_allocators(const python_symbols& symbols) {
    if (raw_malloc_at_start == nullptr) {
        memory_allocator raw;
        symbols.PyMem_GetAllocator(domain_raw, &raw);
        raw_malloc_at_start = raw.malloc;
    }
    install_arena(symbols);
    install(symbols, domain_mem);
    install(symbols, domain_obj);
}

/* tracemalloc's context is the allocator below it; that of the debug hooks begins with a letter. */
bool is_traced(const python_symbols& symbols) {
    static void* (*judged)(void*, std::size_t) = nullptr;
    static bool verdict = false;
    memory_allocator now;
    symbols.PyMem_GetAllocator(domain_obj, &now);
    if (now.malloc == judged) return verdict;
    const memory_allocator* below =
        is_wrapper(now) || now.context == nullptr ? nullptr : pythons_own(symbols, now.context);
    verdict = below != nullptr &&
              (below->malloc == raw_malloc_at_start || leads_to_wrapper(symbols, below));
    judged = now.malloc;
    return verdict;
}

bool inside_small_request() {
    return in_small_request;
}
void note_small_requests() {
    notes_small_requests = true;
}

}  // namespace fil::python
