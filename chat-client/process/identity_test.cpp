// SPDX-License-Identifier: MIT
#include "chat-client/process/identity.h"

#include <cerrno>
#include <sys/stat.h>

#include "chat-client/process/test_support.h"

using namespace chat;
using namespace chat::client;
using namespace chat::client::test;

namespace {

sys::DataFolder open_folder(const std::string& path) {
    auto folder = sys::DataFolder::open_shared(path);
    REQUIRE(folder);
    return std::move(*folder);
}

}  // namespace

TEST_CASE("a key is made once and is the same from then on") {
    const TempFolder temp;
    const auto folder = open_folder(temp / "share/chat-client");
    CountingRandom random;
    const auto first = load_identity(folder, random);
    REQUIRE(first);
    const auto again = load_identity(folder, random);
    REQUIRE(again);
    CHECK(first->public_key == again->public_key);
    CHECK(first->secret.bytes() == again->secret.bytes());
    CHECK(KeyPair::from_secret(first->secret.copy()).public_key == first->public_key);

    struct stat status{};
    REQUIRE(stat((temp / "share/chat-client/identity.key").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
    CHECK(status.st_size == 32);
    REQUIRE(stat((temp / "share/chat-client").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0700);
}

TEST_CASE("who is slower at the first start takes the faster one's key") {
    const TempFolder temp;
    const auto folder = open_folder(temp.path());
    // Writes the key of another program at the moment when ours makes its own.
    class Rival final : public RandomSource {
      public:
        explicit Rival(const TempFolder& temp) : temp_(temp) {}
        void fill(std::span<std::byte> bytes) override {
            temp_.write("identity.key", std::string(32, 'k'));
            CountingRandom().fill(bytes);
        }

      private:
        const TempFolder& temp_;
    } rival(temp);
    const auto key = load_identity(folder, rival);
    REQUIRE(key);
    CHECK(key->secret.bytes()[0] == std::byte{'k'});
    CHECK(temp.text_of("identity.key") == std::string(32, 'k'));
}

TEST_CASE("what is no key is refused and left alone") {
    struct Row {
        std::string content;
    };
    const Row table[] = {{""},
                         {std::string(31, 'k')},
                         {std::string(33, 'k')},
                         {std::string(32, '\0')},
                         {std::string(5000, 'k')}};
    for (const auto& row : table) {
        CAPTURE(row.content.size());
        const TempFolder temp;
        const auto folder = open_folder(temp.path());
        temp.write("identity.key", row.content);
        CountingRandom random;
        const auto key = load_identity(folder, random);
        REQUIRE_FALSE(key);
        CHECK(key.error().code == EINVAL);
        CHECK(key.error().sentence().find(temp / "identity.key: it is damaged") !=
              std::string::npos);
        CHECK(temp.text_of("identity.key") == row.content);
    }
}
