#include "target/which_python.hpp"

#include "os/refusal.hpp"
#include "os/search_path.hpp"
#include "target/executable.hpp"

namespace fil::cli {
namespace {

interpreter usable(interpreter python) {
    const executable file = inspect_executable(python.path);
    if (file.kind == executable_kind::unusable)
        throw refusal("cannot profile with " + python.path + ": " + file.why);
    return python;
}

interpreter named(const std::string& name) {
    if (name.find('/') == std::string::npos) {
        const std::string found = find_on_path(name);
        if (found.empty()) throw refusal("there is no python '" + name + "' on PATH");
        return {found, name};
    }
    if (!is_executable(name))
        throw refusal("cannot run Python as " + name + ": it " + why_not_executable(name));
    return {name, name};
}

}  // namespace

interpreter which_python(const std::string& asked, const std::string& package) {
    if (!asked.empty()) return usable(named(asked));
    if (!package.empty()) return usable(named(package));
    for (const char* name : {"python", "python3"})
        if (const std::string found = find_on_path(name); !found.empty())
            return usable({found, name});
    throw refusal("there is no python on PATH; say which with --python");
}

}  // namespace fil::cli
