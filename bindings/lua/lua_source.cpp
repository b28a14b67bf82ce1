// Lua's row of the table of runtimes: programs in Lua, and those that embed it, are counted by
// line.
//
// The structs that are read are those of one version (lua_structs.hpp). Of any other, and where
// there is no Lua, nothing is registered.
#include <atomic>
#include <cstring>

#include "fil.h"
#include "loaded_objects.hpp"
#include "lua_walk.hpp"
#include "runtime_entry.hpp"
#include "short_text.hpp"

namespace fil::lua {
namespace {

using source_kit::find_in_program;

constinit definition_names the_names{};
constinit std::atomic<bool> is_busy{false};  // somebody looks
constinit bool is_found = false;             // under is_busy, as the next
constinit unsigned long long loads_seen = 0;
constinit const std::uint64_t* the_generation = nullptr;

// fil_source::capture. Hot path: no allocation, no throw.
fil_callstack capture_lua(void*, void* memory) {
    return capture(the_names, *the_generation, memory);
}

// "$LuaVersion: Lua 5.4.4  Copyright ..." -> "Lua 5.4.4".
fil_text version_in(const char* ident) {
    const char* const start = std::strstr(ident, "Lua 5.");
    if (start == nullptr) return {"Lua", 3};
    return {start, 4 + std::strcspn(start + 4, " ")};
}

void attach(fil_text version) {
    source_kit::short_text line;
    line << version;
    line.describe("runtime");
    if (version.length != 9 || std::memcmp(version.data, "Lua 5.4.4", 9) != 0) {
        line << " is not a version whose frames can be read: its callstacks are those of its C "
                "functions";
        line.describe("note");
        return;
    }
    the_generation = fil_generation_address();
    fil_source source = FIL_SOURCE_INIT;
    source.thread_bytes = sizeof(thread_walk);
    source.capture = capture_lua;
    source.flags = FIL_SOURCE_MEMORY_PASSED_ON;
    fil_source_register(&source, nullptr);
}

void look() {
    if (is_busy.exchange(true, std::memory_order_acquire)) return;
    const unsigned long long loads = source_kit::objects_ever_loaded();
    if (!is_found && loads != loads_seen) {
        loads_seen = loads;
        const char* ident = nullptr;
        source_kit::visit_loaded_objects([&ident](const source_kit::elf_symbols& object) {
            if (object.find("lua_newstate") != nullptr) {
                source_kit::take_symbol(ident, object, "lua_ident");
            }
            return ident != nullptr;
        });
        if (ident == nullptr) ident = find_in_program("$LuaVersion: Lua 5.", 19, 1u << 20);
        is_found = ident != nullptr;
        if (is_found) attach(version_in(ident));
    }
    is_busy.store(false, std::memory_order_release);
}

}  // namespace
}  // namespace fil::lua

namespace fil {

extern const runtime_entry fil_runtime_lua;
constinit const runtime_entry fil_runtime_lua = {nullptr, lua::look, lua::look, false};

}  // namespace fil
