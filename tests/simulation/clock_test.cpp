// SPDX-License-Identifier: MIT
// Somebody sets every machine's clock a day ahead or back in the middle of a chat. What an outsider
// sees, and when, is then the same as without it, but for what is sealed; and what people see is
// the same but for the times.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/simulation/secure_world.h"
#include "tests/support/catch.h"

namespace chat::simulation {
namespace {

constexpr Duration day = seconds(86'400);

struct Story {
    std::vector<std::string> on_the_way;  // when, between whom, and all that is not sealed
    std::vector<server::Entry> log;
    std::vector<std::uint64_t> shown;
    std::uint64_t handshakes = 0;
};

std::string seen_outside(Instant at, const Datagram& datagram) {
    const bool to_server = datagram.to == SecureWorld::server_address();
    // What the server seals has the times of the entries in it; what clients seal has none.
    const std::size_t open = to_server ? datagram.bytes.size() : 16;
    const auto* bytes = reinterpret_cast<const char*>(datagram.bytes.data());
    return std::to_string(at.us) + (to_server ? " up " : " down ") +
           std::to_string(datagram.from.port) + " " + std::to_string(datagram.to.port) + " " +
           std::to_string(datagram.bytes.size()) + " " +
           std::string(bytes, std::min(open, datagram.bytes.size()));
}

// Long enough for new keys, a sleeper, a move and the server's next start.
Story story(Duration ahead) {
    SecureWorld world(140);
    Story told;
    world.network().observe([&told](Instant at, const Datagram& datagram, Network::Fate) {
        told.on_the_way.push_back(seen_outside(at, datagram));
    });
    Conditions weather;
    weather.loss_permille = 50;
    weather.delay = milliseconds(30);
    world.network().set_conditions(weather);
    SecurePerson& alice = world.enters("Alice");
    SecurePerson& bob = world.enters("Bob");
    for (int minute = 0; minute < 20; ++minute) {
        if (minute == 3) world.clock_is_set(ahead);
        if (minute == 5) alice.moves_to(world.new_address());
        if (minute == 6) bob.is_stopped_until(world.now().at + seconds(150));
        if (minute == 14) world.server_crashes();
        if (minute == 15) world.server_starts(false);
        alice.says(std::string(3000, 'a') + std::to_string(minute));
        world.passes(seconds(20));
        bob.says("short " + std::to_string(minute));
        world.passes(seconds(40));
    }
    INFO(world.broken().value_or(""));
    REQUIRE_FALSE(world.broken());
    for (server::Seq seq = 1; seq < world.ledger().head(); ++seq)
        told.log.push_back(*world.ledger().entry(0, seq));
    for (const auto& person : world.people()) {
        CHECK(person->errors().empty());
        CHECK(person->reading().next() == world.ledger().head());
        told.shown.push_back(person->shown_by_all_starts());
    }
    told.handshakes = world.server().secure().handshake_counters().established;
    return told;
}

}  // namespace

TEST_CASE("a clock set a day ahead or back changes the times that are shown, and nothing else") {
    const Story usual = story({});
    CHECK(usual.on_the_way.size() > 500);
    for (const Duration ahead : {day, Duration{} - day}) {
        CAPTURE(ahead.us);
        const Story other = story(ahead);
        CHECK((other.on_the_way == usual.on_the_way));
        CHECK(other.shown == usual.shown);
        CHECK(other.handshakes == usual.handshakes);
        REQUIRE(other.log.size() == usual.log.size());
        std::size_t shifted = 0;
        for (std::size_t i = 0; i < usual.log.size(); ++i) {
            const server::Entry& entry = other.log[i];
            CHECK(entry.kind == usual.log[i].kind);
            CHECK(entry.name == usual.log[i].name);
            CHECK(entry.text == usual.log[i].text);
            const std::int64_t by_ms = entry.time.unix_ms - usual.log[i].time.unix_ms;
            CHECK((by_ms == 0 || by_ms == ahead.us / 1000));
            shifted += by_ms != 0;
        }
        CHECK(shifted > 20);
    }
}

}  // namespace chat::simulation
