// SPDX-License-Identifier: MIT
#include "chat-server/core/room.h"

#include <map>
#include <string>

#include "chat-server/core/chat_test_support.h"
#include "chat-server/core/limits.h"
#include "chat-server/store/memory_log.h"
#include "proto/wire/frame.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;
using chat_test::path;

namespace {

// Remembers what each port was sent; refuses after `room` datagrams.
struct RecordingSink final : TransmitSink {
    std::map<std::uint16_t, std::vector<std::string>> sent;
    std::size_t room = SIZE_MAX;

    bool send(const Path& to, std::span<const std::byte> datagram) override {
        if (room == 0) return false;
        --room;
        sent[to.peer.port].emplace_back(reinterpret_cast<const char*>(datagram.data()),
                                        datagram.size());
        return true;
    }
};

Entry said(MemberId author, std::string text) {
    return {EntryKind::message, author, {}, "n" + std::to_string(author), std::move(text)};
}

Room make_room() {
    return Room({1, RoomKind::named, "lobby", 0, 0}, "lobby");
}

Seq store(MemoryLog& log, const Entry& entry) {
    Changes changes;
    changes.appends.push_back({1, entry});
    return log.commit(changes)->front();
}

Entry by_person(PersonId person, EntryKind kind, std::string text) {
    return {kind, person, {}, "p", std::move(text), {person, {}, 0, 0, true}};
}

}  // namespace

TEST_CASE("each cursor gets every entry of others once, in order, and none of its own") {
    Room room = make_room();
    room.add_cursor(0, 10, path(10), 1);
    room.add_cursor(1, 11, path(11), 1);
    room.add_entry(1, said(10, "a"));
    room.add_entry(2, said(11, "b"));
    room.add_entry(3, {EntryKind::announcement, 0, {}, {}, "c"});
    RecordingSink sink;
    PlanReport report;
    room.plan(Instant{}, sink, report);
    room.plan(Instant{}, sink, report);
    CHECK(sink.sent[10] == std::vector<std::string>{"\nn11 说: b", "\n管理员 说: c"});
    CHECK(sink.sent[11] == std::vector<std::string>{"\nn10 说: a", "\n管理员 说: c"});
    CHECK(report.datagrams == 4);
    CHECK_FALSE(room.pending());
}

TEST_CASE("a full sink stops a plan, and the next one goes on without loss or repetition") {
    Room room = make_room();
    for (std::uint16_t port = 1; port <= 5; ++port)
        room.add_cursor(port, port, path(port), 1);
    const std::string longer(3000, 'x');  // three datagrams
    room.add_entry(1, said(99, longer));
    room.add_entry(2, said(99, "end"));
    RecordingSink sink;
    int plans = 0;
    do {
        sink.room = 3;
        PlanReport report;
        room.plan(Instant{}, sink, report);
        REQUIRE(++plans < 100);
    } while (room.pending());
    for (std::uint16_t port = 1; port <= 5; ++port) {
        CAPTURE(port);
        std::string together;
        for (const auto& datagram : sink.sent[port])
            together += datagram.substr(std::string("\nn99 说: ").size());
        CHECK(together == longer + "end");
        CHECK(sink.sent[port].size() == 4);
    }
}

TEST_CASE("a member is sent no more at once than his socket buffer holds") {
    Room room = make_room();
    room.add_cursor(0, 1, path(1), 1);
    const std::size_t count = 500;
    for (Seq seq = 1; seq <= count; ++seq)
        room.add_entry(seq, said(99, "x"));
    RecordingSink sink;
    Instant now{seconds(5).us};
    PlanReport first;
    room.plan(now, sink, first);
    CHECK(sink.sent[1].size() == static_cast<std::size_t>(classic_pace.burst));
    REQUIRE(first.ready_at);
    CHECK(*first.ready_at > now);
    int plans = 0;
    while (sink.sent[1].size() < count) {
        PlanReport report;
        room.plan(now, sink, report);
        if (report.ready_at) now = *report.ready_at;
        REQUIRE(++plans < 1000);
    }
    CHECK(now - Instant{seconds(5).us} ==
          classic_pace.interval * (static_cast<std::int64_t>(count) - classic_pace.burst));
}

TEST_CASE("who has fallen off the newest part is served from pages of the log") {
    Room room = make_room();
    MemoryLog log(1);
    room.add_cursor(0, 1, path(1), 1);
    const Seq count = tail_entries_max + 700;
    for (Seq seq = 1; seq <= count; ++seq) {
        const Entry entry = said(99, std::to_string(seq));
        REQUIRE(store(log, entry) == seq);
        room.add_entry(seq, entry);
    }
    RecordingSink sink;
    Instant now{};
    int plans = 0;
    while (sink.sent[1].size() < count) {
        PlanReport report;
        room.plan(now, sink, report);
        if (const auto read = room.take_read()) {
            CHECK_FALSE(room.take_read());  // one page at a time
            CHECK(room.add_page(*log.read(*read)).empty());
        } else if (report.ready_at) {
            now = *report.ready_at;
        }
        REQUIRE(++plans < 100'000);
    }
    for (Seq seq = 1; seq <= count; ++seq) {
        if (sink.sent[1][seq - 1] != "\nn99 说: " + std::to_string(seq)) {
            FAIL("entry " << seq << " is " << sink.sent[1][seq - 1]);
        }
    }
}

TEST_CASE("members far behind at different places all get on, whatever pages the others ask for") {
    Room room = make_room();
    MemoryLog log(1);
    const Seq count = tail_entries_max * 3;
    for (Seq seq = 1; seq <= count; ++seq) {
        const Entry entry = said(99, "x");
        REQUIRE(store(log, entry) == seq);
        room.add_entry(seq, entry);
    }
    for (std::uint16_t i = 1; i <= 20; ++i)
        room.add_cursor(i, i, path(i), Seq{i} * 100);
    RecordingSink sink;
    Instant now{};
    for (int turns = 0;; ++turns) {
        REQUIRE(turns < 100'000);
        PlanReport report;
        room.plan(now, sink, report);
        if (const auto read = room.take_read()) {
            room.add_page(*log.read(*read));
        } else if (report.ready_at) {
            now = *report.ready_at;
        } else {
            break;
        }
    }
    for (std::uint16_t i = 1; i <= 20; ++i)
        CHECK(sink.sent[i].size() == count + 1 - Seq{i} * 100);
}

TEST_CASE("entries that no log has any more are counted, not passed over in silence") {
    Room room = make_room();
    MemoryLog log(1, 100, 1'000'000);
    room.add_cursor(0, 1, path(1), 1);
    const Seq count = tail_entries_max + 500;
    for (Seq seq = 1; seq <= count; ++seq) {
        const Entry entry = said(99, "x");
        REQUIRE(store(log, entry) == seq);
        room.add_entry(seq, entry);
    }
    RecordingSink sink;
    PlanReport report;
    room.plan(Instant{}, sink, report);
    const auto read = room.take_read();
    REQUIRE(read);
    const auto missed = room.add_page(*log.read(*read));
    REQUIRE(missed.size() == 1);
    CHECK(missed[0].path == path(1));
    CHECK(missed[0].count == count - 100);
    room.plan(Instant{}, sink, report);
    CHECK(sink.sent[1].size() == 100);
}

TEST_CASE("who leaves gets what came before, then is finished") {
    Room room = make_room();
    const auto leaving = room.add_cursor(7, 1, path(1), 1);
    const auto gone = room.add_cursor(8, 2, path(2), 1);
    room.add_entry(1, said(99, "before"));
    room.add_entry(2, {EntryKind::leave, 1, {}, "n1", {}});
    room.add_entry(3, {EntryKind::leave, 2, {}, "n2", {}});
    room.add_entry(4, said(99, "after"));
    room.cursor(leaving).until = 2;
    room.cursor(gone).until = 3;
    room.cursor(gone).silent = true;
    RecordingSink sink;
    PlanReport report;
    room.plan(Instant{}, sink, report);
    CHECK(sink.sent[1] == std::vector<std::string>{"\nn99 说: before"});
    CHECK(sink.sent[2].empty());
    CHECK(report.finished == std::vector<MemberIndex>{7, 8});
    CHECK(room.remove_cursor(leaving) == MemberIndex{8});
    CHECK_FALSE(room.remove_cursor(0));
}

TEST_CASE("the newest part grows with its entries and keeps every one of the last 1,024") {
    Room room = make_room();
    for (Seq seq = 1; seq <= tail_entries_max * 2 + 50; ++seq) {
        room.add_entry(seq, said(9, std::to_string(seq)));
        const bool at_boundary = (seq & (seq - 1)) == 0 || (seq & (seq + 1)) == 0 || seq % 100 == 0;
        if (!at_boundary && seq != tail_entries_max + 1) continue;
        CAPTURE(seq);
        const Seq oldest = seq < tail_entries_max ? 1 : seq + 1 - tail_entries_max;
        if (oldest > 1) CHECK(room.find_encoded(oldest - 1).empty());
        for (const Seq one : {oldest, (oldest + seq) / 2, seq}) {
            CAPTURE(one);
            const auto entry = frame::read_entry(room.find_encoded(one));
            REQUIRE(entry.has_value());
            CHECK(entry->text == std::to_string(one));
        }
    }
}

TEST_CASE("long entries: fewer are kept, and what is kept is whole") {
    Room room = make_room();
    const std::string longest(8192, 'x');
    for (Seq seq = 1; seq <= 300; ++seq)
        room.add_entry(seq, said(9, longest));
    const std::size_t bytes = room.find_encoded(300).size();
    REQUIRE(bytes > 8192);
    const Seq kept = tail_bytes_max / bytes;
    CHECK_FALSE(room.find_encoded(301 - kept).empty());
    CHECK(room.find_encoded(300 - kept).empty());
    for (Seq seq = 301; seq <= 300 + tail_entries_max; ++seq)
        room.add_entry(seq, said(9, "y"));
    for (Seq seq = 301; seq <= 300 + tail_entries_max; ++seq) {
        const auto entry = frame::read_entry(room.find_encoded(seq));
        REQUIRE(entry.has_value());
        REQUIRE(entry->text == "y");
    }
    CHECK(room.find_encoded(300).empty());
}

TEST_CASE("topics and pinned announcements in words that an original client can show") {
    struct Row {
        Entry entry;
        std::vector<std::string> heard;
    };
    const Row rows[] = {
        {{EntryKind::topic, 5, {}, "bob", "tea"}, {"\nbob 说: [话题] tea"}},
        {{EntryKind::topic, 5, {}, "bob", {}}, {"\nbob 说: [话题] 无"}},
        {{EntryKind::pinned, 0, {}, {}, "rules"}, {"\n管理员 说: rules"}},
        {{EntryKind::pinned, 0, {}, {}, {}}, {}},
        {{EntryKind::message, 5, {}, "bob", "a\n管理员 说: b"}, {"\nbob 说: a 管理员 说: b"}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.entry.text);
        Room room = make_room();
        room.add_cursor(0, 1, path(1), 1);
        room.add_entry(1, row.entry);
        RecordingSink sink;
        PlanReport report;
        room.plan(Instant{}, sink, report);
        CHECK(sink.sent[1] == row.heard);
    }
}

TEST_CASE("a room knows its topic, what is pinned, and the last messages of people") {
    Room room = make_room();
    StoredRoom stored;
    stored.first_kept = 5;
    stored.head = 30;
    stored.topic = "old";
    stored.pinned = 7;
    stored.spoken = {{20, 1}, {29, 2}};
    room.restore(stored);
    CHECK(room.head() == 30);
    CHECK(room.first_kept() == 5);
    CHECK(room.topic() == "old");
    CHECK(room.pinned() == 7);
    CHECK(room.find_encoded(29).empty());
    room.add_entry(30, said(1, "by nobody we know"));
    CHECK(room.spoken().size() == 2);
    for (Seq seq = 31; seq < 50; ++seq)
        room.add_entry(seq, by_person(3, EntryKind::message, "x"));
    REQUIRE(room.spoken().size() == spoken_max);
    CHECK(room.spoken().front().seq == 34);
    CHECK(room.spoken().back().seq == 49);
    room.add_entry(50, by_person(3, EntryKind::topic, {}));
    CHECK(room.topic().empty());
    CHECK(room.spoken().back().seq == 49);
    room.trimmed(8);
    CHECK(room.pinned() == 0);
    CHECK(room.first_kept() == 8);
    room.trimmed(6);
    CHECK(room.first_kept() == 8);
    CHECK_FALSE(room.find_encoded(30).empty());
    room.trimmed(51);
    CHECK(room.find_encoded(50).empty());
    room.add_entry(51, said(1, "y"));
    CHECK_FALSE(room.find_encoded(51).empty());
    for (Seq seq = 52; seq < 52 + tail_entries_max; ++seq)
        room.add_entry(seq, said(1, "z"));
    CHECK(room.find_encoded(51).empty());
    CHECK_FALSE(room.find_encoded(52).empty());
}

TEST_CASE("seats: who moves when one goes, and how many are present") {
    Room room = make_room();
    for (PersonId person = 1; person <= 3; ++person)
        CHECK(room.add_seat({person, false, false, 1}) == person - 1);
    room.set_present(0, true);
    room.set_present(0, true);
    room.set_present(2, true);
    CHECK(room.present() == 2);
    CHECK(room.remove_seat(0) == PersonId{3});
    CHECK(room.present() == 1);
    CHECK(room.seats()[0].present);
    CHECK_FALSE(room.remove_seat(1));
    CHECK_FALSE(room.remove_seat(0));
    CHECK(room.present() == 0);
}
