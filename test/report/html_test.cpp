#include "fil/report/html.hpp"

#include <gtest/gtest.h>

#include <string>

#include "embedded_assets.hpp"

namespace fil::report {
namespace {

constexpr page_parts parts = {assets::page_0, assets::page_1, assets::page_2,
                              assets::page_3, assets::page_4, assets::page_5};

TEST(html, what_is_filled_in_stands_in_their_elements) {
    const std::string page = html_page(parts, {.title = "Fil Memory Profile (now)",
                                               .head = "<b>h</b>",
                                               .lines = "<b>l</b>",
                                               .graph = "<b>g</b>",
                                               .model = R"({"version":1})"});
    EXPECT_NE(page.find("<title>Fil Memory Profile (now)</title>"), page.npos);
    EXPECT_NE(page.find(R"(id="model">{"version":1}</script>)"), page.npos);
    EXPECT_NE(page.find(R"(<header id="head"><div class="plain"><b>h</b></div>)"), page.npos);
    EXPECT_NE(page.find(R"(<section id="lines"><div class="plain"><b>l</b></div>)"), page.npos);
    EXPECT_NE(page.find(R"(<div class="plain"><b>g</b></div></div>)"), page.npos);
}

TEST(html, nothing_ends_its_element_early) {
    page_content content;
    content.title = "</title><script>";
    content.model = R"({"f":"</script><script>"})";
    const std::string page = html_page(parts, content);
    EXPECT_EQ(page.find("</title><script>"), page.npos);
    EXPECT_NE(page.find(R"({"f":"\u003c/script>\u003cscript>"})"), page.npos);
}

TEST(html, the_page_loads_nothing_and_evaluates_nothing) {
    page_content content;
    content.model = "{}";
    const std::string page = html_page(parts, content);
    for (const char* word : {"http:", "https:", "@import", "eval(", "new Function", "innerHTML",
                             "document.write", " onclick", " onload", "src=", "url("}) {
        std::string text = page;
        // A name, and a pattern of the page itself.
        for (const std::string own : {"http://www.w3.org/2000/svg", "url(#hatch)"})
            for (std::size_t at; (at = text.find(own)) != text.npos;) text.erase(at, own.size());
        EXPECT_EQ(text.find(word), text.npos) << word;
    }
    EXPECT_NE(page.find("default-src 'none'; script-src 'sha256-"), page.npos);
}

TEST(html, the_page_is_small) {
    EXPECT_LT(html_page(parts, {}).size(), 100'000u);
}

}  // namespace
}  // namespace fil::report
