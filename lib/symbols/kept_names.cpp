#include "symbols/kept_names.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "os/cold/files.hpp"
#include "os/cold/folder.hpp"

namespace fil {
namespace {

constexpr std::uint64_t most_bytes = 8 << 20;  // of a file
constexpr std::size_t most_files = 300;
constexpr std::string_view format = "fil-profile names 1\n";

// What answers about the module depend on, in a line for each.
std::string state_of(const std::string& module, const std::string& build_id) {
    const std::filesystem::path directory = std::filesystem::path(module).parent_path();
    const std::filesystem::path system = "/usr/lib/debug";
    std::string state(format);
    // Of the file's own folder only what it is called mostly: programs write there.
    for (const std::filesystem::path& path :
         {std::filesystem::path("/proc/self/exe"), std::filesystem::path(module),
          std::filesystem::path(module + ".debug"), std::filesystem::path(module + ".dwp"),
          directory / ".debug", system / directory.relative_path(),
          system / ".build-id" / build_id.substr(0, 2) /
              (build_id.substr(std::min<std::size_t>(2, build_id.size())) + ".debug")}) {
        std::error_code none;
        const auto modified = std::filesystem::last_write_time(path, none);
        state += path.string();
        if (!none) {
            // Some libraries count the file clock in more than 64 bits.
            const auto since = std::chrono::floor<std::chrono::nanoseconds>(
                std::filesystem::file_time_type::clock::to_sys(modified).time_since_epoch());
            state += " " + std::to_string(static_cast<long long>(since.count()));
        }
        const std::uintmax_t bytes = std::filesystem::file_size(path, none);
        if (!none) state += " " + std::to_string(bytes);
        state += "\n";
    }
    return state;
}

std::string content_of(const std::string& path) {
    const file_descriptor file = os::open_to_read(path);
    const auto facts = os::facts_of(file.number());
    if (!facts || !facts->is_regular || facts->bytes > most_bytes) return {};
    std::string text(facts->bytes, '\0');
    const std::int64_t got = os::read_at(file.number(), text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

class line_reader {
  public:
    explicit line_reader(std::string_view text) : text_(text) {}
    bool is_at_end() const { return text_.empty(); }
    bool failed() const { return failed_; }

    std::string_view line() {
        const std::size_t end = text_.find('\n');
        failed_ = failed_ || end == text_.npos;
        if (failed_) return {};
        const std::string_view line = text_.substr(0, end);
        text_.remove_prefix(end + 1);
        return line;
    }
    std::uint32_t number() {
        std::uint32_t value = 0;
        const std::string_view digits = line();
        const char* end = digits.data() + digits.size();
        const auto [after, error] = std::from_chars(digits.data(), end, value);
        failed_ = failed_ || error != std::errc{} || after != end;
        return value;
    }

  private:
    std::string_view text_;
    bool failed_ = false;
};

// Texts of one line, and names that no other function has (readable_name.hpp).
bool can_be_kept(const std::vector<report::frame>& frames) {
    return !frames.empty() && std::ranges::all_of(frames, [](const report::frame& f) {
        return f.kind == report::frame_kind::native && f.function.find('\n') == f.function.npos &&
               f.file.find('\n') == f.file.npos && f.function.find("…") == f.function.npos;
    });
}

}  // namespace

std::string kept_names::users_folder() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    std::string around;
    if (cache != nullptr && *cache == '/') {
        around = cache;
    } else if (home != nullptr && *home == '/') {
        around = std::string(home) + "/.cache";
    } else {
        return {};
    }
    std::error_code error;
    const std::string folder = around + "/fil-profile/names";
    // Root by way of sudo must leave nothing in the home of another.
    std::filesystem::path nearest = folder;
    while (!std::filesystem::exists(nearest, error) && nearest.has_relative_path())
        nearest = nearest.parent_path();
    const auto seen = os::folder::follow(nearest.string()).look();
    return seen && seen->is_ours() ? folder : "";
}

kept_names::answers kept_names::read(const std::string& module, const std::string& build_id) const {
    if (folder_.empty() || build_id.empty()) return {};
    const std::string text = content_of(folder_ + "/" + build_id);
    const std::string state = state_of(module, build_id);
    if (!text.starts_with(state)) return {};
    answers all;
    line_reader lines(std::string_view(text).substr(state.size()));
    while (!lines.is_at_end() && !lines.failed()) {
        const std::uint32_t offset = lines.number();
        const std::uint32_t count = lines.number();
        std::vector<report::frame> frames;
        for (std::uint32_t i = 0; i < count && !lines.failed(); ++i) {
            report::frame frame{.kind = report::frame_kind::native, .module = module};
            frame.function = lines.line();
            frame.file = lines.line();
            frame.line = lines.number();
            frames.push_back(std::move(frame));
        }
        if (!lines.failed() && count != 0) all.emplace(offset, std::move(frames));
    }
    return lines.failed() ? answers{} : all;
}

void kept_names::write(const std::string& module, const std::string& build_id,
                       const answers& all) const {
    if (folder_.empty() || build_id.empty()) return;
    std::string text = state_of(module, build_id);
    for (const auto& [offset, frames] : all) {
        if (!can_be_kept(frames)) continue;
        text += std::to_string(offset) + "\n" + std::to_string(frames.size()) + "\n";
        for (const report::frame& f : frames)
            text += f.function + "\n" + f.file + "\n" + std::to_string(f.line) + "\n";
        if (text.size() > most_bytes) return;
    }
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    const std::string path = folder_ + "/" + build_id;
    const std::string fresh = path + ".new";
    os::remove_file(fresh);  // of a report that did not come to its end
    file_descriptor file = os::make_private_file(fresh);
    if (file.number() < 0) return;
    if (!os::write_and_close(std::move(file), text) || !os::rename_file(fresh, path))
        os::remove_file(fresh);
    make_room();
}

// The oldest go.
void kept_names::make_room() const {
    std::error_code error;
    std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, error))
        files.emplace_back(entry.last_write_time(error), entry.path());
    if (files.size() <= most_files) return;
    std::ranges::sort(files);
    for (std::size_t i = 0; i + most_files * 2 / 3 < files.size(); ++i)
        os::remove_file(files[i].second.string());
}

}  // namespace fil
