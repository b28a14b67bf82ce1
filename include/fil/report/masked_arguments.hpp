#pragma once
// A command line without its secrets: the page is made to be sent. What looks like a password, by
// the name it is given with, becomes "***":
//
//     --password=x   --api-key x   TOKEN=x   -u name:x   mysql -px   sh -c "login --token x"
//
// Which names these are: secret_names.hpp; what is looked for in each argument: masked_text.hpp.
// Here are options whose value is the argument after them, and commands within an argument. Pure
// functions.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fil/report/masked_text.hpp"
#include "fil/report/secret_names.hpp"

namespace fil::report {

namespace detail {

// Commands that take a secret by a letter. Some of them take only what is attached to it.
struct secret_letter {
    std::string_view commands;
    std::string_view option;
    bool may_follow = true;
};
inline constexpr secret_letter secret_letters[] = {
    {"mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mariadb mariadb-dump "
     "mariadb-admin",
     "-p", false},
    {"7z 7za 7zr", "-p", false},
    {"sshpass mongo mongosh mongodump mongorestore cqlsh beeline rdesktop login", "-p"},
    {"zip unzip sqlcmd bcp mosquitto_pub mosquitto_sub ssh-keygen", "-P"},
    {"ssh-keygen", "-N"},
    {"redis-cli", "-a"},
    {"ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami", "-w"},
    {"curl", "-b"},
};

inline bool is_option(std::string_view word) {
    return word.size() > 1 && word[0] == '-' && !is_digit(word[1]);
}

// Of an option such as "-px", how much is the option; 0, if it is none of them.
inline std::size_t secret_letter_size(std::string_view command, std::string_view word) {
    for (const secret_letter& known : secret_letters)
        if (word.starts_with(known.option) && among(command, known.commands) &&
            (known.may_follow || word.size() > known.option.size()))
            return known.option.size();
    return 0;
}

// A command line as the shell reads it: words, and what stands between them, quotes included.
struct shell_text {
    std::vector<std::string> between;  // one more than words
    std::vector<std::string> words;
};

inline shell_text split_as_shell(std::string_view text) {
    shell_text split;
    std::string between;
    for (std::size_t at = 0;;) {
        const std::size_t begin = skip(text, at, blanks);
        between += text.substr(at, begin - at);
        if (begin == text.size()) break;
        std::size_t end = begin;
        while (end < text.size() && !holds(blanks, text[end])) {
            const bool is_quote = text[end] == '"' || text[end] == '\'';
            const std::size_t closing = is_quote ? text.find(text[end], end + 1) : text.npos;
            end = closing == text.npos ? end + 1 : closing + 1;
        }
        std::string_view word = text.substr(begin, end - begin);
        const bool is_quoted = word.size() > 1 && (word[0] == '"' || word[0] == '\'') &&
                               word.find(word[0], 1) == word.size() - 1;
        if (is_quoted) between += word[0];
        split.between.push_back(std::exchange(between, is_quoted ? std::string(1, word[0]) : ""));
        split.words.emplace_back(is_quoted ? word.substr(1, word.size() - 2) : word);
        at = end;
    }
    split.between.push_back(between);
    return split;
}

}  // namespace detail

// `are_of_a_text`: the words of one argument, whose settings are masked already.
inline std::vector<std::string> masked(std::vector<std::string> arguments,
                                       bool are_of_a_text = false) {
    using namespace detail;
    std::string option;   // the word before, if its value may follow
    std::string command;  // the last that takes secrets by a letter
    for (std::string& word : arguments) {
        const std::string given = word;
        const bool is_value = !is_option(word);
        const std::string_view base = std::string_view(given).substr(given.rfind('/') + 1);
        const std::size_t letter = secret_letter_size(command, word);
        if (is_value &&
            (is_secret(option, word) || secret_letter_size(command, option) == option.size()) &&
            !option.empty()) {
            word = mask;
        } else if (is_value && names_a_user(option)) {
            mask_addresses(word);
            mask_password_of_user(word, {0, word.size()}, option == "-U" ? ":%" : ":");
        } else if (letter > 0 && word.size() > letter) {
            word.replace(letter, word.npos, mask);
        } else {
            const bool is_script = is_option(option) && option[1] != '-' && option.ends_with('c');
            if (word.starts_with("-u") && word.size() > 2)
                mask_password_of_user(word, {2, word.size()});
            if (!are_of_a_text) mask_text(word, is_script);
            if (shell_text split = split_as_shell(word); split.words.size() > 1) {
                split.words = masked(std::move(split.words), true);
                word = split.between[0];
                for (std::size_t at = 0; at < split.words.size(); ++at)
                    word += split.words[at] + split.between[at + 1];
            }
        }
        for (const secret_letter& known : secret_letters)
            if (is_value && among(base, known.commands)) command = base;
        option = !is_value && given.find('=') == given.npos ? given : "";
    }
    return arguments;
}

// Of a command, whose arguments are separated, and ended, by zero bytes.
inline std::vector<std::string> arguments_of(std::string_view command) {
    std::vector<std::string> arguments;
    while (!command.empty()) {
        const std::size_t end = std::min(command.find('\0'), command.size());
        arguments.emplace_back(command.substr(0, end));
        command.remove_prefix(std::min(end + 1, command.size()));
    }
    return arguments;
}

// The same of such a command.
inline std::string masked_command(std::string_view command) {
    std::string joined;
    for (const std::string& word : masked(arguments_of(command))) joined.append(word) += '\0';
    return joined;
}

}  // namespace fil::report
