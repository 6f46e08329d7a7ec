// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>
#include <vector>

#include "tests/simulation/world.h"
#include "tests/support/catch.h"

namespace chat::simulation {
namespace {

using End = client::Session::End;
using Lines = std::vector<std::string>;

bool saw(const Person& person, std::string_view line) {
    return std::ranges::find(person.screen(), line) != person.screen().end();
}

// What was heard of others, in order; without the program's own lines.
Lines heard(const Person& person) {
    Lines lines;
    for (const auto& line : person.screen()) {
        const bool own = line.starts_with("<" + person.session().name() + "> ");
        if (!own && !line.starts_with("-- ")) lines.push_back(line);
    }
    return lines;
}

// What the log says that others did after `name` came.
Lines told_by_log(const World& world, const ServerHost& server, std::string_view name) {
    Lines lines;
    bool present = false;
    for (const auto& entry : server.ledger().entries()) {
        using server::EntryKind;
        const bool own = entry.name == name;
        if (own && entry.kind == EntryKind::join) present = true;
        if (own && entry.kind == EntryKind::leave) present = false;
        if (own || !present) continue;
        switch (entry.kind) {
            case EntryKind::join:
                lines.push_back("* " + entry.name + " joined");
                break;
            case EntryKind::leave:
                lines.push_back("* " + entry.name + " left");
                break;
            case EntryKind::message:
                lines.push_back("<" + entry.name + "> " + entry.text);
                break;
            case EntryKind::announcement:
            case EntryKind::pinned:
                lines.push_back("! " + entry.text);
                break;
            case EntryKind::topic:
                break;
        }
    }
    CHECK_FALSE(world.broken());
    return lines;
}

void require_whole(const World& world) {
    INFO(world.broken().value_or(""));
    REQUIRE_FALSE(world.broken());
}

}  // namespace

TEST_CASE("a normal day") {
    World world(1);
    Person& alice = world.enters("Alice");
    world.passes(seconds(1));
    Person& bob = world.enters("Bob");
    world.passes(seconds(1));
    Person& ming = world.enters("小明");
    world.passes(seconds(1));
    alice.says("good morning");
    world.passes(seconds(5));
    ming.says("早上好");
    world.passes(seconds(5));
    bob.quits();
    world.passes(seconds(5));
    require_whole(world);

    CHECK(alice.screen() == Lines{"-- connecting", "-- online", "* Bob joined", "* 小明 joined",
                                  "<Alice> good morning", "<小明> 早上好", "* Bob left"});
    CHECK(bob.screen() == Lines{"-- connecting", "-- online", "* 小明 joined",
                                "<Alice> good morning", "<小明> 早上好", "-- offline"});
    CHECK(ming.screen() == Lines{"-- connecting", "-- online", "<Alice> good morning",
                                 "<小明> 早上好", "* Bob left"});
    CHECK(bob.session().end() == End::left);
    CHECK(alice.is_there());
}

TEST_CASE("on a good network everybody hears everything once, in the log's order") {
    World world(2);
    const Lines names{"Alice", "Bob", "小明", "Zoë", "Dave"};
    for (const auto& name : names)
        world.enters(name);
    world.passes(seconds(1));
    for (int i = 0; i < 200; ++i) {
        world.people()[static_cast<std::size_t>(i) % 5]->says("line " + std::to_string(i));
        if (i % 7 == 0) world.passes(milliseconds(1));
    }
    world.people()[1]->says(std::string(5000, 'x'));
    world.announces("lunch");
    world.passes(seconds(10));
    require_whole(world);

    CHECK(world.server().core().chat().counters().messages == 200 + 6);
    for (const auto& person : world.people()) {
        CAPTURE(person->session().name());
        const Lines expected = told_by_log(world, world.server(), person->session().name());
        CHECK(expected.size() >= 160);
        CHECK(heard(*person) == expected);
        CHECK(person->session().waiting() == 0);
    }
}

TEST_CASE("the same seed is the same story") {
    Lines screens[2];
    for (auto& screen : screens) {
        World world(3);
        world.network().set_conditions({.loss_permille = 200,
                                        .duplication_permille = 100,
                                        .flip_permille = 40,
                                        .truncate_permille = 10,
                                        .delay = milliseconds(5),
                                        .jitter = milliseconds(40)});
        Person& alice = world.enters("Alice");
        Person& bob = world.enters("Bob");
        for (int i = 0; i < 50; ++i) {
            alice.says("number " + std::to_string(i));
            world.passes(milliseconds(300));
        }
        require_whole(world);
        screen = bob.screen();
    }
    CHECK(screens[0].size() > 10);
    CHECK(screens[0] == screens[1]);
}

TEST_CASE("Bob's name is taken, so he comes as Bobby; 管理员 nobody can be") {
    World world(4);
    Person& bob = world.enters("Bob");
    world.passes(seconds(1));
    Person& second = world.enters("bob");  // the same to a reader's eye
    second.will_also_try("管理员");
    second.will_also_try("Bobby");
    world.passes(seconds(2));
    second.says("so I am Bobby");
    world.passes(seconds(1));
    require_whole(world);
    CHECK(second.session().name() == "Bobby");
    CHECK(std::ranges::count(second.screen(), "-- error: name_taken") == 2);
    CHECK(heard(bob) == Lines{"* Bobby joined", "<Bobby> so I am Bobby"});
}

TEST_CASE("with nobody to ask for another name the program ends") {
    World world(5);
    world.enters("Bob");
    world.passes(seconds(1));
    const Person& second = world.enters("Bob");
    world.passes(seconds(5));
    require_whole(world);
    CHECK_FALSE(second.is_there());
    CHECK(world.server().core().chat().roster().size() == 1);
}

TEST_CASE("the server is started again while they talk, and all come back by themselves") {
    World world(6);
    Person& alice = world.enters("Alice");
    Person& bob = world.enters("Bob");
    world.passes(seconds(2));
    world.server_crashes();
    alice.says("lost with the server");
    world.passes(seconds(4));
    CHECK_FALSE(alice.session().online());
    world.server_starts();
    // Bob, who only listens, finds out when he next asks.
    const auto both_back = [&] { return world.server().core().chat().roster().size() == 2; };
    REQUIRE(world.passes_until(both_back, seconds(60)));
    world.passes(seconds(1));
    alice.says("here again");
    world.passes(seconds(1));
    require_whole(world);
    CHECK(alice.session().online());
    CHECK(std::ranges::count(heard(bob), "<Alice> here again") == 1);
}

TEST_CASE("a server that never comes back is given up, one that never was too") {
    World world(7);
    Person& alice = world.enters("Alice");
    world.passes(seconds(2));
    world.server_crashes();
    Person& bob = world.enters("Bob");
    CHECK_FALSE(world.passes_until([&] { return !bob.is_there(); }, seconds(29)));
    world.passes(seconds(120));
    require_whole(world);
    CHECK(alice.session().end() == End::unreachable);
    CHECK(bob.session().end() == End::unreachable);
    CHECK(saw(bob, "-- error: unreachable"));
}

TEST_CASE("a client that is killed is noticed at the next delivery") {
    World world(8);
    Person& far = world.enters("Alice");  // on another host, see World::new_address
    Person& near = world.enters("Bob");
    Person& ming = world.enters("小明");
    world.passes(seconds(1));
    near.is_killed();
    world.passes(seconds(60));
    CHECK(world.server().core().chat().roster().size() == 3);  // listening is silent too
    ming.says("anybody there?");
    world.passes(seconds(1));
    CHECK(saw(far, "* Bob left"));
    far.is_killed();
    for (int i = 0; i < 3; ++i) {
        ming.says("hello");
        world.passes(seconds(1));
    }
    require_whole(world);
    CHECK(saw(ming, "* Alice left"));
    CHECK(world.server().core().chat().roster().size() == 1);
}

TEST_CASE("the operator announces, looks who is there, and removes somebody") {
    World world(9);
    Person& alice = world.enters("Alice");
    Person& mallory = world.enters("Mallory");
    world.passes(seconds(1));
    world.announces("maintenance at noon");
    world.passes(seconds(1));
    CHECK(saw(alice, "! maintenance at noon"));
    CHECK(saw(mallory, "! maintenance at noon"));
    CHECK(world.commands("who").text.starts_with("2 members are here"));
    CHECK_FALSE(world.commands("kick Nobody").ok);
    CHECK(world.commands("kick MALLORY").ok);
    world.passes(seconds(1));
    require_whole(world);
    CHECK(mallory.session().end() == End::refused);
    CHECK(saw(mallory, "-- error: ended_by_server"));
    CHECK(saw(alice, "* Mallory left"));
    CHECK(alice.is_there());
}

TEST_CASE("OK is lost, and logging in is tried again") {
    World world(10);
    Stranger& watcher = world.stranger_comes();
    watcher.sends("L watcher");
    world.passes(seconds(1));
    Person& alice = world.enters("Alice");
    world.passes(microseconds(1500));  // her L has arrived
    world.network().set_blackout(alice.address(), true);
    world.passes(milliseconds(400));
    CHECK_FALSE(alice.session().online());
    world.network().set_blackout(alice.address(), false);
    REQUIRE(world.passes_until([&] { return alice.session().online(); }, seconds(5)));
    require_whole(world);
    CHECK(watcher.received() == Lines{"OK", "\n欢迎 Alice 进入聊天室"});  // and came once
}

TEST_CASE("nobody speaks or quits for Alice, and nobody as the administrator") {
    World world(11);
    Person& alice = world.enters("Alice");
    Person& bob = world.enters("Bob");
    Stranger& mallory = world.stranger_comes();
    world.passes(seconds(1));
    for (const auto* datagram : {"C Alice I owe Mallory money", "Q Alice", "C 管理员 obey", "Q Bob",
                                 "L 管理员", "\n管理员 说: obey", ""}) {
        mallory.sends(datagram);
        world.passes(milliseconds(100));
    }
    require_whole(world);
    CHECK(heard(alice) == Lines{"* Bob joined"});
    CHECK(heard(bob).empty());
    CHECK(mallory.received() == Lines{"该用户已存在"});
}

TEST_CASE("an original client logs in, talks, hears and quits") {
    World world(12);
    Person& alice = world.enters("Alice");
    Stranger& original = world.stranger_comes();
    original.sends("L old");
    world.passes(seconds(1));
    original.sends("C old  two  spaces");
    alice.says("welcome");
    world.passes(seconds(1));
    original.sends("Q old");
    world.passes(seconds(1));
    require_whole(world);
    CHECK(original.received() == Lines{"OK", "\nAlice 说: welcome", "EXIT"});
    CHECK(heard(alice) == Lines{"* old joined", "<old>  two  spaces", "* old left"});
}

TEST_CASE("whoever falls too far behind is told how much he missed") {
    World world(13, {.log_entries_max = 1100});
    Person& alice = world.enters("Alice");
    Stranger& first = world.stranger_comes();
    Stranger& second = world.stranger_comes();
    first.sends("L first");
    second.sends("L second");
    world.passes(seconds(1));
    world.server().block_sending(world.now().at + seconds(2));
    for (int i = 0; i < 700; ++i) {
        first.sends("C first " + std::to_string(i));
        second.sends("C second " + std::to_string(i));
    }
    world.passes(seconds(10));
    require_whole(world);
    CHECK(world.server().core().chat().counters().missed > 300);
    CHECK(std::ranges::count_if(alice.screen(), [](const auto& line) {
              return line.starts_with("-- （有 ") && line.ends_with(" 条消息没有收到）");
          }) == 1);
    CHECK(heard(alice).back().ends_with("> 699"));
}

TEST_CASE("Alice changes her address and is let in again once the old one is given up") {
    World world(14);
    Person& alice = world.enters("Alice");
    Person& bob = world.enters("Bob");
    world.passes(seconds(1));
    alice.moves_to(world.new_address());
    for (int i = 0; i < 3; ++i) {
        bob.says("where is Alice?");
        world.passes(seconds(1));
    }
    CHECK(saw(bob, "* Alice left"));
    world.passes(seconds(60));  // her next sign of life logs her in
    alice.says("in another room");
    world.passes(seconds(1));
    require_whole(world);
    CHECK(heard(bob) == Lines{"* Alice left", "* Alice joined", "<Alice> in another room"});
}

}  // namespace chat::simulation
