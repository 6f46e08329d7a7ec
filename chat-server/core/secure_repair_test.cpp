// SPDX-License-Identifier: MIT
// What got lost on its way to a member: asked for, probed for, sent again, read from the log again,
// or said to be gone.
#include <random>

#include "chat-server/core/delivery_test_support.h"
#include "chat-server/core/limits.h"

using namespace chat;
using namespace chat::server;

namespace {

// Every so many entries are lost on their way to him, until the server knows that.
void lose_every(SecureBench& b, TestClient& who, int count) {
    for (int i = 0; i < 90; ++i) {
        who.deaf = i % count == count - 1;
        announce_many(b, 1);
        who.deaf = false;
        if (i % 5 == 4) b.ack(who);
        b.wait(milliseconds(5));
    }
    catch_up(b, who);
    who.forget();
}

}  // namespace

TEST_CASE("what got lost is sent again when it is asked for, and only that") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    announce_many(b, 1);
    bob.deaf = true;
    announce_many(b, 2);
    bob.deaf = false;
    announce_many(b, 1);
    CHECK(bob.came == std::vector<Seq>{2, 5});
    b.ack(bob);  // so soon they may still be under way
    CHECK(b.counters().repeated == 0);
    b.wait(milliseconds(2));
    b.ack(bob);
    CHECK(bob.came == std::vector<Seq>{2, 5, 3, 4});
    CHECK(b.counters().repeated == 2);
    b.ack(bob);
    CHECK(bob.came.size() == 4);
}

TEST_CASE("what is asked for while the window is full goes as soon as it is not") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    bob.deaf = true;
    announce_many(b, 1, 1000);
    bob.deaf = false;
    announce_many(b, 100, 1000);
    b.wait(milliseconds(2));
    const auto came = bob.came;
    b.send(bob, bob.room_ack());
    CHECK(bob.came == came);
    b.send(bob, bob.pkt_ack());
    REQUIRE(bob.came.size() > came.size());
    CHECK(bob.came[came.size()] == 2);
    CHECK(std::ranges::count(bob.came, Seq{2}) == 1);
    catch_up(b, bob);
    CHECK(b.counters().repeated == 1);
}

TEST_CASE("an entry that fills more than a datagram goes in parts, and lost parts alone again") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    bob.deaf = true;
    announce_many(b, 1, 5000);
    bob.deaf = false;
    announce_many(b, 1);
    CHECK(bob.came == std::vector<Seq>{3});
    b.wait(milliseconds(2));
    frame::RoomAck ack = bob.room_ack();
    REQUIRE(ack.count == 1);
    ack.gaps[0].have = 0b01101;
    Plaintext plaintext;
    plaintext << bob.pkt_ack() << ack;
    b.send(bob, plaintext);
    CHECK(bob.came == std::vector<Seq>{3, 2, 2});  // parts 1 and 4
    catch_up(b, bob);
    CHECK(bob.entries.at(2).size() == 5002);
}

TEST_CASE("entries of every length around a datagram's arrive") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    const std::size_t fields = 1 + 1 + 6 + 1 + 2;
    for (std::size_t length = frame::whole_entry_bytes_max - fields - 25;
         length <= frame::whole_entry_bytes_max - fields + 3; ++length) {
        CAPTURE(length);
        // So that an acknowledgement is owed as well, and nothing else.
        b.send(bob, message(2, 1, 0, 1, "in no room"));
        announce_many(b, 1, length);
        b.wait(milliseconds(5));  // but not due yet
        CHECK(bob.entries.contains(b.head() - 1));
        b.ack(bob);
        CHECK(bob.entries.at(b.head() - 1).size() == length + 2);
    }
    CHECK(std::ranges::max(bob.sizes) == 1200);
}

TEST_CASE("the last entries are probed for, twice each time, and not for ever") {
    SecureBench b;
    auto& bob = b.member("bob", 10);
    settle(b, bob);
    announce_many(b, 1);
    b.ack(bob);
    bob.forget();
    bob.deaf = true;
    announce_many(b, 1);
    const auto& count = b.traffic[bob.path.peer];
    const auto before = count.datagrams_out;
    b.wait(seconds(2));
    CHECK(count.datagrams_out >= before + 4);
    CHECK(b.counters().probes == count.datagrams_out - before);
    bob.deaf = false;
    b.wait(seconds(4));
    CHECK(bob.entries.contains(3));
    REQUIRE(!bob.heads.empty());
    CHECK(bob.heads.back().head == 4);
    b.ack(bob);
    const auto quiet = count.datagrams_out;
    b.wait(seconds(20));
    CHECK(count.datagrams_out == quiet);
    // A client that is gone is left alone after half a minute.
    bob.deaf = true;
    announce_many(b, 1);
    b.wait(seconds(31));
    const auto stopped = count.datagrams_out;
    CHECK(stopped < quiet + 60);
    announce_many(b, 10);
    b.wait(seconds(100));
    CHECK(count.datagrams_out == stopped);
    // It is heard again, and learns what it was sent.
    bob.deaf = false;
    bob.forget();
    b.send(bob, frame::Ping{});
    CHECK(!bob.heads.empty());
    catch_up(b, bob);
}

TEST_CASE("a lost entry on a page that is gone from memory is read again") {
    SecureBench b;
    auto& bob = b.client("bob", 10);
    bob.states = false;
    announce_many(b, tail_entries_max + 600);
    bob.request.log_epoch = 77;
    bob.request.next_seq = 1;
    b.log_in(bob);
    // He takes everything but says that the first ones never came.
    while (bob.highest + 1 < b.head()) {
        frame::RoomAck ack{1, 1, 65'535, 0, {}};
        Plaintext plaintext;
        plaintext << bob.pkt_ack() << ack;
        b.send(bob, plaintext);
        b.wait(milliseconds(50));
    }
    bob.came.clear();
    b.wait(seconds(1));
    for (const std::uint16_t place : std::to_array<std::uint16_t>({0, 300, 10, 500, 400, 200})) {
        CAPTURE(place);
        bob.came.clear();
        frame::RoomAck ack{1, 1, 65'535, 1, {}};
        ack.gaps[0] = {place, 2, 0};
        Plaintext plaintext;
        plaintext << bob.pkt_ack() << ack;
        b.send(bob, plaintext);
        CHECK(std::ranges::count(bob.came, place + 1U) >= 1);
        CHECK(std::ranges::count(bob.came, place + 2U) >= 1);
    }
}

TEST_CASE("what no log has any more is said to be gone") {
    BenchSettings settings;
    settings.log_entries_max = 1100;
    SecureBench b(settings);
    announce_many(b, 2000);
    auto& bob = b.client("bob", 10);
    bob.request.log_epoch = 77;
    bob.request.next_seq = 5;
    b.log_in(bob);
    catch_up(b, bob);
    REQUIRE(!bob.gones.empty());
    CHECK(bob.gones[0].from == 5);
    CHECK(bob.gones[0].to == b.head() - 1101);
    CHECK(bob.entries.size() == 1100);
    CHECK(b.counters().missed == bob.gones[0].to - 4);
}

TEST_CASE("the more gets lost, the more often entries go out again in front of new ones") {
    struct Row {
        int lost_every;
        Seq copies;  // besides the first one
    };
    // What catch_up brings without loss counts as well: a fifth becomes 16 %, half becomes a third.
    for (const Row& row : {Row{1000, 0}, Row{15, 2}, Row{5, 3}, Row{2, 6}}) {
        CAPTURE(row.lost_every);
        SecureBench b;
        auto& bob = b.member("bob", 10);
        b.ack(bob);
        lose_every(b, bob, row.lost_every);
        for (int i = 0; i < 10; ++i)
            announce_many(b, 1);
        const Seq last = b.head() - 1;
        CHECK(std::ranges::count(bob.came, last) == 1);
        for (Seq back = 1; back < 10; ++back)
            CHECK(std::ranges::count(bob.came, last - back) ==
                  static_cast<std::ptrdiff_t>(1 + std::min(back, row.copies)));
        CHECK(bob.datagrams == 10);
    }
}

TEST_CASE("entries are repeated only as far as the window leaves room for new ones") {
    for (const std::size_t length : {60U, 100U, 150U, 200U, 260U, 330U}) {
        CAPTURE(length);
        SecureBench b;
        auto& bob = b.member("bob", 10);
        b.ack(bob);
        lose_every(b, bob, 2);
        for (int i = 0; i < 40; ++i)
            announce_many(b, 1, length);
        const std::size_t alone = bob.sizes.front();
        CHECK(std::ranges::max(bob.sizes) > 2 * alone);
        // Not one that would fit by itself has to wait.
        constexpr std::size_t window_bytes_min = 2 * datagram::bytes_max;
        CHECK(bob.bytes <= window_bytes_min);
        CHECK(bob.bytes + alone > window_bytes_min);
    }
}

TEST_CASE("over a bad network everybody has everything in the end, each number one entry") {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 dice(seed);
        SecureBench b;
        std::vector<TestClient*> all;
        for (std::uint16_t i = 0; i < 6; ++i)
            all.push_back(&b.member("m" + std::to_string(i), static_cast<std::uint16_t>(100 + i)));
        std::map<TestClient*, std::uint64_t> ids;
        for (int turn = 0; turn < 600; ++turn) {
            for (auto* who : all) {
                who->deaf = dice() % 100 < 30;
                if (dice() % 100 < 30) continue;  // what it sends gets lost
                if (turn < 400 && dice() % 4 == 0) {
                    // Several are under way, and those without a result are sent again.
                    const std::uint64_t next =
                        who->msg_acks.empty() ? 1 : who->msg_acks.back().next_msg_id;
                    Plaintext messages;
                    for (std::uint64_t id = next; id < next + 3; ++id) {
                        messages << message(1, id, 0, 1, std::string_view(who->name));
                    }
                    b.send(*who, messages);
                } else {
                    b.ack(*who, static_cast<std::uint16_t>(dice() % 5 == 0 ? 3 : 1000));
                }
            }
            b.wait(milliseconds(static_cast<std::int64_t>(dice() % 60)));
        }
        for (auto* who : all) {
            who->deaf = false;
            catch_up(b, *who);
            CHECK(who->gones.empty());
        }
        for (Seq seq = 7; seq < b.head(); ++seq) {
            for (auto* who : all)
                REQUIRE(who->entries.at(seq) == all[0]->entries.at(seq));
        }
        CHECK(b.counters().messages > 100);
        b.wait(seconds(5));
        CHECK(b.server->idle());
    }
}
