// SPDX-License-Identifier: MIT
#include "chat-server/core/room.h"

#include <map>
#include <string>

#include "chat-server/core/limits.h"
#include "chat-server/store/memory_log.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;

namespace {

Path path(std::uint16_t port) {
    return {{IpAddress::v4(127, 0, 0, 1), port, 0}, {}};
}

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

}  // namespace

TEST_CASE("each cursor gets every entry of others once, in order, and none of its own") {
    Room room(1);
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
    Room room(1);
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
    Room room(1);
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
    Room room(1);
    MemoryLog log;
    room.add_cursor(0, 1, path(1), 1);
    const Seq count = tail_entries_max + 700;
    for (Seq seq = 1; seq <= count; ++seq) {
        const Append append[] = {{1, said(99, std::to_string(seq))}};
        REQUIRE(log.append(append).front() == seq);
        room.add_entry(seq, append[0].entry);
    }
    RecordingSink sink;
    Instant now{};
    int plans = 0;
    while (sink.sent[1].size() < count) {
        PlanReport report;
        room.plan(now, sink, report);
        if (const auto read = room.take_read()) {
            CHECK_FALSE(room.take_read());  // one page at a time
            CHECK(room.add_page(log.read(*read)).empty());
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
    Room room(1);
    MemoryLog log;
    const Seq count = tail_entries_max * 3;
    for (Seq seq = 1; seq <= count; ++seq) {
        const Append append[] = {{1, said(99, "x")}};
        log.append(append);
        room.add_entry(seq, append[0].entry);
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
            room.add_page(log.read(*read));
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
    Room room(1);
    MemoryLog log(100, 1'000'000);
    room.add_cursor(0, 1, path(1), 1);
    const Seq count = tail_entries_max + 500;
    for (Seq seq = 1; seq <= count; ++seq) {
        const Append append[] = {{1, said(99, "x")}};
        log.append(append);
        room.add_entry(seq, append[0].entry);
    }
    RecordingSink sink;
    PlanReport report;
    room.plan(Instant{}, sink, report);
    const auto read = room.take_read();
    REQUIRE(read);
    const auto missed = room.add_page(log.read(*read));
    REQUIRE(missed.size() == 1);
    CHECK(missed[0].path == path(1));
    CHECK(missed[0].count == count - 100);
    room.plan(Instant{}, sink, report);
    CHECK(sink.sent[1].size() == 100);
}

TEST_CASE("who leaves gets what came before, then is finished") {
    Room room(1);
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
    CHECK(room.size() == 0);
}
