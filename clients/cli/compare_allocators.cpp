#include "compare_allocators.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "lab/comparison.hpp"
#include "lab/opened_trace.hpp"
#include "lab/verb_beginning.hpp"
#include "os/browser.hpp"
#include "os/message.hpp"
#include "os/output_file.hpp"
#include "os/progress_line.hpp"

namespace fil::cli {
namespace {

constexpr const char* help =
    "Replays traces on several allocators, and writes one page that says who is best at what.\n"
    "\n"
    "Usage: fil-profile compare-allocators [OPTIONS] TRACE...\n"
    "\n"
    "  -o DIR           where index.html, figures.csv and figures.json go\n"
    "                   (default: allocator-comparison)\n"
    "  --allocator LIB  a library, by name or path, or glibc; may be repeated. Without it: glibc,\n"
    "                   and jemalloc, tcmalloc and mimalloc where they can be loaded\n"
    "  --env NAME=VALUE a setting of the allocator before it; before the first, of all\n"
    "  --repeat N       each so often, in turns (default: 5)\n"
    "  --scale          also two and four copies at once, as by so many times the threads:\n"
    "                   they take so many times the memory\n"
    "  --touch, --order, --think, --small, --process, --seconds: see fil-profile replay --help\n"
    "\n"
    "A difference that is within noise is called that. An allocator that fails has a row that\n"
    "says why. Status: 0; 1 if none could be measured; 2 where a trace cannot be read.\n";

constexpr const char* known[] = {"libjemalloc.so.2", "libtcmalloc_minimal.so.4",
                                 "libmimalloc.so.2"};

void write_file(const std::string& path, const std::string& text) {
    output_file file(path);
    file.write(text);
    file.finish();
}

std::string how_it_was(const lab_options& options) {
    const replay_setting& any = options.settings.front();
    return "Each replayed " + std::to_string(options.repeats) + " times, in turns; order " +
           any.order + ", pages touched: " + any.touch +
           (any.keeps_time ? ", the program's time between events kept, so the time of an event is "
                             "that of processors"
                           : "") +
           "; of a Python its " +
           (options.small == trace::runtime_memory::arenas ? "arenas"
                                                           : "small objects, from malloc") +
           "; " + std::to_string(std::thread::hardware_concurrency()) + " processors.";
}

}  // namespace

int compare_allocators(const invocation& asked) {
    auto asked_for = options_of_verb("compare-allocators", asked, help, traces_taken::several);
    if (!asked_for) return status_of_stdout();
    lab_options& options = *asked_for;
    if (!options.has_allocators)
        for (const char* library : known) {
            options.settings.push_back(options.settings.front());
            options.settings.back().allocator = library;
        }
    const std::string folder = options.output.empty() ? "allocator-comparison" : options.output;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw refusal("cannot make " + folder + ": " + error.message());

    auto progress = std::make_unique<progress_line>("reading " + options.traces.front());
    std::vector<compared_trace> all;
    for (const std::string& path : options.traces) {
        const opened_trace from(path, options.pid);
        from.say_what_is_odd();
        const planned_replay planned(from.plan(options));
        all.push_back(compare(path + " (" + from.name() + ")", planned, options.settings,
                              options.repeats, options.scales,
                              [&](const std::string& what) { progress->say(what); }));
        // Those that nobody asked for need not be there.
        if (!options.has_allocators)
            std::erase_if(all.back().allocators, [](const compared_allocator& one) {
                return one.why_not.find("cannot be loaded") != std::string::npos;
            });
    }
    progress.reset();
    write_file(folder + "/index.html", comparison_page(all, how_it_was(options)));
    write_file(folder + "/figures.csv", comparison_csv(all));
    write_file(folder + "/figures.json", comparison_json(all));
    bool any = false;
    for (const compared_trace& trace : all) {
        std::printf("%s\n", harmless(trace.name).c_str());
        for (std::size_t q = 0; q < questions().size(); ++q)
            if (is_shown(trace, q))
                std::printf("  %-26s %s\n", questions()[q].name,
                            harmless(verdict_of(trace, q).text).c_str());
        for (const compared_allocator& one : trace.allocators) {
            any |= one.why_not.empty();
            if (!one.why_not.empty())
                say(one.setting.name() + " was not measured: " + one.why_not + ".");
            else if (const std::string odd = one.what_is_odd(); !odd.empty())
                say(one.setting.name() + ": " + odd + ".");
        }
    }
    std::fflush(stdout);
    say("Wrote " + folder + "/index.html", worth::news);
    if (asked.browser) open_in_browser(folder + "/index.html");
    return any ? 0 : 1;
}

}  // namespace fil::cli
