// SPDX-License-Identifier: MIT
#include "chat-client/core/outbox.h"

#include <array>

#include "chat-client/core/test_support.h"

using namespace chat;
using namespace chat::client;

namespace {

const Outbox::Where lobby{1, "lobby"};
const Outbox::Where dev{7, "dev"};

struct OutboxBench {
    // What one datagram would hold, as "id" or "id.part".
    std::string datagram(bool probe = false, std::size_t room = datagram::plaintext_bytes_max) {
        std::array<std::byte, datagram::plaintext_bytes_max> buffer{};
        const std::span<std::byte> whole(buffer);
        Writer writer(whole.first(room));
        if (!outbox.write(now, writer, counter, probe)) return "";
        ++counter;
        if (!frame::pad(writer)) return "no room to pad";
        std::vector<frame::Frame> frames;
        REQUIRE(frame::read_frames(frame::Sender::client, writer.written(), frames));
        std::string text;
        for (const auto& each : frames) {
            if (const auto* from = std::get_if<frame::MsgFrom>(&each)) {
                results_from = from->first_id;
                continue;
            }
            const auto& msg = std::get<frame::Msg>(each);
            if (!text.empty()) text += " ";
            text += std::to_string(msg.msg_id);
            if (msg.room != 1) text += "@" + std::to_string(msg.room);
            if (msg.kind == frame::MsgKind::topic) text += "!";
            if (msg.parts > 1) text += "." + std::to_string(msg.part);
        }
        return text;
    }
    Lines all() {
        Lines sent;
        while (outbox.wants_to_send(now)) {
            sent.push_back(datagram());
            REQUIRE_FALSE(sent.back().empty());
        }
        return sent;
    }
    void say(std::size_t bytes) { CHECK(outbox.say(lobby, std::string(bytes, 'x'), "")); }
    Lines ack(std::uint64_t next, std::uint8_t have = 0, std::uint64_t first_result = 1) {
        frame::MsgAck a;
        a.next_msg_id = next;
        a.have = have;
        const std::uint64_t first = std::max(first_result, next > 33 ? next - 32 : 1);
        for (std::uint64_t id = first; id < next; ++id)
            a.results[a.count++] = {id, 1, id + 100, frame::MsgStatus::stored};
        std::vector<Event> events;
        outbox.on_msg_ack(a, events);
        return lines(events);
    }
    Lines welcome(std::uint64_t next, bool known, bool same_log = true) {
        frame::Welcome w;
        w.next_msg_id = next;
        w.flags = known ? frame::welcome_epoch_known : std::uint8_t{0};
        std::vector<Event> events;
        outbox.on_welcome(w, same_log, events);
        return lines(events);
    }

    Instant now{seconds(9).us};
    Outbox outbox{256};
    std::uint64_t counter = 0;
    std::uint64_t results_from = 0;  // MSG_FROM, as last said
};

}  // namespace

TEST_CASE("every datagram begins with the oldest and carries all that fits") {
    OutboxBench b;
    b.say(10);
    CHECK(b.all() == Lines{"1"});
    b.say(10);
    CHECK(b.all() == Lines{"1 2"});
    CHECK(b.ack(2) == Lines{"accepted  as lobby 101"});
    b.say(10);
    CHECK(b.all() == Lines{"2 3"});
    CHECK(b.datagram() == "2 3");
    CHECK(b.results_from == 2);
    CHECK(b.outbox.waiting() == 2);
    CHECK(b.ack(4).size() == 2);
    CHECK(b.outbox.waiting() == 0);
    CHECK_FALSE(b.outbox.has_unacknowledged());
    CHECK(b.datagram(true).empty());
}

TEST_CASE("what leaves no room for anything new is not repeated in front of it") {
    OutboxBench b;
    for (int i = 0; i < 4; ++i)
        b.say(500);
    CHECK(b.all() == Lines{"1 2", "3 4"});
    b.say(10);
    CHECK(b.all() == Lines{"5"});
    b.outbox.on_probe();
    CHECK(b.datagram(true) == "1 2");
}

TEST_CASE("a long text goes in parts, and only what is not there again") {
    OutboxBench b;
    b.say(8192);
    b.say(10);
    CHECK(b.all() == Lines{"1.0", "1.1", "1.2", "1.3"});  // four under way
    b.outbox.on_pkt_ack(1);
    CHECK(b.all() == Lines{"1.4", "1.5"});
    b.outbox.on_pkt_ack(5);
    CHECK(b.all() == Lines{"1.6", "1.7 2"});
    CHECK(b.ack(1, 0b00101101).empty());
    // Parts 1 and 4 were passed by the last acknowledgement but one; 6 and 7 may be on their way.
    b.outbox.on_pkt_ack(7);
    CHECK(b.ack(1, 0b11101101).empty());
    CHECK(b.all() == Lines{"1.1", "1.4"});
    CHECK(b.ack(3).size() == 2);
    CHECK(b.all().empty());
}

TEST_CASE("a long text that is there whole is asked about until the answer comes") {
    OutboxBench b;
    b.say(3000);
    CHECK(b.all() == Lines{"1.0", "1.1", "1.2"});
    b.outbox.on_pkt_ack(2);
    b.ack(1, 0b111);
    CHECK(b.datagram(true).empty());
    b.outbox.on_probe();
    CHECK(b.datagram(true) == "1.0");
}

TEST_CASE("at most four datagrams and thirty-two messages are under way, at the pace allowed") {
    OutboxBench b;
    for (int i = 0; i < 40; ++i)
        b.say(1);
    std::string window = b.datagram();
    CHECK(window.ends_with(" 32"));
    CHECK_FALSE(b.outbox.wants_to_send(b.now));
    b.ack(33);
    CHECK(b.all() == Lines{"33 34 35 36 37 38 39 40"});

    OutboxBench fast;
    std::uint64_t next = 1;
    int stored = 0;
    for (int i = 0; i < 256; ++i)
        fast.say(1);
    while (fast.outbox.wants_to_send(fast.now)) {
        REQUIRE_FALSE(fast.datagram().empty());
        const auto before = fast.outbox.waiting();
        next += std::min<std::uint64_t>(32, before);
        // No more is acknowledged than was sent.
        while (fast.ack(next).empty())
            --next;
        stored += static_cast<int>(before - fast.outbox.waiting());
        while (fast.outbox.waiting() < 256)
            fast.say(1);
    }
    CHECK(stored == 1000);
    REQUIRE(fast.outbox.send_at());
    CHECK(*fast.outbox.send_at() == fast.now + milliseconds(2));
}

TEST_CASE("what was under way at a probe timeout does not keep new messages waiting") {
    OutboxBench b;
    for (int i = 0; i < 4; ++i) {
        b.say(1);
        REQUIRE_FALSE(b.datagram().empty());
    }
    b.say(1);
    CHECK_FALSE(b.outbox.wants_to_send(b.now));
    b.outbox.on_probe();
    CHECK(b.outbox.wants_to_send(b.now));
    CHECK(b.datagram() == "1 2 3 4 5");
    // Only what was sent since then counts.
    for (int i = 0; i < 3; ++i) {
        b.say(1);
        CHECK(b.outbox.wants_to_send(b.now));
        REQUIRE_FALSE(b.datagram().empty());
    }
    b.say(1);
    CHECK_FALSE(b.outbox.wants_to_send(b.now));
}

TEST_CASE("acknowledgements that are late, false or incomplete") {
    OutboxBench b;
    b.say(1);
    b.say(1);
    b.say(1);
    CHECK(b.ack(2).empty());  // nothing was sent yet
    CHECK(b.datagram() == "1 2 3");
    CHECK(b.ack(5).empty());
    CHECK(b.ack(0).empty());
    CHECK(b.ack(3).size() == 2);
    CHECK(b.ack(2).empty());
    CHECK(b.outbox.waiting() == 1);
    CHECK(b.ack(4, 0, 4) == Lines{"error uncertain"});
    CHECK(b.outbox.waiting() == 0);
}

TEST_CASE("WELCOME: sent again, renumbered, or uncertain") {
    struct Row {
        const char* what;
        std::uint64_t next;
        bool known, same_log;
        Lines events;
        std::string sends;
    };
    // One acknowledged, two sent, one not sent yet.
    const Row table[] = {
        {"the server knows us", 2, true, true, {}, "2 3 4"},
        {"it has them already", 4, true, true, {}, "2 3 4"},
        {"it has forgotten us", 34, false, true, {"error uncertain", "error uncertain"}, "34"},
        {"it has forgotten us, as an earlier WELCOME said",
         34,
         true,
         true,
         {"error uncertain", "error uncertain"},
         "34"},
        {"it has a new log", 1, false, false, {}, "1 2 3"},
        {"it has lost what it acknowledged", 1, true, true, {}, "1 2 3"},
    };
    for (const auto& row : table) {
        CAPTURE(row.what);
        OutboxBench b;
        for (int i = 0; i < 3; ++i)
            b.say(1);
        b.datagram();
        b.ack(2);
        b.say(1);
        b.outbox.on_request();
        CHECK(b.outbox.acked_msg_id() == 1);
        CHECK(b.welcome(row.next, row.known, row.same_log) == row.events);
        if (!row.same_log) CHECK(b.all().empty());  // the rooms have other numbers there
        b.outbox.place("lobby", lobby);
        CHECK(b.all() == Lines{row.sends});
    }
}

TEST_CASE("what is acknowledged while a handshake is under way stays acknowledged") {
    OutboxBench b;
    b.say(1);
    b.datagram();
    b.outbox.on_request();
    b.ack(2);
    b.say(1);
    CHECK(b.welcome(1, true).empty());  // made before the message was stored
    CHECK(b.all() == Lines{"2"});

    OutboxBench first;
    first.outbox.on_request();
    first.say(1);
    CHECK(first.welcome(1, false).empty());
    CHECK(first.all() == Lines{"1"});
}

TEST_CASE("a text is made clean and cut where a message ends") {
    OutboxBench b;
    CHECK(b.outbox.say(lobby, "", "a"));
    CHECK(b.outbox.say(lobby, "\n\n", "b"));
    CHECK(b.outbox.waiting() == 0);
    CHECK(
        b.outbox.say(lobby, std::string(8191, 'x') + "\n" + std::string(8192, '\n') + "世界", "c"));
    CHECK(b.outbox.waiting() == 2);
    CHECK(b.outbox.say(lobby, std::string(8191, 'x') + "世", "d"));
    CHECK(b.outbox.waiting() == 4);
    Lines accepted;
    for (std::uint64_t next = 1; b.outbox.waiting() > 0;) {
        if (b.outbox.wants_to_send(b.now)) b.datagram();
        b.outbox.on_pkt_ack(b.counter - 1);
        for (const auto& each : b.ack(next + 1)) {
            accepted.push_back(each);
            ++next;
        }
        b.outbox.on_probe();
    }
    CHECK(accepted == Lines{"accepted  as lobby 101", "accepted c as lobby 102",
                            "accepted  as lobby 103", "accepted d as lobby 104"});
}

TEST_CASE("what waits for the number of its room stops nobody else") {
    OutboxBench b;
    CHECK(b.outbox.say({0, "@carol"}, "first", "a"));
    CHECK(b.outbox.say({0, "@Dave"}, "second", "b"));
    CHECK(b.outbox.say({0, "@Carol"}, "third", "c"));
    b.say(1);
    CHECK(b.outbox.waiting() == 4);
    CHECK(b.all() == Lines{"1"});
    CHECK(b.outbox.unplaced_rooms() == Lines{"@carol", "@Dave"});
    b.outbox.place("@CAROL", {9, "@carol"});
    CHECK(b.all() == Lines{"1 2@9 3@9"});
    CHECK(b.outbox.has_unacknowledged_in(9));
    CHECK_FALSE(b.outbox.has_unacknowledged_in(7));
    CHECK(b.ack(4) ==
          Lines{"accepted  as lobby 101", "accepted a as @carol 102", "accepted c as @carol 103"});
    CHECK_FALSE(b.outbox.has_unacknowledged_in(9));
    CHECK(b.outbox.drop("@eve").empty());
    const auto dropped = b.outbox.drop("@dave");
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].id == "b");
    CHECK(dropped[0].text == "\"second\"");
    CHECK(b.outbox.waiting() == 0);
}

TEST_CASE("a topic is a message of its kind, and may be empty") {
    OutboxBench b;
    CHECK(b.outbox.set_topic(dev, "tea"));
    CHECK(b.outbox.set_topic(dev, ""));
    b.say(1);
    CHECK(b.all() == Lines{"1@7! 2@7! 3"});
    CHECK(b.ack(4).size() == 3);
}

TEST_CASE("in a new log everything waits for the numbers of its rooms, and keeps its order") {
    OutboxBench b;
    b.say(1);
    CHECK(b.outbox.say(dev, "x", "x"));
    CHECK(b.outbox.say({0, "@carol"}, "y", "y"));
    CHECK(b.outbox.say(dev, "z", "z"));
    CHECK(b.all() == Lines{"1 2@7 3@7"});
    CHECK(b.welcome(1, false, false).empty());
    CHECK(b.outbox.waiting() == 4);
    CHECK(b.all().empty());
    b.outbox.place("dev", {3, "dev"});
    CHECK(b.all() == Lines{"1@3 2@3"});
    b.outbox.place("lobby", lobby);
    CHECK(b.all() == Lines{"1@3 2@3 3"});
    CHECK(b.outbox.unplaced_rooms() == Lines{"@carol"});
}

TEST_CASE("refused, or not in that room: whoever said it hears which it was") {
    OutboxBench b;
    CHECK(b.outbox.say(dev, "x", "x"));
    CHECK(b.outbox.say(dev, "y", "y"));
    b.all();
    frame::MsgAck a;
    a.next_msg_id = 3;
    a.count = 2;
    a.results[0] = {1, 7, 0, frame::MsgStatus::not_in_room};
    a.results[1] = {2, 7, 0, frame::MsgStatus::refused};
    std::vector<Event> events;
    b.outbox.on_msg_ack(a, events);
    CHECK(lines(events) == Lines{"error not_in_room x", "error bad_input y"});
    CHECK(std::get<Error>(events[0]).room == "dev");
}
