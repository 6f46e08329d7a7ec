// SPDX-License-Identifier: MIT
#include "chat-client/process/options.h"

#include <stdlib.h>
#include <sysexits.h>

#include "tests/support/catch.h"

using namespace chat::client;

namespace {

using Words = std::vector<std::string>;

// Sets a variable for as long as it lives.
class Environment {
  public:
    Environment(const char* name, const char* value) : name_(name) {
        if (const char* before = getenv(name)) before_ = before;
        value == nullptr ? unsetenv(name) : setenv(name, value, 1);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() { before_.empty() ? unsetenv(name_) : setenv(name_, before_.c_str(), 1); }

  private:
    const char* name_;
    std::string before_;
};

Options parse(const Words& words) {
    const auto options = parse_options(words);
    REQUIRE(options);
    return *options;
}

}  // namespace

TEST_CASE("without any word: the secure protocol, this machine, full screen") {
    const auto options = parse({});
    CHECK(options.protocol == Protocol::secure);
    CHECK(options.mode == Options::Mode::full_screen);
    CHECK(server_address(options.host, options.port) == "127.0.0.1:8888");
    CHECK(options.room == "lobby");
    CHECK(options.name.empty());
    CHECK(options.accept_key.empty());
    CHECK_FALSE(options.accept_new_key);
    CHECK(options.password_file.empty());
}

TEST_CASE("the server's address in all its forms") {
    struct Row {
        Words words;
        std::string address;  // empty: refused
    };
    const Row table[] = {
        {{"example.org"}, "example.org:8888"},
        {{"example.org", "9"}, "example.org:9"},
        {{"example.org:9"}, "example.org:9"},
        {{"example.org:9", "10"}, "example.org:10"},
        {{"::1"}, "[::1]:8888"},
        {{"[::1]"}, "[::1]:8888"},
        {{"[::1]:9"}, "[::1]:9"},
        {{"::1", "65535"}, "[::1]:65535"},
        {{"[::1"}, ""},
        {{"[]:9"}, ""},
        {{":9"}, ""},
        {{"a:"}, ""},
        {{"a", "0"}, ""},
        {{"a", "65536"}, ""},
        {{"a:b"}, ""},
    };
    for (const auto& row : table) {
        CAPTURE(row.words);
        const auto options = parse_options(row.words);
        CHECK(options.has_value() == !row.address.empty());
        if (options) {
            CHECK(server_address(options->host, options->port) == row.address);
        } else {
            CHECK(options.error() == 2);
        }
    }
}

TEST_CASE("trust: which key, or any new one") {
    CHECK(parse({"--accept-key", "abcdefghij234567mnop"}).accept_key == "abcdefghij234567mnop");
    CHECK(parse({"--accept-key=ABCDEFGHIJ234567MNOP"}).accept_key == "abcdefghij234567mnop");
    CHECK(parse({"--accept-new-key"}).accept_new_key);
    for (const char* bad :
         {"", "abcdefghij234567mno", "abcdefghij234567mnopq", "abcdefghij234567mno1",
          "abcdefghij 34567mnop", "abcdefghij23456=mnop"}) {
        CAPTURE(bad);
        const auto options = parse_options({"--accept-key", bad});
        REQUIRE_FALSE(options);
        CHECK(options.error() == 2);
    }
}

TEST_CASE("the plain-text protocol, and what it cannot promise") {
    struct Row {
        Words words;
        int status;
    };
    const Row table[] = {
        {{"--classic"}, 0},
        {{"--classic", "--accept-new-key", "--data", "/nowhere"}, 0},
        {{"--classic", "--accept-key", "abcdefghij234567mnop"}, EX_NOPERM},
        {{"--classic", "--accept-key", ""}, EX_NOPERM},
        {{"--classic", "--password-file", "file"}, EX_NOPERM},
        {{"--classic", "--room", "other"}, 2},
        {{"--classic", "--room", "lobby"}, 0},
        {{"--room", "other"}, 0},
        {{"--room", "会议室"}, 0},
        {{"--room", "two words"}, 2},
        {{"--room", "@bob"}, 2},
        {{"--room", ""}, 2},
        {{"--room", "123456789012345678901234567890123"}, 2},
    };
    for (const auto& row : table) {
        CAPTURE(row.words);
        const auto options = parse_options(row.words);
        CHECK((options ? 0 : options.error()) == row.status);
        if (options && row.words[0] == "--classic") CHECK(options->protocol == Protocol::classic);
    }
}

TEST_CASE("the data folder: given, by the desktop's rules, or none") {
    CHECK(parse({"--data", "here"}).data == "here");
    struct Row {
        const char* share;
        const char* home;
        std::string data;
    };
    const Row table[] = {
        {"/share", "/people/a", "/share/chat-client"},
        {nullptr, "/people/a", "/people/a/.local/share/chat-client"},
        {"", "/people/a", "/people/a/.local/share/chat-client"},
        {"relative", "/people/a", "/people/a/.local/share/chat-client"},
    };
    for (const auto& row : table) {
        const Environment share("XDG_DATA_HOME", row.share);
        const Environment home("HOME", row.home);
        CHECK(parse({}).data == row.data);
    }
    const Environment share("XDG_DATA_HOME", nullptr);
    const Environment home("HOME", nullptr);
    const auto none = parse_options({});
    REQUIRE_FALSE(none);
    CHECK(none.error() == 2);
    CHECK(parse_options({"--classic"}));
    CHECK(parse({"--data", "here"}).data == "here");
}
