#include "target/executable.hpp"

#include "../../preload/loadable.hpp"
#include "os/regular_file.hpp"
#include "os/small_file.hpp"

namespace fil::cli {
std::string head_of_file(const std::string& path) {
    std::string head(4096, '\0');
    head.resize(read_at(open_regular_file(path), 0, head.data(), head.size()));
    return head;
}

executable inspect_executable(const std::string& path) {
    const descriptor file = open_regular_file(path);
    const auto status = status_of(file);
    if (!status) return {};
    const auto read = [&](std::size_t offset, void* to, std::size_t bytes) {
        return read_at(file, offset, to, bytes);
    };
    const loadable found = judge(read, *status, file.get(), path.c_str());
    if (found == loadable::not_elf) return {};
    if (found == loadable::yes) return {executable_kind::usable, {}, false};
    return {executable_kind::unusable, why_not(found), found == loadable::statically_linked};
}

}  // namespace fil::cli
