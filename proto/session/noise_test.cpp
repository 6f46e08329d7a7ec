// SPDX-License-Identifier: MIT
// How a handshake behaves: what both sides know when, what a forger can and cannot do. That the
// bytes are Noise's is proved by noise_vectors_test.cpp.
#include "proto/session/noise.h"

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "proto/session/primitives.h"
#include "proto/session/test_support.h"
#include "tests/support/catch.h"

namespace chat {
namespace {

using namespace session_test;
using Message = std::vector<std::byte>;

static_assert(sizeof(HandshakeState) < 512);
static_assert(!std::is_copy_constructible_v<HandshakeState>);
static_assert(std::is_nothrow_move_constructible_v<HandshakeState>);

// Payload sizes of the product's messages.
constexpr std::size_t payload_bytes[] = {0, 32, 160};
constexpr std::size_t message_bytes[] = {48, 128, 224};

const Message prologue = from_hex("0102030405");

struct Pair {
    SeededRandom random{1};
    KeyPair client_static = KeyPair::generate(random);
    KeyPair server_static = KeyPair::generate(random);
    HandshakeState client{pattern_xxpsk3, Role::initiator, prologue, &client_static};
    HandshakeState server{pattern_xxpsk3, Role::responder, prologue, &server_static};

    Pair() {
        client.set_ephemeral(KeyPair::generate(random));
        server.set_ephemeral(KeyPair::generate(random));
    }

    HandshakeState& writer(std::size_t number) { return number % 2 == 0 ? client : server; }
    HandshakeState& reader(std::size_t number) { return number % 2 == 0 ? server : client; }

    Message write(std::size_t number) {
        const Message payload(payload_bytes[number], std::byte{0x77});
        Message out(writer(number).message_bytes(payload.size()));
        const auto size = writer(number).write_message(payload, out);
        REQUIRE(size);
        REQUIRE(*size == out.size());
        return out;
    }

    std::optional<NoiseError> read(std::size_t number, const Message& message) {
        Message payload(payload_bytes[number]);
        const auto size = reader(number).read_message(message, payload);
        if (!size) return size.error();
        CHECK(*size == payload.size());
        CHECK(payload == Message(payload_bytes[number], std::byte{0x77}));
        return std::nullopt;
    }

    // The psks are needed for message 3 only.
    void set_psks(const Key32& of_client, const Key32& of_server) {
        client.set_psk(of_client);
        server.set_psk(of_server);
    }

    void run_until(std::size_t number) {
        for (std::size_t i = 0; i < number; ++i) {
            if (i == 2) set_psks(key_of(5), key_of(5));
            REQUIRE_FALSE(read(i, write(i)));
        }
    }
};

}  // namespace

TEST_CASE("both sides end with the same keys") {
    Pair pair;
    CHECK(pair.client.my_turn());
    CHECK_FALSE(pair.server.my_turn());
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK_FALSE(pair.client.finished());
        if (i == 2) {
            REQUIRE(pair.client.has_remote_static());
            CHECK(pair.client.remote_static() == pair.server_static.public_key);
            CHECK_FALSE(pair.server.has_remote_static());
            pair.set_psks(key_of(5), key_of(5));
        }
        const Message message = pair.write(i);
        CHECK(message.size() == message_bytes[i]);
        CHECK_FALSE(pair.read(i, message));
    }
    REQUIRE(pair.client.finished());
    REQUIRE(pair.server.finished());
    CHECK(pair.server.remote_static() == pair.client_static.public_key);
    CHECK(pair.server.remote_ephemeral() == pair.client.ephemeral());
    CHECK(pair.client.remote_ephemeral() == pair.server.ephemeral());
    CHECK(pair.client.handshake_hash() == pair.server.handshake_hash());
    const Key32 hash = pair.client.handshake_hash();
    const SplitKeys of_client = pair.client.split(), of_server = pair.server.split();
    CHECK(of_client.k1.bytes() == of_server.k1.bytes());
    CHECK(of_client.k2.bytes() == of_server.k2.bytes());
    CHECK(of_client.k1.bytes() != of_client.k2.bytes());
    CHECK(pair.client.handshake_hash() == hash);
    CHECK(pair.client.remote_static() == pair.server_static.public_key);
}

TEST_CASE("a labelled key is shared from message 2 on") {
    Pair pair;
    pair.run_until(2);
    const SecretKey key = pair.client.derive("fini");
    CHECK(key.bytes() == pair.server.derive("fini").bytes());
    CHECK(key.bytes() == pair.client.derive("fini").bytes());
    CHECK(key.bytes() != pair.client.derive("refuse").bytes());
    pair.set_psks(key_of(5), key_of(5));
    REQUIRE_FALSE(pair.read(2, pair.write(2)));
    CHECK(key.bytes() != pair.client.derive("fini").bytes());
    CHECK(pair.client.derive("fini").bytes() == pair.server.derive("fini").bytes());
}

TEST_CASE("a labelled key is the HMAC of its label") {
    // By Python's hmac module.
    CHECK(to_hex(hmac_sha256(key_from_hex("000102030405060708090a0b0c0d0e0f"
                                          "101112131415161718191a1b1c1d1e1f"),
                             {bytes_of("fini")})
                     .bytes()) ==
          "b9c4b6826e961afd78717a9ba1c0ca43ed2217e11beb67c3c339a01eba5ed4fd");
}

TEST_CASE("a message with one bit changed is refused, and the genuine one is still accepted") {
    // Where the fields of each message end: e, then static key, then payload.
    struct Row {
        std::size_t number, e_end, static_end;
    };
    const Row rows[] = {{0, 32, 32}, {1, 32, 80}, {2, 0, 48}};
    for (const Row& row : rows) {
        Pair pair;
        pair.run_until(row.number);
        pair.set_psks(key_of(5), key_of(5));
        const Message genuine = pair.write(row.number);
        for (std::size_t bit = 0; bit < genuine.size() * 8; ++bit) {
            CAPTURE(row.number, bit);
            Message changed = genuine;
            changed[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
            // Another e shows in the first field that is encrypted.
            const bool shows_in_static = row.static_end > row.e_end && bit / 8 < row.static_end;
            const auto error = pair.read(row.number, changed);
            REQUIRE(error);
            CHECK(*error == (shows_in_static ? NoiseError::static_not_decrypted
                                             : NoiseError::payload_not_decrypted));
        }
        CHECK_FALSE(pair.read(row.number, genuine));
        for (std::size_t i = row.number + 1; i < 3; ++i)
            REQUIRE_FALSE(pair.read(i, pair.write(i)));
        CHECK(pair.client.handshake_hash() == pair.server.handshake_hash());
        CHECK(pair.client.split().k1.bytes() == pair.server.split().k1.bytes());
    }
}

TEST_CASE("a message of another length is malformed, and the genuine one is still accepted") {
    for (std::size_t number = 0; number < 3; ++number) {
        Pair pair;
        pair.run_until(number);
        pair.set_psks(key_of(5), key_of(5));
        const Message genuine = pair.write(number);
        const std::size_t overhead = genuine.size() - payload_bytes[number];
        for (std::size_t size = 0; size < genuine.size(); ++size) {
            CAPTURE(number, size);
            const auto error = pair.read(
                number,
                Message(genuine.begin(), genuine.begin() + static_cast<std::ptrdiff_t>(size)));
            REQUIRE(error);
            CHECK((*error == NoiseError::malformed) == (size < overhead));
        }
        Message longer = genuine;
        longer.push_back(std::byte{});
        CHECK(pair.read(number, longer) == NoiseError::malformed);
        CHECK_FALSE(pair.read(number, genuine));
    }
}

TEST_CASE("another password shows in message 3, and the right one may follow") {
    Pair pair;
    pair.run_until(2);
    pair.set_psks(key_of(5), key_of(6));
    const Message message = pair.write(2);
    CHECK(pair.read(2, message) == NoiseError::payload_not_decrypted);
    CHECK_FALSE(pair.server.has_remote_static());
    pair.server.set_psk(key_of(5));
    CHECK_FALSE(pair.read(2, message));
    CHECK(pair.server.remote_static() == pair.client_static.public_key);
}

TEST_CASE("one ephemeral key may start two handshakes, which do not mix") {
    Pair pair;
    const KeyPair ephemeral = KeyPair::generate(pair.random);
    pair.client.set_ephemeral(ephemeral.copy());
    const Message other_prologue = from_hex("0102030406");
    HandshakeState second(pattern_xxpsk3, Role::initiator, other_prologue, &pair.client_static);
    second.set_ephemeral(ephemeral.copy());
    const Message first_message = pair.write(0);
    Message second_message(48);
    REQUIRE(second.write_message({}, second_message));
    CHECK(std::ranges::equal(std::span(first_message).first(32),
                             std::span(second_message).first(32)));
    CHECK(first_message != second_message);
    CHECK(pair.read(0, second_message) == NoiseError::payload_not_decrypted);
    CHECK_FALSE(pair.read(0, first_message));
}

TEST_CASE("a public key that gives zero ends nothing") {
    Pair pair;
    SECTION("sent to the server") {
        pair.client.set_ephemeral(KeyPair{SecretKey(key_of(1)), PublicKey{}});
        REQUIRE_FALSE(pair.read(0, pair.write(0)));
        Message out(128);
        const auto written = pair.server.write_message(Message(32), out);
        REQUIRE_FALSE(written);
        CHECK(written.error() == NoiseError::bad_public_key);
        CHECK(pair.server.my_turn());
        CHECK_FALSE(pair.server.finished());
    }
    SECTION("sent to the client") {
        REQUIRE_FALSE(pair.read(0, pair.write(0)));
        const Message genuine = pair.write(1);
        Message zero = genuine;
        std::fill_n(zero.begin(), 32, std::byte{});
        CHECK(pair.read(1, zero) == NoiseError::bad_public_key);
        CHECK_FALSE(pair.read(1, genuine));
    }
}

TEST_CASE("a payload that no message can hold is not written") {
    Pair pair;
    const Message payload(noise_message_bytes_max - 47);
    Message out(payload.size() + 48);
    const auto written = pair.client.write_message(payload, out);
    REQUIRE_FALSE(written);
    CHECK(written.error() == NoiseError::malformed);
    CHECK(pair.client.my_turn());
}

TEST_CASE("a handshake used in the wrong way ends the process") {
    Message out(256), payload(256);
    SECTION("out of turn") {
        Pair pair;
        CHECK(aborts([&] { (void)pair.server.write_message({}, out); }));
        CHECK(aborts([&] { (void)pair.client.read_message(out, payload); }));
    }
    SECTION("without a key") {
        Pair pair;
        HandshakeState client(pattern_xxpsk3, Role::initiator, {}, &pair.client_static);
        CHECK(aborts([&] { (void)client.write_message({}, out); }));
    }
    SECTION("without a psk") {
        Pair pair;
        pair.run_until(2);
        CHECK(aborts([&] { (void)pair.client.write_message({}, out); }));
    }
    SECTION("with too little room") {
        Pair pair;
        CHECK(aborts([&] { (void)pair.client.write_message({}, std::span(out).first(47)); }));
    }
    SECTION("with another ephemeral key after the first was sent") {
        Pair pair;
        (void)pair.write(0);
        CHECK(aborts([&] { pair.client.set_ephemeral(KeyPair::generate(pair.random)); }));
    }
    SECTION("for labelled keys too early, too late, or with a label of Noise's own") {
        Pair pair;
        pair.run_until(1);
        CHECK(aborts([&] { (void)pair.client.derive("fini"); }));
        REQUIRE_FALSE(pair.read(1, pair.write(1)));
        CHECK(aborts([&] { (void)pair.client.derive(""); }));
        CHECK(aborts([&] { (void)pair.client.derive("0123456789abcdef0123456789abcdef"); }));
        pair.set_psks(key_of(5), key_of(5));
        REQUIRE_FALSE(pair.read(2, pair.write(2)));
        (void)pair.client.split();
        CHECK(aborts([&] { (void)pair.client.derive("fini"); }));
    }
    SECTION("for keys before its end, or twice") {
        Pair pair;
        pair.run_until(2);
        CHECK(aborts([&] { (void)pair.client.split(); }));
        pair.set_psks(key_of(5), key_of(5));
        REQUIRE_FALSE(pair.read(2, pair.write(2)));
        (void)pair.client.split();
        CHECK(aborts([&] { (void)pair.client.split(); }));
    }
    SECTION("after it was moved from") {
        Pair pair;
        HandshakeState moved(std::move(pair.client));
        // NOLINTNEXTLINE(bugprone-use-after-move)
        CHECK(aborts([&] { (void)pair.client.write_message({}, out); }));
        CHECK_FALSE(aborts([&] { (void)moved.write_message({}, out); }));
    }
    SECTION("with a pattern that needs a key it was not given") {
        constexpr Pattern xk{.name = "XK", .responder_static_known = true, .message_count = 3};
        CHECK(aborts([&] { HandshakeState(xk, Role::initiator, {}, nullptr); }));
        CHECK(aborts([&] { HandshakeState(xk, Role::responder, {}, nullptr); }));
    }
}

TEST_CASE("a handshake leaves no secret in its memory") {
    Pair pair;
    const KeyPair ephemeral = KeyPair::generate(pair.random);
    alignas(HandshakeState) std::byte memory[sizeof(HandshakeState)];
    auto* const client =
        new (memory) HandshakeState(pattern_xxpsk3, Role::initiator, prologue, &pair.client_static);
    client->set_ephemeral(ephemeral.copy());
    client->set_psk(key_of(5));
    Message message(48), payload(160);
    REQUIRE(client->write_message({}, message));
    REQUIRE_FALSE(pair.read(0, message));
    message = pair.write(1);
    REQUIRE(client->read_message(message, payload));

    REQUIRE(holds(memory, ephemeral.secret.bytes()));
    REQUIRE(holds(memory, key_of(5)));
    SECTION("when it ends early") {
        std::destroy_at(client);
        CHECK_FALSE(holds(memory, ephemeral.secret.bytes()));
        CHECK_FALSE(holds(memory, key_of(5)));
    }
    SECTION("when it gave its keys away") {
        message.resize(224);
        REQUIRE(client->write_message(payload, message));
        const SplitKeys keys = client->split();
        CHECK_FALSE(holds(memory, ephemeral.secret.bytes()));
        CHECK_FALSE(holds(memory, key_of(5)));
        CHECK_FALSE(holds(memory, keys.k1.bytes()));
        CHECK_FALSE(holds(memory, keys.k2.bytes()));
        CHECK(holds(memory, client->handshake_hash()));
        std::destroy_at(client);
    }
}

TEST_CASE("the chaining key and the cipher key are wiped too") {
    alignas(SymmetricState) std::byte memory[sizeof(SymmetricState)];
    auto* const state = new (memory) SymmetricState("Noise_XXpsk3_25519_ChaChaPoly_SHA256");
    state->mix_key(key_of(9));
    const Key32 chaining_key = state->chaining_key();
    const SecretKey cipher_key = hmac_sha256(
        hmac_sha256(sha256({bytes_of("Noise_XXpsk3_25519_ChaChaPoly_SHA256")}), {key_of(9)})
            .bytes(),
        {chaining_key, from_hex("02")});
    REQUIRE(holds(memory, chaining_key));
    REQUIRE(holds(memory, cipher_key.bytes()));
    SECTION("by split") {
        (void)state->split();
        CHECK_FALSE(holds(memory, chaining_key));
        CHECK_FALSE(holds(memory, cipher_key.bytes()));
        std::destroy_at(state);
    }
    SECTION("by the end") {
        std::destroy_at(state);
        CHECK_FALSE(holds(memory, chaining_key));
        CHECK_FALSE(holds(memory, cipher_key.bytes()));
    }
}

}  // namespace chat
