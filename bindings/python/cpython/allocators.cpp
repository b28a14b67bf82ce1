#include "allocators.hpp"

#include <link.h>

#include <cstdint>

#include "data_stack.hpp"
#include "fil.h"
#include "last_call.hpp"

namespace fil::python {
namespace {

// What a wrapper must do around the real call.
enum class below {
    pymalloc,  // nothing: what pymalloc does for itself while it serves a request is counted too
    layers,    // hush the hooks: they would see the same request again, larger
    mimalloc,  // hush them at any size: what it maps holds the blocks (PYTHONMALLOC=mimalloc)
    noted,     // as pymalloc, but remember that we are inside (public API)
};

memory_allocator real[3];
bool placed[3];  // a wrapper was put there; it may be under another layer by now, or dropped
arena_allocator real_arena;
bool notes_small_requests = false;
void* (*raw_malloc_at_start)(void*, std::size_t) = nullptr;
thread_local bool in_small_request __attribute__((tls_model("initial-exec"))) = false;

template <below Below>
constexpr bool hushes = Below == below::layers || Below == below::mimalloc;

template <below Below>
class around_real_call {
  public:
    around_real_call() {
        if constexpr (hushes<Below>) fil_guard_raise();
        if constexpr (Below == below::noted) in_small_request = true;
    }
    ~around_real_call() {
        if constexpr (hushes<Below>) fil_guard_lower();
        if constexpr (Below == below::noted) in_small_request = false;
    }
};

// That it does not come from malloc. pymalloc hands 0 bytes to malloc, as 1. Debug layers make a
// small block of it.
template <below Below>
bool is_small(std::size_t bytes) {
    if constexpr (Below == below::mimalloc) return true;
    return Below == below::layers ? bytes <= 512 : bytes - 1 < 512;
}

// One domain's wrapper. Known (last_call.hpp) knows the callstack most of the time.
template <memory_domain Domain, below Below, typename Known = not_known>
struct wrapper {
    static void* malloc(void*, std::size_t bytes) {
        const memory_allocator& next = real[Domain];
        if (!is_small<Below>(bytes)) return given(next.malloc(next.context, bytes), bytes);
        void* block;
        {
            const around_real_call<Below> call;
            block = next.malloc(next.context, bytes);
        }
        return record(block, bytes);
    }

    static void* calloc(void*, std::size_t count, std::size_t bytes) {
        const memory_allocator& next = real[Domain];
        std::size_t total;
        if (__builtin_mul_overflow(count, bytes, &total)) total = SIZE_MAX;
        if (!is_small<Below>(total)) {
            return given(next.calloc(next.context, count, bytes), total);
        }
        void* block;
        {
            const around_real_call<Below> call;
            block = next.calloc(next.context, count, bytes);
        }
        return record(block, total);
    }

    static void* realloc(void* context, void* old, std::size_t bytes) {
        const memory_allocator& next = real[Domain];
        if (old == nullptr) return malloc(context, bytes);
        // The block may move between pymalloc and malloc. Ours is forgotten before anybody else can
        // get its address; a block of malloc's is then no news to malloc's hook.
        const fil_block forgotten = fil_block_forget(old);
        void* block;
        if (is_small<Below>(bytes)) {
            {
                const around_real_call<Below> call;
                block = next.realloc(next.context, old, bytes);
            }
            record(block, bytes);  // replaces what malloc's hook may have recorded
        } else {
            block = next.realloc(next.context, old, bytes);
        }
        if (block == nullptr) {
            fil_block_restore(old, forgotten);
            fil_record_failed(bytes);
        }
        return block;
    }

    static void free(void*, void* block) {
        const memory_allocator& next = real[Domain];
        fil_record_free(block);  // ignores NULL
        next.free(next.context, block);
    }

    static constexpr memory_allocator allocator() {
        return {nullptr, malloc, calloc, realloc, free};
    }

  private:
    // malloc's hook has told of its failures.
    static void* given(void* block, std::size_t bytes) {
        if (block == nullptr) [[unlikely]]
            fil_record_failed(bytes);
        return block;
    }

    static void* record(void* block, std::size_t bytes) {
        if constexpr (hushes<Below>) given(block, bytes);
        return Known::record(block, bytes);  // ignores NULL
    }
};

// All wrappers of a domain. Those of a version expect it to be laid out as usual.
struct version_wrapper {
    const python_layout* layout;
    memory_allocator alone, merged;  // with native frames
};
template <memory_domain Domain, typename Frames, const python_layout& Layout>
constexpr version_wrapper over_pymalloc_of = {
    &Layout,
    wrapper<Domain, below::pymalloc, known_callstack<last_call<Frames, Layout>>>::allocator(),
    wrapper<Domain, below::pymalloc, known_call<last_call<Frames, Layout>>>::allocator()};

template <memory_domain Domain>
struct wrappers {
    static constexpr memory_allocator over_pymalloc = wrapper<Domain, below::pymalloc>::allocator();
    static constexpr memory_allocator over_layers = wrapper<Domain, below::layers>::allocator();
    static constexpr memory_allocator over_mimalloc = wrapper<Domain, below::mimalloc>::allocator();
    static constexpr memory_allocator noting = wrapper<Domain, below::noted>::allocator();
    static constexpr version_wrapper of_versions[] = {
        over_pymalloc_of<Domain, frames_3_9, layout_3_9>,
        over_pymalloc_of<Domain, frames_3_9, layout_3_10>,
        over_pymalloc_of<Domain, frames_3_11, layout_3_11>,
        over_pymalloc_of<Domain, frames_3_12, layout_3_12>,
        over_pymalloc_of<Domain, frames_3_13, layout_3_13>,
    };

    static const memory_allocator& fitting(const python_runtime& runtime, below what) {
        if (what == below::layers) return over_layers;
        if (what == below::mimalloc) return over_mimalloc;
        if (notes_small_requests) return noting;
        for (const version_wrapper& version : of_versions) {
            if (runtime.reads_frames && runtime.layout == *version.layout)
                return fil_source_is_merged() ? version.merged : version.alone;
        }
        return over_pymalloc;
    }

    static bool hold(const memory_allocator& allocator) {
        bool found = false;
        for (const memory_allocator* one : {&over_pymalloc, &over_layers, &over_mimalloc, &noting})
            found |= allocator.malloc == one->malloc;
        for (const version_wrapper& version : of_versions) {
            found |= allocator.malloc == version.alone.malloc;
            found |= allocator.malloc == version.merged.malloc;
        }
        return found;
    }
};

// pymalloc's arenas: 256 KiB up to 3.9, 1 MiB since; 2 MiB in a 3.15 built for huge pages.
bool is_arena(std::size_t bytes) {
    return bytes == 256u << 10 || bytes == 1u << 20 || bytes == 2u << 20;
}

void* wrapped_arena_alloc(void*, std::size_t bytes) {
    const bool is_pymallocs = is_arena(bytes);
    if (is_pymallocs) fil_guard_raise();
    void* arena = real_arena.alloc(real_arena.context, bytes);
    if (is_pymallocs) fil_guard_lower();
    note_new_piece(arena);  // of the data stack, perhaps, which comes from here as well
    return arena;
}

void wrapped_arena_free(void*, void* arena, std::size_t bytes) {
    note_freed_piece(arena);
    if (is_arena(bytes)) fil_record_free_range(arena, bytes);
    real_arena.free(real_arena.context, arena, bytes);
}

// ---- is the wrapper in place? ----

bool is_wrapper(const memory_allocator& allocator) {
    return wrappers<domain_mem>::hold(allocator) || wrappers<domain_obj>::hold(allocator);
}

struct segment_search {
    std::uintptr_t code;
    std::uintptr_t data;
    bool found;
};

// Whether an allocator at `data` would lie in a segment of the object that holds `code`.
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

bool is_pythons(const python_symbols& symbols, std::uintptr_t where) {
    segment_search search = {reinterpret_cast<std::uintptr_t>(symbols.PyMem_SetAllocator), where,
                             false};
    dl_iterate_phdr(visit_object, &search);
    return search.found;
}

// An allocator among the interpreter's own variables, or NULL.
const memory_allocator* pythons_own(const python_symbols& symbols, const void* data) {
    const auto where = reinterpret_cast<std::uintptr_t>(data);
    const bool may_be = where % alignof(memory_allocator) == 0;
    return may_be && is_pythons(symbols, where) ? static_cast<const memory_allocator*>(data)
                                                : nullptr;
}

// A layer that is not the interpreter's: nobody knows what it calls.
bool is_foreign(const python_symbols& symbols, const memory_allocator& allocator) {
    return allocator.malloc != nullptr &&
           !is_pythons(symbols, reinterpret_cast<std::uintptr_t>(allocator.malloc));
}

// tracemalloc and the debug hooks stand on top of what was there: the context of theirs, a variable
// of the interpreter's, is that allocator, or a letter and then that allocator. A foreign layer may
// stand on a wrapper that was placed before it; another one on top would then call itself.
bool leads_to_wrapper(const python_symbols& symbols, memory_domain domain,
                      const memory_allocator* allocator, int layers = 3) {
    if (allocator == nullptr) return false;
    if (is_wrapper(*allocator)) return true;
    if (placed[domain] && is_foreign(symbols, *allocator)) return true;
    if (allocator->context == nullptr || layers == 0) return false;
    const auto* after_letter = static_cast<const char*>(allocator->context) + sizeof(void*);
    const auto leads = [&](const void* below) {
        return leads_to_wrapper(symbols, domain, pythons_own(symbols, below), layers - 1);
    };
    return leads(allocator->context) || leads(after_letter);
}

// pymalloc serves both domains by the same functions, mimalloc (3.13 and later) each by its own.
bool is_mimalloc(const python_symbols& symbols) {
    static bool known = false;  // from before one of them was wrapped
    memory_allocator of_mem, of_obj;
    symbols.PyMem_GetAllocator(domain_mem, &of_mem);
    symbols.PyMem_GetAllocator(domain_obj, &of_obj);
    const bool is_plain = of_mem.context == nullptr && of_obj.context == nullptr &&
                          !is_wrapper(of_mem) && !is_wrapper(of_obj);
    if (is_plain) {
        known = of_mem.malloc != of_obj.malloc && !is_foreign(symbols, of_mem) &&
                !is_foreign(symbols, of_obj);
    }
    return known;
}

template <memory_domain Domain>
void install(const python_runtime& runtime, below without_layers) {
    const python_symbols& symbols = runtime.symbols;
    memory_allocator now;
    symbols.PyMem_GetAllocator(Domain, &now);
    if (leads_to_wrapper(symbols, Domain, &now)) return;
    memory_allocator raw;
    symbols.PyMem_GetAllocator(domain_raw, &raw);
    if (now.malloc == raw.malloc) return;
    real[Domain] = now;
    memory_allocator ours =
        wrappers<Domain>::fitting(runtime, now.context == nullptr ? without_layers : below::layers);
    symbols.PyMem_SetAllocator(Domain, &ours);
    placed[Domain] = true;
}

// What stands on top of a wrapper calls it still: then it stays.
template <memory_domain Domain>
void remove(const python_symbols& symbols) {
    memory_allocator now;
    symbols.PyMem_GetAllocator(Domain, &now);
    if (!wrappers<Domain>::hold(now)) return;
    symbols.PyMem_SetAllocator(Domain, &real[Domain]);
    placed[Domain] = false;
}

void install_arena(const python_symbols& symbols) {
    arena_allocator now;
    symbols.PyObject_GetArenaAllocator(&now);
    if (now.alloc == wrapped_arena_alloc) return;
    // Once placed, again only where it was dropped: what else is there may stand on it.
    if (real_arena.alloc != nullptr && now.alloc != real_arena.alloc) return;
    real_arena = now;
    arena_allocator ours = {nullptr, wrapped_arena_alloc, wrapped_arena_free};
    symbols.PyObject_SetArenaAllocator(&ours);
}

}  // namespace

void prepare_allocators(const python_symbols& symbols) {
    memory_allocator raw;
    symbols.PyMem_GetAllocator(domain_raw, &raw);
    raw_malloc_at_start = raw.malloc;
}

void install_allocators(const python_runtime& runtime) {
    install_arena(runtime.symbols);
    const below what = is_mimalloc(runtime.symbols) ? below::mimalloc : below::pymalloc;
    install<domain_mem>(runtime, what);
    install<domain_obj>(runtime, what);
}

void remove_allocators(const python_runtime& runtime) {
    remove<domain_mem>(runtime.symbols);
    remove<domain_obj>(runtime.symbols);
}

// tracemalloc's context is the allocator below it; that of the debug hooks begins with a letter.
bool is_traced(const python_symbols& symbols) {
    static void* (*judged)(void*, std::size_t) = nullptr;
    static bool verdict = false;
    memory_allocator now;
    symbols.PyMem_GetAllocator(domain_obj, &now);
    if (now.malloc == judged) return verdict;
    const memory_allocator* below =
        is_wrapper(now) || now.context == nullptr ? nullptr : pythons_own(symbols, now.context);
    verdict = below != nullptr && (below->malloc == raw_malloc_at_start ||
                                   leads_to_wrapper(symbols, domain_obj, below));
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
