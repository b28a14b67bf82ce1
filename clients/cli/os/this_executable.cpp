#include "os/this_executable.hpp"

#include <dlfcn.h>
#include <sys/auxv.h>

namespace fil::cli {

std::vector<std::filesystem::path> places_of_this_executable() {
    std::vector<std::filesystem::path> found;
    Dl_info ours{};
    if (::dladdr(reinterpret_cast<const void*>(&places_of_this_executable), &ours) == 0)
        ours.dli_fname = "";
    const auto* started = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
    for (const char* name : {"/proc/self/exe", started, ours.dli_fname}) {
        std::error_code error;
        const auto path = std::filesystem::canonical(name != nullptr ? name : "", error);
        if (!error) found.push_back(path);
    }
    return found;
}

}  // namespace fil::cli
