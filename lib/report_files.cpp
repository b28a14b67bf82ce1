#include "report_files.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <range/v3/algorithm/none_of.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "embedded_assets.hpp"
#include "fil/report/folded.hpp"
#include "fil/report/html.hpp"
#include "fil/report/layout.hpp"
#include "fil/report/model_json.hpp"
#include "fil/report/report_model.hpp"
#include "fil/report/svg_picture.hpp"

namespace fil::report {
namespace {

namespace fs = std::filesystem;

struct named_text {
    std::string_view name;
    std::string text;
};

// At most so many boxes keep an SVG below two megabytes.
constexpr layout_limits svg_limits = {.most_boxes = 4000};

std::string folded_of(const report_model& report) {
    std::ostringstream out;
    write_folded(out, report.chosen.shown);
    return std::move(out).str();
}

std::string svg_of(const report_model& report, direction from, report_kind kind) {
    const std::int64_t tracked =
        report.chosen.totals[static_cast<std::size_t>(mapping_kind::anonymous)];
    const layout boxes = make_layout(report.graph, from, svg_limits);
    return svg_text(make_svg_picture(svg_title(tracked, from, kind), boxes, report.chosen.shown,
                                     report.owners, report.sources),
                    {assets::svg_style, assets::svg_script});
}

// "Mon Nov 23 16:28:03 2026", without ctime()'s newline.
std::string now_as_ctime() {
    const std::time_t now = std::time(nullptr);
    std::array<char, 32> text{};
    if (ctime_r(&now, text.data()) == nullptr) return {};
    return std::string(text.data()).substr(0, 24);
}

std::vector<named_text> make_files(const snapshot& taken, const facts& run) {
    const report_model report = make_report_model(taken, run);
    if (run.kind == report_kind::out_of_memory) {
        return {{"out-of-memory.prof", folded_of(report)},
                {"out-of-memory.svg", svg_of(report, direction::callers_first, run.kind)},
                {"out-of-memory-reversed.svg", svg_of(report, direction::leaves_first, run.kind)}};
    }
    const page_parts page = {assets::page_head, assets::page_middle, assets::page_tail};
    return {{"peak-memory.prof", folded_of(report)},
            {"peak-memory.svg", svg_of(report, direction::callers_first, run.kind)},
            {"peak-memory-reversed.svg", svg_of(report, direction::leaves_first, run.kind)},
            {"index.html",
             html_page(page, "Fil Memory Profile (" + now_as_ctime() + ")", model_json(report))}};
}

// "2026-11-23T16-28-03_759", local time.
std::string directory_name(std::chrono::system_clock::time_point moment) {
    using namespace std::chrono;
    const auto since = floor<milliseconds>(moment).time_since_epoch();
    const std::time_t whole = floor<seconds>(since).count();
    std::tm local{};
    localtime_r(&whole, &local);
    std::array<char, 64> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H-%M-%S", &local);
    std::array<char, 8> thousandths{};
    std::snprintf(thousandths.data(), thousandths.size(), "_%03d",
                  static_cast<int>((since % seconds(1)).count()));
    return std::string(text.data(), length) + thousandths.data();
}

[[noreturn]] void fail(int error) {
    throw std::system_error(error, std::generic_category());
}

void write_file(const fs::path& path, std::string_view text) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) fail(errno);
    while (!text.empty()) {
        const ssize_t written = write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            const int error = errno;
            close(file);
            fail(error);
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (close(file) != 0) fail(errno);
}

constexpr std::string_view unfinished_name = ".unfinished-";

fs::path unfinished_path(const fs::path& parent) {
    return parent / (std::string(unfinished_name) + std::to_string(getpid()));
}

// Of reports that were interrupted: whoever wrote there is gone. Ten minutes are waited, since the
// directory may be shared with another machine, whose processes we cannot ask about.
void remove_interrupted(const fs::path& parent) {
    std::error_code error;
    for (fs::directory_iterator entry(parent, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (!name.starts_with(unfinished_name)) continue;
        const int pid = std::atoi(name.c_str() + unfinished_name.size());
        std::error_code ignored;
        const auto written = fs::last_write_time(entry->path(), ignored);
        const bool is_old =
            !ignored && fs::file_time_type::clock::now() - written > std::chrono::minutes(10);
        if (pid > 0 && is_old && kill(pid, 0) != 0 && errno == ESRCH) {
            fs::remove_all(entry->path(), ignored);
        }
    }
}

// Removes what it names unless it was kept.
class scaffold {
  public:
    explicit scaffold(fs::path path) : path_(std::move(path)) {}
    scaffold(const scaffold&) = delete;
    ~scaffold() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

// Beside the reports until it is whole; then it gets its name in one step.
fs::path write_new_directory(const fs::path& parent, const std::vector<named_text>& files) {
    const scaffold unfinished(unfinished_path(parent));
    fs::create_directory(unfinished.path());
    for (const auto& [name, text] : files) write_file(unfinished.path() / name, text);
    // Two reports in one millisecond: the second takes the next. (rename() would replace only an
    // empty directory, and a report is none.)
    for (auto moment = std::chrono::system_clock::now();; moment += std::chrono::milliseconds(1)) {
        const fs::path wanted = parent / directory_name(moment);
        if (fs::exists(fs::symlink_status(wanted))) continue;
        std::error_code error;
        fs::rename(unfinished.path(), wanted, error);
        if (!error) return wanted;
        if (error != std::errc::directory_not_empty && error != std::errc::file_exists) {
            fail(error.value());
        }
    }
}

fs::path write_exact_directory(const fs::path& directory, const std::vector<named_text>& files) {
    const scaffold unfinished(unfinished_path(directory));
    fs::create_directory(unfinished.path());
    for (const auto& [name, text] : files) write_file(unfinished.path() / name, text);
    for (const auto& [name, text] : files) {
        fs::rename(unfinished.path() / name, directory / name);
    }
    // Of an older report that ended otherwise.
    for (const char* name :
         {"peak-memory.prof", "peak-memory.svg", "peak-memory-reversed.svg", "index.html",
          "out-of-memory.prof", "out-of-memory.svg", "out-of-memory-reversed.svg"}) {
        std::error_code ignored;
        if (ranges::none_of(files, [&](const named_text& file) { return file.name == name; }))
            fs::remove(directory / name, ignored);
    }
    return directory;
}

std::string reason(const std::system_error& error) {
    return error.code().message();
}

}  // namespace

fs::path write_report(const fs::path& directory, const snapshot& taken, const facts& run,
                      report_naming naming) {
    const std::vector<named_text> files = make_files(taken, run);
    try {
        fs::create_directories(directory);
        remove_interrupted(directory);
        return naming == report_naming::by_time ? write_new_directory(directory, files)
                                                : write_exact_directory(directory, files);
    } catch (const std::system_error& error) {
        throw report_error("cannot write a report to \"" + directory.string() +
                           "\": " + reason(error));
    }
}

}  // namespace fil::report
