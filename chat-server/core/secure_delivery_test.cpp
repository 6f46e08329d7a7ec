// SPDX-License-Identifier: MIT
// How the room's log reaches members: once, within window, pace and credit, and who is there.
#include "chat-server/core/delivery_test_support.h"
#include "chat-server/core/limits.h"

using namespace chat;
using namespace chat::server;

namespace {

std::vector<Seq> range(Seq from, Seq to) {
    std::vector<Seq> all;
    for (Seq seq = from; seq < to; ++seq)
        all.push_back(seq);
    return all;
}

}  // namespace

TEST_CASE("each entry goes once to each member, several of them in one datagram") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    announce_many(b, 100);
    CHECK(bob.came == range(2, 102));
    CHECK(bob.datagrams == 2);
    b.ack(bob);
    b.wait(seconds(20));
    b.ack(bob);
    CHECK(bob.came == range(2, 102));
    for (const std::size_t size : bob.sizes) {
        CHECK(size <= 1200);
        CHECK(size % 16 == 0);
    }
}

TEST_CASE("the window holds what is not acknowledged, and an acknowledgement lets more go") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    announce_many(b, 100, 1000);
    CHECK(bob.datagrams == 11);
    CHECK(bob.bytes <= 12'000);
    b.wait(milliseconds(20));
    CHECK(bob.datagrams == 11);
    b.ack(bob);
    b.wait(milliseconds(20));
    CHECK(bob.datagrams > 20);
    catch_up(b, bob);
    CHECK(bob.entries.size() == 100);
}

TEST_CASE("HEAD says how far the room was sent, whatever more there is, and no probe says more") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    announce_many(b, 100, 1000);
    const Seq sent = bob.highest + 1;
    CHECK(sent < b.head());
    bob.heads.clear();
    b.send(bob, frame::Ping{});
    b.wait(milliseconds(25));
    REQUIRE(bob.heads.size() == 1);
    CHECK(bob.heads[0].head == sent);
    b.wait(seconds(2));
    CHECK(b.counters().probes > 0);
    REQUIRE(bob.heads.size() > 1);
    CHECK(bob.heads.back().head == bob.highest + 1);
    CHECK(b.counters().repeated == 0);
    catch_up(b, bob);
    b.send(bob, frame::Ping{});
    b.wait(milliseconds(25));
    CHECK(bob.heads.back().head == b.head());
}

TEST_CASE("HEAD does not lie below what is kept") {
    BenchSettings settings;
    settings.log_entries_max = 1100;
    SecureBench b(settings);
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    b.ack(bob, 0);
    announce_many(b, 2000);
    b.send(bob, frame::Ping{});
    b.wait(milliseconds(25));
    REQUIRE(!bob.heads.empty());
    CHECK(bob.heads.back().tail == b.head() - 1100);
    CHECK(bob.heads.back().head == bob.heads.back().tail);
}

TEST_CASE("a request for entries is acknowledged with them, or alone") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    bob.deaf = true;
    announce_many(b, 1);
    bob.deaf = false;
    announce_many(b, 1);
    b.wait(milliseconds(2));
    bob.pkt_acks.clear();
    bob.heads.clear();
    frame::RoomAck ack = bob.room_ack();
    REQUIRE(ack.count == 1);
    const std::size_t before = bob.datagrams;
    b.send(bob, ack);
    CHECK(bob.came == std::vector<Seq>{3, 2});
    CHECK(bob.datagrams == before + 1);
    CHECK(bob.pkt_acks.size() == 1);
    ack.gaps[0].offset = 100;  // which is not there
    b.send(bob, ack);
    b.wait(milliseconds(25));
    CHECK(bob.pkt_acks.size() == 2);
    CHECK(bob.heads.empty());
}

TEST_CASE("datagrams that follow one another to one peer have one size, where few zeros do that") {
    struct Row {
        const char* what;
        std::vector<std::size_t> bytes;  // of the entries' texts
        std::vector<std::size_t> sizes;  // of the datagrams
    };
    const Row table[] = {
        {"a single one is not filled up", {1080}, {1152}},
        {"nor are those of one size", {600, 600, 600}, {672, 672, 672}},
        {"a shorter one is filled up to the one before", {1080, 1000, 1080}, {1152, 1152, 1152}},
        {"a longer one wholly, and so are those behind it",
         {1000, 1080, 1000, 1080, 90},
         {1072, 1200, 1200, 1200, 160}},
        {"but not with too many zeros", {1080, 900, 1080}, {1152, 960, 1152}},
        {"the last one begins no longer one", {1000, 1080}, {1072, 1152}},
    };
    for (const Row& row : table) {
        CAPTURE(row.what);
        SecureBench b;
        auto& bob = b.member("bob", 10);
        settle(b, bob);
        for (const std::size_t bytes : row.bytes) {
            const std::string text(bytes, 'x');
            b.server->on_control(b.now, {ControlRequest::Kind::announce, 1, text});
        }
        b.drive();
        CHECK(bob.sizes == row.sizes);
        CHECK(bob.next_seq == b.head());
    }
}

TEST_CASE("what a datagram is filled up with stays within the window") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    bob.deaf = true;
    const auto before = b.traffic[bob.path.peer].bytes_out;
    announce_many(b, 300, 100);
    CHECK(b.traffic[bob.path.peer].bytes_out - before > 9 * 1200);
    CHECK(b.traffic[bob.path.peer].bytes_out - before <= 10 * 1200);
}

TEST_CASE("credit is the client's word on what he can take") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    b.ack(bob, 0);
    announce_many(b, 5);
    b.wait(seconds(1));
    CHECK(bob.entries.empty());
    // He is asked now and then, lightly.
    bob.forget();
    for (int i = 0; i < 10; ++i) {
        b.wait(seconds(3));
        b.ack(bob, 0);
    }
    CHECK(bob.entries.empty());
    CHECK(bob.pings >= 5);
    CHECK(bob.datagrams <= 30);
    CHECK(bob.heads.back().head == 2);  // nothing more was sent to him
    b.ack(bob, 2);
    CHECK(bob.entries.size() == 2);
    b.ack(bob, 65'535);
    CHECK(bob.came == range(2, 7));
    // An older word does not count.
    Plaintext older, newer;
    older << bob.room_ack(0);
    newer << bob.room_ack(1000);
    const Bytes first = bob.seal(older);
    b.arrive(bob.path, bob.seal(newer));
    b.arrive(bob.path, first);
    announce_many(b, 1);
    CHECK(bob.came == range(2, 8));
}

TEST_CASE("nonsense about the log is not believed") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    announce_many(b, 3);
    settle(b, bob);
    struct Row {
        frame::RoomAck ack;
        const char* what;
    };
    frame::RoomAck beyond{1, 6, 10, 0, {}};
    frame::RoomAck far{1, UINT64_MAX - 1, 10, 0, {}};
    frame::RoomAck room{2, 2, 10, 0, {}};
    const auto malformed = b.counters().malformed;
    for (const auto& ack : {beyond, far, room})
        b.send(bob, ack);
    CHECK(b.counters().malformed == malformed + 2);
    CHECK(bob.parted == std::vector<RoomId>{2});
    frame::RoomAck gaps{1, 2, 65'535, 2, {}};
    gaps.gaps[0] = {100, 65'000, 0};
    gaps.gaps[1] = {65'400, 1, 0xff};
    b.send(bob, gaps);
    b.send(bob, frame::PktAck{1'000'000, 0, 0, 5, 5});
    CHECK(bob.came.empty());
    // Behind what he has acknowledged already: nothing is sent again.
    frame::RoomAck back{1, 1, 1000, 1, {}};
    back.gaps[0] = {0, 4, 0};
    b.send(bob, back);
    CHECK(bob.came.empty());
    CHECK(b.counters().repeated == 0);
    announce_many(b, 1);
    CHECK(bob.came == std::vector<Seq>{5});
}

TEST_CASE(
    "who is far behind is served from pages, several at different places, and all get there") {
    SecureBench b;
    announce_many(b, tail_entries_max * 3);
    std::vector<TestClient*> all;
    for (std::uint16_t i = 0; i < 12; ++i) {
        auto& who = b.client("m" + std::to_string(i), static_cast<std::uint16_t>(100 + i));
        who.request.log_epoch = 77;
        who.request.next_seq = 1 + Seq{i} * 150;
        b.log_in(who);
        REQUIRE(who.lobby.room->next_seq == 1 + Seq{i} * 150);
        all.push_back(&who);
    }
    for (int turn = 0; turn < 3000; ++turn) {
        bool done = true;
        for (auto* who : all) {
            if (who->next_seq >= b.head()) continue;
            done = false;
            b.ack(*who);
        }
        if (done) break;
        b.wait(milliseconds(20));
    }
    for (auto* who : all) {
        CHECK(who->next_seq == b.head());
        CHECK(who->gones.empty());
        CHECK(who->came.size() <= who->entries.size() * 11 / 10);
    }
    CHECK(b.pages_read < 1500);
}

TEST_CASE("a socket that takes little at a time loses nothing and gives everybody his turn") {
    SecureBench b;
    std::vector<TestClient*> all;
    for (std::uint16_t i = 0; i < 30; ++i)
        all.push_back(&b.member("m" + std::to_string(i), static_cast<std::uint16_t>(100 + i)));
    for (auto* who : all)
        settle(b, *who);
    for (auto* who : all)
        catch_up(b, *who);
    b.socket_room = 0;
    announce_many(b, 3);
    CHECK_FALSE(b.server->idle());
    for (int i = 0; i < 200 && !b.server->idle(); ++i) {
        b.socket_room = 1;
        b.drive();
    }
    CHECK(b.server->idle());
    b.socket_room = SIZE_MAX;
    for (auto* who : all) {
        CHECK(who->highest + 1 == b.head());
        catch_up(b, *who);
    }
}

TEST_CASE("one entry to more members than there are buffers takes several polls") {
    SecureBench b;
    const auto all = b.crowd(600);
    for (int round = 0; round < 5; ++round) {
        for (auto* who : all)
            b.ack(*who);
        b.wait(seconds(1));
    }
    for (auto* who : all) {
        REQUIRE(who->next_seq == b.head());
        who->forget();
    }
    b.polls = 0;
    b.announce("to all");
    CHECK(b.polls >= 3);
    std::size_t datagrams = 0;
    for (auto* who : all) {
        CHECK(who->entries.rbegin()->second == "! to all");
        datagrams += who->datagrams;
    }
    CHECK(datagrams == 600);
}

TEST_CASE("names are listed page by page in the order of their folded form") {
    SecureBench b;
    auto& bob = b.member("zz", 10);
    Lines names{"zz", "~Alice", "~alex", "~小明"};
    const IpAddress here = IpAddress::v4(127, 0, 0, 1);
    b.arrive(at(1, here), "L Alice");
    b.arrive(at(2, here), "L alex");
    b.arrive(at(3, here), "L 小明");
    for (std::uint16_t i = 0; i < 100; ++i) {
        const std::string name = "member-with-a-long-name-" + std::to_string(1000 + i);
        b.arrive(at(static_cast<std::uint16_t>(1000 + i), here), "L " + name);
        names.push_back("~" + name);
    }
    catch_up(b, bob);
    bob.forget();
    Lines listed;
    std::string after;
    for (int pages = 0; pages < 20; ++pages) {
        b.send(bob, frame::MembersWanted{1, after});
        b.wait(seconds(1));  // as the pace allows
        REQUIRE(bob.members.size() == static_cast<std::size_t>(pages) + 1);
        const auto& [page, some] = bob.members.back();
        CHECK(page.as_of == b.head());
        listed.insert(listed.end(), some.begin(), some.end());
        if (page.last) break;
        REQUIRE(!some.empty());
        after = some.back().substr(some.back().starts_with("~") ? 1 : 0);
        b.ack(bob);
        b.wait(milliseconds(5));
    }
    CHECK(bob.members.size() >= 3);
    CHECK(std::set<std::string>(names.begin(), names.end()) ==
          std::set<std::string>(listed.begin(), listed.end()));
    CHECK(listed.size() == names.size());
    CHECK(listed[0] == "~alex");
    CHECK(listed[1] == "~Alice");
    CHECK(listed.back() == "~小明");
}

TEST_CASE("who is not in the log yet is not listed, who has left in it is not either") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    auto& eve = b.member("eve", 11);
    b.commits = false;
    b.send(eve, frame::Close{frame::CloseCode::quit, 0});
    auto& tom = b.client("tom", 12);
    b.log_in(tom);
    b.send(bob, frame::MembersWanted{1, ""});
    REQUIRE(bob.members.size() == 1);
    CHECK(bob.members[0].second == Lines{"bob", "eve"});
    CHECK(bob.members[0].first.as_of == b.head());
    b.commits = true;
    b.drive();
    b.send(bob, frame::MembersWanted{1, "bob"});
    REQUIRE(bob.members.size() == 2);
    CHECK(bob.members[1].second == Lines{"tom"});
    CHECK(bob.members[1].first.last);
}
