// SPDX-License-Identifier: MIT
#include "chat-client/core/room.h"

#include <random>

#include "chat-client/core/test_support.h"

using namespace chat;
using namespace chat::client;

namespace {

struct RoomBench {
    RoomBench() {
        room.set_own_name("Bob");
        room.take_ack(now, some_rtt, 32);
    }
    bool entry(std::uint64_t seq, std::string_view text = {}, std::string_view from = "al",
               std::uint8_t flags = 0) {
        const std::string number = std::to_string(seq);
        return room.on_entry(now, some_rtt, seq,
                             {frame::EntryKind::message,
                              flags,
                              {},
                              from,
                              text.empty() ? std::string_view(number) : text},
                             events);
    }
    bool gone(std::uint64_t from, std::uint64_t to) {
        return room.on_gone(now, some_rtt, from, to, events);
    }
    Lines out() { return lines(std::exchange(events, {})); }
    std::string ack() {
        const auto a = room.take_ack(now, some_rtt, 32, lossy);
        std::string text = std::to_string(a.next_seq) + "/" + std::to_string(a.credit);
        for (const auto& gap : std::span(a.gaps).first(a.count)) {
            text += " " + std::to_string(gap.offset) + "*" + std::to_string(gap.count);
            if (gap.have != 0) text += ":" + std::to_string(gap.have);
        }
        return text;
    }

    bool lossy = false;
    Instant now{seconds(5).us};
    Room room{1, "lobby", 1};
    std::vector<Event> events;
};

}  // namespace

TEST_CASE("entries come out ascending and once, in whatever order they come") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 dice(seed);
        RoomBench b;
        std::vector<std::uint64_t> order;
        for (std::uint64_t seq = 1; seq <= 200; ++seq)
            order.insert(order.end(), {seq, seq});
        std::ranges::shuffle(order, dice);
        for (const auto seq : order) {
            b.room.on_head(b.now, some_rtt, 201);
            if (seq % 50 == 0) {
                b.gone(seq - 3, seq);
            } else if (seq % 50 < 47) {
                b.entry(seq);
            }
        }
        std::uint64_t next = 1;
        for (const auto& event : b.events) {
            if (const auto* gap = std::get_if<Gap>(&event)) {
                CHECK(gap->room == "lobby");
                CHECK(gap->from == next);
                CHECK(gap->to % 50 == 0);
                next = gap->to + 1;
            } else {
                const auto& message = std::get<Message>(event);
                CHECK(message.seq == next);
                CHECK(message.text == std::to_string(next));
                ++next;
            }
        }
        CHECK(next == 201);
        CHECK_FALSE(b.room.ack_at());
        CHECK(b.ack() == "201/1024");
    }
}

TEST_CASE("only a verified message under our folded name is our own") {
    RoomBench b;
    b.entry(1, "x", "bob");
    b.entry(2, "x", "BOB", frame::flag_unverified);
    b.entry(3, "x", "al");
    CHECK(b.out() == Lines{"1 own bob: x", "2 ~BOB: x", "3 al: x"});
}

TEST_CASE("each hole is asked for by its own clock, and parts that are there are said") {
    RoomBench b;
    CHECK_FALSE(b.room.ack_at());
    CHECK_FALSE(b.room.ack_owed());
    b.entry(3);
    CHECK(b.room.ack_owed());
    CHECK(*b.room.ack_at() == b.now + milliseconds(10));
    CHECK(b.ack() == "1/1024");
    b.now = b.now + milliseconds(10);
    b.entry(5);
    CHECK(b.ack() == "1/1024 0*2");
    CHECK(b.ack() == "1/1024");
    b.now = b.now + milliseconds(10);
    CHECK(b.ack() == "1/1024");  // due, but too soon after the last request
    CHECK(*b.room.ack_at() == b.now + milliseconds(15));
    b.now = b.now + milliseconds(15);
    CHECK(b.ack() == "1/1024 3*1");
    b.room.on_part(b.now, some_rtt, 4, 5);
    b.entry(1);
    b.now = b.now + milliseconds(100);
    CHECK(b.ack() == "2/1024 0*1 2*1:5");
    b.room.on_part(b.now, some_rtt, 4, 0);
    b.now = b.now + milliseconds(100);
    CHECK(b.ack() == "2/1024 0*1 2*1");
    b.room.on_part(b.now, some_rtt, 4, 1);
    b.room.forget_parts();
    b.now = b.now + milliseconds(100);
    CHECK(b.ack() == "2/1024 0*1 2*1");
    b.room.on_part(b.now, some_rtt, 4, 1);
    b.entry(2);
    b.entry(4);
    CHECK_FALSE(b.room.ack_at());
    CHECK(b.out().size() == 5);
}

TEST_CASE("where much gets lost, a request for few entries is made twice") {
    RoomBench b;
    b.lossy = true;
    b.entry(4);
    b.now = b.now + milliseconds(10);
    CHECK(b.ack() == "1/1024 0*3");
    CHECK(b.ack() == "1/1024");
    for (const Duration wait : {milliseconds(10), milliseconds(100), milliseconds(10)}) {
        CHECK(*b.room.ack_at() == b.now + wait);
        b.entry(2);  // came in between
        b.now = b.now + wait;
        CHECK(b.ack() == "1/1024 0*1 2*1");
    }
    CHECK(*b.room.ack_at() == b.now + milliseconds(100));
}

TEST_CASE("a request for many entries is made once, however much gets lost") {
    RoomBench b;
    b.lossy = true;
    b.entry(10);
    b.now = b.now + milliseconds(10);
    CHECK(b.ack() == "1/1024 0*9");
    CHECK(*b.room.ack_at() == b.now + milliseconds(100));
}

TEST_CASE("what is older than its beginning, or impossible, is dropped") {
    RoomBench b;
    b.room.begin_anew(5);
    const frame::Entry entry{frame::EntryKind::message, 0, {}, "al", "x"};
    b.room.on_entry(b.now, some_rtt, 4, entry, b.events);
    b.room.on_entry(b.now, some_rtt, UINT64_MAX, entry, b.events);
    b.room.on_entry(b.now, some_rtt, Room::seq_end, entry, b.events);
    b.room.on_head(b.now, some_rtt, UINT64_MAX);
    b.room.on_part(b.now, some_rtt, UINT64_MAX, 1);
    b.room.on_part(b.now, some_rtt, 4, 1);
    b.room.on_gone(b.now, some_rtt, 6, 5, b.events);
    b.room.on_gone(b.now, some_rtt, 1, UINT64_MAX - 1, b.events);
    b.room.on_gone(b.now, some_rtt, 1, 4, b.events);
    CHECK(b.out().empty());
    CHECK_FALSE(b.room.ack_owed());
    CHECK_FALSE(b.room.ack_at());
    CHECK(b.room.next_seq() == 5);
}

TEST_CASE("what is held comes out later, is no gap, and is not acknowledged") {
    RoomBench b;
    b.room.set_held(true, b.events);
    b.ack();
    b.entry(1);
    b.entry(2);
    b.entry(5);
    CHECK(b.out().empty());
    CHECK_FALSE(b.room.full());
    b.now = b.now + milliseconds(50);
    CHECK(b.ack() == "1/1024 2*2");
    b.room.set_held(false, b.events);
    CHECK(b.out() == Lines{"1 al: 1", "2 al: 2"});
    CHECK(b.room.ack_at());
    b.entry(3);
    b.entry(4);
    CHECK(b.ack() == "6/1024");

    RoomBench full;
    full.room.set_held(true, full.events);
    for (std::uint64_t seq = 1; seq <= 2000 && !full.room.full(); ++seq)
        full.entry(seq);
    CHECK(full.room.full());
    CHECK(full.ack() == "1/1024");
    // However far the log has moved on meanwhile.
    full.gone(2000, 10'000'000);
    full.now = full.now + seconds(1);
    CHECK(full.room.take_ack(full.now, some_rtt, 32).next_seq == 1);
    full.room.set_held(false, full.events);
    CHECK(full.out().size() == 1024);
}

TEST_CASE(
    "too much ahead of its turn finds no place, is asked for again, and comes out in the end") {
    RoomBench b;
    const std::string text(8192, 'x');
    for (std::uint64_t seq = 2; seq <= 300; ++seq)
        b.entry(seq, text);
    // Half full of long texts, the server is asked for what closes the hole first.
    const auto ack = b.room.take_ack(b.now, some_rtt, 32);
    CHECK(ack.credit < 200);
    CHECK(ack.credit > 100);
    std::uint64_t next = 1;
    for (int round = 0; round < 10 && next <= 300; ++round) {
        b.now = b.now + seconds(1);
        const auto asked = b.room.take_ack(b.now, some_rtt, 32);
        REQUIRE(asked.count > 0);
        for (const auto& gap : std::span(asked.gaps).first(asked.count)) {
            for (std::uint64_t i = 0; i < gap.count; ++i)
                b.entry(asked.next_seq + gap.offset + i, text);
        }
        for (const auto& event : std::exchange(b.events, {}))
            CHECK(std::get<Message>(event).seq == next++);
    }
    CHECK(next == 301);
}

TEST_CASE("a user who cannot read: nothing comes out, no credit, and all of it later") {
    RoomBench b;
    CHECK_FALSE(b.room.set_accepts(false, b.events));
    CHECK(b.room.ack_at());
    CHECK(b.ack() == "1/0");
    CHECK_FALSE(b.room.ack_at());
    for (std::uint64_t seq = 1; seq <= 3000; ++seq)
        b.entry(seq);
    b.entry(5000);
    CHECK(b.out().empty());
    b.now = b.now + seconds(10);
    CHECK(b.ack() == "1/0");
    CHECK_FALSE(b.room.ack_at());
    b.room.set_accepts(true, b.events);
    CHECK(b.out().size() == 1024);
    CHECK(b.room.ack_at());
    CHECK(b.ack() == "1025/1024 0*1024");

    RoomBench gap;
    gap.room.set_accepts(false, gap.events);
    CHECK_FALSE(gap.gone(1, 4));
    gap.entry(5);
    CHECK(gap.room.set_accepts(true, gap.events));
    CHECK(gap.out() == Lines{"gap 1..4", "5 al: 5"});
}

TEST_CASE("what is gone is a gap, but not what came before it was gone") {
    RoomBench b;
    b.entry(3);
    b.entry(7);
    CHECK(b.gone(1, 5));
    CHECK(b.out() == Lines{"gap 1..2", "3 al: 3", "gap 4..5"});
    CHECK_FALSE(b.gone(1, 5));
    CHECK(b.entry(6) == false);
    CHECK(b.out() == Lines{"6 al: 6", "7 al: 7"});
    CHECK(b.gone(8, 1'000'000));
    CHECK(b.out() == Lines{"gap 8..1000000"});
    b.entry(1'000'001);
    CHECK(b.out() == Lines{"1000001 al: 1000001"});
}

TEST_CASE("what exists is known, but is missed only when it was sent") {
    RoomBench b;
    b.room.on_log_end(50);
    b.room.on_log_end(40);
    b.room.on_log_end(UINT64_MAX);
    CHECK(b.room.known_end() == 50);
    CHECK_FALSE(b.room.ack_at());
    b.now = b.now + seconds(1);
    CHECK(b.ack() == "1/1024");
    b.room.on_head(b.now, some_rtt, 3);
    CHECK(b.room.known_end() == 50);
    b.now = b.now + milliseconds(10);
    CHECK(b.ack() == "1/1024 0*2");
    b.room.on_head(b.now, some_rtt, 60);
    CHECK(b.room.known_end() == 60);
    b.room.begin_anew(5);
    CHECK(b.room.known_end() == 5);
}

TEST_CASE("a head far away is asked for window by window") {
    RoomBench b;
    b.room.on_head(b.now, some_rtt, 100'000);
    b.now = b.now + milliseconds(10);
    CHECK(b.ack() == "1/1024 0*1024");
    for (std::uint64_t seq = 1; seq <= 2048; ++seq)
        b.entry(seq);
    b.now = b.now + milliseconds(25);
    CHECK(b.ack() == "2049/1024 0*1024");
}
