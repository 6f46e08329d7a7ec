// SPDX-License-Identifier: MIT
#include "proto/session/initiator.h"

#include <algorithm>

#include "proto/session/handshake_test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::session_test;

namespace {

using Step = Initiator::Step;
constexpr Now start{};

// When it sends, in ms, from its start until it gives up or `end`, if nobody answers.
std::vector<std::int64_t> sending_times(TestClient& client, const Now& end) {
    std::vector<std::int64_t> times;
    while (const auto next = client.initiator.next_deadline()) {
        if (*next > end.at) break;
        for (const Datagram& datagram : client.poll({*next, {}})) {
            static_cast<void>(datagram);
            times.push_back(next->us / 1000);
        }
    }
    return times;
}

// Runs its timers until the step is another.
Now until_step_changes(TestClient& client, Now now, std::vector<Datagram>* sent = nullptr) {
    const Step before = client.initiator.step();
    while (client.initiator.step() == before) {
        const auto next = client.initiator.next_deadline();
        if (!next) break;
        now.at = *next;
        client.initiator.on_deadline(now);
        if (client.initiator.step() != before) break;
        Outbox outbox;
        client.initiator.poll_transmit(now, outbox);
        if (sent) sent->insert(sent->end(), outbox.sent.begin(), outbox.sent.end());
    }
    return now;
}

}  // namespace

TEST_CASE("it asks again after 500 ms, half as long again each time, twice, and gives up") {
    TestClient client;
    CHECK(sending_times(client, at(seconds(12))) ==
          std::vector<std::int64_t>{0, 500, 510, 1250, 1260, 2375, 2385, 4062, 4072, 6593, 6603,
                                    9593, 9603});
    CHECK(client.initiator.step() == Step::asking);
    sending_times(client, at(milliseconds(29'999)));
    CHECK(client.initiator.step() == Step::asking);
    client.initiator.on_deadline(at(seconds(30)));
    CHECK(client.initiator.step() == Step::given_up);
    CHECK_FALSE(client.initiator.next_deadline());
    CHECK_FALSE(client.initiator.heard_retry());
    CHECK(client.poll(at(seconds(31))).empty());
    CHECK(client.memory.bytes == 0);
}

TEST_CASE("once it had to repeat something it sends two copies in every step") {
    for (const bool repeats : {false, true}) {
        CAPTURE(repeats);
        TestServer server;
        TestClient client;
        if (repeats) client.next(start);
        const Now later = at(milliseconds(500));
        REQUIRE(client.hears(later, server.init(later, client.next(later))));
        CHECK_FALSE(client.next(later).empty());
        CHECK(client.poll(at(milliseconds(510))).size() == (repeats ? 1U : 0U));
    }
}

TEST_CASE("what the network does not take now is offered again") {
    TestClient client;
    Outbox outbox;
    outbox.blocked = true;
    client.initiator.poll_transmit(start, outbox);
    CHECK(client.initiator.next_deadline() == start.at);
    outbox.blocked = false;
    client.initiator.poll_transmit(at(milliseconds(100)), outbox);
    CHECK(outbox.sent.size() == 1);
    CHECK(client.initiator.next_deadline() == at(milliseconds(600)).at);
    outbox.blocked = true;
    client.initiator.poll_transmit(at(milliseconds(600)), outbox);
    outbox.blocked = false;
    client.initiator.poll_transmit(at(milliseconds(610)), outbox);
    client.initiator.poll_transmit(at(milliseconds(620)), outbox);
    CHECK(outbox.sent.size() == 3);
    CHECK(outbox.sent[2] == outbox.sent[0]);
}

TEST_CASE("the first INIT shows e and no tag, the second the same e, the cookie and a tag") {
    TestServer server;
    TestClient client;
    const Datagram first = client.next(start);
    const auto init = datagram::decode_init(first);
    REQUIRE(init);
    CHECK(init->cookie == datagram::Cookie{});
    CHECK(std::ranges::all_of(first.begin() + 72, first.end(),
                              [](std::byte byte) { return byte == std::byte{0}; }));
    CHECK(init->client_sid == client.initiator.client_sid());
    CHECK(init->client_sid != 0);

    Datagram retry = server.init(start, first);
    // The three bytes that are zero here are not the client's business.
    retry[22] = std::byte{0x77};
    REQUIRE(client.hears(start, retry));
    CHECK(client.initiator.step() == Step::proving);
    CHECK(client.initiator.heard_retry());
    CHECK_FALSE(client.initiator.needs_password());
    const Datagram second = client.next(start);
    CHECK(std::ranges::equal(std::span(second).first(16), std::span(first).first(16)));
    CHECK(std::ranges::equal(std::span(second).subspan(16, 24), std::span(retry).subspan(16, 24)));
    CHECK(std::ranges::equal(std::span(second).subspan(40, 32), std::span(first).subspan(40, 32)));
    CHECK_FALSE(std::ranges::all_of(second.begin() + 72, second.begin() + 88,
                                    [](std::byte byte) { return byte == std::byte{0}; }));
    CHECK(client.hears(start, server.init(start, second)));
    CHECK(client.initiator.step() == Step::deciding);
    CHECK(client.initiator.server_key() == server.identity.public_key);
    CHECK_FALSE(client.initiator.next_deadline());
}

TEST_CASE("a RETRY for another handshake, or without our version, changes nothing") {
    TestServer server;
    TestClient client;
    const Datagram retry = server.init(start, client.next(start));
    for (const std::size_t offset : {4U, 7U, 8U, 15U}) {
        Datagram altered = retry;
        altered[offset] ^= std::byte{1};
        CHECK_FALSE(client.hears(start, altered));
    }
    Datagram altered = retry;
    altered[40] = std::byte{4};
    CHECK_FALSE(client.hears(start, std::span(retry).first(47)));
    CHECK_FALSE(client.hears(start, {}));
    CHECK_FALSE(client.initiator.heard_retry());
    // A server is there, which is worth another sentence than silence.
    CHECK_FALSE(client.hears(start, altered));
    CHECK(client.initiator.heard_retry());
    CHECK(client.initiator.step() == Step::asking);
    CHECK(client.hears(start, retry));
}

TEST_CASE("a RETRY with other flags begins a new handshake, and makes nobody send sooner") {
    TestServer server;
    for (const std::size_t offset : {2U, 3U, 41U}) {
        CAPTURE(offset);
        TestClient client;
        const Datagram first = client.next(start);
        const Datagram retry = server.init(start, first);
        REQUIRE(client.hears(start, retry));
        client.next(start);
        Datagram altered = retry;
        altered[offset] ^= std::byte{1};
        CHECK(client.hears(at(milliseconds(1)), altered));
        CHECK(client.initiator.step() == Step::asking);
        CHECK(client.poll(at(milliseconds(199))).empty());
        const Datagram anew = client.next(at(milliseconds(200)));
        const auto before = datagram::decode_init(first), after = datagram::decode_init(anew);
        REQUIRE(after);
        CHECK(after->client_sid != before->client_sid);
        CHECK(after->client_nonce != before->client_nonce);
        CHECK(after->noise != before->noise);
        CHECK(after->cookie == datagram::Cookie{});
        CHECK_FALSE(client.hears(at(milliseconds(201)), retry));
    }
}

TEST_CASE("a fresh cookie replaces the one before, at the next try") {
    TestServer server;
    TestClient client;
    const Datagram first = client.next(start);
    const Datagram retry = server.init(start, first);
    const Datagram fresh = server.init(at(seconds(40)), first);
    REQUIRE(client.hears(start, retry));
    const Datagram init = client.next(start);
    CHECK_FALSE(client.hears(at(milliseconds(1)), retry));
    CHECK_FALSE(client.hears(at(milliseconds(2)), fresh));
    CHECK(client.initiator.step() == Step::proving);
    CHECK(client.poll(at(milliseconds(3))).empty());
    Datagram again = client.next(at(milliseconds(500)));
    CHECK(std::ranges::equal(std::span(again).subspan(16, 24), std::span(fresh).subspan(16, 24)));
    // The first cookie is too old for the server now; all but the cookie is the same.
    CHECK(datagram::decode_retry(server.init(at(seconds(40)), init)));
    CHECK(datagram::decode_resp(server.init(at(seconds(40)), again)));
    std::copy_n(init.begin() + 16, 24, again.begin() + 16);
    CHECK(again == init);
}

TEST_CASE("a RESP that does not open changes nothing") {
    TestServer server;
    TestClient client;
    REQUIRE(ask(client, server, start));
    const Datagram init = client.next(start);
    const Datagram resp = server.init(start, init);
    for (std::size_t offset = 0; offset < resp.size(); ++offset) {
        // Sent as zero; and the server's number, which nothing seals here.
        if (offset == 2 || offset == 3 || (offset >= 8 && offset < 16)) continue;
        Datagram altered = resp;
        altered[offset] ^= std::byte{0x20};
        REQUIRE_FALSE(client.hears(start, altered));
    }
    TestServer impostor(77);
    CHECK_FALSE(client.hears(start, impostor.init(start, init)));
    CHECK(client.initiator.step() == Step::proving);
    CHECK(client.hears(start, resp));
    CHECK_FALSE(client.hears(start, resp));
}

TEST_CASE("a RESP to an INIT that was not sent yet is no answer") {
    TestServer server;
    TestClient client, twin;
    const Datagram retry = server.init(start, client.next(start));
    twin.next(start);
    twin.hears(start, retry);
    client.hears(start, retry);
    const Datagram resp = server.init(start, twin.next(start));
    REQUIRE(datagram::decode_resp(resp));
    CHECK_FALSE(client.hears(start, resp));
    client.next(start);
    CHECK(client.hears(start, resp));
}

TEST_CASE("FINI is the same, byte for byte, each time") {
    TestServer server;
    TestClient client;
    REQUIRE(prove(client, server, start));
    const Now now = at(seconds(2));
    client.initiator.trust(now, {}, request_of(9));
    CHECK(client.initiator.step() == Step::finishing);
    std::vector<Datagram> sent;
    const Now forgotten = until_step_changes(client, now, &sent);
    // The server has forgotten the handshake 10 s after it began.
    CHECK(forgotten.at == at(seconds(10)).at);
    REQUIRE(sent.size() == 15);
    for (const Datagram& datagram : sent)
        CHECK(datagram == sent.front());
    CHECK(server.fini(now, sent.front()).established);
}

TEST_CASE("who decides too late begins a new handshake, and is not asked again") {
    TestServer server;
    struct Case {
        Duration after;
        bool too_late;
    };
    for (const auto& [after, too_late] :
         {Case{seconds(8), false}, Case{seconds(8) + microseconds(1), true},
          Case{seconds(300), true}}) {
        TestClient client;
        REQUIRE(prove(client, server, start));
        const std::uint32_t old_sid = client.initiator.client_sid();
        const Now now = at(after);
        client.initiator.trust(now, {}, request_of(55));
        CHECK(client.initiator.step() == (too_late ? Step::asking : Step::finishing));
        CHECK(client.initiator.server_key() == server.identity.public_key);
        if (too_late) {
            REQUIRE(prove(client, server, now));
            CHECK(client.initiator.client_sid() != old_sid);
        }
        REQUIRE(client.initiator.step() == Step::finishing);
        const auto made = server.fini(now, client.next(now));
        REQUIRE(made.established);
        CHECK(made.established->request.client_epoch == 55);
        CHECK(made.established->client_key == client.initiator.send_key());
        server.responder.accepted(made.established->server_sid);
    }
}

TEST_CASE("another key, or a password where there was none, is a new decision") {
    TestServer server(1), other_key(2), with_password(1, key_of(5));
    REQUIRE(with_password.identity.public_key == server.identity.public_key);
    for (TestServer* const second : {&other_key, &with_password}) {
        TestClient client;
        REQUIRE(prove(client, server, start));
        const Now now = at(seconds(20));
        client.initiator.trust(now, {}, request_of(55));
        REQUIRE(prove(client, *second, now));
        CHECK(client.initiator.step() == Step::deciding);
        CHECK(client.initiator.server_key() == second->identity.public_key);
        CHECK(client.initiator.needs_password() == (second == &with_password));
        client.initiator.trust(now, second == &with_password ? key_of(5) : Key32{}, request_of(56));
        const auto made = second->fini(now, client.next(now));
        REQUIRE(made.established);
        CHECK(made.established->request.client_epoch == 56);
        second->responder.accepted(made.established->server_sid);
    }
}

TEST_CASE("a server_sid altered in RESP costs nothing: the sealed one counts") {
    TestServer server;
    TestClient client;
    REQUIRE(ask(client, server, start));
    Datagram resp = server.init(start, client.next(start));
    resp[9] ^= std::byte{1};
    REQUIRE(client.hears(start, resp));
    client.initiator.trust(start, {}, request_of(9));
    CHECK(server.fini(start, client.next(start)).established);
}

TEST_CASE("an altered RETRY is found out and asked for again") {
    for (const std::size_t offset : {2U, 41U}) {
        TestServer server(1, key_of(5));
        TestClient client;
        Datagram retry = server.init(start, client.next(start));
        retry[offset] ^= std::byte{1};
        REQUIRE(client.hears(start, retry));
        CHECK(client.initiator.needs_password() == (offset == 41));
        std::vector<Datagram> sent;
        const Now now = until_step_changes(client, start, &sent);
        CHECK(client.initiator.step() == Step::asking);
        CHECK(sent.size() == 11);
        for (const Datagram& datagram : sent)
            CHECK(server.init(start, datagram).empty());
        CHECK(server.responder.half_open() == 0);
        REQUIRE(prove(client, server, now));
        CHECK(client.initiator.step() == Step::deciding);
        CHECK(client.initiator.needs_password());
    }
}

TEST_CASE("altered RETRYs for ever come to an end, and show as such") {
    TestServer server(1, key_of(5));
    TestClient client;
    Now now = start;
    while (client.initiator.step() == Step::asking) {
        Datagram retry = server.init(now, client.next(now));
        retry[2] ^= std::byte{1};
        REQUIRE(client.hears(now, retry));
        now = until_step_changes(client, now);
    }
    CHECK(client.initiator.step() == Step::given_up);
    CHECK(now.at == at(seconds(30)).at);
    CHECK(client.initiator.heard_retry());
}

TEST_CASE("where a round trip was measured, two of them are the first wait") {
    TestServer server;
    TestClient client;
    const Datagram init = client.next(start);
    const Now later = at(milliseconds(120));
    REQUIRE(client.hears(later, server.init(later, init)));
    CHECK_FALSE(client.next(later).empty());
    CHECK(client.poll(at(milliseconds(359))).empty());
    CHECK_FALSE(client.next(at(milliseconds(360))).empty());
}

TEST_CASE("the round trip is that of the latest step without a repetition") {
    TestServer server;
    for (const bool repeated : {false, true}) {
        TestClient client;
        REQUIRE(ask(client, server, start));
        const Datagram init = client.next(at(milliseconds(20)));
        if (repeated) client.next(at(milliseconds(520)));
        const Datagram resp = server.init(start, init);
        REQUIRE(client.hears(at(milliseconds(600)), resp));
        CHECK(client.initiator.rtt() == (repeated ? Duration{} : milliseconds(580)));
    }
}
