// SPDX-License-Identifier: MIT
#include "chat-client/process/known_servers.h"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

#include "chat-client/process/test_support.h"
#include "sys/child_process.h"
#include "sys/clock.h"

using namespace chat;
using namespace chat::client;
using namespace chat::client::test;

namespace {

constexpr WallTime noon{1'700'000'000'123};
const std::string seen = " 2023-11-14T22:13:20.123Z\n";

PublicKey key(char fill) {
    PublicKey key;
    key.bytes.fill(static_cast<std::byte>(fill));
    return key;
}

struct Scene {
    TempFolder temp;
    sys::DataFolder folder = open(temp.path());
    KnownServers servers{folder};

    static sys::DataFolder open(const std::string& path) {
        auto folder = sys::DataFolder::open_shared(path);
        REQUIRE(folder);
        return std::move(*folder);
    }
    KnownServers::Answer find(std::string_view address) const {
        const auto answer = servers.find(address);
        REQUIRE(answer);
        return *answer;
    }
};

}  // namespace

TEST_CASE("no server is known at first") {
    const Scene scene;
    const auto answer = scene.find("example.org:8888");
    CHECK_FALSE(answer.key);
    CHECK(answer.damaged.empty());
    CHECK_FALSE(answer.damaged_here);
}

TEST_CASE("each address has its own key, whatever the case of the host") {
    const Scene scene;
    REQUIRE(scene.servers.add("Example.ORG:8888", key('a'), noon));
    REQUIRE(scene.servers.add("example.org:8889", key('b'), noon));
    REQUIRE(scene.servers.add("[fe80::A]:8888", key('c'), noon));
    CHECK(scene.temp.text_of("known_servers") ==
          "example.org:8888 " + key('a').to_base64() + seen +  //
              "example.org:8889 " + key('b').to_base64() + seen + "[fe80::a]:8888 " +
              key('c').to_base64() + seen);
    CHECK(scene.find("example.org:8888").key == key('a'));
    CHECK(scene.find("EXAMPLE.org:8889").key == key('b'));
    CHECK(scene.find("[FE80::a]:8888").key == key('c'));
    CHECK(scene.find("[FE80::a]:8888").line == 3);
    CHECK_FALSE(scene.find("example.org:888").key);
    CHECK_FALSE(scene.find("example.org").key);

    struct stat status{};
    REQUIRE(stat((scene.temp / "known_servers").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
}

TEST_CASE("what is known is not written twice; what contradicts is told") {
    const Scene scene;
    REQUIRE(scene.servers.add("a:1", key('a'), noon));
    REQUIRE(scene.servers.add("a:1", key('a'), noon));
    CHECK(scene.temp.text_of("known_servers") == "a:1 " + key('a').to_base64() + seen);
    REQUIRE(scene.servers.add("a:1", key('b'), noon));
    const auto answer = scene.find("a:1");
    CHECK(answer.key == key('a'));
    CHECK(answer.contradicting == std::vector<std::size_t>{2});
}

TEST_CASE("lines of a file edited by hand") {
    const Scene scene;
    const std::string good = key('a').to_base64();
    struct Row {
        std::string line;
        bool found;
        bool damaged;
        bool damaged_here;
    };
    const Row table[] = {
        {"a:1 " + good + " 2023-11-14T22:13:20Z", true, false, false},
        {"\ta:1\t" + good + "  2023-11-14T22:13:20.123+02:00 \r", true, false, false},
        {"A:1 " + good + " 2023-11-14T22:13:20Z", true, false, false},
        {"", false, false, false},
        {"  ", false, false, false},
        {"# a:1 " + good + " 2023-11-14T22:13:20Z", false, false, false},
        {"b:1 " + good + " 2023-11-14T22:13:20Z", false, false, false},
        {"a:1 " + good, false, true, true},
        {"a:1 " + good + " yesterday", false, true, true},
        {"a:1 " + good + " 2023-11-14T", false, true, true},
        {"a:1 " + good + " 2023-11-14T22:13:20Z more", false, true, true},
        {"a:1 " + good.substr(1) + " 2023-11-14T22:13:20Z", false, true, true},
        {"a:1 =" + good.substr(1) + " 2023-11-14T22:13:20Z", false, true, true},
        {"a:1", false, true, true},
        {"b:1 rubbish", false, true, false},
        {"rubbish", false, true, false},
        {std::string("\0\xff", 2), false, true, false},
    };
    for (const auto& row : table) {
        CAPTURE(row.line);
        for (const std::string before : {"", "# a comment\n\n"}) {
            for (const std::string& after :
                 {std::string(), std::string("\n"), "\nz:9 " + good + seen}) {
                scene.temp.write("known_servers", before + row.line + after);
                const auto answer = scene.find("a:1");
                const std::size_t number = before.empty() ? 1 : 3;
                CHECK((answer.key == key('a')) == row.found);
                CHECK(answer.line == (row.found ? number : 0));
                CHECK(answer.damaged == (row.damaged ? std::vector<std::size_t>{number}
                                                     : std::vector<std::size_t>{}));
                CHECK(answer.damaged_here ==
                      (row.damaged_here ? std::optional(number) : std::nullopt));
                if (after.size() > 1) CHECK(scene.find("z:9").key == key('a'));
            }
        }
    }
}

TEST_CASE("a line without its end does not swallow the next") {
    const Scene scene;
    scene.temp.write("known_servers", "a:1 torn");
    REQUIRE(scene.servers.add("b:1", key('b'), noon));
    CHECK(scene.find("b:1").key == key('b'));
    CHECK(scene.find("a:1").damaged_here == 1);
}

TEST_CASE("two programs at once lose no line") {
    constexpr int each = 50;
    const Scene scene;
    const auto add_all = [&scene](char who) {
        for (int i = 0; i < each; ++i) {
            const std::string address = std::string(1, who) + ":" + std::to_string(i + 1);
            if (!scene.servers.add(address, key(who), noon)) return 1;
        }
        return 0;
    };
    auto other = sys::ChildProcess::fork(nullptr, [&] { return add_all('b'); });
    REQUIRE(other);
    CHECK(add_all('a') == 0);
    REQUIRE(other->wait_until(sys::monotonic_now() + seconds(60)));
    CHECK(other->reap()->success());
    for (const char who : {'a', 'b'}) {
        for (int i = 0; i < each; ++i) {
            CHECK(scene.find(std::string(1, who) + ":" + std::to_string(i + 1)).key == key(who));
        }
    }
}

TEST_CASE("a file that can't be read or is no file is said, not passed over") {
    const Scene scene;
    REQUIRE(mkdir((scene.temp / "known_servers").c_str(), 0700) == 0);
    const auto found = scene.servers.find("a:1");
    REQUIRE_FALSE(found);
    CHECK(found.error().sentence().find(scene.servers.path()) != std::string::npos);
    CHECK_FALSE(scene.servers.add("a:1", key('a'), noon));
    REQUIRE(rmdir((scene.temp / "known_servers").c_str()) == 0);
    scene.temp.write("known_servers", std::string(2'000'000, '#'));
    const auto too_long = scene.servers.find("a:1");
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().code == EFBIG);
}
