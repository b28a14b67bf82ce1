#include "os/cold/debug_server.hpp"

#include <dlfcn.h>

#include <cstdlib>

namespace fil {
namespace {

struct debuginfod {
    void* (*begin)() = nullptr;
    int (*find)(void*, const unsigned char*, int, char**) = nullptr;
    void (*end)(void*) = nullptr;

    debuginfod() {
        void* library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);  // for good
        if (library == nullptr) return;
        take(begin, dlsym(library, "debuginfod_begin"));
        take(find, dlsym(library, "debuginfod_find_debuginfo"));
        take(end, dlsym(library, "debuginfod_end"));
    }
    bool is_there() const { return begin != nullptr && find != nullptr && end != nullptr; }

  private:
    template <typename Function>
    static void take(Function& function, void* symbol) {
        function = reinterpret_cast<Function>(symbol);
    }
};

const debuginfod& library() {
    static const debuginfod loaded;
    return loaded;
}

}  // namespace

int ask_debug_servers(const unsigned char* build_id, int length, char** found) {
    if (length <= 0 || !library().is_there()) return -1;
    void* client = library().begin();
    if (client == nullptr) return -1;
    const int descriptor = library().find(client, build_id, length, found);
    library().end(client);
    return descriptor < 0 ? -1 : descriptor;
}

std::string why_no_debug_servers() {
    const char* servers = std::getenv("DEBUGINFOD_URLS");
    if (servers == nullptr || *servers == 0) return "DEBUGINFOD_URLS names none";
    return library().is_there() ? "" : "there is no libdebuginfod.so.1";
}

}  // namespace fil
