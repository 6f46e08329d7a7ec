// SPDX-License-Identifier: MIT
#include "chat-server/core/names.h"

#include "chat-server/core/limits.h"
#include "proto/session/test_support.h"
#include "proto/wire/name.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;
using Claim = NameRegistry::Claim;

namespace {

PublicKey key(unsigned char byte) {
    return {session_test::key_of(byte)};
}

}  // namespace

TEST_CASE("the first key owns a name and all that look like it; a second claim is no new binding") {
    NameRegistry names;
    CHECK(names.claim("Bob", key(1)) == Claim::granted);
    CHECK(names.claim("ｂｏｂ", key(1)) == Claim::granted);
    CHECK(names.claim("bob", key(2)) == Claim::owned_by_another);
    CHECK(names.owner(name_key("BOB")) == key(1));
    CHECK_FALSE(names.owner(name_key("rob")));
    const auto bindings = names.take_bindings();
    REQUIRE(bindings.size() == 1);
    CHECK(bindings[0].name == "Bob");
    CHECK(bindings[0].key == key(1));
    CHECK(names.take_bindings().empty());
}

TEST_CASE("asking changes nothing") {
    NameRegistry names;
    CHECK(names.may_claim(name_key("bob"), key(1)) == Claim::granted);
    CHECK(names.size() == 0);
    CHECK_FALSE(names.is_registered(name_key("bob")));
}

TEST_CASE("a key has eight names, the registry has an end, and what was stored stays") {
    NameRegistry names;
    for (int i = 0; i < 8; ++i)
        CHECK(names.claim("n" + std::to_string(i), key(1)) == Claim::granted);
    CHECK(names.claim("n8", key(1)) == Claim::too_many_names);
    CHECK(names.claim("n0", key(1)) == Claim::granted);
    names.take_bindings();
    names.restore("n8", key(1));
    names.restore("n8", key(2));
    CHECK(names.owner(name_key("n8")) == key(1));
    CHECK(names.take_bindings().empty());
    for (std::size_t i = 9; i < names_max; ++i) {
        Key32 bytes{};
        bytes[0] = static_cast<std::byte>(i);
        bytes[1] = static_cast<std::byte>(i >> 8);
        bytes[31] = std::byte{1};
        names.restore("x" + std::to_string(i), {bytes});
    }
    CHECK(names.size() == names_max);
    CHECK(names.claim("late", key(3)) == Claim::registry_full);
    CHECK(names.claim("n1", key(1)) == Claim::granted);
}
