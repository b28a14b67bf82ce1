#pragma once
// Native code addresses as (function, offset): which module is it, and where in it.
//
// A module (the program, a shared library) is interned as one function: its file, and its build id
// as the name. Offsets are addresses as the module's file counts them, so that names can be found
// later, elsewhere, by whoever has a file with that build id.
//
// The table holds the modules met so far, found under a spin lock; an unknown address asks the
// loader, without the lock. After dlclose forget_unloaded() empties the table and `generation`
// rises, which tells the sources' caches per thread. Where nobody calls it (a program that links
// libfil and unloads a library) another library at the same addresses may take the old one's name.
//
// Hot path (uncommon part): no malloc, no throw.

#include <atomic>
#include <boost/intrusive/avl_set.hpp>
#include <cstdint>
#include <limits>
#include <new>
#include <string_view>

#include "fil/base/arena.hpp"
#include "fil/base/ids.hpp"
#include "fil/base/spin_lock.hpp"
#include "fil/base/system.hpp"
#include "fil/capture/function_table.hpp"
#include "fil/capture/module_finder.hpp"

namespace fil {

struct code_location {
    function_id function;  // none: no room to intern it
    std::uint32_t offset;  // 0 where no module is known
};
struct located_code {
    code_location at;
    unwind_tables tables;  // of the module that it is in
};

template <module_finder Finder, system_below System>
class modules {
  public:
    explicit modules(function_table<System>& functions) : functions_(functions) {}
    modules(const modules&) = delete;
    modules& operator=(const modules&) = delete;

    code_location locate(std::uintptr_t pc) { return find(pc).at; }

    located_code find(std::uintptr_t pc) {
        {
            const locked<System> hold(lock_);
            auto after = set_.upper_bound(pc);
            if (after != set_.begin() && pc < (--after)->end) {
                return {{after->function, offset_in(after->bias, pc)}, after->tables};
            }
        }
        request ask{this, pc, generation(), {}};
        Finder::find(pc, &answer, &ask);
        return ask.found;
    }

    // Looks at all modules that are loaded, for later, when the system may not be asked.
    void know_all() {
        Finder::for_each(
            [](void* self, std::uintptr_t code) { static_cast<modules*>(self)->locate(code); },
            this);
    }

    // After dlclose: what is known may be gone, and something else may come in its place.
    void forget_unloaded() {
        const locked<System> hold(lock_);
        set_.clear_and_dispose([this](entry* m) {
            m->next_free = free_;
            free_ = m;
        });
        generation_.fetch_add(1, std::memory_order_release);
    }

    // Locations, and whatever was made of them, hold while this number stays the same. Never 0.
    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  private:
    struct entry : boost::intrusive::avl_set_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::normal_link>> {
        std::uintptr_t begin;
        std::uintptr_t end;
        std::uintptr_t bias;
        unwind_tables tables;
        function_id function;
        entry* next_free;
    };
    struct begin_of_entry {
        using type = std::uintptr_t;
        type operator()(const entry& m) const { return m.begin; }
    };
    using entry_set =
        boost::intrusive::avl_set<entry, boost::intrusive::key_of_value<begin_of_entry>>;

    struct request {
        modules* table;
        std::uintptr_t pc;
        std::uint64_t generation;
        located_code found;
    };

    static std::uint32_t offset_in(std::uintptr_t bias, std::uintptr_t pc) {
        const bool fits = pc - bias <= std::numeric_limits<std::uint32_t>::max();
        return fits ? static_cast<std::uint32_t>(pc - bias) : 0;
    }

    static void answer(void* context, const loaded_module* found) {
        auto& ask = *static_cast<request*>(context);
        ask.found = ask.table->add(ask, found);
    }

    located_code add(const request& ask, const loaded_module* found) {
        static constexpr loaded_module no_module{0, 0, 0, false, "[unknown code]", {}};
        const loaded_module& m = found != nullptr ? *found : no_module;
        const function_id function =
            functions_.intern({function_kind::native_module, m.build_id, m.file, {}, 0});
        if (found == nullptr) return {{function, 0}, {}};
        if (function == function_id::none) return {{function, 0}, m.tables};
        const locked<System> hold(lock_);
        if (ask.generation == generation() && set_.find(m.begin) == set_.end()) {
            if (entry* fresh = new_node()) {
                fresh->begin = m.begin;
                fresh->end = m.end;
                fresh->bias = m.bias;
                fresh->tables = m.tables;
                fresh->function = function;
                set_.insert(*fresh);
            }
        }
        return {{function, offset_in(m.bias, ask.pc)}, m.tables};
    }

    entry* new_node() {
        entry* node = free_;
        if (node != nullptr) {
            free_ = node->next_free;
            return node;
        }
        void* room = arena_.take(sizeof(entry));
        return room == nullptr ? nullptr : ::new (room) entry;
    }

    function_table<System>& functions_;
    spin_lock lock_;
    entry_set set_;
    arena<System> arena_;
    entry* free_ = nullptr;
    std::atomic<std::uint64_t> generation_{1};
};

}  // namespace fil
