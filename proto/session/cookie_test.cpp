// SPDX-License-Identifier: MIT
#include "proto/session/cookie.h"

#include <sodium.h>

#include "proto/session/handshake_test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::session_test;

namespace {

// Remembers the secrets that it gave.
class Recording final : public RandomSource {
  public:
    void fill(std::span<std::byte> bytes) override {
        source_.fill(bytes);
        given.push_back(copy_of(bytes));
    }
    std::vector<Datagram> given;

  private:
    SeededRandom source_{5};
};

struct Fixture {
    Recording random;
    CountingMemory memory;
    CookieJar jar{random, memory};
    std::array<std::byte, 16> head{std::byte{0xf8}, std::byte{1}};
    std::array<std::byte, 32> ephemeral{std::byte{3}};

    CookieBinding binding(const Endpoint& peer = alice) const { return {peer, head, ephemeral}; }
};

Key32 mac_by_hand(std::span<const std::byte> secret, const datagram::Cookie& cookie,
                  const Fixture& f) {
    Datagram input = copy_of(std::as_bytes(std::span("cookie1", 7)));
    const auto append = [&input](std::span<const std::byte> bytes) {
        input.insert(input.end(), bytes.begin(), bytes.end());
    };
    append(std::as_bytes(std::span(alice.ip.bytes)));
    append(from_hex("a00f"));  // 4000
    const auto encoded = datagram::encode(cookie);
    append(std::span(encoded).first(5));
    append(f.head);
    append(f.ephemeral);
    Key32 mac{};
    crypto_generichash(reinterpret_cast<unsigned char*>(mac.data()), 16,
                       reinterpret_cast<const unsigned char*>(input.data()), input.size(),
                       reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
    return mac;
}

}  // namespace

TEST_CASE("a cookie is made as the protocol says, under a secret from the given memory") {
    Fixture f;
    CHECK(f.memory.bytes == 64);
    const auto cookie = f.jar.make(at(seconds(12345)), f.binding());
    CHECK(cookie.made_at_s == 12345);
    REQUIRE_FALSE(f.random.given.empty());
    const Key32 expected = mac_by_hand(f.random.given.front(), cookie, f);
    CHECK(to_hex(cookie.mac) == to_hex(std::span(expected).first(16)));
    CHECK(f.jar.check(at(seconds(12345)), cookie, f.binding()));
}

TEST_CASE("a cookie lives for 30 s, through a change of the secret") {
    for (const std::int64_t made : {1, 29, 45, 59, 60, 119}) {
        CAPTURE(made);
        for (std::int64_t age = 0; age <= 130; ++age) {
            CAPTURE(age);
            Fixture f;
            f.jar.make(at(seconds(0)), f.binding());
            const auto cookie = f.jar.make(at(seconds(made)), f.binding());
            CHECK(f.jar.check(at(seconds(made + age)), cookie, f.binding()) == (age <= 30));
        }
    }
    Fixture f;
    const auto cookie = f.jar.make(at(seconds(100)), f.binding());
    CHECK_FALSE(f.jar.check(at(seconds(99)), cookie, f.binding()));
}

TEST_CASE("a cookie is good for one address, one port, one INIT") {
    Fixture f;
    const Now now = at(seconds(7));
    const auto cookie = f.jar.make(now, f.binding());
    REQUIRE(f.jar.check(now, cookie, f.binding()));

    Endpoint port = alice;
    ++port.port;
    CHECK_FALSE(f.jar.check(now, cookie, f.binding(port)));
    for (std::size_t i = 0; i < 16; ++i) {
        Endpoint peer = alice;
        peer.ip.bytes[i] ^= 1;
        CHECK_FALSE(f.jar.check(now, cookie, f.binding(peer)));
        f.head[i] ^= std::byte{1};
        CHECK_FALSE(f.jar.check(now, cookie, f.binding()));
        f.head[i] ^= std::byte{1};
    }
    for (std::byte& byte : f.ephemeral) {
        byte ^= std::byte{0x80};
        CHECK_FALSE(f.jar.check(now, cookie, f.binding()));
        byte ^= std::byte{0x80};
    }
    CHECK(f.jar.check(now, cookie, f.binding()));
}

TEST_CASE("no bit of a cookie can be altered") {
    Fixture f;
    const Now now = at(seconds(1000));
    const auto encoded = datagram::encode(f.jar.make(now, f.binding()));
    for (std::size_t bit = 0; bit < 192; ++bit) {
        // Sent as zero and not checked.
        if (bit / 8 >= 5 && bit / 8 < 8) continue;
        CAPTURE(bit);
        auto altered = encoded;
        altered[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        CHECK_FALSE(f.jar.check(now, datagram::decode_cookie(altered), f.binding()));
    }
    CHECK_FALSE(f.jar.check(now, {}, f.binding()));
}

TEST_CASE("before the second secret there is none that anybody knows") {
    Fixture f;
    const Now now = at(seconds(3));
    const auto honest = f.jar.make(now, f.binding());
    const Key32 zero{};
    for (unsigned generation = 0; generation < 256; ++generation) {
        datagram::Cookie forged{honest.made_at_s, static_cast<std::uint8_t>(generation), {}};
        const Key32 mac = mac_by_hand(zero, forged, f);
        std::copy_n(mac.begin(), 16, forged.mac.begin());
        CHECK_FALSE(f.jar.check(now, forged, f.binding()));
    }
}

TEST_CASE("a secret is renewed every minute and gone after two") {
    Fixture f;
    f.jar.make(at(seconds(0)), f.binding());
    REQUIRE(f.random.given.size() == 2);
    f.jar.make(at(milliseconds(59'999)), f.binding());
    CHECK(f.random.given.size() == 2);
    f.jar.make(at(seconds(60)), f.binding());
    CHECK(f.random.given.size() == 3);
    // A pause: the secret from before it must not be the previous one after it.
    f.jar.make(at(seconds(180)), f.binding());
    CHECK(f.random.given.size() == 5);
}
