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

#include "embedded_assets.hpp"
#include "fil/report/answer.hpp"
#include "fil/report/box_layout.hpp"
#include "fil/report/facts_text.hpp"
#include "fil/report/flamegraph.hpp"
#include "fil/report/html.hpp"
#include "fil/report/mib_text.hpp"
#include "fil/report/model_json.hpp"
#include "fil/report/moment_text.hpp"
#include "fil/report/plain_page.hpp"
#include "fil/report/report_model.hpp"
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
    return {begin + ".prof", begin + ".svg", begin + "-reversed.svg", begin + ".filsnap"};
}

std::string svg_of(const report_model& report, direction from) {
    return flamegraph_svg(report, from, {assets::svg_style, assets::svg_script});
}

// The peak is the one that the page's head shows. What follows is what Fil calls such a page.
std::string page_title(const report_model& report) {
    const std::string peak = size_text(report.shown_bytes() + report.chosen.hidden_bytes);
    const std::string program = program_text(report.run);
    return (program.empty() ? "" : program + " ") + peak +
           std::string(text_of_moment(report.run.kind).title) + " \u00B7 Fil Memory Profile (" +
           made_text(report.run) + ")";
}

// What the page's fixed text says of its moment.
std::string of_moment(std::string_view part, report_kind kind) {
    const std::string_view usual = text_of_moment(report_kind::peak).at;
    const std::string_view other = text_of_moment(kind).at;
    std::string text(part);
    if (kind == report_kind::peak) return text;
    for (std::size_t at = 0; (at = text.find(usual, at)) != text.npos; at += other.size())
        text.replace(at, usual.size(), other);
    return text;
}

std::string page_of(const report_model& report) {
    // The style and the scripts, which the page's policy knows as they are, stand in others.
    const std::string before_graph = of_moment(assets::page_3, report.run.kind);
    const std::string after_graph = of_moment(assets::page_4, report.run.kind);
    const page_parts page = {assets::page_0, assets::page_1, assets::page_2,
                             before_graph,   after_graph,    assets::page_5};
    const auto [head, lines, graph] = make_plain_page(report);
    const std::string title = page_title(report);
    const std::string model = model_json(report);
    return html_page(page, {title, head, lines, graph, model});
}

// When memory ran out, the list and the graphs hold what was asked for as well, as tools expect;
// page and answer set it apart, or a request for a petabyte would leave no room for what was there.
void add_drawn(std::vector<named_text>& files, report_model& report) {
    files.push_back({"index.html", page_of(report)});
    count_requests(report);
    const auto names = names_of(report.run.kind);
    files.push_back({names[0], folded_callstacks(report)});
    files.push_back({names[1], svg_of(report, direction::callers_first)});
    files.push_back({names[2], svg_of(report, direction::leaves_first)});
}

// Nothing where it would be too long to be read.
void add_snapshot(std::vector<named_text>& files, const session_snapshot& from) {
    if (auto file = snapshot_file(from))
        files.push_back({names_of(from.run.kind)[3], std::move(*file)});
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
