#pragma once
// Whether what is given under a name is a secret: "--db-password", "GITHUB_TOKEN", "apiKey".
//
// A name is taken as words, and its last word is what the value is: a password's file is a file.
// Some words always mean a secret; others only if neither the word before them nor the value says
// otherwise: a "token" is a password to a web service, and a piece of text to a language model. In
// doubt it is a secret. Pure functions.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fil::report {

enum class secrecy { none, if_random, unless_plain, always };

namespace detail {

inline bool is_upper(char c) {
    return std::isupper(static_cast<unsigned char>(c)) != 0;
}
inline bool is_lower(char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0;
}
inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
inline bool is_alphanumeric(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}
inline bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

inline bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
}

inline std::string lower(std::string_view text) {
    std::string all(text);
    for (char& c : all) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return all;
}

// Whether a word is one of those of a list, which are separated by blanks.
inline bool among(std::string_view word, std::string_view list) {
    for (std::size_t at = list.find(word); at != list.npos; at = list.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || list[at - 1] == ' ') && (end == list.size() || list[end] == ' '))
            return !word.empty();
    }
    return false;
}

// Whether it is, or ends in, one of a list's words: "pgpassword".
inline bool ends_among(std::string_view word, std::string_view list) {
    for (std::size_t cut = 0; cut < word.size(); ++cut)
        if (among(word.substr(cut), list)) return true;
    return false;
}

// "--dbAPIKey2" is db, api, key.
inline std::vector<std::string> words_of(std::string_view name) {
    while (!name.empty() && !is_alphanumeric(name.back())) name.remove_suffix(1);
    std::string_view stem = name;
    while (!stem.empty() && is_digit(stem.back())) stem.remove_suffix(1);
    if (!stem.empty()) name = stem;
    std::vector<std::string> words;
    bool begins = true;
    for (std::size_t at = 0; at < name.size(); ++at) {
        const char c = name[at];
        const bool turns =
            at > 0 && is_upper(c) &&
            (is_lower(name[at - 1]) ||
             (is_upper(name[at - 1]) && at + 1 < name.size() && is_lower(name[at + 1])));
        if (!is_alphanumeric(c)) {
            begins = true;
            continue;
        }
        if (begins || turns) words.emplace_back();
        begins = false;
        words.back() += lower({&c, 1});
    }
    return words;
}

inline std::string last_word(std::string_view name) {
    const std::vector<std::string> words = words_of(name);
    return words.empty() ? "" : words.back();
}

// Secrets wherever they stand in a name, unless its last word names something about them.
inline constexpr std::string_view always_secret =
    "password passwords passwd passphrase passcode pwd secret secrets credential credentials creds "
    "apikey apikeys accesskey secretkey privatekey authkey authorization mnemonic requirepass "
    "masterauth userpass";
inline constexpr std::string_view secret_keys =
    "api access secret private account signing sign encryption decryption auth subscription "
    "license "
    "master storage deploy ssh gpg aes hmac rsa fernet app admin consumer shared sas "
    "activation product";
inline constexpr std::string_view about_secrets =
    "file filename files path dir directory folder name names arn ref length len size count number "
    "num "
    "limit min max policy ttl timeout expiry expires expiration age type mode kind scheme uri url "
    "endpoint host port manager store provider backend command cmd helper program script prompt "
    "stdin "
    "fd var variable field column format style version label rotation attempts retries algorithm "
    "encoding enabled required scope engine namespace region class plugin source strength entropy "
    "generator hint reset id ids index";

// What makes of a "token" a piece of text.
inline constexpr std::string_view of_text =
    "pad padding eos bos sep separator cls mask masked unk unknown oov stop start begin end ending "
    "eot "
    "sot eod eom special extra added additional new num n nb k min max top total per each every "
    "all "
    "first last next prev previous prefix suffix middle fim infill image img audio video speech "
    "speaker vision timestamp timestamps assistant system prompt response instruction instruct "
    "query "
    "question answer context doc document sentence paragraph entity decoder encoder forced bad "
    "good "
    "suppress text word subword sub char character byte blank space newline line delimiter trigger "
    "placeholder initializer modifier target source src tgt lang language task class instance "
    "concept "
    "style subject think thinking reasoning tool number digit vocab vocabulary marker control open "
    "close left right head tail empty null ignore ignored skip skipped dummy default reserved "
    "draft "
    "label input output generated completion chunk soft hard virtual visual register patch mean "
    "avg "
    "average median punctuation stopword sentinel split join turn role";
// What makes of a "pass" a walk through something, or a word of its own; of a "pin" a wire.
inline constexpr std::string_view of_passes =
    "forward backward num n nb number first second third fourth last next final per single double "
    "one "
    "two three multi low high band all by com encom sur over under tres pre post render shadow "
    "depth "
    "opt optimization optimizer initial extra each every after before run verify max min total";
inline constexpr std::string_view code_of =
    "otp mfa 2fa totp auth verification unlock security access activation sms login";
inline constexpr std::string_view of_pins =
    "cpu core cores thread threads numa gpio led memory mem data input output in out rx tx clock";

}  // namespace detail

inline secrecy secrecy_of_name(std::string_view name) {
    using namespace detail;
    if (name == "PWD" || name == "OLDPWD") return secrecy::none;
    std::vector<std::string> words = words_of(name);
    while (words.size() > 1 && among(words.back(), "value string prod production staging dev"))
        words.pop_back();
    if (words.empty() || among(words.front(), "no without ask prompt disable skip"))
        return secrecy::none;
    const std::string_view last = words.back();
    for (std::size_t at = 0; at < words.size(); ++at) {
        const bool is_key =
            at > 0 && among(words[at], "key keys") && among(words[at - 1], secret_keys);
        if (!is_key && !ends_among(words[at], always_secret)) continue;
        const bool is_id = among(last, "id ids") && words[at] == "secret";  // Vault's second half
        if (at + 1 == words.size() || is_id || !among(last, about_secrets)) return secrecy::always;
    }
    const std::string_view before =
        words.size() > 1 ? std::string_view(words[words.size() - 2]) : "";
    // "--pad-token", "--pad_tokens" and "--padtoken".
    const auto is_of = [&](std::string_view noun, std::string_view harmless) {
        const std::string_view qualifier =
            last == noun ? before : last.substr(0, last.size() - noun.size());
        return among(qualifier, harmless) ? secrecy::none : secrecy::unless_plain;
    };
    for (const std::string_view noun : {"token", "tokens"})
        if (last.ends_with(noun)) return is_of(noun, of_text);
    if (last.ends_with("pass")) return is_of("pass", of_passes);
    if (last == "pin") return is_of("pin", of_pins);
    if (last.ends_with("auth") || last == "authentication") return secrecy::unless_plain;
    if (last == "phrase" && among(before, "seed recovery backup pass secret wallet"))
        return secrecy::always;
    if (last == "code" && among(before, code_of)) return secrecy::unless_plain;
    if (last.ends_with("pw") || last == "2fa" || last == "psk" ||
        among(last, "bearer jwt otp totp hotp mfa cvv cvc cookie cookies passin passout"))
        return secrecy::unless_plain;
    if (among(
            last,
            "sig signature pat sas sid session sessionid sessid phpsessid jsessionid key code bot"))
        return secrecy::if_random;
    return secrecy::none;
}

// A setting that is on or off, or not there.
inline bool is_switch(std::string_view value) {
    return detail::among(detail::lower(value), "true false null none");
}

// A number of tokens, "<pad>", a way to authenticate: nobody's secret.
inline bool is_plain_value(std::string_view name, std::string_view value) {
    using namespace detail;
    const std::string word = lower(value);
    const std::string last = last_word(name);
    if (is_switch(value) || among(word, "yes no on off auto default")) return true;
    if (std::ranges::none_of(value, is_alphanumeric)) return true;
    if (is_number(value) && (value.size() <= 2 || last.ends_with("tokens"))) return true;
    if (value.size() > 2 && value.front() == '<' && value.back() == '>') return true;
    if (value.size() > 2 && value.front() == '[' && value.back() == ']' &&
        std::ranges::all_of(value.substr(1, value.size() - 2), is_upper))
        return true;
    return last.starts_with("auth") &&
           among(word,
                 "basic digest ntlm negotiate bearer oauth oauth2 token password plain login "
                 "kerberos gssapi krb5 md5 scram ldap");
}

// Long, and of letters and digits as no word or path has them.
inline bool is_random(std::string_view value) {
    using namespace detail;
    return value.size() >= 16 && std::ranges::any_of(value, is_digit) &&
           std::ranges::count_if(value, [](char c) { return is_alphanumeric(c); }) >=
               static_cast<std::ptrdiff_t>(value.size() * 9 / 10) &&
           std::ranges::none_of(value, is_space);
}

inline bool is_secret(std::string_view name, std::string_view value) {
    switch (secrecy_of_name(name)) {
        case secrecy::none:
            return false;
        case secrecy::if_random:
            return is_random(value);
        case secrecy::unless_plain:
            return !is_plain_value(name, value);
        case secrecy::always:
            return !is_switch(value);
    }
    return true;
}

// Whether "name:password" may be given under this name.
inline bool names_a_user(std::string_view name) {
    return name == "-u" || name == "-U" ||
           detail::among(detail::last_word(name), "user username login account");
}

}  // namespace fil::report
