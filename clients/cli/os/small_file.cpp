#include "os/small_file.hpp"

#include <charconv>

namespace fil::cli {

descriptor open_small_file(const std::string& path) {
    return descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

std::string file_of_process(pid_t pid, std::string_view name) {
    return ("/proc/" + std::to_string(pid) + "/").append(name);
}

std::string read_small_file(const descriptor& file) {
    std::string text;
    char part[4096];
    for (;;) {
        const std::size_t size = read_at(file, text.size(), part, sizeof part);
        if (size == 0) return text;
        text.append(part, size);
    }
}

std::string read_small_file(const std::string& path) {
    return read_small_file(open_small_file(path));
}

std::size_t read_at(const descriptor& file, std::uint64_t offset, void* to, std::size_t bytes) {
    const ssize_t size = ::pread(file.get(), to, bytes, static_cast<off_t>(offset));
    return size > 0 ? static_cast<std::size_t>(size) : 0;
}

std::int64_t bytes_of_a_page() {
    static const std::int64_t bytes = ::sysconf(_SC_PAGESIZE);
    return bytes;
}

std::optional<std::int64_t> first_number(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t:"), text.size()));
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> number_of(std::string_view text, std::string_view name) {
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view line = text.substr(at, text.find('\n', at) - at);
        const std::string_view rest = line.substr(std::min(name.size(), line.size()));
        const bool ends_here = rest.starts_with(' ') || rest.starts_with(':');
        if (line.starts_with(name) && ends_here) return first_number(rest);
        at += line.size() + 1;
    }
    return std::nullopt;
}

}  // namespace fil::cli
