// SPDX-License-Identifier: MIT
// Coming, going, joining, parting, saying, as they end up in the log.
#include "chat-server/core/chat.h"

#include "chat-server/core/chat_test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::chat_test;

using Lines = std::vector<std::string>;

TEST_CASE("who comes for the first time joins, and is behind his own join") {
    Stage s;
    const auto bob = s.come("Bob");
    CHECK(s.chat.roster()[bob].state == MemberState::joining);
    CHECK(s.chat.find_seat(Chat::lobby_id, 1) == nullptr);
    CHECK(s.chat.rooms_of(1).empty());
    CHECK(s.commit() == Lines{"joined Bob lobby 1 first"});
    CHECK(s.chat.roster()[bob].state == MemberState::here);
    CHECK(s.next(Chat::lobby_id, bob) == 2);
    CHECK(s.chat.lobby().present() == 1);
    CHECK(s.chat.rooms_of(1) == std::vector<RoomId>{Chat::lobby_id});
    CHECK(s.chat.join(s.now, bob, Chat::lobby_id) == JoinProgress::is_in);
    CHECK(s.commit().empty());
    CHECK(s.store.lines(1) == Lines{"+Bob"});
    check_same_after_restart(s);
}

TEST_CASE("asking again while the join waits for the log adds nothing") {
    Stage s;
    const auto bob = s.come("bob");
    CHECK(s.chat.join(s.now, bob, Chat::lobby_id) == JoinProgress::joining);
    s.fail();
    CHECK(s.chat.join(s.now, bob, Chat::lobby_id) == JoinProgress::joining);
    s.wait(storing_retry);
    CHECK(s.commit() == Lines{"joined bob lobby 1 first"});
    CHECK(s.store.lines(1) == Lines{"+bob"});
}

TEST_CASE("a visit is a join and a leave in each named room; the seats stay") {
    Stage s;
    const auto bob = s.come("bob");
    s.commit();
    const RoomId dev = s.open(bob, "dev");
    CHECK(s.commit() == Lines{"joined bob dev 1 first"});
    s.chat.leave(s.now, bob, LeaveReason::quit);
    s.chat.leave(s.now, bob, LeaveReason::kicked);
    CHECK_FALSE(s.chat.find(1).has_value());
    CHECK(s.commit() == Lines{"left bob"});
    s.chat.remove(bob);
    CHECK(s.store.lines(1) == Lines{"+bob", "-bob"});
    CHECK(s.store.lines(dev) == Lines{"+bob", "-bob"});
    CHECK(s.chat.lobby().present() == 0);
    CHECK(s.chat.rooms_of(1) == std::vector<RoomId>{1, dev});
    const auto again = s.come("BOB");
    CHECK(s.commit() == Lines{"joined bob lobby 3", "joined bob dev 3"});
    CHECK(s.chat.roster()[again].name == "bob");
    check_same_after_restart(s);
}

TEST_CASE("who comes back and has missed nothing sees nothing of his own; else all in between") {
    struct Row {
        const char* what;
        bool caught_up;  // before he left
        int said_while_away;
        Seq next;  // once he is back
    };
    // Entries: 1 +bob, 2 +eve, 3 eve: hello, 4 -bob, then what eve says, then +bob.
    const Row rows[] = {
        {"nothing missed", true, 0, 6},
        {"something said while away", true, 2, 5},
        {"behind when he left", false, 0, 3},
        {"behind, and something said", false, 1, 3},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        Stage s;
        const auto bob = s.come("bob");
        s.commit();
        const auto eve = s.come("eve");
        s.commit();
        s.say(eve, 1, "hello");
        s.commit();
        s.chat.arrived(1, 1, row.caught_up ? 4 : 3);
        s.go(bob);
        for (int i = 0; i < row.said_while_away; ++i)
            s.say(eve, 1, "x");
        s.commit();
        check_same_after_restart(s);
        const auto back = s.come("bob");
        s.commit();
        CHECK(s.next(1, back) == row.next);
        check_same_after_restart(s);
    }
}

TEST_CASE("an acknowledgement between the offer of a leave and its commit counts") {
    Stage s;
    const auto bob = s.come("bob");
    s.commit();
    s.say(bob, 1, "x");
    s.commit();
    s.chat.leave(s.now, bob, LeaveReason::quit);
    const Changes* changes = s.chat.take_changes(s.now.at);
    REQUIRE(changes != nullptr);
    const auto seqs = s.store.commit(*changes);
    s.chat.arrived(1, 1, 3);
    s.chat.on_committed(seqs);
    CHECK(s.chat.find_seat(1, 1)->next == 4);
    CHECK(s.store.seat(1, 1)->next == 2);
    s.wait(seats_interval);
    s.commit();
    check_same_after_restart(s);
}

TEST_CASE("leaving while the join waits: both are entries, in order, and one outcome each") {
    Stage s;
    SECTION("in one batch") {
        const auto bob = s.come("bob");
        s.chat.leave(s.now, bob, LeaveReason::silent);
        CHECK(s.commit() == Lines{"joined bob lobby 1 first", "left bob"});
    }
    SECTION("in two") {
        const auto bob = s.come("bob");
        const Changes* changes = s.chat.take_changes(s.now.at);
        REQUIRE(changes != nullptr);
        s.chat.leave(s.now, bob, LeaveReason::silent);
        CHECK(s.chat.take_changes(s.now.at) == nullptr);
        s.chat.on_committed(s.store.commit(*changes));
        CHECK(s.outcomes() == Lines{"joined bob lobby 1 first"});
        CHECK(s.store.seat(1, 1)->present);
        CHECK(s.commit() == Lines{"left bob"});
    }
    CHECK(s.store.lines(1) == Lines{"+bob", "-bob"});
    CHECK_FALSE(s.store.seat(1, 1)->present);
    CHECK(s.store.seat(1, 1)->next == 3);
    CHECK(s.chat.lobby().present() == 0);
    check_same_after_restart(s);
}

TEST_CASE("a second visit may begin before the first one's end is stored") {
    Stage s;
    const auto first = s.come("bob", 1);
    s.commit();
    s.chat.leave(s.now, first, LeaveReason::quit);
    const auto second = s.come("bob", 2);
    CHECK(s.chat.find(1) == second);
    CHECK(s.chat.roster().find_key("bob") == second);
    CHECK(s.commit() == Lines{"left bob", "joined bob lobby 3"});
    s.chat.remove(first);
    CHECK(s.chat.find(1) == second);
    CHECK(s.chat.roster().find_key("bob") == second);
    CHECK(s.store.lines(1) == Lines{"+bob", "-bob", "+bob"});
    CHECK(s.chat.lobby().present() == 1);
    CHECK(s.next(1, second) == 4);
    check_same_after_restart(s);
}

TEST_CASE("parting takes the seat away; seats of the others stay theirs") {
    Stage s;
    std::vector<MemberIndex> members;
    for (const char* name : {"ann", "bob", "cid", "dan"})
        members.push_back(s.come(name));
    const RoomId dev = s.open(members[0], "dev");
    for (const MemberIndex member : members)
        s.chat.join(s.now, member, dev);
    s.commit();
    for (PersonId person = 1; person <= 4; ++person)
        s.chat.arrived(person, dev, 2 + person);
    SECTION("two at once") {
        s.chat.part(s.now, members[0], dev);
        s.chat.part(s.now, members[0], dev);
        s.chat.part(s.now, members[3], dev);
        CHECK(s.commit() == Lines{"parted ann dev 5", "parted dan dev 6"});
        CHECK(s.chat.room(dev).present() == 2);
    }
    SECTION("one after another, in every order of places") {
        s.chat.part(s.now, members[1], dev);
        s.commit();
        check_same_after_restart(s);
        s.chat.part(s.now, members[3], dev);
        s.commit();
        check_same_after_restart(s);
        s.chat.part(s.now, members[0], dev);
        CHECK(s.commit() == Lines{"parted ann dev 7"});
        CHECK(s.chat.find_seat(dev, 3)->next == 5);
    }
    SECTION("the lobby too, and then he leaves with no entry there") {
        s.chat.part(s.now, members[1], 1);
        s.commit();
        s.chat.part(s.now, members[1], dev);
        s.commit();
        const auto before = s.store.lines(1);
        s.chat.leave(s.now, members[1], LeaveReason::quit);
        CHECK_FALSE(s.chat.is_committed());
        CHECK(s.commit() == Lines{"left bob"});
        CHECK(s.chat.is_committed());
        CHECK(s.store.lines(1) == before);
    }
    SECTION("and back again, with the part still waiting: he is new there") {
        s.chat.part(s.now, members[2], dev);
        s.chat.join(s.now, members[2], dev);
        CHECK(s.commit() == Lines{"parted cid dev 5", "joined cid dev 6 first"});
        CHECK(s.next(dev, members[2]) == 7);
        CHECK(s.chat.join(s.now, members[2], dev) == JoinProgress::is_in);
    }
    SECTION("while the join waits") {
        const RoomId other = s.open(members[2], "other");
        s.chat.part(s.now, members[2], other);
        CHECK(s.commit() == Lines{"joined cid other 1 first", "parted cid other 2"});
        CHECK(s.chat.find_seat(other, 3) == nullptr);
        CHECK(s.store.seat(other, 3) == nullptr);
    }
    SECTION("with a leave behind it") {
        s.chat.part(s.now, members[2], dev);
        s.chat.leave(s.now, members[2], LeaveReason::quit);
        CHECK(s.commit() == Lines{"parted cid dev 5", "left cid"});
        CHECK(s.store.lines(dev).size() == 5);
    }
    s.wait(seats_interval);
    s.commit();
    check_same_after_restart(s);
}

TEST_CASE("a seat without presence is parted from without an entry") {
    Stage s;
    const auto bob = s.come("bob");
    const RoomId dev = s.open(bob, "dev");
    s.commit();
    s.go(bob);
    const auto back = s.chat.enter(s.now, path(1), 1);
    s.chat.part(s.now, back, dev);
    CHECK(s.commit() == Lines{"parted bob dev"});
    CHECK(s.store.lines(dev) == Lines{"+bob", "-bob"});
    CHECK(s.store.seat(dev, 1) == nullptr);
    CHECK(s.chat.rooms_of(1) == std::vector<RoomId>{1});
}

TEST_CASE("rooms are made once, whatever the name looks like; bad names and too many are refused") {
    Stage s;
    const auto bob = s.come("bob");
    s.commit();
    const RoomId dev = s.open(bob, "Dev");
    CHECK(s.chat.open_named(s.now, bob, "ｄＥｖ") == dev);
    CHECK(s.chat.open_named(s.now, bob, "LOBBY") == Chat::lobby_id);
    for (const char* name : {"admin", "管理员", "欢迎", "~dev"})
        CHECK(s.chat.open_named(s.now, bob, name).error() == RoomError::unusable_name);
    for (const char* bad : {"", "a b", "\n", "0123456789012345678901234567890123"}) {
        CAPTURE(bad);
        const auto room = s.chat.open_named(s.now, bob, bad);
        REQUIRE_FALSE(room.has_value());
        CHECK(room.error() == RoomError::unusable_name);
    }
    CHECK(s.chat.room(dev).name() == "Dev");
    int made = 0;
    while (s.chat.open_named(s.now, bob, "r" + std::to_string(made)).has_value())
        REQUIRE(++made < 100);
    CHECK(made == room_rate.burst - 1);
    s.wait(room_rate.interval);
    CHECK(s.chat.open_named(s.now, bob, "later").has_value());
    const auto too_fast = s.chat.open_named(s.now, bob, "sooner");
    REQUIRE_FALSE(too_fast.has_value());
    CHECK(too_fast.error() == RoomError::too_fast);
    // A new visit is no new burst.
    s.commit();
    s.go(bob);
    const auto again = s.come("bob");
    CHECK_FALSE(s.chat.open_named(s.now, again, "sooner").has_value());
    s.commit();
    check_same_after_restart(s);
}

TEST_CASE("one person has so many rooms, those included that wait for the log") {
    Stage s;
    const auto bob = s.come("bob");
    std::size_t count = 1;
    RoomId last = 1;
    for (;; ++count) {
        s.wait(room_rate.interval);
        const auto room = s.chat.open_named(s.now, bob, "r" + std::to_string(count));
        if (!room) {
            CHECK(room.error() == RoomError::too_many);
            break;
        }
        s.chat.join(s.now, bob, last = *room);
        if (count == 40) s.commit();
        REQUIRE(count < 1000);
    }
    CHECK(count == rooms_per_person_max);
    CHECK(s.chat.open_named(s.now, bob, s.chat.room(last).name()) == last);
    const auto eve = s.come("eve");
    s.commit();
    CHECK(s.chat.rooms_of(1).size() == rooms_per_person_max);
    CHECK(s.chat.open_conversation(s.now, eve, "bob").has_value());  // that is counted apart
    s.chat.part(s.now, bob, last);
    CHECK(s.chat.open_named(s.now, bob, "another").has_value());
    s.commit();
    check_same_after_restart(s);
}

TEST_CASE("a conversation has two seats, no entries of its own, and is made once") {
    Stage s;
    const auto bob = s.come("bob");
    const auto eve = s.come("eve");
    s.commit();
    const auto room = s.chat.open_conversation(s.now, bob, "EVE");
    REQUIRE(room.has_value());
    CHECK(s.chat.room(*room).kind() == RoomKind::conversation);
    CHECK(s.chat.room(*room).other(1) == 2);
    CHECK(s.chat.room(*room).other(2) == 1);
    CHECK(s.chat.open_conversation(s.now, eve, "bob") == *room);
    CHECK(s.chat.join(s.now, bob, *room) == JoinProgress::joining);
    CHECK(s.commit() == Lines{"joined bob @2 1 first", "joined eve @2 1 first"});
    CHECK(s.chat.join(s.now, bob, *room) == JoinProgress::is_in);
    CHECK(s.chat.rooms_of(2) == std::vector<RoomId>{1, *room});
    s.say(bob, *room, "psst");
    CHECK(s.commit() == Lines{"stored bob @2 1"});
    s.go(eve);
    s.go(bob);
    CHECK(s.store.lines(*room) == Lines{"bob: psst"});
    CHECK(s.chat.room(*room).present() == 0);
    const auto back = s.come("eve");
    CHECK(s.chat.join(s.now, back, *room) == JoinProgress::is_in);
    s.commit();
    CHECK(s.next(*room, back) == 1);
    check_same_after_restart(s);
    for (const char* nobody : {"eve", "carol", "", "a b"}) {
        CAPTURE(nobody);
        const auto refused = s.chat.open_conversation(s.now, back, nobody);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error() == RoomError::nobody);
    }
}

TEST_CASE("a conversation with somebody away is his when he comes") {
    Stage s;
    const auto eve = s.come("eve");
    s.commit();
    s.go(eve);
    const auto bob = s.come("bob");
    s.commit();
    const auto room = s.chat.open_conversation(s.now, bob, "eve");
    REQUIRE(room.has_value());
    CHECK(s.commit() == Lines{"joined bob @2 1 first"});
    CHECK(s.chat.rooms_of(1) == std::vector<RoomId>{1, *room});
}

TEST_CASE("who comes while a conversation with him waits hears of it once it is stored") {
    Stage s;
    const auto eve = s.come("eve");
    s.commit();
    s.go(eve);
    const auto bob = s.come("bob");
    s.commit();
    const auto room = s.chat.open_conversation(s.now, bob, "eve");
    const Changes* changes = s.chat.take_changes(s.now.at);
    REQUIRE((room.has_value() && changes != nullptr));
    s.come("eve");
    s.chat.on_committed(s.store.commit(*changes));
    CHECK(s.outcomes() == Lines{"joined eve @2 1 first", "joined bob @2 1 first"});
    CHECK(s.commit() == Lines{"joined eve lobby 4"});
}

TEST_CASE("what is said is the room's; topics and pinned announcements stay") {
    Stage s;
    const auto bob = s.come("bob");
    const RoomId dev = s.open(bob, "dev");
    s.commit();
    s.chat.say(s.now, bob, dev, frame::MsgKind::topic, "tea", 7, 1);
    s.chat.say(s.now, bob, dev, frame::MsgKind::message, "hi\nthere", 7, 2);
    s.chat.announce(s.now, dev, EntryKind::pinned, "rules");
    CHECK(s.chat.room(dev).topic().empty());
    const Changes* changes = s.chat.take_changes(s.now.at);
    REQUIRE(changes != nullptr);
    REQUIRE(changes->appends.size() == 3);
    const Origin& origin = changes->appends[1].entry.origin;
    CHECK(origin.person == 1);
    CHECK(origin.key == s.chat.people()[1].key);
    CHECK(origin.client_epoch == 7);
    CHECK(origin.msg_id == 2);
    CHECK(origin.verified);
    CHECK(changes->appends[2].entry.origin.person == 0);
    s.chat.on_committed(s.store.commit(*changes));
    CHECK(s.outcomes() == Lines{"stored bob dev 2", "stored bob dev 3"});
    CHECK(s.chat.room(dev).topic() == "tea");
    CHECK(s.chat.room(dev).pinned() == 4);
    CHECK(s.chat.take_news() == std::vector<RoomId>{1, dev});
    CHECK(s.chat.take_news().empty());
    check_same_after_restart(s);
    s.chat.say(s.now, bob, dev, frame::MsgKind::topic, {}, 7, 3);
    s.chat.announce(s.now, dev, EntryKind::pinned, {});
    s.commit();
    CHECK(s.chat.take_news() == std::vector<RoomId>{dev});
    CHECK(s.chat.room(dev).topic().empty());
    CHECK(s.chat.room(dev).pinned() == 0);
    CHECK(s.chat.announced().size() == 1);
    check_same_after_restart(s);
}

TEST_CASE("the administrator reaches who has parted the lobby, in one of his rooms") {
    Stage s;
    std::vector<MemberIndex> members;
    for (const char* name : {"ann", "bob", "cid", "dan"})
        members.push_back(s.come(name));
    const RoomId dev = s.open(members[1], "dev");
    const RoomId tea = s.open(members[1], "tea");
    s.chat.join(s.now, members[2], tea);
    s.chat.join(s.now, members[3], dev);
    s.commit();
    s.chat.part(s.now, members[1], 1);
    s.chat.part(s.now, members[2], 1);
    s.chat.part(s.now, members[3], 1);
    s.chat.part(s.now, members[3], dev);  // he is nowhere
    s.commit();
    s.chat.announce_to_all(s.now, EntryKind::pinned, "all");
    s.commit();
    CHECK(s.store.lines(1).back() == "^ all");
    CHECK(s.store.lines(dev).back() == "! all");
    CHECK(s.store.lines(tea).back() == "! all");
    s.chat.join(s.now, members[1], 1);
    s.commit();
    s.chat.announce_to_all(s.now, EntryKind::announcement, "more");
    s.commit();
    CHECK(s.store.lines(1).back() == "! more");
    CHECK(s.store.lines(dev).back() == "! all");
    CHECK(s.store.lines(tea).back() == "! more");
}

TEST_CASE("a name that a person owns is his, here or not, and a taken one is refused") {
    Stage s;
    const auto bob = s.come("bob");
    s.commit();
    s.go(bob);
    struct Row {
        const char* name;
        bool allowed;
    };
    for (const Row& row : {Row{"BOB", false}, {"admin", false}, {"carol", true}}) {
        CAPTURE(row.name);
        CHECK(s.chat.may_join(row.name, name_key(row.name)).has_value() == row.allowed);
    }
    const auto carol = s.chat.join_classic(s.now, path(9), "carol", "carol");
    CHECK(s.commit() == Lines{"joined carol lobby 3 first"});
    CHECK(s.chat.roster()[carol].listed);
    CHECK(s.chat.may_join("Carol", "carol").error() == JoinError::name_taken);
    CHECK(s.chat.may_enter(1).has_value());
    CHECK(s.chat.lobby().present() == 0);  // classic members have no seats
    s.chat.leave(s.now, carol, LeaveReason::quit);
    CHECK(s.commit() == Lines{"left carol"});
    CHECK_FALSE(s.chat.roster()[carol].listed);
}

TEST_CASE("so many members are here at a time") {
    Stage s;
    s.chat.set_members_max(100);
    for (std::size_t i = 0; i < 100; ++i)
        s.chat.enter(s.now, path(1), s.person("p" + std::to_string(i)));
    const PersonId late = s.person("late");
    CHECK(s.chat.may_enter(late).error() == JoinError::full);
    CHECK(s.chat.may_join("free", "free").error() == JoinError::full);
}
