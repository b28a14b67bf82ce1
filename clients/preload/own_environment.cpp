#include "own_environment.hpp"

#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "fil_hooks.h"

namespace fil::preload {
namespace {

// As in clients/cli/start/program_environment.cpp, but for thread pools: how fast a job is that
// runs without fil-profile is not for us to choose.
constexpr const char* allocators[] = {
    "ARROW_DEFAULT_MEMORY_POOL=system",
    "MIMALLOC_ARENA_EAGER_COMMIT=0",
    "TF_ONEDNN_USE_SYSTEM_ALLOCATOR=1",
};
constexpr std::size_t most_ours = 1 + sizeof allocators / sizeof allocators[0];

constinit char session_entry[1024 + 16] = "FIL_SESSION=";

bool has_name_of(const char* entry, const char* variable) {
    const std::size_t length = static_cast<std::size_t>(std::strchr(variable, '=') + 1 - variable);
    return std::strncmp(entry, variable, length) == 0;
}

}  // namespace

void begin_environment(const char* session) {
    std::strcpy(std::strchr(session_entry, '=') + 1, session);
    std::size_t count = 0;
    while (environ[count] != nullptr) ++count;
    // For good: the C library may go on using it. Programs write into what they find there, bash
    // for one, so our texts are copied.
    const std::size_t pointers = (count + most_ours + 1) * sizeof(char*);
    auto** fresh = static_cast<char**>(fil_source_map(pointers + sizeof session_entry + 512));
    if (fresh == nullptr) return;
    char* text = reinterpret_cast<char*>(fresh) + pointers;
    const auto copied = [&](const char* entry) {
        char* const copy = text;
        text = stpcpy(text, entry) + 1;
        return copy;
    };
    char** next = fresh;
    for (std::size_t i = 0; i < count; ++i)
        if (!has_name_of(environ[i], session_entry)) *next++ = environ[i];
    *next++ = copied(session_entry);
    for (const char* ours : allocators) {
        bool is_there = false;
        for (std::size_t i = 0; i < count; ++i) is_there |= has_name_of(environ[i], ours);
        if (!is_there) *next++ = copied(ours);
    }
    *next = nullptr;
    environ = fresh;
}

void empty_variable(const char* name) {
    const std::size_t length = std::strlen(name);
    for (char** entry = environ; *entry != nullptr; ++entry)
        if (std::strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            (*entry)[length + 1] = 0;
}

}  // namespace fil::preload
