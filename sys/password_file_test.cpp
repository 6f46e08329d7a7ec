// SPDX-License-Identifier: MIT
#include "sys/password_file.h"

#include <cerrno>
#include <fstream>
#include <sys/stat.h>

#include "sys/test_support.h"

using namespace chat::sys;
using namespace chat::sys::test;

TEST_CASE("the password is the first line, without its end") {
    struct Row {
        std::string content;
        std::string password;  // empty: refused
    };
    const Row table[] = {
        {"secret", "secret"},
        {"secret\n", "secret"},
        {"secret\r\nmore\n", "secret"},
        {" two words \n", " two words "},
        {"密码\n", "密码"},
        {std::string(1024, 'x') + "\n", std::string(1024, 'x')},
        {std::string(1025, 'x') + "\n", ""},
        {std::string(100'000, 'x'), ""},
        {"", ""},
        {"\n", ""},
        {"\nsecond\n", ""},
        {"\r\n", ""},
    };
    const TempFolder temp;
    for (const auto& row : table) {
        CAPTURE(row.content.substr(0, 20), row.content.size());
        std::ofstream(temp / "password", std::ios::binary) << row.content;
        const auto password = read_password(temp / "password");
        CHECK(password.has_value() == !row.password.empty());
        if (password) {
            CHECK(password->text == row.password);
        } else {
            CHECK(password.error().code == EINVAL);
            CHECK(password.error().sentence().find(temp / "password") != std::string::npos);
        }
    }
}

TEST_CASE("a file that is not there, or is a folder") {
    const TempFolder temp;
    for (const std::string& path : {temp / "nothing", temp.path()}) {
        const auto password = read_password(path);
        REQUIRE_FALSE(password);
        CHECK(password.error().sentence().find(path) != std::string::npos);
    }
}

TEST_CASE("whoever else can read it is noticed") {
    const TempFolder temp;
    std::ofstream(temp / "password", std::ios::binary) << "secret\n";
    struct Row {
        mode_t mode;
        bool readable_by_others;
    };
    for (const Row row : {Row{0600, false}, Row{0400, false}, Row{0640, true}, Row{0604, true}}) {
        CAPTURE(row.mode);
        REQUIRE(chmod((temp / "password").c_str(), row.mode) == 0);
        const auto password = read_password(temp / "password");
        REQUIRE(password);
        CHECK(password->readable_by_others == row.readable_by_others);
    }
}
