// SPDX-License-Identifier: MIT
// Particular lives of a secure chat, told on virtual time: the figures of docs/PROTOCOL.md under
// loss, roaming, sleep, refusals, and what somebody hostile can and cannot bring about.
#include "tests/simulation/secure_stories.h"

#include <algorithm>
#include <string>
#include <vector>

#include "proto/session/key_schedule.h"

namespace chat::simulation {
namespace {

using client::ErrorCode;

// How long a message takes from its log to each screen, in a room where somebody speaks 20 times a
// second, sorted.
std::vector<Duration> delivery_times(std::uint64_t seed, unsigned loss_permille) {
    SecureWorld world(seed);
    all_come_in(world, 4);
    world.network().set_conditions(bad_network(loss_permille));
    std::vector<Instant> stored_at(world.ledger().head());
    std::vector<server::Seq> seen(world.people().size());
    for (std::size_t i = 0; i < seen.size(); ++i)
        seen[i] = world.people()[i]->reading().next();
    std::vector<Duration> times;
    for (int i = 0; i < 2000; ++i) {
        world.people()[static_cast<std::size_t>(i) % 4]->says("text " + std::to_string(i));
        for (int step = 0; step < 25; ++step) {
            world.passes(milliseconds(2));
            stored_at.resize(world.ledger().head(), world.now().at);
            for (std::size_t p = 0; p < seen.size(); ++p) {
                for (; seen[p] < world.people()[p]->reading().next(); ++seen[p])
                    times.push_back(world.now().at - stored_at[seen[p]]);
            }
        }
    }
    INFO(world.broken().value_or(""));
    REQUIRE_FALSE(world.broken());
    std::ranges::sort(times);
    return times;
}

}  // namespace

TEST_CASE("in a busy room with 30 % loss each way a message takes a moment, seldom a second") {
    const auto times = delivery_times(30, 300);
    REQUIRE(times.size() > 7000);
    CAPTURE(times[times.size() / 2].us, times[times.size() * 99 / 100].us, times.back().us);
    CHECK(times[times.size() / 2] <= milliseconds(150));
    CHECK(times[times.size() * 99 / 100] <= seconds(1));
}

TEST_CASE("without loss a message takes the way and nothing more") {
    const auto times = delivery_times(31, 0);
    REQUIRE(times.size() > 7900);
    CAPTURE(times.back().us);
    CHECK(times.back() <= milliseconds(60));
}

TEST_CASE("at 30 % loss nearly everybody is in within eight seconds") {
    std::vector<Duration> times;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SecureWorld world(seed);
        world.network().set_conditions(bad_network(300));
        SecurePerson& person = world.enters("Alice");
        const Instant began = world.now().at;
        REQUIRE(world.passes_until([&] { return person.session()->online(); }, seconds(60)));
        times.push_back(world.now().at - began);
    }
    std::ranges::sort(times);
    CAPTURE(times[150].us, times[297].us);
    CHECK(times[297] <= seconds(8));
}

TEST_CASE("half of everything lost, or a quarter late, a quarter doubled and a third damaged") {
    Conditions spoilt = bad_network(0);
    spoilt.reorder_permille = spoilt.duplication_permille = 250;
    spoilt.reorder_by = milliseconds(200);
    spoilt.flip_permille = spoilt.truncate_permille = spoilt.extend_permille = 110;
    for (const Conditions& weather : {bad_network(500), spoilt}) {
        SecureWorld world(50);
        all_come_in(world, 3);
        world.network().set_conditions(weather);
        for (int i = 0; i < 60; ++i) {
            for (const auto& person : world.people()) {
                REQUIRE(person->says(std::string(static_cast<std::size_t>(i) * 40 + 1, 'x') +
                                     person->name() + std::to_string(i)));
            }
            world.passes(milliseconds(700));
        }
        CAPTURE(weather.loss_permille, world.broken().value_or(""));
        CHECK(world.passes_until([&] { return everybody_has_all(world); }, seconds(300)));
        CHECK(world.ledger().head() == 3 + 180 + 1);
    }
}

TEST_CASE("a new address every second, also in the middle of a long text") {
    SecureWorld world(60);
    all_come_in(world, 3);
    world.network().set_conditions(bad_network(50));
    SecurePerson& mover = *world.people()[0];
    for (int second = 0; second < 60; ++second) {
        mover.says(std::string(8000, 'm') + std::to_string(second));
        world.people()[1]->says(std::string(8000, 'n') + std::to_string(second));
        world.passes(milliseconds(20));
        mover.moves_to(world.new_address());
        world.passes(milliseconds(980));
    }
    INFO(world.broken().value_or(""));
    CHECK(world.passes_until([&] { return everybody_has_all(world); }, seconds(60)));
    CHECK(world.ledger().head() == 3 + 120 + 1);
    // One log-in each: nobody had to come in again.
    CHECK(world.server().secure().handshake_counters().established == 3);
}

TEST_CASE("a forged source address brings its owner challenges and nothing else") {
    SecureWorld world(70);
    all_come_in(world, 2);
    const Endpoint victim = world.new_victim();
    // Everything that Alice sends goes to the server a second time, as if from the victim, and
    // first.
    SecurePerson& alice = *world.people()[0];
    world.network().set_conditions({});
    for (int i = 0; i < 50; ++i) {
        const Endpoint home = alice.address();
        alice.moves_to(victim);
        alice.says("from elsewhere " + std::to_string(i));
        world.passes(Duration{});
        alice.moves_to(home);
        world.people()[1]->says("to everybody " + std::to_string(i));
        world.passes(milliseconds(400));
    }
    INFO(world.broken().value_or(""));
    CHECK(world.watch().challenges_to_victims() > 10);
    CHECK(world.passes_until([&] { return everybody_has_all(world); }, seconds(60)));
}

TEST_CASE("stopped for two minutes, it catches up by itself") {
    for (const int minutes : {1, 2, 10}) {
        CAPTURE(minutes);
        SecureWorld world(80);
        all_come_in(world, 2);
        SecurePerson& sleeper = *world.people()[0];
        sleeper.is_stopped_until(world.now().at + seconds(60) * minutes);
        for (int i = 0; i < 60 * minutes; ++i) {
            world.people()[1]->says("while you slept " + std::to_string(i));
            world.passes(seconds(1));
        }
        INFO(world.broken().value_or(""));
        CHECK(world.passes_until([&] { return everybody_has_all(world); }, seconds(30)));
        CHECK(sleeper.is_running());
    }
}

TEST_CASE("whatever was seen on the way, played back later, changes nothing") {
    SecureWorld world(90);
    std::vector<Datagram> seen;
    world.network().observe([&seen](Instant, const Datagram& datagram, Network::Fate) {
        if (seen.size() < 4000) seen.push_back(datagram);
    });
    all_come_in(world, 2);
    for (int i = 0; i < 20; ++i) {
        world.people()[0]->says("text " + std::to_string(i));
        world.passes(milliseconds(300));
    }
    const auto play_back_all = [&](bool from_elsewhere) {
        const auto head = world.ledger().head();
        const auto sessions = world.server().secure().handshake_counters().established;
        const Endpoint victim = world.new_victim();
        const auto recording = seen;
        for (const Datagram& datagram : recording) {
            const bool up = datagram.to == SecureWorld::server_address();
            world.injects(up && from_elsewhere ? victim : datagram.from, datagram.to,
                          datagram.bytes);
            world.passes(milliseconds(1));
        }
        INFO(world.broken().value_or(""));
        CHECK_FALSE(world.broken());
        CHECK(world.ledger().head() == head);
        CHECK(world.server().secure().handshake_counters().established == sessions);
        CHECK(everybody_has_all(world));
    };
    play_back_all(false);
    play_back_all(true);
    world.passes(seconds(700));  // both have new keys
    play_back_all(false);
    world.server_crashes();
    world.server_starts(false);
    const auto all_are_back = [&] {
        return world.server().secure().handshake_counters().established == 2 &&
               everybody_has_all(world);
    };
    CHECK(world.passes_until(all_are_back, seconds(60)));
    play_back_all(false);
}

TEST_CASE("a flood of first requests from everywhere does not keep a newcomer out") {
    SecureWorld world(100);
    all_come_in(world, 1);
    Dice dice(100);
    std::vector<std::byte> init(1200);
    init[0] = std::byte{0xf8};
    init[1] = std::byte{1};
    SecurePerson& newcomer = world.enters("newcomer");
    for (int i = 0; i < 5000; ++i) {
        for (std::size_t at = 4; at < 72; ++at)
            init[at] = static_cast<std::byte>(dice.next());
        const Endpoint from{IpAddress::v4(198, 51, 100, static_cast<std::uint8_t>(dice.below(256))),
                            static_cast<std::uint16_t>(dice.next())};
        world.injects(from, SecureWorld::server_address(), init);
        world.passes(microseconds(200));
    }
    INFO(world.broken().value_or(""));
    CHECK_FALSE(world.broken());
    CHECK(newcomer.session()->online());
    CHECK(world.server().secure().half_open() == 0);
}

TEST_CASE("a password is needed, and said to be wrong only when it is") {
    SecureWorld first(110);
    const auto key_of = [](std::string_view password, const PublicKey& server) {
        return password_key(password, server)->bytes();
    };
    // The world's server key depends on its seed alone.
    SecureSettings settings;
    settings.password = "开门 sesame";
    SecurePerson& scout = first.enters("scout");
    REQUIRE(first.passes_until([&] { return scout.session()->online(); }, seconds(5)));
    settings.password_key = key_of(*settings.password, first.server_key());

    SecureWorld world(110, settings);
    Conditions weather = bad_network(200);
    weather.flip_permille = 300;
    world.network().set_conditions(weather);
    SecurePerson& guest = world.enters("guest");
    SecurePerson& stranger = world.enters("stranger", "let me in");
    CHECK(world.passes_until([&] { return guest.session()->online() && !stranger.is_running(); },
                             seconds(30)));
    CHECK(guest.errors().empty());
    CHECK(has(stranger.errors(), ErrorCode::wrong_password));
}

TEST_CASE("a name belongs to the key that used it first") {
    SecureWorld world(120);
    all_come_in(world, 1);
    SecurePerson& owner = *world.people()[0];
    owner.quits();
    REQUIRE(world.passes_until([&] { return !owner.is_running(); }, seconds(10)));
    SecurePerson& thief = world.enters("PERSON0");
    world.passes(seconds(5));
    CHECK(has(thief.errors(), ErrorCode::name_owned));
    CHECK(thief.session()->wants_name());
    owner.starts_again();
    CHECK(world.passes_until([&] { return owner.session()->online(); }, seconds(5)));
}

TEST_CASE("whoever starts the program again takes the place of his own ghost") {
    SecureWorld world(130);
    all_come_in(world, 2);
    SecurePerson& person = *world.people()[0];
    const auto head = world.ledger().head();
    person.program_dies();
    person.starts_again();
    CHECK(world.passes_until([&] { return person.session()->online(); }, seconds(5)));
    CHECK(world.ledger().head() == head);  // nobody left, nobody came
}

}  // namespace chat::simulation
