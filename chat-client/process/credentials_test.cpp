// SPDX-License-Identifier: MIT
#include "chat-client/process/credentials.h"

#include <sys/stat.h>
#include <sysexits.h>

#include "chat-client/process/known_servers.h"
#include "chat-client/process/test_support.h"
#include "sys/secret_memory.h"

using namespace chat;
using namespace chat::client;
using namespace chat::client::test;

namespace {

struct Scene {
    TempFolder temp;
    sys::SecretMemory secrets;
    CountingRandom random;
    Options options;

    Scene() {
        options.data = temp / "data";
        options.host = "Example.org";
    }
    std::expected<Credentials, Refusal> load(bool may_ask = false) {
        return load_credentials(options, may_ask, random, secrets);
    }
    void write(std::string_view file, std::string_view text) const {
        temp.write("data/" + std::string(file), text);
    }
};

PublicKey some_key() {
    PublicKey key;
    key.bytes.fill(std::byte{7});
    return key;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("the first start knows nobody, and has a key in the secret memory") {
    Scene scene;
    const auto first = scene.load();
    REQUIRE(first);
    CHECK(scene.secrets.bytes_mapped() > 0);
    CHECK_FALSE(first->trust.pinned);
    CHECK_FALSE(first->trust.accept_new);
    CHECK_FALSE(first->trust.may_ask);
    CHECK_FALSE(first->password);
    CHECK(first->remarks.empty());
    const auto second = scene.load(true);
    REQUIRE(second);
    CHECK(second->identity->public_key == first->identity->public_key);
    CHECK(second->trust.may_ask);
}

TEST_CASE("what was decided on the command line") {
    Scene scene;
    scene.options.accept_new_key = true;
    CHECK(scene.load()->trust.accept_new);
    // Exactly this one means no other one.
    scene.options.accept_key = "abcdefghij234567mnop";
    CHECK(scene.load()->trust.accepted_fingerprint == "abcdefghij234567mnop");
    CHECK_FALSE(scene.load()->trust.accept_new);
}

TEST_CASE("a known server is pinned; damage elsewhere is only remarked on") {
    Scene scene;
    REQUIRE(scene.load());
    const std::string key = some_key().to_base64();
    scene.write("known_servers",
                "other.org:8888 rubbish\nexample.org:8888 " + key + " 2023-11-14T22:13:20Z\n");
    const auto credentials = scene.load();
    REQUIRE(credentials);
    CHECK(credentials->trust.pinned == some_key());
    CHECK(credentials->known_line == 2);
    REQUIRE(credentials->remarks.size() == 1);
    CHECK(contains(credentials->remarks[0], "line 1 of " + (scene.temp / "data/known_servers")));
}

TEST_CASE("a damaged line of this very server stops everything, even with --accept-new-key") {
    Scene scene;
    REQUIRE(scene.load());
    scene.options.accept_new_key = true;
    scene.write("known_servers", "example.org:8888 rubbish\n");
    const auto credentials = scene.load();
    REQUIRE_FALSE(credentials);
    CHECK(credentials.error().exit_status == EX_DATAERR);
    CHECK(contains(credentials.error().sentence, "line 1 of "));
}

TEST_CASE("the password, and a word about who can read it") {
    Scene scene;
    scene.temp.write("password", "secret\n");
    REQUIRE(chmod((scene.temp / "password").c_str(), 0644) == 0);
    scene.options.password_file = scene.temp / "password";
    const auto open = scene.load();
    REQUIRE(open);
    CHECK(open->password == "secret");
    REQUIRE(open->remarks.size() == 1);
    CHECK(contains(open->remarks[0], scene.temp / "password"));
    REQUIRE(chmod((scene.temp / "password").c_str(), 0600) == 0);
    CHECK(scene.load()->remarks.empty());

    scene.options.password_file = scene.temp / "nothing";
    const auto missing = scene.load();
    REQUIRE_FALSE(missing);
    CHECK(missing.error().exit_status == EX_NOINPUT);
}

TEST_CASE("a folder that can't be used, and a key that is none") {
    Scene scene;
    scene.temp.write("file", "");
    for (const std::string& folder : {scene.temp / "file", scene.temp / "file/below"}) {
        scene.options.data = folder;
        const auto credentials = scene.load();
        REQUIRE_FALSE(credentials);
        CHECK(credentials.error().exit_status == EX_CANTCREAT);
        CHECK(contains(credentials.error().sentence, folder));
        CHECK(contains(credentials.error().sentence, "--data"));
    }
    scene.options.data = scene.temp / "data";
    REQUIRE(scene.load());
    scene.write("identity.key", "short");
    const auto damaged = scene.load();
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().exit_status == EX_DATAERR);
    CHECK(contains(damaged.error().sentence, "identity.key"));
}
