#pragma once
// index.html: the page's fixed parts around a title and a model (docs/design/report.md).
//
// The parts come from lib/assets/, embedded in the library; the model is JSON that the page's
// script reads. One self-contained file. Cold code, pure functions.

#include <string>
#include <string_view>

#include "fil/report/markup.hpp"

namespace fil::report {

struct page_parts {
    std::string_view head;    // up to the title's text
    std::string_view middle;  // up to the model
    std::string_view tail;
};

// JSON that cannot end the element around it: in JSON a '<' is always inside a string.
inline void append_json_for_html(std::string& out, std::string_view json) {
    for (std::size_t at; (at = json.find('<')) != json.npos; json.remove_prefix(at + 1)) {
        out += json.substr(0, at);
        out += "\\u003c";
    }
    out += json;
}

inline std::string html_page(const page_parts& parts, std::string_view title,
                             std::string_view model) {
    std::string page;
    page.reserve(parts.head.size() + parts.middle.size() + parts.tail.size() + model.size() + 1024);
    page += parts.head;
    append_escaped(page, title);
    page += parts.middle;
    append_json_for_html(page, model);
    page += parts.tail;
    return page;
}

}  // namespace fil::report
