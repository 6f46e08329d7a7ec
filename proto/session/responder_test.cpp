// SPDX-License-Identifier: MIT
#include "proto/session/responder.h"

#include <algorithm>

#include "proto/session/half_open.h"
#include "proto/session/handshake_test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::session_test;

namespace {

constexpr Now start{};

// An INIT whose cookie is good. Each client begins anew in its own memory.
Datagram proved_init(TestClient& client, TestServer& server, const Now& now,
                     const Endpoint& from = alice) {
    client.hears(now, server.init(now, client.next(now), from));
    return client.next(now);
}

Endpoint other_prefix(unsigned number) {
    return {
        IpAddress::v4(10, static_cast<std::uint8_t>(number >> 16),
                      static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)),
        4000, 0};
}

}  // namespace

TEST_CASE("INIT without a cookie gets RETRY and leaves nothing behind") {
    TestServer server(1, key_of(5));
    TestClient client;
    const std::size_t memory = server.memory.bytes;
    const Datagram init = client.next(start);
    for (int i = 0; i < 1000; ++i) {
        const auto retry = datagram::decode_retry(server.init(start, init));
        REQUIRE(retry);
        CHECK(retry->client_sid == client.initiator.client_sid());
        CHECK(retry->server_flags == datagram::flag_password);
        CHECK(retry->versions == 2);
    }
    CHECK(server.responder.half_open() == 0);
    CHECK(server.responder.counters().retries == 1000);
    CHECK(server.responder.counters().bad_cookies == 0);
    CHECK(server.memory.bytes == memory);
}

TEST_CASE("INIT with a cookie that is not good for it gets RETRY again") {
    TestServer server;
    TestClient client;
    Datagram init = proved_init(client, server, start);
    REQUIRE_FALSE(init.empty());
    const auto is_retry = [&](const Now& now, const Datagram& datagram, const Endpoint& from) {
        return datagram::decode_retry(server.init(now, datagram, from)).has_value();
    };
    CHECK(is_retry(start, init, mallory));
    CHECK(is_retry(at(seconds(31)), init, alice));
    for (const std::size_t offset : {4U, 8U, 15U, 16U, 20U, 24U, 39U, 40U, 71U}) {
        CAPTURE(offset);
        Datagram altered = init;
        altered[offset] ^= std::byte{1};
        CHECK(is_retry(start, altered, alice));
    }
    CHECK(server.responder.half_open() == 0);
    CHECK(server.responder.counters().bad_cookies == 11);
    CHECK_FALSE(is_retry(start, init, alice));
    CHECK(server.responder.half_open() == 1);
}

TEST_CASE("the same INIT gets the same RESP, and costs one handshake only") {
    TestServer server;
    TestClient client;
    const Datagram init = proved_init(client, server, start);
    const Datagram resp = server.init(start, init);
    REQUIRE(datagram::decode_resp(resp));
    for (int i = 0; i < 300; ++i)
        REQUIRE(server.init(at(milliseconds(i)), init) == resp);
    CHECK(server.responder.half_open() == 1);
    CHECK(server.responder.counters().resps == 301);
    CHECK(server.responder.counters().prefix_limited == 0);
    // Forgotten after 10 s: then it is a new handshake.
    const Datagram later = server.init(at(seconds(10)), init);
    REQUIRE(datagram::decode_resp(later));
    CHECK(later != resp);
    CHECK(server.responder.half_open() == 1);
}

TEST_CASE("a server_sid ends in the start count, and is nobody else's") {
    TestServer server;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        TestClient client(10 + seed);
        const auto resp =
            datagram::decode_resp(server.init(start, proved_init(client, server, start)));
        REQUIRE(resp);
        CHECK((resp->server_sid & 0xff) == 0x2a);
        CHECK(server.live_sids.insert(resp->server_sid).second);
    }

    // Randomness that gives the same for ever: what is taken is not given again.
    class Stuck final : public RandomSource {
      public:
        void fill(std::span<std::byte> bytes) override { std::ranges::fill(bytes, std::byte{0}); }
    } stuck;
    for (const std::uint8_t start_count : {std::uint8_t{0}, std::uint8_t{7}}) {
        for (const bool taken : {false, true}) {
            Responder responder({start_count, {}, {}}, server.identity, stuck, server.memory,
                                [taken](std::uint32_t) { return taken; });
            TestClient client;
            client.hears(start, responder.on_init(start, alice, client.next(start)));
            const auto answer = copy_of(responder.on_init(start, alice, client.next(start)));
            CHECK(answer.empty() == (start_count == 0 || taken));
            CHECK(responder.half_open() == (answer.empty() ? 0U : 1U));
        }
    }
}

TEST_CASE("a Noise message 1 that was altered leaves no handshake") {
    TestServer server;
    TestClient client;
    Datagram init = proved_init(client, server, start);
    for (std::size_t offset = 72; offset < 88; ++offset) {
        Datagram altered = init;
        altered[offset] ^= std::byte{4};
        CHECK(server.init(start, altered).empty());
    }
    CHECK(server.responder.half_open() == 0);
    CHECK(server.responder.counters().bad_messages == 16);
    CHECK_FALSE(server.init(start, init).empty());
}

TEST_CASE("FINI makes a session once, with the keys that the client has") {
    TestServer server;
    TestClient client;
    const Datagram fini = finish(client, server, start);
    const auto made = server.fini(start, fini);
    REQUIRE(made.established);
    CHECK(made.answer.empty());
    CHECK(made.established->client == client.identity.public_key);
    CHECK(made.established->client_sid == client.initiator.client_sid());
    CHECK(made.established->server_sid == client.initiator.server_sid());
    CHECK(made.established->client_key == client.initiator.send_key());
    CHECK(made.established->server_key == client.initiator.receive_key());
    CHECK(made.established->client_key != made.established->server_key);
    CHECK(made.established->request.client_epoch == 9);
    CHECK(made.established->request.next_seq == 5);
    CHECK(made.established->fini_digest == fini_digest(fini));
    CHECK(client.initiator.offer().log_epoch == 77);

    for (int i = 0; i < 3; ++i) {
        const auto again = server.fini(start, fini);
        CHECK_FALSE(again.established);
        CHECK(again.answer.empty());
    }
    CHECK(server.responder.half_open() == 1);
    server.responder.accepted(made.established->server_sid);
    CHECK(server.responder.half_open() == 0);
    CHECK_FALSE(server.fini(start, fini).established);
    CHECK(server.responder.counters().established == 1);
}

TEST_CASE("a refused membership is refused again in the same words, to that FINI only") {
    TestServer server;
    TestClient client;
    const Datagram init = proved_init(client, server, start);
    REQUIRE(client.hears(start, server.init(start, init)));
    client.initiator.trust(start, {}, request_of(1));
    const Datagram fini = client.next(start);
    const auto made = server.fini(start, fini);
    REQUIRE(made.established);
    CHECK(server.init(start, init).empty());
    const Datagram close(48, std::byte{0xcc});
    server.responder.refuse(made.established->server_sid, close);
    CHECK(server.init(start, init).empty());
    for (int i = 0; i < 3; ++i) {
        const auto again = server.fini(at(seconds(3 * i)), fini);
        CHECK_FALSE(again.established);
        CHECK(copy_of(again.answer) == close);
    }
    CHECK(server.fini(start, fini, mallory).answer.empty());
    Datagram other = fini;
    other[100] ^= std::byte{1};
    CHECK(server.fini(start, other).answer.empty());
    CHECK(server.fini(at(seconds(10)), fini).answer.empty());
    CHECK(server.responder.half_open() == 0);
    server.responder.refuse(made.established->server_sid, close);
    server.responder.accepted(made.established->server_sid);
}

TEST_CASE("an altered FINI harms nothing") {
    TestServer server;
    TestClient client;
    const Datagram fini = finish(client, server, start);
    for (std::size_t offset = 0; offset < fini.size(); ++offset) {
        // Sent as zero and not checked, but the mac covers it.
        Datagram altered = fini;
        altered[offset] ^= std::byte{0x10};
        const auto outcome = server.fini(start, altered);
        REQUIRE_FALSE(outcome.established);
        REQUIRE(outcome.answer.empty());
    }
    CHECK_FALSE(server.fini(start, fini, mallory).established);
    Endpoint port = alice;
    ++port.port;
    CHECK_FALSE(server.fini(start, fini, port).established);
    CHECK(server.fini(start, fini).established);
}

TEST_CASE("a wrong password is said so, the same each time, and only once per handshake") {
    TestServer server(1, key_of(5));
    TestClient client;
    const Datagram fini = finish(client, server, start, key_of(6));
    CHECK(client.initiator.needs_password());
    const auto refused = server.fini(start, fini);
    CHECK_FALSE(refused.established);
    const Datagram refuse = copy_of(refused.answer);
    REQUIRE(datagram::decode_refuse(refuse));
    CHECK(datagram::decode_refuse(refuse)->code == datagram::refuse_password);
    CHECK(copy_of(server.fini(start, fini).answer) == refuse);
    CHECK(server.responder.counters().wrong_passwords == 1);
    for (std::size_t offset = 0; offset < refuse.size(); ++offset) {
        Datagram altered = refuse;
        altered[offset] ^= std::byte{1};
        CHECK_FALSE(client.hears(start, altered));
    }
    CHECK(client.hears(start, refuse));
    CHECK(client.initiator.step() == Initiator::Step::refused);

    TestClient right(3);
    CHECK(server.fini(start, finish(right, server, start, key_of(5))).established);
}

TEST_CASE("a second guess in the same handshake gets nothing") {
    TestServer server(1, key_of(5));
    // Two clients that draw the same numbers are one client that tries two passwords.
    TestClient client(2), twin(2);
    const Datagram first_init = client.next(start);
    CHECK(twin.next(start) == first_init);
    const Datagram retry = server.init(start, first_init);
    client.hears(start, retry);
    twin.hears(start, retry);
    const Datagram init = client.next(start);
    CHECK(twin.next(start) == init);
    const Datagram resp = server.init(start, init);
    client.hears(start, resp);
    twin.hears(start, resp);
    client.initiator.trust(start, key_of(6), request_of(1));
    twin.initiator.trust(start, key_of(5), request_of(1));
    CHECK_FALSE(server.fini(start, client.next(start)).answer.empty());
    const auto second = server.fini(start, twin.next(start));
    CHECK_FALSE(second.established);
    CHECK(second.answer.empty());
}

TEST_CASE("a flood of proved addresses meets a fixed table") {
    TestServer server;
    const std::size_t memory = server.memory.bytes;
    for (unsigned i = 0; i < half_open_max + 300; ++i) {
        TestClient client(1000 + i);
        const Endpoint from = other_prefix(i);
        const Now now = at(microseconds(500) * i);
        REQUIRE_FALSE(server.init(now, proved_init(client, server, now, from), from).empty());
    }
    CHECK(server.responder.half_open() == half_open_max);
    int answered = 0;
    const Now at_once = at(seconds(3));
    for (unsigned i = 0; i < 4000; ++i) {
        TestClient client(10'000 + i, at_once);
        const Endpoint from = other_prefix(10'000 + i);
        const auto init = proved_init(client, server, at_once, from);
        if (!server.init(at_once, init, from).empty()) ++answered;
    }
    CHECK(answered <= 2000);
    CHECK(server.responder.counters().too_many >= 1700);
    CHECK(server.responder.half_open() == half_open_max);
    CHECK(server.memory.bytes == memory);
    TestClient client(5);
    const Now later = at(seconds(20));
    TestClient fresh(6, later);
    CHECK(prove(fresh, server, later));
    CHECK(server.responder.half_open() == 1);
}

TEST_CASE("one prefix takes no more than its part") {
    TestServer server;
    int answered = 0;
    for (unsigned i = 0; i < 200; ++i) {
        TestClient client(1000 + i);
        Endpoint from = alice;
        from.port = static_cast<std::uint16_t>(1 + i);
        if (!server.init(start, proved_init(client, server, start, from), from).empty()) ++answered;
    }
    CHECK(answered == 64);
    CHECK(server.responder.counters().prefix_limited == 136);
    TestClient other(5);
    const Datagram init = proved_init(other, server, start, mallory);
    CHECK_FALSE(server.init(start, init, mallory).empty());
}

TEST_CASE("no answer is longer than what caused it, whatever comes") {
    TestServer server(1, key_of(5));
    TestClient asking(2), proving(3), finishing(4);
    const Datagram valid[] = {asking.next(start), proved_init(proving, server, start),
                              finish(finishing, server, start, key_of(5))};
    SeededRandom random(9);
    std::size_t answers = 0;
    for (unsigned type = 0xf8; type <= 0xff; ++type) {
        for (std::size_t length = 0; length <= 1500; ++length) {
            for (std::size_t model = 0; model <= std::size(valid); ++model) {
                Datagram sent(length);
                random.fill(sent);
                if (model < std::size(valid)) {
                    std::copy_n(valid[model].begin(), std::min(length, valid[model].size()),
                                sent.begin());
                } else if (length > 0) {
                    sent[0] = static_cast<std::byte>(type);
                }
                const std::size_t to_init = server.responder.on_init(start, mallory, sent).size();
                REQUIRE(to_init <= length);
                // An unproved address gets RETRY and nothing else, for an INIT and nothing else.
                REQUIRE((to_init == 0 || (to_init == datagram::retry_bytes && length == 1200)));
                REQUIRE(server.responder.on_fini(start, mallory, sent).answer.empty());
                REQUIRE(server.responder.on_init(start, alice, sent).size() <= length);
                REQUIRE(server.responder.on_fini(start, alice, sent).answer.size() <= length);
                answers += to_init > 0;
            }
        }
    }
    CHECK(answers > 0);
    CHECK(server.responder.counters().established == 1);
}
