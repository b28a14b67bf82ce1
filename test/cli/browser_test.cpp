#include "os/browser.hpp"

#include <map>

#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

using words = std::vector<std::string>;
const std::string page = "file:///r/index.html";

class browser_test : public test::in_temporary_directory {
  protected:
    browser_test() {
        for (const char* name : {"fox", "xdg-open", "my fox"}) write(name, "#!/bin/sh\n", true);
    }
    words chosen(std::map<std::string, std::string> variables) {
        return browser_command(
            page, [&](const std::string& name) { return variables[name]; },
            [&](const std::string& name) {
                return std::filesystem::exists(name) ? here(name) : std::string();
            });
    }
};

TEST_F(browser_test, the_variable_names_it) {
    EXPECT_EQ(chosen({{"BROWSER", "fox"}}), (words{here("fox"), page}));
    EXPECT_EQ(chosen({{"BROWSER", "fox --new %s &"}}), (words{here("fox"), "--new", page}));
    EXPECT_EQ(chosen({{"BROWSER", here("fox") + " --url=%s"}}),
              (words{here("fox"), "--url=" + page}));
    EXPECT_EQ(chosen({{"BROWSER", "missing:fox"}}), (words{here("fox"), page}));
    EXPECT_EQ(chosen({{"BROWSER", here("my fox")}}), (words{here("my fox"), page}));
}

TEST_F(browser_test, the_desktop_offers_one_if_there_is_a_display) {
    EXPECT_EQ(chosen({{"DISPLAY", ":0"}}), (words{here("xdg-open"), page}));
    EXPECT_EQ(chosen({{"WAYLAND_DISPLAY", "w"}}), (words{here("xdg-open"), page}));
    EXPECT_EQ(chosen({{"BROWSER", "missing"}, {"DISPLAY", ":0"}}), (words{here("xdg-open"), page}));
}

TEST_F(browser_test, there_may_be_none) {
    EXPECT_EQ(chosen({}), words{});
    EXPECT_EQ(chosen({{"BROWSER", "missing"}}), words{});
    std::filesystem::remove("xdg-open");
    EXPECT_EQ(chosen({{"DISPLAY", ":0"}}), words{});
}

TEST_F(browser_test, addresses_are_escaped) {
    EXPECT_EQ(file_address("/a b/\xc3\xbc%?#.html"), "file:///a%20b/%C3%BC%25%3F%23.html");
    EXPECT_EQ(file_address("/r/index.html"), page);
}

}  // namespace
}  // namespace fil::cli
