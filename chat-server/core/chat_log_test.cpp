// SPDX-License-Identifier: MIT
// What Chat offers to the log and when, and what survives a restart.
#include "chat-server/core/chat_test_support.h"
#include "proto/link/token_bucket.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::chat_test;

using Lines = std::vector<std::string>;

TEST_CASE("nothing counts before it is committed") {
    Stage s;
    const auto bob = s.come("bob");
    s.commit();
    s.chat.say(s.now, bob, 1, frame::MsgKind::topic, "tea");
    REQUIRE(s.chat.take_changes(s.now.at) != nullptr);
    CHECK(s.outcomes().empty());
    CHECK(s.chat.lobby().topic().empty());
    CHECK(s.chat.lobby().head() == 2);
    CHECK_FALSE(s.chat.is_committed());
    CHECK_FALSE(s.chat.next_changes().has_value());
    s.chat.on_committed(std::vector<Seq>{2});
    CHECK(s.chat.lobby().topic() == "tea");
    CHECK(s.chat.is_committed());
}

TEST_CASE("a commit that fails is offered again unchanged, and what came meanwhile follows") {
    Stage s;
    const auto bob = s.come("bob");
    s.person("eve");
    s.commit();
    s.say(bob, 1, "one");
    s.chat.take_events();
    const Changes* first = s.chat.take_changes(s.now.at);
    REQUIRE(first != nullptr);
    s.chat.on_commit_failed(s.now.at + storing_retry);
    CHECK_FALSE(s.chat.can_store());
    CHECK(s.chat.may_enter(1).error() == JoinError::cannot_store);
    CHECK(s.chat.may_join("ann", "ann").error() == JoinError::cannot_store);
    CHECK(s.chat.open_named(s.now, bob, "dev").error() == RoomError::cannot_store);
    CHECK(s.chat.open_conversation(s.now, bob, "eve").error() == RoomError::cannot_store);
    CHECK(s.chat.open_named(s.now, bob, "LOBBY") == Chat::lobby_id);
    CHECK(s.chat.join(s.now, bob, Chat::lobby_id) == JoinProgress::is_in);
    CHECK(s.chat.next_changes() == s.now.at + storing_retry);
    CHECK(s.chat.take_changes(s.now.at) == nullptr);
    s.chat.leave(s.now, bob, LeaveReason::silent);
    for (int tries = 0; tries < 3; ++tries) {
        s.wait(storing_retry);
        const Changes* again = s.chat.take_changes(s.now.at);
        REQUIRE(again == first);
        CHECK(again->appends.size() == 1);
        CHECK(s.outcomes().empty());
        s.chat.on_commit_failed(s.now.at + storing_retry);
    }
    CHECK(s.chat.counters().commits_failed == 4);
    s.wait(storing_retry);
    CHECK(s.commit() == Lines{"stored bob lobby 2", "left bob"});
    CHECK(s.chat.can_store());
    CHECK(s.store.lines(1) == Lines{"+bob", "bob: one", "-bob"});
    std::vector<Event::Kind> kinds;
    for (const Event& event : s.chat.take_events())
        kinds.push_back(event.kind);
    CHECK(kinds ==
          std::vector{Event::Kind::cannot_store, Event::Kind::left, Event::Kind::can_store_again});
    check_same_after_restart(s);
}

TEST_CASE("a batch that failed is not lost to a restart's view: all of it or nothing is there") {
    Stage s;
    const auto bob = s.come("bob");
    s.open(bob, "dev");
    s.fail();
    Chat again(2);
    CHECK(again.restore(s.now, s.store.stored()).empty());
    CHECK(again.people().size() == 0);
    CHECK(again.rooms() == 1);
    CHECK(again.lobby().seats().empty());
}

TEST_CASE("people are stored no later than what they do, and also if they do nothing") {
    Stage s;
    s.person("bob");
    const Changes* changes = s.chat.take_changes(s.now.at);
    REQUIRE(changes != nullptr);
    CHECK(changes->people.size() == 1);
    const auto eve = s.come("eve");
    s.chat.on_committed(s.store.commit(*changes));
    CHECK(s.commit() == Lines{"joined eve lobby 1 first"});
    CHECK(s.chat.roster()[eve].person == 2);
    CHECK(s.chat.take_changes(s.now.at) == nullptr);
    check_same_after_restart(s);
}

TEST_CASE("cursors are stored at most once a second, and with a leave at once") {
    Stage s;
    const auto bob = s.come("bob");
    const auto eve = s.come("eve");
    s.commit();
    s.chat.arrived(1, 1, 3);
    CHECK(s.chat.next_changes().has_value());
    s.commit();
    CHECK(s.store.seat(1, 1)->next == 3);
    CHECK_FALSE(s.chat.next_changes().has_value());
    const int commits = s.store.commits;
    for (int i = 0; i < 9; ++i) {
        s.say(eve, 1, "x");
        s.commit();
        s.chat.arrived(1, 1, s.chat.lobby().head());
        s.chat.arrived(1, 1, 2);    // never backwards
        s.chat.arrived(1, 1, 999);  // nor beyond the end
        CHECK(s.next(1, bob) == s.chat.lobby().head());
        CHECK(s.chat.take_changes(s.now.at) == nullptr);
        s.wait(milliseconds(100));
    }
    CHECK(s.store.commits == commits + 9);
    CHECK(s.store.seat(1, 1)->next == 3);
    REQUIRE(s.chat.next_changes().has_value());
    s.now.at = *s.chat.next_changes();
    s.commit();
    CHECK(s.store.seat(1, 1)->next == 12);
    s.say(eve, 1, "y");
    s.commit();
    s.chat.arrived(1, 1, 13);
    s.chat.arrived(2, 1, 13);
    s.go(bob);
    CHECK(s.store.seat(1, 1)->next == 14);
    CHECK_FALSE(s.store.seat(1, 1)->present);
    CHECK(s.store.seat(1, 2)->next == 3);  // eve's can wait
    s.wait(seats_interval);
    s.commit();
    CHECK(s.store.seat(1, 2)->next == 13);
    CHECK_FALSE(s.chat.next_changes().has_value());
    CHECK(s.chat.take_changes(s.now.at) == nullptr);
    check_same_after_restart(s);
}

TEST_CASE("a seat that is gone before its turn is not stored") {
    Stage s;
    const auto bob = s.come("bob");
    const auto eve = s.come("eve");
    const RoomId dev = s.open(bob, "dev");
    s.commit();
    s.chat.arrived(1, dev, 2);
    s.say(eve, 1, "x");
    s.commit();
    s.say(bob, dev, "x");
    s.commit();
    s.chat.arrived(1, dev, 3);
    s.chat.part(s.now, bob, dev);
    s.commit();
    s.wait(seats_interval);
    CHECK(s.chat.take_changes(s.now.at) == nullptr);
    CHECK(s.store.seat(dev, 1) == nullptr);
}

TEST_CASE("after a restart the present are members again, and go on where they stood") {
    Stage s;
    const auto bob = s.come("bob");
    const auto eve = s.come("eve");
    const auto ann = s.come("ann");
    const RoomId dev = s.open(bob, "dev");
    const auto talk = s.chat.open_conversation(s.now, bob, "eve");
    s.commit();
    s.say(eve, 1, "hello");
    s.commit();
    s.go(ann);
    REQUIRE(talk.has_value());
    check_same_after_restart(s);

    Stage again;
    again.store = s.store;
    again.wait(seconds(5));
    const auto members = again.chat.restore(again.now, again.store.stored());
    REQUIRE(members.size() == 2);
    for (const MemberIndex index : members) {
        const Member& member = again.chat.roster()[index];
        CAPTURE(member.name);
        CHECK(member.state == MemberState::here);
        CHECK(member.programs == 0);
        CHECK(member.last_heard == again.now.at);
        CHECK(again.chat.find(member.person) == index);
    }
    CHECK_FALSE(again.chat.find(3).has_value());
    CHECK(again.chat.take_changes(again.now.at) == nullptr);
    const MemberIndex back = *again.chat.find(1);
    for (const RoomId room : {RoomId{1}, dev, *talk}) {
        CAPTURE(room);
        CHECK(again.chat.join(again.now, back, room) == JoinProgress::is_in);
    }
    CHECK(again.chat.open_named(again.now, back, "DEV") == dev);
    CHECK(again.chat.open_conversation(again.now, back, "eve") == *talk);
    CHECK(again.commit().empty());
    again.say(back, dev, "here");
    CHECK(again.commit() == Lines{"stored bob dev 2"});
    again.chat.leave(again.now, back, LeaveReason::silent);
    CHECK(again.commit() == Lines{"left bob"});
    CHECK(again.store.lines(1) == Lines{"+bob", "+eve", "+ann", "eve: hello", "-ann", "-bob"});
    check_same_after_restart(again);
}

// Anybody does anything, commits fail or wait, the server is killed: what is stored is always what
// the brain believes to be committed, and each visit's entries come in pairs.
TEST_CASE("random acts, failures and restarts keep brain and store of one mind") {
    for (std::uint32_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        std::uint32_t state = seed * 2654435761U;
        const auto any = [&state](std::uint32_t n) {
            state = state * 1664525U + 1013904223U;
            return (state >> 8) % n;
        };
        Stage s;
        Stage* stage = &s;
        std::vector<std::unique_ptr<Stage>> later;
        std::map<MemberId, MemberIndex> leaving;
        const Changes* under_way = nullptr;
        const auto settle = [&](bool succeed) {
            if (under_way == nullptr) under_way = stage->chat.take_changes(stage->now.at);
            if (under_way == nullptr) return;
            if (succeed) {
                stage->chat.on_committed(stage->store.commit(*under_way));
                for (const Outcome& outcome : stage->chat.take_outcomes()) {
                    const MemberId id = stage->chat.roster()[outcome.member].id;
                    REQUIRE(id != 0);
                    if (outcome.kind != Outcome::Kind::left) continue;
                    REQUIRE(leaving.erase(id) == 1);
                    stage->chat.remove(outcome.member);
                }
            } else {
                stage->chat.on_commit_failed(stage->now.at + storing_retry);
            }
            under_way = nullptr;
        };
        for (int step = 0; step < 300; ++step) {
            Chat& chat = stage->chat;
            const PersonId person = stage->person("p" + std::to_string(any(5)));
            const auto member = chat.find(person);
            const RoomId room = 1 + any(static_cast<std::uint32_t>(chat.rooms()));
            stage->wait(milliseconds(any(700)));
            switch (any(12)) {
                case 0:
                case 1:
                    if (member || !chat.may_enter(person)) break;
                    stage->come(chat.people()[person].name);
                    break;
                case 2:
                    if (!member) break;
                    leaving[chat.roster()[*member].id] = *member;
                    chat.leave(stage->now, *member, LeaveReason::quit);
                    break;
                case 3:
                    if (!member || chat.room(room).kind() != RoomKind::named) break;
                    chat.part(stage->now, *member, room);
                    break;
                case 4:
                case 5: {
                    if (!member) break;
                    const auto opened =
                        chat.open_named(stage->now, *member, "r" + std::to_string(any(4)));
                    if (opened) chat.join(stage->now, *member, *opened);
                    break;
                }
                case 6:
                    if (!member) break;
                    chat.open_conversation(stage->now, *member, "p" + std::to_string(any(5)));
                    break;
                case 7:
                    if (!member || chat.find_seat(room, person) == nullptr) break;
                    if (chat.can_store()) stage->say(*member, room, "x");
                    break;
                case 8:
                    chat.arrived(person, room, 1 + any(30));
                    break;
                case 9:
                    settle(false);
                    break;
                case 10:
                    if (under_way == nullptr) under_way = chat.take_changes(stage->now.at);
                    break;
                default:
                    settle(true);
            }
            if (step % 100 != 99) continue;
            // Everything in, then the next server.
            stage->wait(seconds(2));
            while (!chat.is_committed() || chat.next_changes().has_value()) {
                settle(true);
                stage->wait(seconds(2));
            }
            settle(true);
            check_same_after_restart(*stage);
            REQUIRE(leaving.empty());
            auto next = std::make_unique<Stage>();
            next->now = stage->now;
            next->store = stage->store;
            next->chat.restore(next->now, next->store.stored());
            later.push_back(std::move(next));
            stage = later.back().get();
        }
        // In every room each person's joins and leaves take turns, beginning with a join.
        for (RoomId room = 1; room <= stage->chat.rooms(); ++room) {
            std::map<std::string, bool> present;
            for (const std::string& line : stage->store.lines(room)) {
                if (line[0] != '+' && line[0] != '-') continue;
                bool& is_in = present[line.substr(1)];
                CHECK(is_in == (line[0] == '-'));
                is_in = line[0] == '+';
            }
            std::size_t count = 0;
            for (const auto& [name, is_in] : present)
                count += is_in ? 1 : 0;
            CHECK(stage->chat.room(room).present() == count);
        }
    }
}
