#include "understand.hpp"

#include <fil_trace.h>

#include <cstdio>
#include <memory>

#include "lab/opened_trace.hpp"
#include "lab/verb_beginning.hpp"
#include "os/browser.hpp"
#include "os/message.hpp"
#include "os/output_file.hpp"
#include "os/progress_line.hpp"
#include "os/refusal.hpp"

namespace fil::cli {
namespace {

constexpr const char* help =
    "Says what a recorded program does with memory: how large its blocks are and how long they\n"
    "live, which lines ask for them, what is temporary, freed by another thread, reallocated.\n"
    "\n"
    "Usage: fil-profile understand [OPTIONS] TRACE\n"
    "\n"
    "  -o FILE          a page (FILE.html), with who held what at any moment; or FILE.json\n"
    "  --json           JSON, to stdout\n"
    "  --process PID    of a trace of several; else the one with most events\n"
    "\n"
    "Without -o or --json it is a text, on stdout. Status: 0; 2 where the trace cannot be read.\n";

fil_format format_of(const lab_options& options) {
    if (options.output.ends_with(".html")) return FIL_FORMAT_HTML;
    if (options.output.ends_with(".json") || options.is_json) return FIL_FORMAT_JSON;
    if (!options.output.empty() && !options.output.ends_with(".txt"))
        throw refusal("-o: '" + options.output + "' ends neither in .html nor in .json");
    return FIL_FORMAT_TEXT;
}

}  // namespace

int understand(const invocation& asked) {
    const auto asked_for = options_of_verb("understand", asked, help, traces_taken::one);
    if (!asked_for) return status_of_stdout();
    const lab_options& options = *asked_for;
    const std::string& path = options.traces.front();
    fil_drawing drawing = FIL_DRAWING_INIT;
    drawing.format = format_of(options);
    opened_trace(path, options.pid).say_what_is_odd();
    auto progress = std::make_unique<progress_line>("reading " + path);
    std::string text;
    drawing.write = [](void* to, const char* data, std::size_t length) {
        static_cast<std::string*>(to)->append(data, length);
        return 0;
    };
    drawing.to = &text;
    fil_error error = FIL_ERROR_INIT;
    if (fil_trace_study({path.data(), path.size()}, options.pid, &drawing, &error) != FIL_OK)
        throw refusal("cannot read " + path + ": " + error.message);
    progress.reset();
    if (options.output.empty()) {
        output_file out;
        out.write(text);
        if (!out.is_broken_pipe()) out.finish();
        return 0;
    }
    output_file out(options.output);
    out.write(text);
    out.finish();
    say("Wrote " + options.output, worth::news);
    if (drawing.format == FIL_FORMAT_HTML && asked.browser) open_in_browser(options.output);
    return 0;
}

}  // namespace fil::cli
