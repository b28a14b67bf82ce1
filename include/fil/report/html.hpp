#pragma once
// index.html: the page's fixed parts around a title and a model (docs/design/report.md).
//
// The parts come from lib/report/assets/, embedded in the library; the model is JSON that the
// page's script reads. One self-contained file. Cold code, pure functions.

#include <array>
#include <string>
#include <string_view>

#include "fil/report/markup.hpp"

namespace fil::report {

// The page's fixed parts: before the title's text, the plain head, lines and graph, the model; and
// what follows.
using page_parts = std::array<std::string_view, 6>;

// What stands between them.
struct page_content {
    std::string_view title;
    std::string_view head;
    std::string_view lines;
    std::string_view graph;
    std::string_view model;
};

// JSON that cannot end the element around it: in JSON a '<' is always inside a string.
inline void append_json_for_html(std::string& out, std::string_view json) {
    for (std::size_t at; (at = json.find('<')) != json.npos; json.remove_prefix(at + 1)) {
        out += json.substr(0, at);
        out += "\\u003c";
    }
    out += json;
}

// The title is text, `head`, `lines` and `graph` are HTML.
inline std::string html_page(const page_parts& parts, const page_content& content) {
    std::string page(parts[0]);
    append_escaped(page, content.title);
    page += parts[1];
    page += content.head;
    page += parts[2];
    page += content.lines;
    page += parts[3];
    page += content.graph;
    page += parts[4];
    append_json_for_html(page, content.model);
    page += parts[5];
    return page;
}

}  // namespace fil::report
