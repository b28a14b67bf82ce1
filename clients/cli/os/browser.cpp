#include "os/browser.hpp"

#include <signal.h>

#include <cstdio>

#include "os/child.hpp"
#include "os/search_path.hpp"
#include "os/standard_descriptors.hpp"
#include "os/variables.hpp"

namespace fil::cli {
namespace {

using command = std::vector<std::string>;

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(separator, begin), text.size());
        if (end > begin) parts.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

command with_address(const std::string& choice, const std::string& address) {
    command words = split(choice, ' ');
    if (!words.empty() && words.back() == "&") words.pop_back();  // it never blocks here
    bool placed = false;
    for (std::string& word : words)
        if (const std::size_t place = word.find("%s"); place != std::string::npos) {
            word.replace(place, 2, address);
            placed = true;
        }
    if (!placed) words.push_back(address);
    return words;
}

// A path, or a name that is on PATH; BROWSER may hold a path with spaces.
command usable(const std::string& choice, const std::string& address, const text_function& find) {
    const auto is_path = [](const std::string& word) {
        return word.find('/') != std::string::npos;
    };
    if (is_path(choice) && is_executable(choice)) return {choice, address};
    command words = with_address(choice, address);
    if (words.size() < 2) return {};
    if (!is_path(words.front())) words.front() = find(words.front());
    if (!is_executable(words.front())) return {};
    return words;
}

void start_detached(const command& words) {
    start_orphan([&] {
        let_go_of_standard_descriptors();
        close_descriptors_but(2);  // a pipe or a lock of others would keep somebody waiting
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        become({words.front(), words, current_environment()});
    });
}

}  // namespace

command browser_command(const std::string& address, const text_function& variable,
                        const text_function& find) {
    for (const std::string& choice : split(variable("BROWSER"), ':'))
        if (command words = usable(choice, address, find); !words.empty()) return words;
    if (variable("DISPLAY").empty() && variable("WAYLAND_DISPLAY").empty()) return {};
    for (const char* name :
         {"xdg-open", "sensible-browser", "x-www-browser", "firefox", "google-chrome", "chromium"})
        if (const std::string path = find(name); !path.empty()) return {path, address};
    return {};
}

std::string file_address(std::string_view path) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    std::string address = "file://";
    for (const char c : path) {
        char escaped[4];
        std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
        address += plain.find(c) != std::string_view::npos ? std::string(1, c) : escaped;
    }
    return address;
}

bool open_in_browser(const std::string& file) {
    const command words =
        browser_command(file_address(file), environment_variable,
                        [](const std::string& name) { return find_on_path(name); });
    if (words.empty()) return false;
    start_detached(words);
    return true;
}

}  // namespace fil::cli
