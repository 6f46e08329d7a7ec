// SPDX-License-Identifier: MIT
// Known answers: HMAC by Python's hmac module, Argon2id by the reference implementation's program
// (`argon2 SALT -id -t 2 -m 16 -p 1 -l 32 -r`), salts by Python's hashlib.
#include "proto/session/key_schedule.h"

#include <fstream>
#include <string_view>
#include <sys/resource.h>

#include "proto/session/test_support.h"
#include "tests/support/catch.h"

namespace chat {

using namespace session_test;

TEST_CASE("each direction has the key that its label gives") {
    const SplitKeys split{
        SecretKey(key_from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")),
        SecretKey(
            key_from_hex("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"))};
    const Key32 hash =
        key_from_hex("404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f");
    const SessionKeys keys = session_keys(split, hash);
    CHECK(to_hex(keys.client_to_server.bytes()) ==
          "45ee6c73522dd9d8246a9963c3f61f2003b763d6f35c1aa441e3b15ee2ef90ca");
    CHECK(to_hex(keys.server_to_client.bytes()) ==
          "a2d3730d47eeb1956656ea64e096c0da9d87c8f72b1c3fbdd2879e46076deb77");
}

TEST_CASE("a password becomes a key that depends on the server's key") {
    struct Row {
        std::string_view password;
        const char* server;
        const char* key;
    };
    const char* const one = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
    const char* const two = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const Row rows[] = {
        {"correct horse", one, "629b2698d29e105f2dab5622f251c494eb16a6ecded6e6e9a7d866219079d3b9"},
        {"correct horse", two, "322fa7997c9d2bc31f06b74c6fbcdb0bcb9317680aa945325230a9ad054576ba"},
        {"聊天室", one, "6e517afff1c22666819083ee03553a1f95bfcf6b2bdeed6f05b02117beb5f8f6"},
    };
    for (const Row& row : rows) {
        const auto key = password_key(row.password, PublicKey{key_from_hex(row.server)});
        REQUIRE(key);
        CHECK(to_hex(key->bytes()) == row.key);
    }
}

TEST_CASE("an empty password is a password too") {
    const auto key = password_key("", PublicKey{});
    REQUIRE(key);
    CHECK(key->bytes() != open_server_psk);
}

TEST_CASE("without the memory there is no key") {
    CHECK(aborts([] {
        // Some more than the process has, and less than the 64 MiB.
        std::size_t pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        const rlim_t bytes = pages * static_cast<std::size_t>(getpagesize()) + (16U << 20);
        const rlimit limit{bytes, bytes};
        if (setrlimit(RLIMIT_AS, &limit) != 0) return;
        if (!password_key("correct horse", PublicKey{})) std::abort();
    }));
}

}  // namespace chat
