#include "fil/report/masked_arguments.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>

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
    EXPECT_EQ(masked_word("--password="), "--password=");
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

// A line each: a command, as a shell has it but without quotes of its own, words separated by " |
// "; and what is shown of it, the same if nothing follows.
struct shown_as {
    const char* given;
    const char* shown;
};

std::string masked_row(std::string_view row) {
    words all;
    for (std::size_t at = 0; at <= row.size();) {
        const std::size_t end = std::min(row.find(" | ", at), row.size());
        all.emplace_back(row.substr(at, end - at));
        at = end + 3;
    }
    std::string joined;
    for (const std::string& word : masked(std::move(all)))
        joined += (joined.empty() ? "" : " | ") + word;
    return joined;
}

constexpr shown_as secrets[] = {
    // Names of options
    {"--bearer | hush", "--bearer | ***"},
    {"--jwt=hush", "--jwt=***"},
    {"--otp | 123456", "--otp | ***"},
    {"--pin | 1234", "--pin | ***"},
    {"--requirepass | hush", "--requirepass | ***"},
    {"--masterauth | hush", "--masterauth | ***"},
    {"--token=123456", "--token=***"},
    {"--hf-token | hush", "--hf-token | ***"},
    {"--hfToken | hush", "--hfToken | ***"},
    {"--use_auth_token=hush", "--use_auth_token=***"},
    {"--bot-token | hush", "--bot-token | ***"},
    {"--password=a b=c,d=e", "--password=***"},
    {"--token | -5", "--token | ***"},
    {"--bindpw=hush", "--bindpw=***"},
    {"--wifi-psk=hush", "--wifi-psk=***"},
    {"--otp-code | 123456", "--otp-code | ***"},
    {"--user-token | hush", "--user-token | ***"},
    {"--api-keys=a,b", "--api-keys=***"},
    {"--APIKey=hush", "--APIKey=***"},
    {"--vault-pass | hush", "--vault-pass | ***"},
    {"--secret-id=hush", "--secret-id=***"},
    {"--password-hash=hush", "--password-hash=***"},
    {"--token-value | hush", "--token-value | ***"},
    {"--creds | ada:hush", "--creds | ***"},
    {"--password | 0", "--password | ***"},
    {"-Dspring.datasource.password=hush", "-Dspring.datasource.password=***"},
    {"-Djavax.net.ssl.keyStorePassword=hush", "-Djavax.net.ssl.keyStorePassword=***"},
    {"--conf | fs.s3a.secret.key=hush", "--conf | fs.s3a.secret.key=***"},
    {"--signature=9f86d081884c7d659a2feaa0c55ad015", "--signature=***"},
    {"--mnemonic | one two three", "--mnemonic | ***"},
    {"--seed-phrase | one two three", "--seed-phrase | ***"},
    {"--search-phrase | one two three", "--search-phrase | one two three"},
    // Variables
    {"env | SECRET_KEY_BASE=hush | x", "env | SECRET_KEY_BASE=*** | x"},
    {"-e | DB_PASSWORD_PROD=a b;c", "-e | DB_PASSWORD_PROD=***"},
    {"-ePASSWORD=hush", "-ePASSWORD=***"},
    {"REDISCLI_AUTH=hush", "REDISCLI_AUTH=***"},
    {"MYSQL_PWD=/hush", "MYSQL_PWD=***"},
    {"AWS_SESSION_TOKEN=hush", "AWS_SESSION_TOKEN=***"},
    {"TOKEN_PROD=hush", "TOKEN_PROD=***"},
    // Users
    {"--user=me:hush", "--user=me:***"},
    {"--user | me:hush", "--user | me:***"},
    {"-u | me:1234", "-u | me:***"},
    {"curl | -ume:hush | https://h", "curl | -ume:*** | https://h"},
    {"--proxy-user=me:hush", "--proxy-user=me:***"},
    {"-U | me%hush", "-U | me%***"},
    {"-U | me:hush", "-U | me:***"},
    {"--login=me:hush", "--login=me:***"},
    // Letters
    {"mysql | -phush | -h | db", "mysql | -p*** | -h | db"},
    {"/usr/bin/mysqldump | -phush", "/usr/bin/mysqldump | -p***"},
    {"sshpass | -p | hush | ssh | -p | 22 | h", "sshpass | -p | *** | ssh | -p | *** | h"},
    {"redis-cli | -a | hush", "redis-cli | -a | ***"},
    {"docker | login | -u | me | -p | hush", "docker | login | -u | me | -p | ***"},
    {"openssl | rsa | -passin | pass:hush", "openssl | rsa | -passin | ***"},
    // Addresses
    {"me:hush@db.example/x", "me:***@db.example/x"},
    {"--db=me:hush@db:5432/x", "--db=me:***@db:5432/x"},
    {"--db | me:hu/sh@db", "--db | me:***@db"},
    {"me:hu@sh@127.0.0.1", "me:***@127.0.0.1"},
    {"{\"url\": \"me:hush@h\"}", "{\"url\": \"me:***@h\"}"},
    {"redis://:hush@h:6379/0", "redis://:***@h:6379/0"},
    {"postgres://me:hu/sh@h/x", "postgres://me:***@h/x"},
    {"git+https://hush@github.com/a/b", "git+https://***@github.com/a/b"},
    {"https://h/?X-Amz-Signature=hush&a=1", "https://h/?X-Amz-Signature=***&a=1"},
    {"https://h/cb?code=hush&state=2", "https://h/cb?code=***&state=2"},
    {"https://h/#access_token=hush&a=1", "https://h/#access_token=***&a=1"},
    {"https://x.blob.core.windows.net/c?sv=1&sig=hush",
     "https://x.blob.core.windows.net/c?sv=1&sig=***"},
    {"https://hooks.slack.com/services/T0/B0/hush", "https://hooks.slack.com/services/***"},
    {"https://x-access-token:hush@github.com/a/b", "https://x-access-token:***@github.com/a/b"},
    {"https://api.telegram.org/bot123456:ABC-DEF1234ghIkl57W2v1u123ew11/getMe",
     "https://api.telegram.org/bot123456:***"},
    // JSON, YAML, XML, programs
    {"{\"password\": \"hush\"}", "{\"password\": \"***\"}"},
    {"{\"a\":1,\"password\":\"hu,sh\",\"b\":2}", "{\"a\":1,\"password\":\"***\",\"b\":2}"},
    {"{'password': 'hush', 'b': 2}", "{'password': '***', 'b': 2}"},
    {"{\"db\": {\"password\": \"hu\\\"sh\", \"b\": 2}}",
     "{\"db\": {\"password\": \"***\", \"b\": 2}}"},
    {"{\\\"password\\\": \\\"hush\\\"}", "{\\\"password\\\": \\\"***\\\"}"},
    {"{\"pin\": 1234, \"b\": 2}", "{\"pin\": ***, \"b\": 2}"},
    {"{\"apiKeys\": [\"hush\", \"hush\"], \"b\": 2}", "{\"apiKeys\": ***, \"b\": 2}"},
    {"{\"credentials\": {\"id\": \"hush\"}, \"b\": 2}", "{\"credentials\": ***, \"b\": 2}"},
    {"--config={\"token\":\"hush\"}", "--config={\"token\":\"***\"}"},
    {"[{\"name\": \"DB_PASSWORD\", \"value\": \"hush\"}, {\"name\": \"a\", \"value\": \"b\"}]",
     "[{\"name\": \"DB_PASSWORD\", \"value\": \"***\"}, {\"name\": \"a\", \"value\": \"b\"}]"},
    {"<add key=\"password\" value=\"hush\"/>", "<add key=\"password\" value=\"***\"/>"},
    {"{password: hush, b: 2}", "{password: ***, b: 2}"},
    {"password: hush hush", "password: ***"},
    {"<password>hush</password>", "<password>***</password>"},
    {"python | -c | connect('db', password='hu sh', port=2)",
     "python | -c | connect('db', password='***', port=2)"},
    {"python | -c | password = \"hush\"; print(1)", "python | -c | password = \"***\"; print(1)"},
    {"python | -c | password: str = b'hush'; x", "python | -c | password: str = b'***'; x"},
    {"python | -c | os.environ[\"API_TOKEN\"] = \"hush\"",
     "python | -c | os.environ[\"API_TOKEN\"] = \"***\""},
    // Lists
    {"password=hush;host=db", "password=***;host=db"},
    {"password=hush host=db", "password=*** host=db"},
    {"-o | user=a,password=hush,uid=1", "-o | user=a,password=***,uid=1"},
    {"--set | db.password=hush,host=y", "--set | db.password=***,host=y"},
    {"AccountName=a;AccountKey=hush==;EndpointSuffix=c",
     "AccountName=a;AccountKey=***;EndpointSuffix=c"},
    {"-d | user=me&password=hush&x=1", "-d | user=me&password=***&x=1"},
    {"host=db password='hu sh' x=1", "host=db password='***' x=1"},
    // Headers
    {"-H | Authorization: Bearer hush", "-H | Authorization: ***"},
    {"-H | authorization:Basic hush", "-H | authorization:***"},
    {"--header=Authorization: Bearer hush", "--header=Authorization: ***"},
    {"-H | Cookie: a=hush; b=hush", "-H | Cookie: ***"},
    {"-HX-Auth-Token: hush", "-HX-Auth-Token: ***"},
    {"-H | X-Api-Key:hush", "-H | X-Api-Key:***"},
    // Commands within a word
    {"sh | -c | PASSWORD=hush python x.py --lr 1", "sh | -c | PASSWORD=*** python x.py --lr 1"},
    {"sh | -c | A=1 TOKEN='hu sh' x; y", "sh | -c | A=1 TOKEN='***' x; y"},
    {"bash | -lc | curl -u me:hush -H 'Authorization: Bearer hush' https://h/x",
     "bash | -lc | curl -u me:*** -H 'Authorization: ***' https://h/x"},
    {"sh | -c | mysql -phush; login --token \"hu sh\" --lr 1",
     "sh | -c | mysql -p*** login --token \"***\" --lr 1"},
    {"ssh | h | sh -c 'x --password hush --lr 1'", "ssh | h | sh -c 'x --password *** --lr 1'"},
    {"sh | -c | curl -d '{\"password\": \"hush\"}' h",
     "sh | -c | curl -d '{\"password\": \"***\"}' h"},
    {"sh | -c | don't --token hush", "sh | -c | don't --token ***"},
    {"sh | -c | PASSWORD=hu,sh x", "sh | -c | PASSWORD=*** x"},
    {"sh | -c | x --password='hu sh' -u 'me:hu sh' y",
     "sh | -c | x --password='***' -u 'me:***' y"},
    {"watch | login --token hush --pad-token 3", "watch | login --token *** --pad-token 3"},
    {"sh | -c | export GITHUB_TOKEN=hush && x", "sh | -c | export GITHUB_TOKEN=*** && x"},
    // Marked as what they are
    {"x | ghp_0123456789abcdefABCDEF0123456789abcd", "x | ***"},
    {"x | --y=sk-proj-0123456789abcdefABCDEF", "x | --y=***"},
    {"x | eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-123_x", "x | ***"},
    {"x | Bearer hushhush", "x | Bearer ***"},
};

constexpr const char* harmless[] = {
    "--pad-token=0",
    "--eos-token | 2",
    "--stop-token | END",
    "--cls_token | [CLS]",
    "--sep_token=</s>",
    "--bos_token=<s>",
    "--token=<|endoftext|>",
    "--new-token | 12",
    "--max-new-token=12",
    "--pad_token_id=50256",
    "--padToken | x",
    "--unk_token | UNK",
    "--mask-token=[MASK]",
    "--placeholder_token=cat",
    "--initializer_token | toy",
    "--special-tokens=a,b",
    "--num-tokens | 300",
    "--tokens=2048",
    "--image_token=img",
    "--stop_tokens | END,STOP",
    "--use-auth-token=True",
    "--split-token=|",
    "--show-password=true",
    "{\"password\": null}",
    "date | -u | +%H:%M",
    "--forward-pass | 2",
    "--num-pass=3",
    "--first_pass | out.txt",
    "ffmpeg | -pass | 1",
    "--low-pass=200",
    "--bypass=x",
    "--signature=sha256",
    "--sig=0.05",
    "-u | 10:20",
    "-u | 1000",
    "--user=1000:1000",
    "-u | https://h:80/x",
    "python | -u | x.py",
    "--since=10:20",
    "-p | 8080:80",
    "ssh | -p22 | h",
    "mysql | -p | db",
    "--auth=basic",
    "--auth | none",
    "--pat=*.txt",
    "--key | id",
    "--sort-key=name",
    "--primary-key=id",
    "--session=3",
    "--pin-memory=True",
    "--gpio-pin=18",
    "--token-file=/run/t",
    "--password-policy=strong",
    "--access-key-id-file=x",
    "--secrets-file=x",
    "--no-password | db",
    "--ask-pass | host",
    "--spin=3",
    "--monkey=x",
    "--cookiecutter=x",
    "PWD=/home/x",
    "test/test_auth.py::test_token::test_password",
    "-k | password or token",
    "git@github.com:a/b.git",
    "me@example.com",
    "mailto:me@example.com",
    "repo/image:tag@sha256:0123abcd",
    "image:tag@sha256:0123abcd",
    "host:/a/b@c",
    "user@host:path@2",
    "npm:pkg@1.0",
    "https://h:8080/a@b",
    "https://h/@scope/x:1",
    "{\"tokenizer\": \"x\", \"max_tokens\": 5, \"pad_token\": \"<pad>\"}",
    "python | -c | import secrets; print(secrets.token_hex(8))",
    "sh | -c | python train.py --pad-token 0 --num-pass 3 'a b' \"c\"",
    "lr=0.1,tokens=100,seed=2",
    "sk-learn",
    "hf_transformer",
    "SG.x",
    "s3://bucket/a@b",
    "a=b",
    "=",
    ":",
    "--",
    "\"",
};

TEST(masked_arguments, each_secret_of_the_table) {
    for (const shown_as& row : secrets) EXPECT_EQ(masked_row(row.given), row.shown);
}

TEST(masked_arguments, what_is_none_stays_as_it_is) {
    for (const char* row : harmless) EXPECT_EQ(masked_row(row), row);
}

// Whatever a word holds: no reading past it, and an end.
TEST(masked_arguments, any_word_at_all) {
    constexpr std::string_view pieces[] = {"password", "-u",      "=", ":", "\"",      "'",   "\\",
                                           "{",        "}",       "[", " ", "@",       "://", ";",
                                           "a",        "--token", "<", ">", "Bearer ", "&"};
    std::uint32_t seed = 1;
    for (int round = 0; round < 5000; ++round) {
        words given(2);
        for (int piece = 0; piece < 12; ++piece) {
            seed = seed * 1664525 + 1013904223;
            given[piece % 2] += pieces[(seed >> 16) % std::size(pieces)];
        }
        EXPECT_EQ(masked(given).size(), 2u);
    }
}

TEST(masked_arguments, of_a_command_separated_by_zero_bytes) {
    using namespace std::string_literals;
    EXPECT_EQ(masked_command("a\0--token\0hush\0\0"s), "a\0--token\0***\0\0"s);
    EXPECT_EQ(masked_command("a"), "a\0"s);
    EXPECT_EQ(masked_command(""), "");
}
