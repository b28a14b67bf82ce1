#pragma once
// A text without its secrets, which become "***": settings in any of the usual notations, addresses
// with a password in them, and what tells by its own shape that it is a secret.
//
//     host=db password=x    Server=db;Pwd=x    {"password": "x"}    connect(password='x')
//     Authorization: Bearer x    <password>x</password>    https://name:x@host/?token=x name:x@host
//
// A value ends where its list goes on: at the quote it began with, else at the separator that
// stands before its name. Pure functions.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "fil/report/secret_names.hpp"

namespace fil::report {

inline constexpr std::string_view mask = "***";

namespace detail {

inline constexpr std::string_view blanks = " \t\r\n";

inline bool holds(std::string_view set, char c) {
    return set.find(c) != set.npos;
}

inline bool is_of_a_name(char c) {
    return is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
}

inline std::size_t skip(std::string_view text, std::size_t at, std::string_view what) {
    return std::min(text.find_first_not_of(what, at), text.size());
}

// A name, and the separator after it.
struct setting {
    std::size_t name_begin = 0, name_end = 0;
    std::size_t value = 0;  // where its value begins, quotes included
    bool is_name_quoted = false;
};

// The setting whose separator stands at `at`, if there is one.
inline bool find_setting(std::string_view text, std::size_t at, setting& found) {
    std::size_t end = at;
    while (end > 0 && holds(blanks, text[end - 1])) --end;
    const std::size_t without_blanks = end;
    while (end > 0 && holds("\"'\\])", text[end - 1])) --end;
    found.is_name_quoted = end != without_blanks;
    std::size_t begin = end;
    while (begin > 0 && is_of_a_name(text[begin - 1])) --begin;
    if (begin == end) return false;
    if (text[at] == '>' && (begin == 0 || text[begin - 1] != '<')) return false;
    found.name_begin = begin;
    found.name_end = end;
    found.value = text[at] == '>' ? at + 1 : skip(text, skip(text, at, ":=>"), blanks);
    return true;
}

// Where the bracket that opens at `at` is closed.
inline std::size_t closed(std::string_view text, std::size_t at) {
    std::size_t depth = 0;
    for (; at < text.size(); ++at) {
        if (holds("[{(", text[at])) ++depth;
        if (holds("]})", text[at]) && --depth == 0) return at + 1;
    }
    return at;
}

// A quote at `at`, as it is written there: also b", r', \" and \\\".
inline std::string_view quote_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && end < at + 2 && holds("bBfFrRuU", text[end])) ++end;
    const std::size_t begin = end;
    while (end < text.size() && text[end] == '\\') ++end;
    if (end == text.size() || (text[end] != '"' && text[end] != '\'')) return {};
    return text.substr(begin, end + 1 - begin);
}

struct span {
    std::size_t begin, end;
};

inline std::size_t end_of_word(std::string_view text, std::size_t at, std::string_view separators) {
    return std::min(text.find_first_of(separators, at), text.size());
}

// Between quotes.
inline span quoted_value(std::string_view text, std::size_t at, std::string_view quote) {
    const std::size_t begin = text.find(quote, at) + quote.size();
    std::size_t end = text.find(quote, begin);
    while (quote.size() == 1 && end != text.npos && text[end - 1] == '\\' && end > begin)
        end = text.find(quote, end + 1);
    return {begin, std::min(end, text.size())};
}

// By what a value ends that has no quotes of its own.
inline std::string separators_of(std::string_view text, const setting& found) {
    std::size_t before = found.name_begin;
    while (before > 0 && holds(blanks, text[before - 1])) --before;
    const char list = before > 0 ? text[before - 1] : ' ';
    const bool is_inside = text.substr(0, found.name_begin).find_first_of("[{(") != text.npos;
    std::string all(blanks);
    if (list == '"' || list == '\'') {
        // Quoted as a whole, "Authorization: Bearer x", or the name alone.
        if (!found.is_name_quoted && before == found.name_begin) return std::string(1, list);
        return all + "\"',;&]})";
    }
    if (list == '<' && before == found.name_begin) return "<";
    if (list == '?' || list == '&') return all + "&#\"'";
    if (list == ',' || list == ';') {
        all += list;
    } else if (before == found.name_begin && before > 0) {
        all += "\"',;&";
    }
    return all + (is_inside ? "]})\"'" : "\"'");
}

inline span value_of(std::string_view text, const setting& found) {
    const std::size_t at = found.value;
    const std::string_view quote = quote_at(text, at);
    if (!quote.empty()) return quoted_value(text, at, quote);
    if (at < text.size() && holds("[{(", text[at])) return {at, closed(text, at)};
    const std::string separators = separators_of(text, found);
    std::size_t end = end_of_word(text, at, separators);
    // "Bearer x", and "password: str = 'x'" of a program.
    const std::string scheme = lower(text.substr(at, end - at));
    const std::size_t next = skip(text, end, blanks);
    if (next < text.size() && text[next] == '=') {
        const std::size_t value = skip(text, skip(text, next, "="), blanks);
        return value_of(text, {found.name_begin, found.name_end, value, found.is_name_quoted});
    }
    if (next > end && among(scheme, "bearer basic digest token negotiate apikey"))
        end = end_of_word(text, next, separators);
    return {at, end};
}

// "password=x;host=db": each part after a separator is a setting again.
inline std::size_t end_in_list(std::string_view text, std::size_t value) {
    for (const char separator : {';', '&', ',', ' '}) {
        const std::size_t first = text.find(separator, value);
        bool is_list = first != text.npos;
        for (std::size_t at = first; is_list && at < text.size();) {
            const std::size_t part = skip(text, at + 1, blanks);
            const std::size_t end = std::min(text.find(separator, part), text.size());
            std::size_t name = part;
            while (name < end && is_of_a_name(text[name])) ++name;
            is_list = part == text.size() || (name > part && name < end && text[name] == '=');
            at = end;
        }
        if (is_list) return first;
    }
    return text.size();
}

inline void replace(std::string& text, span value) {
    text.replace(value.begin, value.end - value.begin, mask);
}

// Of "name:password", the password; not of an address, numbers, or a time.
inline void mask_password_of_user(std::string& text, span value,
                                  std::string_view separators = ":") {
    const std::string_view all =
        std::string_view(text).substr(value.begin, value.end - value.begin);
    const std::size_t end_of_name = all.find_first_of(separators);
    if (end_of_name == all.npos || all.find("://") != all.npos) return;
    const auto is_of_a_user = [](char c) { return is_of_a_name(c) || holds("+@\\", c); };
    if (!std::ranges::all_of(all.substr(0, end_of_name), is_of_a_user)) return;
    if (std::ranges::all_of(all, [](char c) { return is_digit(c) || holds(":-.+TZ", c); })) return;
    const std::size_t host = all.rfind('@');
    const bool has_host = host != all.npos && host > end_of_name;
    replace(text, {value.begin + end_of_name + 1, has_host ? value.begin + host : value.end});
}

}  // namespace detail

// `is_script`: a program or a list of commands, in which no value reaches to the end.
inline void mask_settings(std::string& text, bool is_script = false) {
    using namespace detail;
    bool is_value_of_a_secret = false;  // {"name": "TOKEN", "value": "x"}
    for (std::size_t at = text.find_first_of("=:>"); at != text.npos;
         at = text.find_first_of("=:>", at + 1)) {
        const auto is_colon = [&](std::size_t place) {
            return place < text.size() && text[place] == ':';
        };
        if (is_colon(at) && (is_colon(at + 1) || (at > 0 && is_colon(at - 1)))) continue;  // a::b
        setting found;
        if (!find_setting(text, at, found)) continue;
        const std::string_view all = text;
        const std::string_view name =
            all.substr(found.name_begin, found.name_end - found.name_begin);
        const char before = found.name_begin > 0 ? all[found.name_begin - 1] : ' ';
        const bool is_in_query = (before == '?' || before == '&') &&
                                 among(last_word(name), "key sig signature code sid session");
        const bool is_name = among(lower(name), "name key");
        const bool is_value = is_value_of_a_secret && lower(name) == "value";
        if (!is_in_query && !is_name && !is_value && !names_a_user(name) &&
            secrecy_of_name(name) == secrecy::none)
            continue;
        const bool is_whole = found.name_begin == 0 && !is_script && !found.is_name_quoted;
        span value = value_of(all, found);
        if (is_whole && text[at] == ':') value = {found.value, text.size()};
        if (is_whole && text[at] == '=') {
            value = {at + 1, name[0] == '-' ? text.size() : end_in_list(text, at + 1)};
        }
        const std::string_view given = all.substr(value.begin, value.end - value.begin);
        if (given.empty() || given.starts_with(mask)) continue;
        if (is_name) is_value_of_a_secret = secrecy_of_name(given) != secrecy::none;
        if (is_secret(name, given) || is_in_query || is_value) {
            replace(text, value);
            at = value.begin + mask.size() - 1;
        } else if (names_a_user(name)) {
            mask_password_of_user(text, value);
        }
    }
}

// "scheme://name:password@host"; for the web also a token in place of both.
inline void mask_addresses(std::string& text) {
    using namespace detail;
    for (std::size_t at = text.find("://"); at != text.npos; at = text.find("://", at + 3)) {
        const std::size_t begin = at + 3;
        const std::size_t word = end_of_word(text, begin, " \t\n\"'");
        std::size_t end = std::min(text.find_first_of("/?#", begin), word);
        const std::size_t colon = text.find(':', begin);
        // A password may hold a slash; a port cannot.
        if (colon < end && !is_number(std::string_view(text).substr(colon + 1, end - colon - 1)) &&
            text.rfind('@', end) + 1 <= begin)
            end = word;
        const std::size_t host = end == begin ? text.npos : text.rfind('@', end - 1);
        if (host == text.npos || host < begin) continue;
        const std::string_view scheme = std::string_view(text).substr(0, at);
        if (colon < host) {
            replace(text, {colon + 1, host});
        } else if (scheme.ends_with("http") || scheme.ends_with("https")) {
            replace(text, {begin, host});
        }
    }
    constexpr std::string_view hooks = "hooks.slack.com/services/";
    if (const std::size_t at = text.find(hooks); at != text.npos)
        replace(text, {at + hooks.size(), end_of_word(text, at, " \t\n\"'")});
}

// "name:password@host", of no scheme.
inline void mask_bare_addresses(std::string& text) {
    using namespace detail;
    for (std::size_t host = text.find('@', 1); host != text.npos; host = text.find('@', host + 1)) {
        const std::string_view all = text;
        if (host + 1 == all.size() || !(is_alphanumeric(all[host + 1]) || all[host + 1] == '['))
            continue;
        std::size_t begin = all.find_last_of(" \t\n\"'<({", host);
        begin = begin == all.npos ? 0 : begin + 1;
        const std::size_t colon = all.find(':', begin);
        if (colon >= host || all.substr(colon).starts_with("://") || colon + 1 == host) continue;
        std::size_t name = colon;
        while (name > begin && (is_of_a_name(all[name - 1]) || all[name - 1] == '+')) --name;
        if (name > begin && holds("@/", all[name - 1])) continue;
        if (among(lower(all.substr(name, colon - name)), "mailto sip sips xmpp acct npm file"))
            continue;
        if (all[colon + 1] == '/' || all.substr(host + 1).starts_with("sha256:")) continue;
        replace(text, {colon + 1, host});
        host = text.find('@', colon);
    }
}

// What is a secret by its own shape, whatever it is called: services mark theirs.
inline void mask_marked(std::string& text) {
    using namespace detail;
    for (const std::string_view mark :
         {"ghp_",    "gho_",  "ghu_",     "ghs_",      "ghr_",     "github_pat_", "glpat-",
          "hf_",     "sk-",   "sk_live_", "sk_test_",  "rk_live_", "xoxb-",       "xoxp-",
          "xoxa-",   "xapp-", "AIza",     "ya29.",     "eyJ",      "pypi-",       "npm_",
          "dop_v1_", "SG.",   "shpat_",   "dckr_pat_", "Bearer "}) {
        for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + 1)) {
            if (at > 0 && (is_alphanumeric(text[at - 1]) || text[at - 1] == '_')) continue;
            const std::size_t begin = mark == "Bearer " ? at + mark.size() : at;
            std::size_t end = begin;
            while (end < text.size() && (is_of_a_name(text[end]) || holds("+/~=", text[end])))
                ++end;
            const std::string_view given = std::string_view(text).substr(begin, end - begin);
            if (begin != at
                    ? given.size() >= 6
                    : given.size() >= mark.size() + 16 && std::ranges::any_of(given, is_digit))
                replace(text, {begin, end});
        }
    }
    constexpr std::string_view key = "-----BEGIN ";
    if (const std::size_t at = text.find(key);
        at != text.npos && text.find("PRIVATE KEY", at) != text.npos)
        replace(text, {at + key.size(), text.size()});
}

inline void mask_text(std::string& text, bool is_script = false) {
    mask_addresses(text);
    mask_settings(text, is_script);
    mask_bare_addresses(text);
    mask_marked(text);
}

}  // namespace fil::report
