// SPDX-License-Identifier: MIT
#include "chat-client/core/history.h"

#include <algorithm>
#include <array>
#include <random>

#include "chat-client/core/test_support.h"
#include "proto/wire/datagram.h"

using namespace chat;
using namespace chat::client;

namespace {

struct HistoryBench {
    explicit HistoryBench(std::uint64_t begin = 1001, std::uint64_t tail = 1) : end(begin) {
        teller.set_own_name("Bob");
        history.begin_at(begin, tail);
    }
    Lines want(std::uint64_t before, std::uint32_t limit) {
        CHECK(history.want(before, limit));
        return out();
    }
    Lines out() {
        history.advance(teller, end, events);
        return lines(std::exchange(events, {}));
    }
    void entry(std::uint64_t seq, std::size_t bytes = 0) {
        const std::string text = bytes == 0 ? std::to_string(seq) : std::string(bytes, 'x');
        history.on_entry(now, some_rtt, seq, {frame::EntryKind::message, 0, {}, "al", text});
    }
    // What is asked for now, as "from*count".
    std::string asked() {
        std::array<std::byte, datagram::plaintext_bytes_max> buffer{};
        Writer writer{std::span<std::byte>(buffer)};
        std::size_t runs = EntryFetch::runs_max;
        if (!history.fetch().write(now, some_rtt, 1, runs, writer)) return "";
        frame::pad(writer);
        std::vector<frame::Frame> frames;
        REQUIRE(frame::read_frames(frame::Sender::client, writer.written(), frames));
        std::string text;
        for (const auto& each : frames) {
            const auto& question = std::get<frame::EntriesWanted>(each);
            if (!text.empty()) text += " ";
            text += std::to_string(question.from) + "*" + std::to_string(question.count);
            if (question.have != 0) text += ":" + std::to_string(question.have);
        }
        return text;
    }

    Instant now{seconds(5).us};
    std::uint64_t end;
    EntryTeller teller{"lobby"};
    History history;
    std::vector<Event> events;
};

}  // namespace

TEST_CASE("what is asked for comes out ascending, marked, and with its end") {
    HistoryBench b;
    CHECK(b.asked().empty());
    CHECK(b.want(0, 3).empty());
    CHECK(b.asked() == "998*3");
    CHECK(b.asked().empty());
    b.entry(1000);
    b.entry(997);   // not asked for
    b.entry(1001);  // not old
    CHECK(b.out().empty());
    b.entry(998);
    CHECK(b.out() == Lines{"old 998 al: 998"});
    b.entry(999);
    b.entry(999);
    CHECK(b.out() == Lines{"old 999 al: 999", "old 1000 al: 1000", "old from 998"});
    CHECK_FALSE(b.history.open());
    CHECK(b.want(0, 2).empty());
    CHECK(b.asked() == "996*2");
}

TEST_CASE("what is missing is asked for by a clock of its own, which slows down") {
    HistoryBench b;
    b.want(0, 10);
    CHECK(b.asked() == "991*10");
    CHECK(*b.history.fetch().due(0) == b.now + milliseconds(100));
    b.now = b.now + milliseconds(100);
    CHECK(b.asked() == "991*10");
    CHECK(*b.history.fetch().due(0) == b.now + milliseconds(200));
    b.now = b.now + milliseconds(50);
    for (const auto seq : {991, 993, 994, 998, 1000})
        b.entry(static_cast<std::uint64_t>(seq));
    b.history.on_part(b.now, some_rtt, 996, 5);
    CHECK(*b.history.fetch().due(0) == b.now + milliseconds(100));
    b.now = b.now + milliseconds(100);
    CHECK(b.asked() == "992*1 995*1 996*1:5 997*1 999*1");
    b.history.fetch().forget_parts();
    for (int i = 0; i < 20; ++i) {
        b.now = *b.history.fetch().due(0);
        CHECK(b.asked() == "992*1 995*3 999*1");
    }
    CHECK(*b.history.fetch().due(0) == b.now + seconds(3));
    b.history.fetch().ask_at_once();
    CHECK(b.asked() == "992*1 995*3 999*1");
}

TEST_CASE("much is asked for page by page, and the start of the log is said") {
    HistoryBench b;
    std::uint64_t next = 1;
    CHECK(b.want(0, 10'000).empty());
    for (int page = 0; page < 4; ++page) {
        const std::string asked = b.asked();
        CAPTURE(asked);
        const auto from = static_cast<std::uint64_t>(page) * 256 + 1;
        const auto count = std::min<std::uint64_t>(256, 1001 - from);
        CHECK(asked == std::to_string(from) + "*" + std::to_string(count));
        for (std::uint64_t seq = from + count; seq-- > from;)
            b.entry(seq);
        const Lines out = b.out();
        for (const auto& each : std::span(out).first(count)) {
            CHECK(each == "old " + std::to_string(next) + " al: " + std::to_string(next));
            ++next;
        }
        CHECK(out.size() == count + (page == 3 ? 1 : 0));
        if (page == 3) CHECK(out.back() == "old from 1, the start");
    }
    CHECK(b.want(0, 10) == Lines{"old from 1, the start"});
}

TEST_CASE("what the log has lost is a gap, before the oldest that it has too") {
    HistoryBench front;
    front.want(0, 10);
    front.entry(995);
    front.history.on_gone(front.now, some_rtt, 1, 994);
    CHECK(front.out() == Lines{"old gap 1..994", "old 995 al: 995"});
    for (std::uint64_t seq = 996; seq <= 1000; ++seq)
        front.entry(seq);
    CHECK(front.out().back() == "old from 995, the start");
    CHECK(front.want(0, 10) == Lines{"old gap 1..994", "old from 995, the start"});

    HistoryBench middle;
    middle.want(0, 4);
    middle.entry(997);
    middle.history.on_gone(middle.now, some_rtt, 998, 999);
    middle.entry(1000);
    CHECK(middle.out() ==
          Lines{"old 997 al: 997", "old gap 998..999", "old 1000 al: 1000", "old from 997"});

    HistoryBench all;
    all.want(0, 10);
    all.history.on_gone(all.now, some_rtt, 1, 1000);
    CHECK(all.out() == Lines{"old gap 1..1000", "old from 1001, the start"});

    HistoryBench known(1001, 1001);
    CHECK(known.want(0, 10) == Lines{"old gap 1..1000", "old from 1001, the start"});
}

TEST_CASE("the gap before the oldest is told by whichever answer gets there, and as it was then") {
    struct Row {
        std::uint64_t before;
        std::uint32_t limit;
        Lines first_and_end;
    };
    // Where he began is behind 500, which is the oldest that is kept.
    const Row table[] = {
        {0, 500, {"old 501 al: 501", "old from 501"}},
        {0, 501, {"old gap 1..499", "old from 500, the start"}},
        {0, 502, {"old gap 1..499", "old from 500, the start"}},
        {501, 9, {"old gap 1..499", "old from 500, the start"}},
        {500, 9, {"old gap 1..499", "old from 500, the start"}},
        {20, 9, {"old gap 1..19", "old from 500, the start"}},
        {1, 9, {"old from 1, the start", "old from 1, the start"}},
    };
    for (const auto& row : table) {
        CAPTURE(row.before, row.limit);
        HistoryBench b(1001, 500);
        CHECK(b.history.want(row.before, row.limit));
        Lines lines;
        for (int page = 0; page < 3; ++page) {
            for (auto& line : b.out())
                lines.push_back(std::move(line));
            for (std::uint64_t seq = 500; seq <= 1000; ++seq)
                b.entry(seq);
        }
        REQUIRE(!lines.empty());
        CHECK(Lines{lines.front(), lines.back()} == row.first_and_end);
        CHECK(std::ranges::count_if(lines, [](const auto& each) {
                  return each.starts_with("old gap");
              }) == (row.first_and_end.front().starts_with("old gap") ? 1 : 0));
    }
    // What the log loses while its answer comes out was there: the next one tells of it.
    HistoryBench meanwhile(1001, 1);
    meanwhile.want(0, 3);
    meanwhile.entry(998);
    CHECK(meanwhile.out() == Lines{"old 998 al: 998"});
    meanwhile.history.on_tail(999);
    meanwhile.entry(999);
    meanwhile.entry(1000);
    CHECK(meanwhile.out() == Lines{"old 999 al: 999", "old 1000 al: 1000", "old from 998"});
    CHECK(meanwhile.want(0, 3) == Lines{"old gap 1..997", "old from 999, the start"});
    // On joining as well.
    HistoryBench joining(1001, 999);
    joining.history.want_on_joining(9);
    CHECK(joining.out().empty());
    joining.entry(999);
    joining.entry(1000);
    CHECK(joining.out() == Lines{"old gap 1..998", "old 999 al: 999", "old 1000 al: 1000",
                                 "old from 999, the start"});
}

TEST_CASE("a question about any place, and which is the oldest known after it") {
    HistoryBench b;
    b.end = 1200;  // shown so far
    b.want(5000, 3);
    CHECK(b.asked() == "1197*3");
    for (const auto seq : {1197, 1198, 1199})
        b.entry(static_cast<std::uint64_t>(seq));
    CHECK(b.out().back() == "old from 1197");
    CHECK(b.history.oldest() == 1001);
    b.want(500, 2);
    b.entry(498);
    b.entry(499);
    CHECK(b.out().back() == "old from 498");
    CHECK(b.history.oldest() == 1001);
    b.want(0, 1);
    CHECK(b.asked() == "1000*1");
    b.want(1, 7);  // waits for the one before it
    b.entry(1000);
    CHECK(b.out() == Lines{"old 1000 al: 1000", "old from 1000", "old from 1, the start"});
}

TEST_CASE("too many questions are refused, too much at once is not kept") {
    HistoryBench b;
    for (std::size_t i = 0; i < History::questions_max; ++i)
        CHECK(b.history.want(0, 1));
    CHECK_FALSE(b.history.want(0, 1));

    HistoryBench big;
    big.want(0, 256);
    std::size_t kept = 0;
    for (std::uint64_t seq = 746; seq <= 1000; ++seq) {
        big.entry(seq, 8192);
        kept += big.history.wants(seq) ? 0 : 1;
    }
    CHECK(kept > 100);
    CHECK(kept < 130);
    std::uint64_t next = 745;
    for (int round = 0; round < 10 && next <= 1000; ++round) {
        for (std::uint64_t seq = 745; seq <= 1000; ++seq)
            big.entry(seq, 8192);
        for (const auto& each : big.out())
            if (!each.starts_with("old from"))
                CHECK(each.starts_with("old " + std::to_string(next++) + " "));
    }
    CHECK(next == 1001);
}

TEST_CASE("on joining all of it comes at once; in a hurry what adjoins, and nothing with a hole") {
    HistoryBench b;
    b.history.want_on_joining(4);
    CHECK(b.out().empty());
    CHECK(b.history.joining());
    CHECK(b.asked() == "997*4");
    b.entry(997);
    b.entry(999);
    b.entry(1000);
    CHECK(b.out().empty());
    std::vector<Event> events;
    b.history.hurry(b.teller, events);
    CHECK(lines(events) == Lines{"old 999 al: 999", "old 1000 al: 1000", "old from 999"});
    CHECK_FALSE(b.history.open());
    CHECK(b.history.oldest() == 999);

    HistoryBench nothing;
    nothing.history.want_on_joining(4);
    nothing.out();
    nothing.entry(998);
    nothing.history.hurry(nothing.teller, events = {});
    CHECK(lines(events) == Lines{"old from 1001"});

    HistoryBench large;
    large.history.want_on_joining(256);
    large.out();
    for (std::uint64_t seq = 745; seq <= 1000; ++seq)
        large.entry(seq, 8192);
    const Lines out = large.out();
    CHECK(out.size() > 100);
    CHECK(out.size() < 130);
    CHECK(out.back().starts_with("old from "));
}
