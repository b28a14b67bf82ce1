#pragma once
// A command line without its secrets: the page is made to be sent. What looks like a password, by
// the name it is given with, becomes "***":
//
//     --password=x   --api-key x   TOKEN=x   db.password=x   "host=db password=x"
//     "Authorization: x"   -u name:x   https://name:x@host/   https://host/?token=x
//
// Names may be in any case, with any of "-_." between words, or in camelCase. A file that holds a
// password, or a number of tokens, is none. Pure functions.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fil::report {

inline constexpr std::string_view mask = "***";

// "--dbPassword" becomes "db-password".
inline std::string plain_name(std::string_view name) {
    std::string plain;
    bool was_lower = false;
    for (const char c : name) {
        const auto letter = static_cast<unsigned char>(c);
        if (was_lower && std::isupper(letter)) plain += '-';
        was_lower = std::islower(letter) != 0;
        if (c == '_' || c == '.') {
            plain += '-';
        } else if (c != '-' || !plain.empty()) {
            plain += static_cast<char>(std::tolower(letter));
        }
    }
    while (!plain.empty() && std::isdigit(static_cast<unsigned char>(plain.back())))
        plain.pop_back();
    return plain;
}

inline bool names_a_secret(std::string_view name) {
    const std::string plain = plain_name(name);
    const std::string_view last = std::string_view(plain).substr(plain.rfind('-') + 1);
    const auto ends = [](std::string_view text, const auto&... words) {
        return (text.ends_with(words) || ...);
    };
    if (last == "pass" || last == "pw" || last == "sig") return true;
    if (ends(last, "password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "auth",
             "credential", "credentials", "authorization", "cookie", "signature", "apikey",
             "accesskey", "secretkey", "privatekey"))
        return true;
    return ends(plain, "api-key", "access-key", "secret-key", "private-key", "account-key",
                "signing-key", "encryption-key", "auth-key", "subscription-key", "license-key");
}

// Each "name=value" in a word with several, as in a URL or a connection's description.
inline void mask_parts(std::string& word) {
    constexpr std::string_view separators = " ,;&?\"'{}#";
    for (std::size_t at = word.find('='); at != word.npos; at = word.find('=', at + 1)) {
        const std::size_t before = word.find_last_of(separators, at);
        const std::size_t begin = before == word.npos ? 0 : before + 1;
        const std::string_view name = std::string_view(word).substr(begin, at - begin);
        const bool in_query = before != word.npos && (word[before] == '?' || word[before] == '&');
        if (!names_a_secret(name) && !(in_query && plain_name(name) == "key")) continue;
        // What is given as a whole may hold anything.
        const std::size_t end = begin == 0 ? word.npos : word.find_first_of(separators, at);
        word.replace(at + 1, std::min(end, word.size()) - at - 1, mask);
    }
}

// "scheme://name:password@host"; for the web also a token in place of both.
inline void mask_addresses(std::string& word) {
    for (std::size_t at = word.find("://"); at != word.npos; at = word.find("://", at + 3)) {
        const std::size_t end = std::min(word.find_first_of("/?# ", at + 3), word.size());
        const std::size_t host = word.rfind('@', end);
        if (host == word.npos || host < at + 3) continue;
        const std::size_t colon = word.find(':', at + 3);
        const bool is_web =
            word.substr(0, at).ends_with("http") || word.substr(0, at).ends_with("https");
        if (colon < host) {
            word.replace(colon + 1, host - colon - 1, mask);
        } else if (is_web) {
            word.replace(at + 3, host - at - 3, mask);
        }
    }
}

// "Authorization: Bearer x", as curl's -H has it.
inline void mask_header(std::string& word) {
    const std::size_t colon = word.find(": ");
    if (colon != word.npos && names_a_secret(word.substr(0, colon)))
        word.replace(colon + 2, word.npos, mask);
}

inline std::vector<std::string> masked(std::vector<std::string> arguments) {
    std::string option;  // the word before, if its value may follow
    for (std::string& word : arguments) {
        const bool is_option = word.size() > 1 && word[0] == '-' &&
                               std::isdigit(static_cast<unsigned char>(word[1])) == 0;
        const bool has_value = word.find('=') != word.npos;
        const bool names_a_user = option == "-u" || plain_name(option).ends_with("user");
        const std::string following = is_option && !has_value ? word : "";
        const std::size_t colon = word.find(':');
        if (!is_option && names_a_secret(option)) {
            word = mask;
        } else if (names_a_user && colon != word.npos) {
            word.replace(colon + 1, word.npos, mask);
        } else {
            mask_addresses(word);
            mask_header(word);
            mask_parts(word);
        }
        option = following;
    }
    return arguments;
}

// The same of arguments that are separated, and ended, by zero bytes.
inline std::string masked_command(std::string_view command) {
    std::vector<std::string> arguments;
    while (!command.empty()) {
        const std::size_t end = std::min(command.find('\0'), command.size());
        arguments.emplace_back(command.substr(0, end));
        command.remove_prefix(std::min(end + 1, command.size()));
    }
    std::string joined;
    for (const std::string& word : masked(std::move(arguments))) joined.append(word) += '\0';
    return joined;
}

}  // namespace fil::report
