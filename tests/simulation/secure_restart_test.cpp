// SPDX-License-Identifier: MIT
// Stories of servers that die, of disks that fail and of programs that are killed, on virtual time:
// nothing accepted is ever lost (the world looks after that), and nobody notices more than a pause.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/simulation/secure_stories.h"

namespace chat::simulation {
namespace {

using client::ErrorCode;
using server::EntryKind;

std::size_t messages(const SecureWorld& world, server::RoomId room = lobby_id) {
    const auto& entries = world.ledger().all_rooms().at(room).entries;
    return static_cast<std::size_t>(
        std::ranges::count(entries, EntryKind::message, &server::Entry::kind));
}

}  // namespace

TEST_CASE("killed sixty times while everybody talks, it loses nothing and repeats nothing") {
    for (const std::int64_t disk_ms : {0, 40}) {
        CAPTURE(disk_ms);
        SecureWorld world(200);
        all_come_in(world, 4);
        Conditions weather = bad_network(100);
        weather.duplication_permille = 50;
        world.network().set_conditions(weather);
        world.disk_takes(milliseconds(disk_ms));
        Dice dice(200);
        std::size_t said = 0;
        std::size_t killed_in_between = 0;
        for (int death = 0; death < 60; ++death) {
            for (int i = 0; i < 10; ++i) {
                auto& speaker = *world.people()[dice.below(4)];
                said += speaker.says("text " + std::to_string(said));
                world.passes(dice.up_to(milliseconds(60)));
            }
            killed_in_between += world.answer_is_under_way();
            world.server_crashes();
            world.passes(dice.up_to(milliseconds(1500)));
            world.server_starts(false);
            world.passes(dice.up_to(seconds(2)));
        }
        all_get_all(world, seconds(120));
        CHECK(said > 500);
        CHECK(messages(world) == said);
        std::size_t accepted = 0;
        for (const auto& person : world.people()) {
            CHECK(person->errors().empty());
            CHECK(person->reading().unanswered() == 0);
            accepted += person->reading().accepted();
            // Without a gap: all of it, from one's own coming on.
            CHECK(person->reading().shown() + 1 + visits(world) >= world.ledger().head() - 1);
        }
        CHECK(accepted == said);
        CHECK((disk_ms == 0 || killed_in_between > 3));
    }
}

TEST_CASE("what was stored and not answered before the crash is not stored again") {
    std::size_t in_between = 0;
    for (std::uint64_t seed = 210; seed < 230; ++seed) {
        CAPTURE(seed);
        SecureWorld world(seed);
        all_come_in(world, 2);
        world.disk_takes(milliseconds(500));
        SecurePerson& speaker = *world.people()[0];
        for (int i = 0; i < 40; ++i)
            speaker.says("text " + std::to_string(i));
        world.passes_until([&] { return world.answer_is_under_way() && messages(world) > 0; },
                           seconds(5));
        const std::size_t before = messages(world);
        const std::size_t told = speaker.reading().accepted();
        world.server_crashes();
        world.passes(seconds(1));
        world.disk_takes({});
        world.server_starts(false);
        all_get_all(world);
        CHECK(told <= before);
        in_between += told < before;
        CHECK(messages(world) == 40);
        CHECK(speaker.reading().accepted() == 40);
        CHECK(speaker.errors().empty());
    }
    CHECK(in_between > 5);
}

TEST_CASE("a program that had said nothing before the crash is known behind it") {
    SecureWorld world(209);
    all_come_in(world, 1);
    SecurePerson& laptop = *world.people()[0];
    SecurePerson& desk = world.enters_also(laptop);
    world.passes(seconds(1));
    for (SecurePerson* program : {&laptop, &desk})
        program->says("on its way while the server dies, " +
                      std::to_string(program->address().port));
    world.passes({});
    world.server_crashes();
    world.passes(seconds(1));
    world.server_starts(false);
    all_get_all(world);
    CHECK(messages(world) == 2);
    CHECK(laptop.errors().empty());
    CHECK(desk.errors().empty());
}

TEST_CASE("a quick restart is no coming and going, a long absence is") {
    SecureWorld world(230);
    all_come_in(world, 3);
    const auto before = visits(world);
    for (int i = 0; i < 5; ++i) {
        world.server_crashes();
        world.passes(seconds(3));
        world.server_starts(false);
        world.passes(seconds(50));
    }
    all_get_all(world);
    CHECK(visits(world) == before);

    // One is not there any more when it comes back: he has three minutes.
    world.server_crashes();
    world.people()[2]->program_dies();
    world.passes(seconds(3));
    world.server_starts(false);
    world.passes(seconds(150));
    CHECK(visits(world) == before);
    world.passes(seconds(40));
    CHECK(visits(world) == before + 1);
    all_get_all(world);
}

TEST_CASE("a full disk: nothing is accepted, reading goes on, it recovers by itself") {
    SecureWorld world(240);
    all_come_in(world, 2);
    SecurePerson& alice = *world.people()[0];
    SecurePerson& bob = *world.people()[1];
    for (int i = 0; i < 30; ++i)
        alice.says("before " + std::to_string(i));
    all_get_all(world);
    const auto head = world.ledger().head();

    world.disk().set_commits_fail(true);
    for (int i = 0; i < 50; ++i)
        alice.says("during " + std::to_string(i));
    world.passes(seconds(20));
    INFO(world.broken().value_or(""));
    REQUIRE_FALSE(world.broken());
    CHECK(world.disk().failed() > 5);
    CHECK(world.ledger().head() == head);
    CHECK(alice.reading().accepted() == 30);
    CHECK(alice.session()->waiting() == 50);
    CHECK(has(alice.errors(), ErrorCode::cannot_store));
    CHECK_FALSE(has(bob.errors(), ErrorCode::cannot_store));
    CHECK(alice.session()->online());
    bob.searches("lobby", "before");
    world.passes(seconds(1));
    REQUIRE(bob.reading().found());
    CHECK(bob.reading().found()->hits.size() == 30);

    // Over a restart too: what waits, waits at the clients.
    world.server_crashes();
    world.server_starts(false);
    world.passes(seconds(20));
    CHECK(world.ledger().head() == head);
    world.disk().set_commits_fail(false);
    all_get_all(world);
    CHECK(messages(world) == 80);
    CHECK(alice.reading().accepted() == 80);
}

TEST_CASE("nobody new comes in while nothing can be stored, and then by himself") {
    SecureWorld world(241);
    all_come_in(world, 1);
    world.disk().set_commits_fail(true);
    world.people()[0]->says("so that it is noticed");
    world.passes(seconds(3));
    SecurePerson& newcomer = world.enters("newcomer");
    // The same person again changes nothing in the log.
    SecurePerson& desk = world.enters_also(*world.people()[0]);
    world.passes(seconds(10));
    CHECK_FALSE(newcomer.session()->online());
    CHECK(newcomer.is_running());
    CHECK(desk.session()->online());
    world.disk().set_commits_fail(false);
    all_get_all(world);
    CHECK(newcomer.session()->online());
}

TEST_CASE("commits that fail now and then only take longer") {
    SecureWorld world(242);
    all_come_in(world, 3);
    std::size_t said = 0;
    for (int i = 0; i < 30; ++i) {
        for (const auto& person : world.people())
            said += person->says("text " + std::to_string(said));
        if (i % 3 == 0) world.disk().fail_commits(1 + static_cast<unsigned>(i % 2));
        world.passes(milliseconds(700));
    }
    all_get_all(world);
    CHECK(messages(world) == said);
}

TEST_CASE("a new log is said, and what was not accepted in the old one is in the new one") {
    SecureWorld world(250);
    all_come_in(world, 2);
    SecurePerson& alice = *world.people()[0];
    alice.joins("garden");
    world.passes(seconds(1));
    alice.says_in("garden", "in the old garden");
    world.passes(seconds(1));
    world.server_crashes();
    alice.says("not accepted yet");
    alice.says_in("garden", "not accepted in the garden yet");
    world.passes(seconds(3));
    world.server_starts(true);
    world.passes(seconds(40));
    all_get_all(world);
    CHECK(has(alice.errors(), ErrorCode::history_restarted));
    CHECK(has(world.people()[1]->errors(), ErrorCode::history_restarted));
    CHECK(world.ledger().times_in_log(1, "not accepted yet") == 1);
    CHECK(world.ledger().times_in_log(1, "in the old garden") == 0);
    CHECK(alice.reading().is_in("garden"));
    CHECK(world.ledger().times_in_log(1, "not accepted in the garden yet") == 1);
    CHECK(alice.reading().unanswered() == 0);
}

TEST_CASE("a program that is killed goes on where its person was") {
    SecureWorld world(260);
    all_come_in(world, 2);
    SecurePerson& alice = *world.people()[0];
    SecurePerson& bob = *world.people()[1];
    Conditions weather = bad_network(100);
    world.network().set_conditions(weather);
    std::size_t said = 0;
    for (int life = 0; life < 20; ++life) {
        for (int i = 0; i < 10; ++i) {
            said += bob.says("text " + std::to_string(said));
            world.passes(milliseconds(37));
        }
        alice.program_dies();
        for (int i = 0; i < 5; ++i) {
            said += bob.says("text " + std::to_string(said));
            world.passes(milliseconds(100));
        }
        alice.starts_again();
        world.passes(milliseconds(900));
    }
    all_get_all(world, seconds(120));
    // What Persona checks at each start is that nothing was left out. Some came twice, to two
    // programs: what the first had not yet acknowledged.
    CHECK(alice.shown_by_all_starts() >= said);
    CHECK(alice.shown_by_all_starts() < 2 * said);
    CHECK(visits(world) == 2);
}

TEST_CASE("after hours away one is told what was missed, as it was said") {
    SecureWorld world(261);
    all_come_in(world, 2);
    SecurePerson& alice = *world.people()[0];
    SecurePerson& bob = *world.people()[1];
    alice.quits();
    world.passes(seconds(5));
    // More than the server keeps in memory.
    constexpr std::size_t missed = 2500;
    std::size_t said = 0;
    while (said < missed) {
        said += bob.says("text " + std::to_string(said));
        if (said % 50 == 0) world.passes(milliseconds(500));
    }
    world.passes(seconds(3600));
    world.server_crashes();
    world.server_starts(false);
    world.passes(seconds(40));
    alice.starts_again();
    const Instant began = world.now().at;
    all_get_all(world);
    CHECK(world.now().at - began < seconds(10));
    CHECK(alice.reading().shown() >= missed);
}

TEST_CASE("somebody far behind catches up from the log, and nobody else waits for it") {
    SecureWorld world(262);
    all_come_in(world, 3);
    world.network().set_conditions({});
    SecurePerson& sleeper = *world.people()[0];
    SecurePerson& speaker = *world.people()[1];
    SecurePerson& listener = *world.people()[2];
    world.network().set_blackout(sleeper.address(), true);
    std::size_t said = 0;
    while (said < 3000) {
        said += speaker.says("text " + std::to_string(said));
        if (said % 50 == 0) world.passes(milliseconds(500));
    }
    world.passes(seconds(5));
    world.network().set_blackout(sleeper.address(), false);
    world.disk_takes(milliseconds(30));
    Duration longest;
    for (int i = 0; i < 60; ++i) {
        const Instant at = world.now().at;
        speaker.says("meanwhile " + std::to_string(i));
        const auto is_shown = [&] {
            return listener.reading().next() == world.ledger().head() &&
                   world.ledger().times_in_log(0, "meanwhile " + std::to_string(i)) == 1;
        };
        REQUIRE(world.passes_until(is_shown, seconds(5)));
        longest = std::max(longest, world.now().at - at);
        world.passes(milliseconds(100));
    }
    CHECK(longest <= milliseconds(150));
    all_get_all(world);
    CHECK(sleeper.reading().shown() >= 3060);
}

TEST_CASE("what cannot be read now is read later") {
    SecureWorld world(263);
    all_come_in(world, 2);
    SecurePerson& sleeper = *world.people()[0];
    world.network().set_blackout(sleeper.address(), true);
    std::size_t said = 0;
    while (said < 1500) {
        said += world.people()[1]->says("text " + std::to_string(said));
        if (said % 50 == 0) world.passes(milliseconds(500));
    }
    world.disk().set_reads_fail(true);
    world.network().set_blackout(sleeper.address(), false);
    world.passes(seconds(60));
    CHECK(sleeper.reading().lacks());
    world.disk().set_reads_fail(false);
    all_get_all(world);
}

}  // namespace chat::simulation
