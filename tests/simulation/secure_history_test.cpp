// SPDX-License-Identifier: MIT
// Stories of what was before one came: history, what was trimmed, search, topics, and what is
// pinned. On virtual time.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/simulation/secure_stories.h"

namespace chat::simulation {
namespace {

bool history_comes(SecureWorld& world, SecurePerson& person, const std::string& room,
                   std::uint32_t limit, server::Seq before = 0) {
    person.scrolls_up(room, limit, before);
    return world.passes_until([&] { return person.reading().histories_open(room) == 0; },
                              seconds(30));
}

// Somebody who is shown so many of the last entries when he comes into a room.
SecurePerson& reader_enters(SecureWorld& world, const std::string& name, std::uint32_t entries) {
    PersonSettings settings;
    settings.name = name;
    settings.history_on_joining = entries;
    SeededRandom random(name.size());
    settings.identity = KeyPair::generate(random);
    return world.enters(std::move(settings));
}

}  // namespace

TEST_CASE("history comes page by page, back to its start, and says where that is") {
    for (const unsigned loss : {0U, 200U}) {
        CAPTURE(loss);
        SecureWorld world(305);
        all_come_in(world, 2);
        SecurePerson& alice = *world.people()[0];
        for (int i = 0; i < 600; ++i) {
            alice.says(std::string(i % 50 == 0 ? 4000 : 10, 'x') + std::to_string(i));
            if (i % 20 == 0) world.passes(milliseconds(200));
        }
        all_get_all(world);
        SecurePerson& newcomer = world.enters("newcomer");
        all_get_all(world);
        const auto began = newcomer.reading().next() - newcomer.reading().shown();
        world.network().set_conditions(bad_network(loss));
        REQUIRE(history_comes(world, newcomer, "lobby", 50));
        CHECK(newcomer.reading().history_end()->first == began - 50);
        CHECK_FALSE(newcomer.reading().history_end()->at_start);
        REQUIRE(history_comes(world, newcomer, "lobby", 300));
        CHECK(newcomer.reading().history_end()->first == began - 350);
        REQUIRE(history_comes(world, newcomer, "lobby", 5000));
        CHECK(newcomer.reading().history_end()->first == 1);
        CHECK(newcomer.reading().history_end()->at_start);
        CHECK(newcomer.reading().history_shown() == began - 1);
        REQUIRE(history_comes(world, newcomer, "lobby", 50));
        CHECK(newcomer.reading().history_end()->at_start);
        CHECK(newcomer.reading().history_shown() == began - 1);
        // It moved nothing: what is new goes on coming.
        alice.says("and now?");
        all_get_all(world);
    }
}

TEST_CASE("what was trimmed is gone, and said to be") {
    SecureSettings settings;
    settings.log_entries_max = 100;
    SecureWorld world(306, settings);
    all_come_in(world, 2);
    SecurePerson& alice = *world.people()[0];
    SecurePerson& sleeper = *world.people()[1];
    world.network().set_blackout(sleeper.address(), true);
    for (int i = 0; i < 300; ++i) {
        alice.says("text " + std::to_string(i));
        if (i % 20 == 0) world.passes(milliseconds(500));
    }
    world.passes(seconds(20));
    world.network().set_blackout(sleeper.address(), false);
    all_get_all(world);
    CHECK(sleeper.reading().shown() >= 100);
    CHECK(sleeper.reading().shown() < 250);
    SecurePerson& newcomer = world.enters("newcomer");
    all_get_all(world);
    REQUIRE(history_comes(world, newcomer, "lobby", 5000));
    CHECK(newcomer.reading().history_end()->at_start);
    CHECK(newcomer.reading().history_end()->first == world.ledger().all_rooms().at(1).first_kept);
}

TEST_CASE("the last entries come first of all to who wants them on joining") {
    SecureWorld world(307);
    all_come_in(world, 1);
    for (int i = 0; i < 120; ++i)
        world.people()[0]->says("text " + std::to_string(i));
    all_get_all(world);
    SecurePerson& reader = reader_enters(world, "reader", 30);
    const auto is_there = [&] {
        return reader.reading().is_in("lobby") && reader.reading().histories_open("lobby") == 0;
    };
    CHECK(world.passes_until(is_there, seconds(5)));
    all_get_all(world);
    CHECK(reader.reading().history_shown() == 30);
    // Away for a while: what was missed, and again some before it.
    reader.quits();
    world.passes(seconds(5));
    for (int i = 0; i < 40; ++i)
        world.people()[0]->says("missed " + std::to_string(i));
    world.passes(seconds(5));
    reader.starts_again();
    CHECK(world.passes_until(is_there, seconds(5)));
    all_get_all(world);
    CHECK(reader.reading().shown() >= 40);
    CHECK(reader.reading().history_shown() == 30);
}

TEST_CASE("words are found in one's own rooms, Chinese ones too, the newest first") {
    SecureWorld world(308);
    all_come_in(world, 2);
    SecurePerson& alice = *world.people()[0];
    SecurePerson& bob = *world.people()[1];
    alice.joins("garden");
    world.passes(seconds(1));
    alice.says("Roses are red");
    alice.says("明天开会吗");
    world.passes(seconds(1));
    alice.says_in("garden", "the red rose");
    world.announces("red alert");
    world.passes(seconds(2));
    world.server_crashes();
    world.server_starts(false);
    world.passes(seconds(40));
    const auto lobby = [&](std::string_view words) {
        return world.ledger().find(*room_of(world, alice, "lobby"), words);
    };
    CHECK(places_found(world, bob, "lobby", "RED") == lobby("red"));
    CHECK(lobby("red").size() == 2);
    CHECK(places_found(world, bob, "", "red rose") == lobby("red rose"));
    CHECK(places_found(world, alice, "", "red rose").size() == 2);
    CHECK(places_found(world, alice, "garden", "red rose").size() == 1);
    CHECK(places_found(world, bob, "lobby", "开会").size() == 1);
    CHECK(places_found(world, bob, "lobby", "开明").empty());
    // The index lags behind: the answer waits for it.
    world.disk().set_index_stands(true);
    alice.says("a red fox");
    world.passes(seconds(1));
    bob.searches("lobby", "fox");
    world.passes(seconds(5));
    CHECK_FALSE(bob.reading().found());
    world.disk().set_index_stands(false);
    CHECK(places_found(world, bob, "lobby", "fox").size() == 1);
}

TEST_CASE("many places far apart are there after about three times to and fro") {
    SecureWorld world(310);
    all_come_in(world, 1);
    constexpr int apart = 25;
    for (int i = 0; i < 64 * apart; ++i)
        world.announces(i % apart == 0 ? "a needle" : "a straw");
    all_get_all(world);
    for (const unsigned loss : {0U, 100U}) {
        CAPTURE(loss);
        SecurePerson& searcher = world.enters("searcher" + std::to_string(loss));
        all_get_all(world);
        world.network().set_conditions(bad_network(loss));
        // Now the way is known, and the index complete.
        CHECK(places_found(world, searcher, "lobby", "straw").size() == 64);
        world.passes(seconds(10));
        const Instant began = world.now().at;
        CHECK(places_found(world, searcher, "lobby", "needle").size() == 64);
        INFO((world.now().at - began).us / 1000);
        // 100 ms each; what gets lost is asked for again.
        CHECK(world.now().at - began < milliseconds(loss == 0 ? 400 : 2000));
        CHECK_FALSE(world.broken());
        world.network().set_conditions({});
    }
}

TEST_CASE("topic and what is pinned are there for who comes later, over a restart too") {
    SecureWorld world(309);
    all_come_in(world, 1);
    SecurePerson& alice = *world.people()[0];
    alice.sets_topic("lobby", "of cabbages and kings");
    world.pins("read the rules");
    world.passes(seconds(1));
    world.announces("and something else");
    for (int i = 0; i < 30; ++i)
        alice.says("text " + std::to_string(i));
    world.passes(seconds(2));
    world.server_crashes();
    world.server_starts(false);
    world.passes(seconds(1));
    SecurePerson& bob = reader_enters(world, "bob", 10);
    world.passes(seconds(3));
    INFO(world.broken().value_or(""));
    REQUIRE(bob.reading().pinned("lobby") != nullptr);
    CHECK(bob.reading().pinned("lobby")->text == "read the rules");
    world.commands("unpin");
    world.passes(seconds(1));
    SecurePerson& carol = reader_enters(world, "carol", 10);
    world.passes(seconds(3));
    CHECK(carol.reading().pinned("lobby") == nullptr);
    all_get_all(world);
}

}  // namespace chat::simulation
