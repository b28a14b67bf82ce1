#include "lab/lab_options.hpp"

#include <algorithm>
#include <charconv>

#include "os/refusal.hpp"

namespace fil::cli {
namespace {

int number_of(const std::string& option, const std::string& digits, int least) {
    int number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [after, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc() || after != end || number < least)
        throw refusal(option + ": '" + digits + "' is no such number");
    return number;
}

const std::string& one_of(const std::string& option, const std::string& word,
                          std::initializer_list<const char*> known) {
    if (std::ranges::find(known, word) == known.end())
        throw refusal(option + " takes no '" + word + "'");
    return word;
}

}  // namespace

lab_options parse_lab_options(const std::string& verb, const std::vector<std::string>& words) {
    const bool replays = verb == "replay" || verb == "compare-allocators";
    lab_options found;
    replay_setting for_all;
    for_all.allocator = "glibc";
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string& word = words[at];
        const auto value = [&]() -> const std::string& {
            if (++at >= words.size()) throw refusal(word + " needs a value");
            return words[at];
        };
        const auto of_which = [&]() -> replay_setting& {
            return found.settings.empty() ? for_all : found.settings.back();
        };
        if (word == "--help" || word == "-h") {
            found.wants_help = true;
        } else if (word == "--process") {
            found.pid = number_of(word, value(), 1);
        } else if (word == "-o" && verb != "replay") {
            found.output = value();
        } else if (word == "--json" && verb == "understand") {
            found.is_json = true;
        } else if (word == "--small" && verb != "understand") {
            found.small = one_of(word, value(), {"arenas", "blocks"}) == "blocks"
                              ? trace::runtime_memory::blocks
                              : trace::runtime_memory::arenas;
        } else if (!replays && word.starts_with('-')) {
            throw refusal(verb + " has no option " + word + " (see fil-profile " + verb +
                          " --help)");
        } else if (word == "--allocator") {
            found.settings.push_back(for_all);
            found.settings.back().allocator = value();
            if (found.settings.back().allocator.empty())
                throw refusal("--allocator needs the name of a library");
        } else if (word == "--env") {
            const std::string& variable = value();
            if (variable.find('=') == std::string::npos || variable.starts_with('='))
                throw refusal("--env: '" + variable + "' is not NAME=VALUE");
            of_which().variables.push_back(variable);
        } else if (word == "--touch") {
            for_all.touch = one_of(word, value(), {"none", "first", "all"});
        } else if (word == "--order") {
            for_all.order = one_of(word, value(), {"strict", "free"});
        } else if (word == "--think") {
            for_all.keeps_time = one_of(word, value(), {"none", "kept"}) == "kept";
        } else if (word == "--seconds") {
            for_all.seconds = number_of(word, value(), 1);
        } else if (word == "--repeat" && verb != "replay") {
            found.repeats = number_of(word, value(), 1);
        } else if (word == "--scale" && verb != "replay") {
            found.scales = true;
        } else if (word == "--pages" && verb == "replay") {
            found.wants_pages = true;
        } else if (word == "--print" && verb == "replay") {
            found.prints = true;
        } else if (word.starts_with('-')) {
            throw refusal(verb + " has no option " + word + " (see fil-profile " + verb +
                          " --help)");
        } else {
            found.traces.push_back(word);
        }
    }
    found.has_allocators = !found.settings.empty();
    if (found.settings.empty()) found.settings.push_back(for_all);
    if (for_all.keeps_time) found.think = trace::think_time::kept;
    // How all replay, wherever it was said.
    for (replay_setting& one : found.settings) {
        one.touch = for_all.touch;
        one.order = for_all.order;
        one.keeps_time = for_all.keeps_time;
        one.seconds = for_all.seconds;
    }
    if (verb == "replay" && found.settings.size() > 1)
        throw refusal("replay takes one --allocator; several: fil-profile compare-allocators");
    return found;
}

}  // namespace fil::cli
