// SPDX-License-Identifier: MIT
// Who has seen what: the figures, and that they are seldom.
#include <algorithm>

#include "chat-server/core/chat_test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::chat_test;

using Lines = std::vector<std::string>;

namespace {

// Waits until the figures are due and takes them, as "bob lobby 3: 1 of 2".
Lines receipts(Stage& s) {
    Lines lines;
    while (const auto at = s.chat.next_receipts()) {
        s.now.at = std::max(s.now.at, *at);
        for (const Receipt& receipt : s.chat.take_receipts(s.now.at)) {
            lines.push_back(s.chat.roster()[receipt.author].name + " " + s.room_name(receipt.room) +
                            " " + std::to_string(receipt.count.seq) + ": " +
                            std::to_string(receipt.count.seen) + " of " +
                            std::to_string(receipt.count.of));
        }
    }
    return lines;
}

}  // namespace

TEST_CASE("an author hears how many of the others have seen it, only when that changes") {
    Stage s;
    const auto bob = s.come("bob");
    s.come("eve");
    const auto ann = s.come("ann");
    s.commit();
    CHECK(receipts(s).empty());
    s.say(bob, 1, "x");
    s.commit();
    CHECK(receipts(s) == Lines{"bob lobby 4: 0 of 2"});
    s.chat.arrived(2, 1, 4);  // up to it, not past it
    s.chat.arrived(1, 1, 5);  // his own does not count
    CHECK(receipts(s).empty());
    s.chat.arrived(2, 1, 5);
    CHECK(receipts(s) == Lines{"bob lobby 4: 1 of 2"});
    s.chat.part(s.now, ann, 1);
    s.commit();
    CHECK(receipts(s) == Lines{"bob lobby 4: 1 of 1"});
    s.come("cid");
    s.commit();  // behind his join, so behind the message
    CHECK(receipts(s) == Lines{"bob lobby 4: 2 of 2"});
    CHECK(s.chat.seen(1, 4).seen == 3);
    CHECK(s.chat.seen(1, 4).of == 3);
}

TEST_CASE("a seat is found wherever it was last, and a cursor never moves another's") {
    Stage s;
    for (const char* const name : {"ann", "bob", "eve"})
        s.come(name);
    s.commit();
    const auto next_of = [&](PersonId person) { return s.chat.find_seat(1, person)->next; };
    const Seq head = s.chat.lobby().head();
    for (SeatIndex seat : {SeatIndex{0}, SeatIndex{1}, SeatIndex{2}, SeatIndex{3}, SeatIndex{99}}) {
        CAPTURE(seat);
        s.say(0, 1, "x");
        s.commit();
        const Seq ann = next_of(1);
        const Seq eve = next_of(3);
        s.chat.arrived(2, 1, s.chat.lobby().head(), seat);
        CHECK(next_of(2) == s.chat.lobby().head());
        CHECK(next_of(1) == ann);
        CHECK(next_of(3) == eve);
        CHECK(s.chat.lobby().seats()[seat].person == 2);
    }
    CHECK(s.chat.lobby().head() == head + 5);
    SeatIndex nowhere = 1;
    s.chat.arrived(77, 1, head, nowhere);
    CHECK(nowhere == 1);
}

TEST_CASE("figures that move together come together, at most once a second") {
    Stage s;
    const auto bob = s.come("bob");
    for (int i = 0; i < 20; ++i)
        s.come("p" + std::to_string(i));
    s.commit();
    s.say(bob, 1, "x");
    s.say(bob, 1, "y");
    s.commit();
    const Instant begin = s.now.at;
    REQUIRE(s.chat.next_receipts().has_value());
    CHECK(*s.chat.next_receipts() <= begin);
    CHECK(s.chat.take_receipts(begin).empty());
    CHECK(s.chat.next_receipts() == begin + receipts_gather);
    for (PersonId person = 2; person <= 21; ++person)
        s.chat.arrived(person, 1, s.chat.lobby().head());
    CHECK(receipts(s) == Lines{"bob lobby 22: 20 of 20", "bob lobby 23: 20 of 20"});
    CHECK(s.now.at == begin + receipts_gather);
    CHECK_FALSE(s.chat.next_receipts().has_value());
    s.say(bob, 1, "z");
    s.commit();
    CHECK(receipts(s) == Lines{"bob lobby 24: 0 of 20"});
    CHECK(s.now.at == begin + receipts_gather + receipts_interval);
}

TEST_CASE(
    "the last 16 of a room count, of whoever is here; for a new program all of his are said") {
    Stage s;
    const auto bob = s.come("bob");
    const auto eve = s.come("eve");
    s.commit();
    for (int i = 0; i < 20; ++i)
        s.say(i % 2 == 0 ? bob : eve, 1, "x");
    s.commit();
    receipts(s);
    s.chat.arrived(1, 1, 100);
    s.chat.arrived(2, 1, 12);
    const auto figures = receipts(s);
    CHECK(figures.size() == 8 + 3);  // all of eve's by bob, three of bob's by eve
    const auto bobs = s.chat.receipts_of(1, 1);
    REQUIRE(bobs.size() == 8);
    CHECK(bobs.front().seq == 7);
    CHECK(bobs.front().seen == 1);
    CHECK(bobs.back().seq == 21);
    CHECK(bobs.back().seen == 0);
    CHECK(bobs.back().of == 1);
    s.go(bob);
    s.chat.arrived(2, 1, 100);
    CHECK(receipts(s).empty());  // he is not here
    CHECK(s.chat.receipts_of(1, 1).back().seen == 1);
    s.come("bob");
    s.commit();
    CHECK(receipts(s).empty());  // his program is told with receipts_of
}

TEST_CASE("cursors that pass no message of a person ask for no figures") {
    Stage s;
    const auto bob = s.come("bob");
    s.commit();
    s.chat.announce(s.now, 1, EntryKind::announcement, "x");
    s.commit();
    s.chat.arrived(1, 1, 3);
    CHECK_FALSE(s.chat.next_receipts().has_value());
    s.say(bob, 1, "x");
    s.commit();
    receipts(s);
    s.chat.arrived(1, 1, 4);
    receipts(s);
    s.chat.announce(s.now, 1, EntryKind::announcement, "y");
    s.commit();
    s.chat.arrived(1, 1, 5);
    CHECK_FALSE(s.chat.next_receipts().has_value());
}

TEST_CASE("the same figures after a restart") {
    Stage s;
    const auto bob = s.come("bob");
    s.come("eve");
    s.commit();
    s.say(bob, 1, "x");
    s.commit();
    s.chat.arrived(2, 1, 4);
    s.wait(seats_interval);
    s.commit();
    Chat again(2);
    again.restore(s.now, s.store.stored());
    const auto figures = again.receipts_of(1, 1);
    REQUIRE(figures.size() == 1);
    CHECK(figures[0].seq == 3);
    CHECK(figures[0].seen == 1);
    CHECK(figures[0].of == 1);
}
