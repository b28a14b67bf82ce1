#include "report/report_files.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <range/v3/algorithm/none_of.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "fil/report/answer.hpp"
#include "fil/report/flamegraph.hpp"
#include "fil/report/moment_text.hpp"
#include "fil/report/report_model.hpp"
#include "report/report_formats.hpp"
#include "report/snapshot_file.hpp"
#include "report/workshop.hpp"

namespace fil::report {
namespace {

namespace fs = std::filesystem;

struct named_text {
    std::string name;
    std::string text;
};

constexpr report_kind all_kinds[] = {report_kind::peak, report_kind::out_of_memory,
                                     report_kind::now};

// The list of callstacks, both graphs, and the snapshot.
std::array<std::string, 4> names_of(report_kind kind) {
    const std::string begin(text_of_moment(kind).files);
    return {begin + ".prof", begin + ".svg", begin + "-reversed.svg",
            begin + std::string(snapshot_suffix)};
}

// When memory ran out, the list and the graphs hold what was asked for as well, as tools expect;
// page and answer set it apart, or a request for a petabyte would leave no room for what was there.
void add_drawn(std::vector<named_text>& files, report_model& report) {
    files.push_back({"index.html", page_of(report)});
    count_requests(report);
    const auto names = names_of(report.about.kind);
    files.push_back({names[0], folded_callstacks(report)});
    files.push_back({names[1], svg_of(report, direction::callers_first)});
    files.push_back({names[2], svg_of(report, direction::leaves_first)});
}

// Nothing where it would be too long to be read.
void add_snapshot(std::vector<named_text>& files, const session_snapshot& from) {
    if (auto file = snapshot_file(from))
        files.push_back({names_of(from.about.kind)[3], std::move(*file)});
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

fs::path give_by_time(workshop& work, const fs::path& parent) {
    // Two reports in one millisecond: the second takes the next.
    for (auto moment = std::chrono::system_clock::now();; moment += std::chrono::milliseconds(1)) {
        const std::string name = directory_name(moment);
        if (!work.give(name)) continue;
        work.give_link("latest", name);  // where there are no links, the name is as good
        return parent / name;
    }
}

fs::path give_exactly(workshop& work, const fs::path& directory,
                      const std::vector<named_text>& files) {
    for (const auto& [name, text] : files) work.give_file(std::string(name));
    // Of an older report that ended otherwise.
    for (const report_kind kind : all_kinds) {
        for (const std::string& name : names_of(kind))
            if (ranges::none_of(files, [&](const named_text& file) { return file.name == name; }))
                work.remove_file(name);
    }
    return directory;
}

report_error not_written(const fs::path& directory, const std::string& why) {
    return report_error("cannot write a report to \"" + directory.string() + "\": " + why);
}

}  // namespace

written_report write_report(const fs::path& directory, const session_snapshot& from,
                            const report_writing& how) {
    std::vector<named_text> files;
    if (how.with_snapshot) add_snapshot(files, from);
    report_model report = report_model_of(from);
    std::vector<std::string> answer = answer_of(report, how.look);
    add_drawn(files, report);
    try {
        fs::create_directories(directory);
        workshop work(directory);
        for (const auto& [name, text] : files) work.write(name, text);
        return {how.naming == report_naming::by_time ? give_by_time(work, directory)
                                                     : give_exactly(work, directory, files),
                std::move(answer)};
    } catch (const std::system_error& error) {
        const bool is_limit = error.code() == std::errc::file_too_large;
        throw not_written(directory, error.code().message() + (is_limit ? " (ulimit -f)" : ""));
    } catch (const planted_link& link) {
        throw not_written(directory, link.what());
    }
}

}  // namespace fil::report
