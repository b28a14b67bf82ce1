#include "fil/report/masked_arguments.hpp"

#include <gtest/gtest.h>

using namespace fil::report;

namespace {

using words = std::vector<std::string>;

std::string masked_word(const std::string& word) {
    return masked({word}).front();
}

}  // namespace

TEST(masked_arguments, the_value_of_an_option_that_names_a_secret) {
    for (const char* name : {"--password",
                             "--PASSWORD",
                             "-password",
                             "--db-password",
                             "--db_password",
                             "--dbPassword",
                             "--password2",
                             "--passwd",
                             "--pwd",
                             "--pass",
                             "--token",
                             "--api-token",
                             "--github_token",
                             "--apiKey",
                             "--api-key",
                             "--apikey",
                             "--aws-secret-access-key",
                             "--client-secret",
                             "--auth",
                             "--credentials",
                             "--passphrase",
                             "--private_key",
                             "--session-cookie"}) {
        EXPECT_EQ(masked_word(std::string(name) + "=hush"), std::string(name) + "=***");
        EXPECT_EQ(masked({"x.py", name, "hush", "rest"}), (words{"x.py", name, "***", "rest"}));
    }
    EXPECT_EQ(masked_word("--password=a=b, c;d"), "--password=***");
    EXPECT_EQ(masked_word("--password="), "--password=***");
}

TEST(masked_arguments, what_only_sounds_like_it_stays) {
    const words plain = {"--tokenizer=x",
                         "--max-tokens=512",
                         "--password-file=/run/secret",
                         "--key=2",
                         "--passes=3",
                         "--author=ada",
                         "--pass-through=yes",
                         "--keyword",
                         "hush",
                         "-k",
                         "1",
                         "password",
                         "hush",
                         "a=b",
                         "https://host:80/a@b",
                         "ssh://git@host/x",
                         "secret",
                         "--compass",
                         "north",
                         "--secret-count=3",
                         "--no-password"};
    EXPECT_EQ(masked(plain), plain);
    // An option follows: the first one has no value.
    const words flags = {"--token", "--verbose", "--password", "-v", "--auth"};
    EXPECT_EQ(masked(flags), flags);
}

TEST(masked_arguments, variables_settings_and_descriptions_of_connections) {
    EXPECT_EQ(masked_word("PGPASSWORD=hush"), "PGPASSWORD=***");
    EXPECT_EQ(masked_word("AWS_SECRET_ACCESS_KEY=hush"), "AWS_SECRET_ACCESS_KEY=***");
    EXPECT_EQ(masked_word("db.password=hush"), "db.password=***");
    EXPECT_EQ(masked_word("host=db password=hush user=a"), "host=db password=*** user=a");
    EXPECT_EQ(masked_word("Server=db;Pwd=hush;Port=1"), "Server=db;Pwd=***;Port=1");
    EXPECT_EQ(masked_word("Authorization: Bearer hush"), "Authorization: ***");
    EXPECT_EQ(masked_word("X-Api-Key: hush"), "X-Api-Key: ***");
    EXPECT_EQ(masked({"curl", "-u", "ada:hush", "--proxy-user", "bob:hush"}),
              (words{"curl", "-u", "ada:***", "--proxy-user", "bob:***"}));
    EXPECT_EQ(masked({"python", "-u", "x.py"}), (words{"python", "-u", "x.py"}));
}

TEST(masked_arguments, addresses) {
    EXPECT_EQ(masked_word("postgres://ada:hu@sh@db:5432/x"), "postgres://ada:***@db:5432/x");
    EXPECT_EQ(masked_word("--db=redis://:hush@h"), "--db=redis://:***@h");
    EXPECT_EQ(masked_word("https://hush@github.com/x"), "https://***@github.com/x");
    EXPECT_EQ(masked_word("https://h/x?a=1&token=hush&b=2#c"), "https://h/x?a=1&token=***&b=2#c");
    EXPECT_EQ(masked_word("https://h/x?key=hush"), "https://h/x?key=***");
    EXPECT_EQ(masked_word("http://a:b@c http://d:e@f"), "http://a:***@c http://d:***@f");
}

TEST(masked_arguments, of_a_command_separated_by_zero_bytes) {
    using namespace std::string_literals;
    EXPECT_EQ(masked_command("a\0--token\0hush\0\0"s), "a\0--token\0***\0\0"s);
    EXPECT_EQ(masked_command("a"), "a\0"s);
    EXPECT_EQ(masked_command(""), "");
}
