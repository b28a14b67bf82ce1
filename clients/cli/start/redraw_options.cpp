#include "start/redraw_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <string_view>

#include "os/refusal.hpp"

namespace fil::cli {
namespace {

using place = drawn_output::place;

constexpr const char* usage = "Usage: fil-profile report [OPTIONS] PATH...\n";

constexpr const char* what =
    "Draws reports again. PATH is a report's folder, its peak-memory.filsnap, recordings that\n"
    "processes left (FIL_OUTPUT), or a folder with any of these in it, however deep; or a trace.\n"
    "Several are drawn as one: what their processes held is added up.";

constexpr const char* examples =
    "Formats, and where they go without -o:\n"
    "  html     the page and its graphs, as `run` makes them: a new folder in fil-result\n"
    "  text     a table for a terminal or a log                           to stdout\n"
    "  json     everything, for programs (docs/guide/formats.md)          to stdout\n"
    "  folded   a callstack a line, for other tools: peak-memory.prof     to stdout\n"
    "  svg      the graph alone                                           to stdout\n"
    "-o FILE takes one format (html: FILE ends with .html); -o DIR, a folder that is there or\n"
    "ends with /, takes any: report.txt, report.json and so on; -o - is stdout.\n"
    "Examples:\n"
    "  fil-profile report --format text fil-result/latest\n"
    "  fil-profile report --format json fil-result/latest | python check.py\n"
    "  fil-profile report --format html,json -o all/ host-1 host-2\n"
    "What cannot be read is said in one line, and the status is 2.";

// "12.5s", too.
std::string without_unit(std::string text) {
    if (text.size() > 1 && text.ends_with('s')) text.pop_back();
    return text;
}

// What is wrong with it.
std::string of_seconds(const std::string& text) {
    double seconds = -1;
    const bool is_number = CLI::detail::lexical_cast(text, seconds);
    return is_number && seconds >= 0 && seconds < 1e12 ? "" : text + " is no number of seconds";
}

struct known_format {
    std::string_view word;
    fil_format format;
    std::string_view file;
};
constexpr known_format formats[] = {{"html", FIL_FORMAT_HTML, "report.html"},
                                    {"svg", FIL_FORMAT_SVG, "report.svg"},
                                    {"folded", FIL_FORMAT_FOLDED, "report.prof"},
                                    {"json", FIL_FORMAT_JSON, "report.json"},
                                    {"text", FIL_FORMAT_TEXT, "report.txt"}};

struct usage_formatter : CLI::Formatter {
    std::string make_usage(const CLI::App*, std::string) const override { return usage; }
};

const known_format& format_of(const std::string& word) {
    const auto known = std::ranges::find(formats, word, &known_format::word);
    if (known == std::end(formats))
        throw refusal("there is no format '" + word + "': html, svg, folded, json or text");
    return *known;
}

std::vector<known_format> formats_of(const std::vector<std::string>& words) {
    std::vector<known_format> asked;
    for (const std::string& word : words) {
        const known_format& format = format_of(word);
        if (std::ranges::find(asked, format.word, &known_format::word) == asked.end())
            asked.push_back(format);
    }
    if (asked.empty()) asked.push_back(formats[0]);
    return asked;
}

bool is_folder(const std::string& path) {
    std::error_code ignored;
    return path.ends_with('/') || std::filesystem::is_directory(path, ignored);
}

drawn_output in_folder(const known_format& format, const std::string& folder) {
    const std::string path = (std::filesystem::path(folder) / format.file).string();
    const bool is_page = format.format == FIL_FORMAT_HTML;
    return {format.format, is_page ? place::report : place::file, path, folder};
}

drawn_output alone(const known_format& format, const std::string& output) {
    if (output == "-") return {format.format, place::standard_output, {}};
    const bool is_page = format.format == FIL_FORMAT_HTML;
    if (is_folder(output) || (is_page && !output.ends_with(".html")))
        return in_folder(format, output);
    return {format.format, place::file, output};
}

// Nobody said where: what a program would read goes to it.
drawn_output by_itself(const known_format& format) {
    if (format.format == FIL_FORMAT_HTML) return in_folder(format, "fil-result");
    return {format.format, place::standard_output, {}};
}

std::vector<drawn_output> outputs_of(const std::vector<known_format>& asked,
                                     const std::string& output) {
    std::vector<drawn_output> outputs;
    for (const known_format& format : asked) {
        if (output.empty())
            outputs.push_back(by_itself(format));
        else if (asked.size() == 1)
            outputs.push_back(alone(format, output));
        else
            outputs.push_back(in_folder(format, output));
    }
    const auto to_stdout =
        std::ranges::count(outputs, place::standard_output, &drawn_output::where);
    if (to_stdout > 1 || (output == "-" && asked.size() > 1))
        throw refusal("only one format can go to stdout; -o DIR takes several");
    return outputs;
}

}  // namespace

redraw_options parse_redraw(const std::vector<std::string>& words,
                            const std::string& output_before_the_verb) {
    redraw_options asked;
    std::vector<std::string> names;
    std::string output = output_before_the_verb;
    CLI::App app;
    app.formatter(std::make_shared<usage_formatter>());
    app.description(what);
    app.footer(examples);
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.add_option("--format", names, "html (if none is given), svg, folded, json or text")
        ->type_name("FORMAT,...")
        ->delimiter(',')
        ->allow_extra_args(false)  // what follows it is a PATH
        ->take_all();
    app.add_option("-o", output, "Where it goes (see below)")->type_name("FILE|DIR")->take_last();
    app.add_option("--at", asked.at, "Of a trace: so many seconds after it began (else its peak)")
        ->type_name("SECONDS")
        ->transform(without_unit)
        ->check(of_seconds)
        ->take_last();
    app.add_flag_callback(
        "--no-browser", [&] { asked.opens_browser = false; }, "Do not open the page in a browser");
    app.add_flag_callback(
        "--quiet", [&] { asked.is_quiet = true; }, "Say nothing but what went wrong");
    app.add_option("PATH", asked.paths)->group("");
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // the last word first
    } catch (const CLI::CallForHelp&) {
        asked = {};
        asked.shown = app.help();
        return asked;
    } catch (const CLI::ParseError& error) {
        throw refusal(std::string(error.what()) + " (see fil-profile report --help)");
    }
    asked.outputs = outputs_of(formats_of(names), output);
    if (asked.paths.empty()) throw refusal("which report? (see fil-profile report --help)");
    if (asked.at >= 0 && asked.paths.size() > 1) throw refusal("--at takes one trace");
    return asked;
}

}  // namespace fil::cli
