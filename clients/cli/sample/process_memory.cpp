#include "sample/process_memory.hpp"

#include <string>

#include "os/small_file.hpp"

namespace fil::cli {
namespace {

// "RssAnon:	   1234 kB", in bytes.
std::optional<std::int64_t> field(std::string_view text, std::string_view name) {
    const auto kilobytes = number_of(text, name);
    return kilobytes ? std::optional(*kilobytes * 1024) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_statm(std::string_view text, std::int64_t page_bytes) {
    const std::size_t second = text.find(' ');
    if (second == std::string_view::npos) return std::nullopt;
    const auto whole = first_number(text);
    const auto pages = first_number(text.substr(second));
    if (!whole || *whole == 0 || !pages) return std::nullopt;  // a zombie has no memory at all
    return *pages * page_bytes;
}

std::optional<resident_parts> parse_status(std::string_view text) {
    const auto anonymous = field(text, "RssAnon");
    const auto file = field(text, "RssFile");
    const auto shared = field(text, "RssShmem");
    if (!anonymous || !file || !shared) return std::nullopt;
    return resident_parts{*anonymous, *file, *shared};
}

// Of `stat` the 28th field. The second, in parentheses, is a name, with anything in it.
std::uint64_t parse_start_of_stack(std::string_view text) {
    constexpr int field = 28;
    std::size_t at = text.rfind(')');
    for (int i = 2; i < field && at != std::string_view::npos; ++i) at = text.find(' ', at + 1);
    if (at == std::string_view::npos) return 0;
    return static_cast<std::uint64_t>(first_number(text.substr(at)).value_or(0));
}

process_memory::process_memory(pid_t pid, bool keep_open) : pid_(pid) {
    if (keep_open) statm_ = open_small_file(file_of_process(pid, "statm"));
}

std::optional<std::int64_t> process_memory::resident() const {
    if (!statm_)
        return parse_statm(read_small_file(file_of_process(pid_, "statm")), bytes_of_a_page());
    char text[200];
    return parse_statm({text, read_at(statm_, 0, text, sizeof text)}, bytes_of_a_page());
}

std::optional<resident_parts> process_memory::parts() const {
    return parse_status(read_small_file(file_of_process(pid_, "status")));
}

std::uint64_t process_memory::start_of_stack() const {
    return parse_start_of_stack(read_small_file(file_of_process(pid_, "stat")));
}

bool process_memory::has_ended() const {
    if (is_gone(pid_)) return true;
    if (const descriptor process = open_pid(pid_)) return cli::has_ended(process);
    // An old kernel, or no descriptor left: a statm that is empty now is all we know.
    return is_gone(pid_) || !resident();
}

}  // namespace fil::cli
