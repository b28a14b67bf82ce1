#include "report/report_formats.hpp"

#include "embedded_assets.hpp"
#include "fil/report/facts_text.hpp"
#include "fil/report/flamegraph.hpp"
#include "fil/report/html.hpp"
#include "fil/report/json_report.hpp"
#include "fil/report/mib_text.hpp"
#include "fil/report/model_json.hpp"
#include "fil/report/moment_text.hpp"
#include "fil/report/plain_page.hpp"
#include "fil/report/text_report.hpp"

namespace fil::report {
namespace {

// The peak is the one that the page's head shows. What follows is what Fil calls such a page.
std::string page_title(const report_model& report) {
    const std::string peak = size_text(report.shown_bytes() + report.chosen.hidden_bytes);
    const std::string program = program_text(report.about);
    return (program.empty() ? "" : program + " ") + peak +
           std::string(text_of_moment(report.about.kind).title) + " \u00B7 Fil Memory Profile (" +
           made_text(report.about) + ")";
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

}  // namespace

std::string svg_of(const report_model& report, direction from) {
    return flamegraph_svg(report, from, {assets::svg_style, assets::svg_script});
}

std::string page_of(const report_model& report) {
    // The style and the scripts, which the page's policy knows as they are, stand in others.
    const std::string before_graph = of_moment(assets::page_3, report.about.kind);
    const std::string after_graph = of_moment(assets::page_4, report.about.kind);
    const page_parts page = {assets::page_0, assets::page_1, assets::page_2,
                             before_graph,   after_graph,    assets::page_5};
    const auto [head, lines, graph] = make_plain_page(report);
    const std::string title = page_title(report);
    const std::string model = model_json(report);
    return html_page(page, {title, head, lines, graph, model});
}

void write_report_as(std::ostream& out, report_format format, const session_snapshot& from,
                     const answer_look& look) {
    report_model report = report_model_of(from);
    // As in a report's folder: lists and graphs hold what was asked for in vain as well.
    if (format == report_format::svg || format == report_format::folded) count_requests(report);
    switch (format) {
        case report_format::page:
            out << page_of(report);
            return;
        case report_format::svg:
            out << svg_of(report);
            return;
        case report_format::folded:
            write_folded(out, report.chosen.shown, report.folded);
            return;
        case report_format::json:
            write_json_report(out, report, from.tidy);
            return;
        case report_format::text:
            out << text_report(report, look);
            return;
    }
}

}  // namespace fil::report
