// SPDX-License-Identifier: MIT
// Stories of several rooms, of conversations, of people at two machines, and of who has seen what.
// On virtual time.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/simulation/secure_stories.h"

namespace chat::simulation {
namespace {

using client::ErrorCode;
using Names = std::vector<std::string>;

Names sorted(Names names) {
    std::ranges::sort(names);
    return names;
}

bool is_seen(const SecurePerson& author, std::string_view room, server::Seq seq, unsigned seen,
             unsigned of) {
    const auto receipt = author.reading().receipt(room, seq);
    return receipt && receipt->seen == seen && receipt->of == of;
}

}  // namespace

TEST_CASE("rooms are made by the first who comes, and kept apart") {
    SecureWorld world(300);
    all_come_in(world, 3);
    SecurePerson& alice = *world.people()[0];
    SecurePerson& bob = *world.people()[1];
    SecurePerson& zoe = *world.people()[2];
    alice.joins("Garden");
    world.passes(seconds(1));
    bob.joins("garden");
    bob.joins("花园");
    world.passes(seconds(1));
    alice.says_in("GARDEN", "among flowers");
    bob.says_in("花园", "一个人");
    bob.sets_topic("garden", "what grows");
    zoe.lists_rooms();
    alice.lists_members("garden");
    all_get_all(world);
    world.passes(seconds(2));
    CHECK(world.ledger().rooms() == 3);
    CHECK(sorted(alice.reading().rooms()) == Names{"Garden", "lobby"});
    CHECK(sorted(bob.reading().rooms()) == Names{"Garden", "lobby", "花园"});
    CHECK(zoe.reading().rooms() == Names{"lobby"});
    CHECK(sorted(alice.reading().members("garden")) == Names{"person0", "person1"});
    const auto& list = zoe.reading().room_list();
    REQUIRE(list);
    REQUIRE(list->rooms.size() == 3);
    const auto listed = [&](std::string_view name) {
        return *std::ranges::find(list->rooms, name, &client::RoomList::Room::name);
    };
    CHECK(listed("Garden").present == 2);
    CHECK(listed("lobby").joined);
    CHECK_FALSE(listed("花园").joined);

    for (const std::string no_room : {"a b", "@person0", "@nobody", "@"}) {
        CAPTURE(no_room);
        const auto errors = alice.errors().size();
        const auto before = alice.reading().rooms();
        alice.joins(no_room);
        world.passes(seconds(2));
        CHECK(alice.errors().size() == errors + 1);
        CHECK(alice.reading().rooms() == before);
    }
    CHECK(world.ledger().rooms() == 3);
}

TEST_CASE("who parts hears nothing more, and begins anew when he comes back") {
    SecureWorld world(301);
    all_come_in(world, 2);
    SecurePerson& alice = *world.people()[0];
    SecurePerson& bob = *world.people()[1];
    SecurePerson& desk = world.enters_also(alice);
    for (SecurePerson* person : {&alice, &bob})
        person->joins("garden");
    world.passes(seconds(2));
    CHECK(desk.reading().is_in("garden"));
    bob.says_in("garden", "before");
    world.passes(seconds(1));
    alice.parts("garden");
    world.passes(seconds(1));
    CHECK_FALSE(alice.reading().is_in("garden"));
    CHECK_FALSE(desk.reading().is_in("garden"));
    bob.says_in("garden", "behind her back");
    world.passes(seconds(1));
    alice.program_dies();
    alice.starts_again();
    world.passes(seconds(3));
    CHECK_FALSE(alice.reading().is_in("garden"));
    alice.joins("garden");
    world.passes(seconds(1));
    bob.says_in("garden", "after");
    all_get_all(world);
    const auto* garden = room_of(world, alice, "garden");
    REQUIRE(garden != nullptr);
    CHECK(alice.reading().next("garden") == garden->head());
    CHECK(desk.reading().next("garden") == garden->head());
    // Two joins, a leave, a join, three messages; of the last alone she is shown anything.
    CHECK(garden->head() == 8);
}

TEST_CASE("a conversation waits for who is away, and is nobody else's") {
    SecureWorld world(302);
    all_come_in(world, 3);
    SecurePerson& alice = *world.people()[0];
    SecurePerson& bob = *world.people()[1];
    SecurePerson& eve = *world.people()[2];
    bob.quits();
    world.passes(seconds(5));
    alice.says_in("@PERSON1", "for you alone");
    world.passes(seconds(2));
    const auto* between = room_of(world, alice, "@person1");
    REQUIRE(between != nullptr);
    CHECK(between->head() == 2);
    bob.starts_again();
    world.passes(seconds(3));
    CHECK(bob.reading().next("@person0") == 2);
    bob.says_in("@person0", "got it");
    for (const char* trial : {"@person0", "@person1"})
        eve.says_in(trial, std::string("of my own to ") + trial);
    eve.lists_rooms();
    all_get_all(world);
    CHECK(world.ledger().rooms() == 4);
    CHECK(between->head() == 3);
    CHECK(between->ever.size() == 2);
    REQUIRE(eve.reading().room_list());
    CHECK(eve.reading().room_list()->rooms.size() == 1);
    CHECK(places_found(world, eve, "", "got").empty());
    CHECK(places_found(world, alice, "", "got").size() == 1);
    CHECK(places_found(world, alice, "@person1", "alone").size() == 1);
    CHECK(is_seen(alice, "@person1", 1, 1, 1));
    // A receipt there is over a restart too, and so is the conversation.
    world.server_crashes();
    world.server_starts(false);
    world.passes(seconds(40));
    alice.says_in("@person1", "still there?");
    all_get_all(world);
    world.passes(seconds(3));
    CHECK(is_seen(alice, "@person1", 3, 1, 1));
}

TEST_CASE("at two machines one is one person, who sees everything at both") {
    SecureWorld world(303);
    all_come_in(world, 2);
    SecurePerson& laptop = *world.people()[0];
    SecurePerson& bob = *world.people()[1];
    const auto before = visits(world);
    SecurePerson& desk = world.enters_also(laptop);
    world.passes(seconds(2));
    bob.says("to both");
    laptop.says("from the laptop");
    desk.says("from the desk");
    desk.joins("garden");
    bob.says_in("@person0", "in private");
    all_get_all(world);
    CHECK(laptop.reading().is_in("garden"));
    CHECK(laptop.reading().next("@person1") == 2);
    CHECK(desk.reading().next("@person1") == 2);
    bob.lists_members("lobby");
    world.passes(seconds(2));
    CHECK(sorted(bob.reading().members("lobby")) == Names{"person0", "person1"});
    CHECK(visits(world) == before);

    laptop.quits();
    world.passes(seconds(5));
    CHECK_FALSE(laptop.is_running());
    CHECK(visits(world) == before);
    bob.says("to the desk");
    all_get_all(world);
    laptop.starts_again();
    all_get_all(world);
    CHECK(visits(world) == before);
    desk.quits();
    laptop.quits();
    world.passes(seconds(5));
    CHECK(visits(world) == before + 1);
    CHECK(laptop.errors().empty());
    CHECK(desk.errors().empty());
}

TEST_CASE("a ninth machine ends the one that was silent longest") {
    SecureWorld world(304);
    all_come_in(world, 1);
    SecurePerson& first = *world.people()[0];
    std::vector<SecurePerson*> others;
    int said = 0;
    for (int i = 0; i < 8; ++i) {
        if (i == 7) first.is_stopped_until(world.now().at + seconds(6));
        for (SecurePerson* other : others)
            other->says("not silent " + std::to_string(++said));
        world.passes(seconds(1));
        others.push_back(&world.enters_also(first));
        world.passes(seconds(1));
    }
    world.passes(seconds(6));
    CHECK_FALSE(first.is_running());
    CHECK(has(first.errors(), ErrorCode::replaced));
    for (SecurePerson* other : others)
        CHECK(other->session()->online());
    all_get_all(world);
}

TEST_CASE("an author is told by how many his message was seen") {
    SecureWorld world(310);
    all_come_in(world, 4);
    SecurePerson& alice = *world.people()[0];
    SecurePerson& away = *world.people()[3];
    away.quits();
    world.passes(seconds(5));
    const server::Seq seq = world.ledger().head();
    alice.says("can you all hear me?");
    const auto seen_by = [&](unsigned seen, unsigned of) {
        return world.passes_until([&] { return is_seen(alice, "lobby", seq, seen, of); },
                                  seconds(5));
    };
    CHECK(seen_by(2, 3));
    // Another program of hers hears it as well, however late it comes.
    SecurePerson& desk = world.enters_also(alice);
    CHECK(world.passes_until([&] { return is_seen(desk, "lobby", seq, 2, 3); }, seconds(5)));
    world.server_crashes();
    world.server_starts(false);
    world.passes(seconds(40));
    away.starts_again();
    CHECK(seen_by(3, 3));
    CHECK(is_seen(desk, "lobby", seq, 3, 3));
    for (const auto& person : world.people()) {
        if (person->name() != "person0") CHECK_FALSE(person->reading().receipt("lobby", seq));
    }
    // Who comes newly is behind it; who parts does not count.
    world.enters("newcomer");
    CHECK(seen_by(4, 4));
    away.parts("lobby");
    CHECK(seen_by(3, 3));
}

TEST_CASE("receipts cost an author little in a busy room") {
    SecureWorld world(311);
    all_come_in(world, 5);
    for (int i = 0; i < 600; ++i) {
        world.people()[static_cast<std::size_t>(i) % 5]->says("text " + std::to_string(i));
        world.passes(milliseconds(50));
    }
    all_get_all(world);
    world.passes(seconds(3));
    std::uint64_t receipts = 0;
    for (const auto& person : world.people()) {
        CHECK_FALSE(person->reading().wrong_figures());
        receipts += person->reading().receipts_shown();
    }
    // In 30 seconds each author of five has four of the last 16 a second at most.
    CHECK(receipts > 100);
    CHECK(receipts <= 35 * 16);
}

}  // namespace chat::simulation
