#include "redraw.hpp"

#include <fil_trace.h>

#include <climits>
#include <csignal>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "os/browser.hpp"
#include "os/message.hpp"
#include "os/output_file.hpp"
#include "os/progress_line.hpp"
#include "os/refusal.hpp"
#include "os/small_file.hpp"
#include "os/terminal_look.hpp"
#include "start/output_directory.hpp"
#include "start/redraw_options.hpp"

namespace fil::cli {
namespace {

using place = drawn_output::place;

struct snapshot_deleter {
    void operator()(fil_snapshot* snapshot) const { fil_snapshot_free(snapshot); }
};
using snapshot_owner = std::unique_ptr<fil_snapshot, snapshot_deleter>;

fil_text text_of(const std::string& string) {
    return {string.data(), string.size()};
}

snapshot_owner opened(const std::vector<std::string>& paths) {
    std::vector<fil_text> texts;
    for (const std::string& path : paths) texts.push_back(text_of(path));
    fil_snapshot* snapshot = nullptr;
    fil_error error = FIL_ERROR_INIT;
    if (fil_snapshot_open(&snapshot, texts.data(), texts.size(), &error) != FIL_OK)
        throw refusal(error.message);
    return snapshot_owner(snapshot);
}

bool is_trace(const std::string& path) {
    constexpr std::string_view magic = "filtrace";
    char begins[magic.size()];
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) &&
           read_at(open_small_file(path), 0, begins, sizeof begins) == sizeof begins &&
           magic == std::string_view(begins, sizeof begins);
}

// Of a moment of a trace.
snapshot_owner opened_at(const std::string& trace, double seconds) {
    fil_snapshot* snapshot = nullptr;
    fil_error error = FIL_ERROR_INIT;
    if (fil_snapshot_of_trace(&snapshot, text_of(trace), seconds, &error) != FIL_OK)
        throw refusal(error.message);
    return snapshot_owner(snapshot);
}

int write_part(void* to, const char* data, std::size_t length) {
    return static_cast<output_file*>(to)->write({data, length}) ? 0 : 1;
}

struct broken_pipe {};

void draw_as_text(const fil_snapshot* snapshot, const drawn_output& output) {
    std::optional<output_file> file;
    if (output.where == place::file)
        file.emplace(output.path);
    else
        file.emplace();
    fil_drawing drawing = FIL_DRAWING_INIT;
    drawing.format = output.format;
    drawing.write = write_part;
    drawing.to = &*file;
    const terminal_look look = look_of_terminal(file->number(), UINT_MAX);
    drawing.columns = look.columns;
    drawing.look = look.is;
    fil_error error = FIL_ERROR_INIT;
    const fil_status status = fil_snapshot_draw(snapshot, &drawing, &error);
    if (file->is_broken_pipe()) throw broken_pipe();
    file->finish();  // says why, if it could not be written
    if (status != FIL_OK) throw refusal(error.message);
}

// Its page.
std::string draw_folder(const fil_snapshot* snapshot, const output_directory& folder) {
    fil_report_options options = FIL_REPORT_OPTIONS_INIT;
    options.directory = text_of(folder.path());
    char path[PATH_MAX] = "";
    fil_error error = FIL_ERROR_INIT;
    if (fil_snapshot_report(snapshot, &options, path, sizeof path, &error) != FIL_OK)
        throw refusal(error.message);
    return std::string(path) + "/index.html";
}

}  // namespace

ending redraw(const invocation& asked) {
    const redraw_options options = parse_redraw(asked.words, asked.has_output ? asked.output : "");
    if (!options.shown.empty()) {
        std::fputs(options.shown.c_str(), stdout);
        return {FIL_ENDING_EXIT, std::fflush(stdout) == 0 ? 0 : 1};
    }
    if (options.is_quiet) be_quiet();
    auto progress = std::make_unique<progress_line>("reading " + options.paths.front());
    std::string page;
    try {
        // Where nothing can be written, nothing need be read. One is left only with something in
        // it.
        std::deque<output_directory> folders;
        for (const drawn_output& output : options.outputs)
            if (!output.folder.empty()) folders.emplace_back(output.folder);
        const snapshot_owner snapshot = options.at >= 0 || is_trace(options.paths.front())
                                            ? opened_at(options.paths.front(), options.at)
                                            : opened(options.paths);
        for (const drawn_output& output : options.outputs) {
            if (output.where == place::standard_output) continue;
            progress->say("drawing " + output.path);
            if (output.where == place::report)
                page = draw_folder(snapshot.get(), folders.front());
            else
                draw_as_text(snapshot.get(), output);
        }
        progress.reset();  // stdout may be the same terminal
        for (const drawn_output& output : options.outputs)
            if (output.where == place::standard_output) draw_as_text(snapshot.get(), output);
    } catch (const broken_pipe&) {
        return {FIL_ENDING_SIGNAL, SIGPIPE};
    }
    if (page.empty()) return {FIL_ENDING_EXIT, 0};
    say("Wrote HTML report to " + page, worth::news);
    if (asked.browser && options.opens_browser) open_in_browser(page);
    return {FIL_ENDING_EXIT, 0};
}

}  // namespace fil::cli
