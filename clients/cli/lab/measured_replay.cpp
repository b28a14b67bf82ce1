#include "lab/measured_replay.hpp"

#include <fil/trace/plan_file.hpp>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <random>
#include <sstream>
#include <string_view>

#include "os/heard_program.hpp"
#include "os/memory_file.hpp"
#include "os/refusal.hpp"
#include "os/search_path.hpp"
#include "os/this_executable.hpp"
#include "os/variables.hpp"

namespace fil::cli {
namespace {

constexpr const char* places[] = {"", "../" FIL_LIBRARY_DIRECTORY "/fil", "../lib/fil",
                                  "../replay"};

std::string find_driver() {
    for (const auto& self : places_of_this_executable())
        for (const char* place : places) {
            const auto candidate = (self.parent_path() / place / "fil-replay").lexically_normal();
            if (is_file(candidate)) return candidate;
        }
    throw refusal("cannot find fil-replay near fil-profile itself");
}

const char* word_of(planned_replay::how kind) {
    using how = planned_replay::how;
    return kind == how::timed     ? "timed"
           : kind == how::pages   ? "pages"
           : kind == how::counted ? "counted"
           : kind == how::copies  ? "copies"
                                  : "untimed";
}

bool is_glibc(const std::string& allocator) {
    return allocator == "glibc";
}

// The driver said whose malloc it has; the loader goes on without what it cannot preload.
std::string why_not_preloaded(const std::string& text) {
    if (text.find("cannot be preloaded") != std::string::npos ||
        text.find("cannot open shared object") != std::string::npos)
        return "it cannot be loaded: no such library, or one of another kind";
    return "it has no malloc";
}

std::string first_line_unlike_ours(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("failed ") && line.size() > 8 && (line[7] < '0' || line[7] > '9'))
            return line.substr(7);
    return "";
}

// By the names that fil-replay tells them by.
struct told_check {
    std::string_view name;
    std::uint64_t block_checks::*count;
};
constexpr told_check told_checks[] = {
    {"misaligned", &block_checks::misaligned},     {"overwritten", &block_checks::overwritten},
    {"not_zeroed", &block_checks::not_zeroed},     {"released", &block_checks::released},
    {"wanted_again", &block_checks::wanted_again}, {"came_again", &block_checks::came_again}};

}  // namespace

std::string replay_setting::name() const {
    std::string name = std::filesystem::path(allocator).filename().string();
    for (const std::string& variable : variables) name += " " + variable;
    return name;
}

void replay_figures::add_checked(const replay_figures& other) {
    calls = other.calls;
    checks = other.checks;
    why_not_checked = other.why_not;
}

std::string replay_figures::what_is_odd() const {
    std::string text;
    const auto say = [&](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
    const auto say_of = [&](std::uint64_t blocks, const char* what) {
        if (blocks > 0) say(std::to_string(blocks) + what);
    };
    say_of(failed,
           " blocks could not be had: its figures are of what it gave, and no better for that");
    say_of(checks.misaligned, " blocks were not aligned as asked");
    say_of(checks.overwritten,
           " blocks were given while others had them, or did not keep what was in them");
    say_of(checks.not_zeroed, " blocks of calloc were not zero");
    // Whoever gives a block again gives some of a hundred, when their size is asked for.
    if (checks.wanted_again >= 100 && checks.came_again == 0)
        say("it gave none of " + std::to_string(checks.released) +
            " freed blocks again: it only leaks");
    if (!why_not_checked.empty())
        say("when its blocks were checked, it failed: " + why_not_checked);
    return text;
}

std::int64_t replay_figures::peak_resident() const {
    std::int64_t most = 0;
    for (const replay_sample& one : samples) most = std::max(most, one.resident);
    return most;
}
std::uint64_t replay_figures::step_of_peak() const {
    std::int64_t most = -1;
    std::uint64_t step = 1;
    for (const replay_sample& one : samples)
        if (one.resident > most) {
            most = one.resident;
            step = one.steps;
        }
    return step;
}
std::int64_t replay_figures::peak_live() const {
    std::int64_t most = 0;
    for (const replay_sample& one : samples) most = std::max(most, one.live);
    return most;
}
double replay_figures::mean_resident() const {
    double sum = 0;
    for (const replay_sample& one : samples) sum += static_cast<double>(one.resident);
    return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}

std::string marked_lines(const std::string& text, const std::string& mark) {
    std::string ours;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (const auto at = line.find(mark + " "); at != std::string::npos)
            ours += line.substr(at + mark.size() + 1) + "\n";
    return ours;
}

replay_figures figures_of(const std::string& text) {
    replay_figures found;
    found.why_not = "it ended before it was done";
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        if (name == "malloc") {
            std::getline(words >> std::ws, found.library);
        } else if (name == "lacks") {
            std::string function;
            words >> function;
            found.lacks += (found.lacks.empty() ? "" : ", ") + function;
        } else if (name == "steps") {
            words >> found.steps;
        } else if (name == "seconds") {
            words >> found.seconds;
        } else if (name == "cpu") {
            words >> found.cpu;
        } else if (name == "faults") {
            words >> found.faults;
        } else if (name == "instructions") {
            words >> found.instructions;
        } else if (name == "calls") {
            words >> found.calls;
        } else if (name == "failed") {
            words >> found.failed;
        } else if (const auto* check = std::ranges::find(told_checks, name, &told_check::name);
                   check != std::end(told_checks)) {
            words >> found.checks.*check->count;
        } else if (name == "end") {
            words >> found.resident_end;
        } else if (name == "sample") {
            replay_sample one{};
            if (words >> one.steps >> one.ns >> one.live >> one.resident >> one.usable >>
                one.unused)
                found.samples.push_back(one);
        } else if (name == "pages") {
            words >> found.sparse >> found.empty;
        } else if (name == "keeps") {
            std::pair<std::uint32_t, std::uint64_t> one{};
            if (words >> one.first >> one.second) found.kept.push_back(one);
        } else if (name == "latency") {
            replay_latency one{};
            words >> one.operation >> one.up_to >> one.count;
            for (double& ns : one.ns) words >> ns;
            if (words) found.latencies.push_back(one);
        } else if (name == "done") {
            found.why_not.clear();
        }
    }
    std::ranges::sort(found.samples, {}, &replay_sample::steps);
    return found;
}

planned_replay::planned_replay(const trace::replay_plan& plan)
    : file_(new_memory_file()),
      recorded_seconds_(static_cast<int>(plan.milliseconds() / 1000 + 1)) {
    trace::write_plan(
        plan, [&](const void* data, std::size_t bytes) { write_whole(file_, data, bytes); });
}

replay_figures planned_replay::measure(const replay_setting& setting, how kind, int samples,
                                       std::uint64_t number) const {
    static const std::string driver = find_driver();
    environment variables = current_environment();
    for (const char* name : {"LD_PRELOAD", "FIL_SESSION", "FIL_OUTPUT"})
        drop_variable(variables, name);
    const bool is_preloaded = kind != how::null && !is_glibc(setting.allocator);
    if (is_preloaded) {
        const bool is_path = setting.allocator.find('/') != std::string::npos;
        if (setting.allocator.find_first_of(" :$") != std::string::npos) {
            replay_figures none;
            none.why_not = "the loader takes no library with a blank, ':' or '$' in its name";
            return none;
        }
        set_variable(variables, "LD_PRELOAD=" +
                                    (is_path ? std::filesystem::absolute(setting.allocator).string()
                                             : setting.allocator));
    }
    for (const std::string& variable : setting.variables) set_variable(variables, variable);
    // Of each replay its own: what the allocator writes cannot be taken for it.
    std::random_device chance;
    const std::string mark = "fil-" + std::to_string(chance()) + "-" + std::to_string(chance());
    const std::vector<std::string> arguments{driver,
                                             std::to_string(file_.get()),
                                             setting.touch,
                                             setting.order,
                                             kind == how::null ? "null" : "malloc",
                                             std::to_string(samples),
                                             word_of(kind),
                                             std::to_string(number),
                                             mark};
    const int patience = setting.seconds + (setting.keeps_time ? recorded_seconds_ : 0);
    const heard all = hear_program({driver, arguments, variables}, file_, patience);
    const std::string told = marked_lines(all.text, mark);
    replay_figures found = figures_of(told);
    found.waited = setting.keeps_time && kind != how::null && kind != how::copies;
    if (all.was_stopped) {
        found.why_not = "it was not done after " + std::to_string(patience) + " s";
    } else if (all.end.kind == FIL_ENDING_SIGNAL) {
        found.why_not = std::string("it crashed: ") + strsignal(all.end.value);
    } else if (!found.why_not.empty()) {
        if (const std::string line = first_line_unlike_ours(told); !line.empty())
            found.why_not = line;
    }
    if (is_preloaded && !found.why_not.empty() && !found.lacks.empty())
        found.why_not += " (it has no " + found.lacks + ")";
    const bool is_libc = found.library.find("libc.so") != std::string::npos ||
                         found.library.find("libc-") != std::string::npos;
    if (is_preloaded && found.why_not.empty() && is_libc)
        found.why_not = why_not_preloaded(all.text);
    return found;
}

}  // namespace fil::cli
