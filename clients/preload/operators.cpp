#include "operators.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "asked_as.hpp"
#include "elf_symbols.hpp"
#include "fil_hooks.h"
#include "next_definition.hpp"
#include "real.hpp"

namespace fil::preload {
namespace {

enum place : std::size_t {
#define FIL_OPERATOR(kind, name) at_##name,
#include "operators.def"
#undef FIL_OPERATOR
    places
};

// Any of them: what it takes is in these registers, and what it gives in the usual one.
using word = std::uintptr_t;
using any_operator = word (*)(word first, word second, word third);

constinit any_operator next_operators[places] = {};

// Of one that throws, the next form that does not, where it is the other allocator's too.
constinit any_operator quiet_operators[places] = {};
using get_new_handler = std::new_handler (*)();
constinit get_new_handler next_get_new_handler = nullptr;
// Throws what a failed `new` throws; only where it is of the same C++ library as the handler.
using throw_bad_alloc = void (*)();
constinit throw_bad_alloc next_throw_bad_alloc = nullptr;
constexpr char nothrow_tag = 0;

constexpr place quiet_form_of(place throwing) {
    switch (throwing) {
        case at__Znwm:
            return at__ZnwmRKSt9nothrow_t;
        case at__Znam:
            return at__ZnamRKSt9nothrow_t;
        case at__ZnwmSt11align_val_t:
            return at__ZnwmSt11align_val_tRKSt9nothrow_t;
        case at__ZnamSt11align_val_t:
            return at__ZnamSt11align_val_tRKSt9nothrow_t;
        default:
            return places;
    }
}

constexpr bool takes_alignment(place one) {
    return one == at__ZnwmSt11align_val_t || one == at__ZnamSt11align_val_t;
}

// Those that do not throw as well.
constexpr bool is_aligned(place one) {
    return takes_alignment(one) || one == at__ZnwmSt11align_val_tRKSt9nothrow_t ||
           one == at__ZnamSt11align_val_tRKSt9nothrow_t;
}

// A program with a new handler sees to want of memory by itself.
bool has_new_handler() {
    return next_get_new_handler != nullptr && next_get_new_handler() != nullptr;
}

// Of one that throws: a failure is told before anything is thrown, since nobody may catch it.
template <place Place>
word block_of(word bytes, word second, word third) {
    if (const any_operator quiet = quiet_operators[Place]; quiet != nullptr && !has_new_handler()) {
        const auto tag = reinterpret_cast<word>(&nothrow_tag);
        const word block =
            takes_alignment(Place) ? quiet(bytes, second, tag) : quiet(bytes, tag, third);
        if (block != 0) return block;
        fil_record_failed(bytes);
        // The real one would be asked a second time, and say a second time that it failed.
        if (next_throw_bad_alloc != nullptr) next_throw_bad_alloc();
    }
    return next_operators[Place](bytes, second, third);
}

// Should the real one call a malloc that is hooked, the block is recorded once more, in place of
// itself. No guard is raised meanwhile: the real one may throw through this frame.
template <place Place>
word counted_new(word bytes, word second, word third) {
    const word block = block_of<Place>(bytes, second, third);
    if (block != 0) {
        const asked_as as(FIL_REQUEST_PLAIN, is_aligned(Place) ? second : 0);
        fil_record_alloc(reinterpret_cast<void*>(block), bytes);
    } else {  // of one that does not throw
        fil_record_failed(bytes);
    }
    return block;
}

template <place Place>
word counted_delete(word block, word second, word third) {
    fil_record_free(reinterpret_cast<void*>(block));
    return next_operators[Place](block, second, third);
}

// Where there is no next one. Ours is out of sight then, but for whom knew it before.
word missing_new(word bytes, word, word) {
    return reinterpret_cast<word>(malloc(bytes));
}
word missing_delete(word block, word, word) {
    free(reinterpret_cast<void*>(block));
    return 0;
}

struct named_operator {
    const char* name;
    any_operator counted, missing;
};
constinit const named_operator operators[places] = {
#define FIL_OPERATOR(kind, name) {#name, counted_##kind<at_##name>, missing_##kind},
#include "operators.def"
#undef FIL_OPERATOR
};

// Our table of names, opened for writing. It lies in pages of its own, without code
// (-z separate-code).
class writable_names {
  public:
    writable_names() : names_(our_object()->l_addr, our_object()->l_ld) {
        word end = 0;
        for (const named_operator& one : operators) {
            const word at = reinterpret_cast<word>(names_.entry(one.name));
            if (at == 0) continue;
            begin_ = std::min(begin_, at);
            end = std::max(end, at + sizeof(ElfW(Sym)));
        }
        if (end == 0) return;
        begin_ &= -static_cast<word>(getpagesize());
        bytes_ = end - begin_;
        is_open_ = protect_(begin_, bytes_, PROT_READ | PROT_WRITE) == 0;
    }
    ~writable_names() {
        if (is_open_) protect_(begin_, bytes_, PROT_READ);
    }
    writable_names(const writable_names&) = delete;

    // At 0 the loader finds nothing.
    void take_out_of_sight(const char* name) {
        auto* symbol = is_open_ ? const_cast<ElfW(Sym)*>(names_.entry(name)) : nullptr;
        if (symbol != nullptr) __atomic_store_n(&symbol->st_value, 0, __ATOMIC_RELAXED);
    }

  private:
    using protect_call = int (*)(word begin, word bytes, int access);
    // Not by way of a hook: the table of real functions is not filled yet.
    const protect_call protect_ =
        reinterpret_cast<protect_call>(next_definition("mprotect").address);
    source_kit::elf_symbols names_;
    word begin_ = UINTPTR_MAX, bytes_ = 0;
    bool is_open_ = false;
};

void take_missing_ones_out_of_sight() {
    static constinit std::atomic<bool> done{false};
    bool all_are_there = true;
    for (any_operator next : next_operators) all_are_there = all_are_there && next != nullptr;
    if (all_are_there || done.exchange(true)) return;
    writable_names ours;
    for (std::size_t i = 0; i < places; ++i) {
        if (next_operators[i] == nullptr) ours.take_out_of_sight(operators[i].name);
    }
}

extern "C" [[gnu::visibility("hidden")]] any_operator fil_preload_operators[places];

extern "C" [[gnu::visibility("hidden")]] void fil_preload_find_operators() {
    find_and_decide();
}

}  // namespace

void find_operators(const link_map* other_allocator) {
    const definition handler = next_definition("_ZSt15get_new_handlerv"),
                     thrower = next_definition("_ZSt17__throw_bad_allocv");
    next_get_new_handler = reinterpret_cast<get_new_handler>(handler.address);
    if (thrower.object == handler.object)
        next_throw_bad_alloc = reinterpret_cast<throw_bad_alloc>(thrower.address);
    for (std::size_t i = 0; i < places; ++i) {
        const definition next = next_definition(operators[i].name);
        any_operator leads_to = reinterpret_cast<any_operator>(next.address);
        next_operators[i] = leads_to;
        if (const place quiet = quiet_form_of(static_cast<place>(i)); quiet != places) {
            const definition form = next_definition(operators[quiet].name);
            if (form.object == other_allocator)
                quiet_operators[i] = reinterpret_cast<any_operator>(form.address);
        }
        if (leads_to == nullptr) {
            leads_to = operators[i].missing;
        } else if (next.object == other_allocator) {
            leads_to = operators[i].counted;
        }
        __atomic_store_n(&fil_preload_operators[i], leads_to, __ATOMIC_RELEASE);
    }
    take_missing_ones_out_of_sight();
}

}  // namespace fil::preload
