#include "environment.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fil::preload {
namespace {

constexpr char session_name[] = "FIL_SESSION=", preload_name[] = "LD_PRELOAD=";
constexpr std::size_t session_length = sizeof session_name - 1;
constexpr std::size_t preload_length = sizeof preload_name - 1;

// Empty: this process is not recorded, or its values were too long to keep.
constinit char session_entry[sizeof session_name + 1024] = {};
constinit char library_path[1024] = {};

bool is_separator(char c) {
    return c == ' ' || c == ':';
}

bool starts_with(const char* text, const char* start, std::size_t length) {
    return std::strncmp(text, start, length) == 0;
}

const char* last_component(const char* path, std::size_t length) {
    const char* end = path + length;
    while (end != path && end[-1] != '/') --end;
    return end;
}

// One element of LD_PRELOAD: our library under any of its names (a symlink, no directory)?
bool is_ours(const char* element, std::size_t length) {
    const char* name = last_component(element, length);
    const char* our_name = last_component(library_path, std::strlen(library_path));
    std::size_t name_length = static_cast<std::size_t>(element + length - name);
    return name_length == std::strlen(our_name) && std::memcmp(name, our_name, name_length) == 0;
}

// Calls visit(element, length) for each element of an LD_PRELOAD value.
template <typename Visit>
void for_each_element(const char* value, Visit visit) {
    while (*value != 0) {
        if (is_separator(*value)) {
            ++value;
            continue;
        }
        std::size_t length = 1;
        while (value[length] != 0 && !is_separator(value[length])) ++length;
        visit(value, length);
        value += length;
    }
}

bool names_us(const char* value) {
    bool found = false;
    for_each_element(value, [&](const char* element, std::size_t length) {
        found = found || is_ours(element, length);
    });
    return found;
}

// LD_PRELOAD with our library at the front, or without it. Returns the end of what was written.
char* write_preload(const char* value, bool with_us, char* to) {
    to = std::strcpy(to, preload_name) + preload_length;
    if (with_us) to = stpcpy(to, library_path);
    for_each_element(value, [&](const char* element, std::size_t length) {
        if (is_ours(element, length)) return;
        if (to[-1] != '=') *to++ = ':';
        to = static_cast<char*>(mempcpy(to, element, length));
    });
    *to++ = 0;
    return to;
}

struct found_entries {
    bool session = false, preload = false;
};

}  // namespace

void remember_for_children(const char* session, const char* library) {
    if (std::strlen(session) >= sizeof session_entry - session_length) return;
    if (std::strlen(library) >= sizeof library_path) return;
    std::strcpy(std::strcpy(session_entry, session_name) + session_length, session);
    std::strcpy(library_path, library);
}

void leave_children_alone(char** environment, const char* library) {
    if (std::strlen(library) >= sizeof library_path) return;
    std::strcpy(library_path, library);
    char** kept = environment;
    for (char** entry = environment; *entry != nullptr; ++entry) {
        *kept++ = *entry;
        if (!starts_with(*entry, preload_name, preload_length)) continue;
        char* to = *entry + preload_length;
        for_each_element(*entry + preload_length, [&](const char* element, std::size_t length) {
            if (is_ours(element, length)) return;
            if (to != *entry + preload_length) *to++ = ':';
            std::memmove(to, element, length);
            to += length;
        });
        *to = 0;
        if (to == *entry + preload_length) --kept;  // nothing is left of it
    }
    *kept = nullptr;
}

bool library_can_be_opened() {
    if (library_path[0] == 0) return true;  // nor will it be asked to
    const int kept = errno;
    const bool can = faccessat(AT_FDCWD, library_path, R_OK, AT_EACCESS) == 0;
    errno = kept;
    return can;
}

// fil-profile itself may be what a program runs: it makes a session of its own for what it starts.
bool will_join(target kind, char* const* environment) {
    if (kind != target::loads || session_entry[0] == 0) return false;
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        if (starts_with(*environment, session_name, session_length))
            return std::strcmp(*environment, session_entry) == 0;
    }
    return true;
}

environment_change plan_environment(char* const* environment, target kind) {
    environment_change change;
    if (session_entry[0] == 0) return change;
    found_entries found;
    bool with_us = is_told_of_us(kind);
    std::size_t longest = preload_length + std::strlen(library_path) + 2;
    for (; environment != nullptr && environment[change.entries] != nullptr; ++change.entries) {
        const char* entry = environment[change.entries];
        if (starts_with(entry, session_name, session_length)) found.session = true;
        if (!starts_with(entry, preload_name, preload_length)) continue;
        found.preload = true;
        if (names_us(entry + preload_length) != with_us) {
            change.needed = true;
            change.text_bytes += longest + std::strlen(entry);
        }
    }
    if (with_us && !found.preload) change.text_bytes += longest;
    if (with_us && !(found.session && found.preload)) change.needed = true;
    return change;
}

char** write_environment(const environment_change& change, char* const* environment, target kind,
                         void* memory) {
    char** written = static_cast<char**>(memory);
    char** next = written;
    char* text = reinterpret_cast<char*>(written + change.entries + 3);
    found_entries found;
    bool with_us = is_told_of_us(kind);
    for (std::size_t i = 0; i < change.entries; ++i) {
        char* entry = environment[i];
        if (starts_with(entry, session_name, session_length)) found.session = true;
        if (starts_with(entry, preload_name, preload_length)) {
            found.preload = true;
            if (names_us(entry + preload_length) != with_us) {
                char* end = write_preload(entry + preload_length, with_us, text);
                bool empty = text[preload_length] == 0;
                if (!empty) *next++ = text;
                text = end;
                continue;
            }
        }
        *next++ = entry;
    }
    if (with_us && !found.preload) {
        *next++ = text;
        write_preload("", true, text);
    }
    if (with_us && !found.session) *next++ = session_entry;
    *next = nullptr;
    return written;
}

}  // namespace fil::preload
