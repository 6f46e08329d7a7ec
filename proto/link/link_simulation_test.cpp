// SPDX-License-Identifier: MIT
// A server and a member that only count: entries go down, messages go up, through a pipe that
// loses and reorders, on made-up time. What the two do with Link and GapTracker is the least that
// docs/PROTOCOL.md, section 5, asks for. The bounds are about 1.3 times what the seeds give, and
// far below what one timer that doubles without end would give (minutes at 30 % loss).
#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "proto/link/gaps.h"
#include "proto/link/link.h"
#include "tests/support/catch.h"

using namespace chat;

namespace {

constexpr Duration tick = milliseconds(1);
constexpr Duration ack_delay = milliseconds(25);
constexpr std::size_t in_one_datagram = 10;
constexpr std::size_t datagram_bytes = 300;  // about what is asked room for

struct Datagram {
    std::uint64_t counter = 0;
    std::uint16_t ts = 0;
    bool ack_eliciting = false;
    std::optional<frame::PktAck> ack = {};
    std::vector<std::uint64_t> entries = {};
    std::uint64_t head = 0;      // 0: no HEAD
    std::uint64_t next_seq = 0;  // 0: no ROOM_ACK
    std::vector<frame::Gap> gaps = {};
    std::vector<std::uint64_t> messages = {};
    std::uint64_t next_msg_id = 0;  // 0: no MSG_ACK

    std::size_t bytes() const {
        return 48 + (ack ? 23 : 0) + 60 * entries.size() + 5 * gaps.size() + 60 * messages.size();
    }
};

class Pipe {
  public:
    Pipe(std::uint64_t seed, unsigned loss_percent) : random_(seed), loss_percent_(loss_percent) {}

    void send(Instant now, const Datagram& datagram) {
        ++sent;
        const Duration way = milliseconds(50) + microseconds(below(5000));
        if (below(100) >= loss_percent_) under_way_.emplace(now + way, datagram);
    }
    std::vector<Datagram> take(Instant now) {
        std::vector<Datagram> arrived;
        while (!under_way_.empty() && under_way_.begin()->first <= now) {
            arrived.push_back(under_way_.begin()->second);
            under_way_.erase(under_way_.begin());
        }
        return arrived;
    }
    std::size_t sent = 0;

  private:
    std::int64_t below(std::uint64_t n) { return static_cast<std::int64_t>(random_() % n); }

    std::mt19937_64 random_;
    unsigned loss_percent_;
    std::multimap<Instant, Datagram> under_way_;
};

// What both ends do alike.
struct End {
    Pipe& out;
    Link link{ack_delay, ack_delay};
    std::uint64_t counter = 0;

    static std::uint16_t ts(Instant now) { return static_cast<std::uint16_t>(now.us / 1000); }

    void send(Instant now, Datagram datagram) {
        if (link.ack_at()) datagram.ack = link.take_ack(now);
        datagram.counter = counter++;
        datagram.ts = ts(now);
        link.on_sent(now, datagram.counter, datagram.bytes(), datagram.ack_eliciting);
        out.send(now, datagram);
    }
    void receive(Instant now, const Datagram& datagram) {
        if (datagram.ack) {
            REQUIRE(link.on_ack(now, *datagram.ack, ts(now)));
        }
        link.on_received(now, datagram.counter, datagram.ts, datagram.bytes(),
                         datagram.ack_eliciting);
    }
    bool probe_due(Instant now) {
        return link.probe_at() && *link.probe_at() <= now && link.on_probe_timeout(now) > 0;
    }
    bool ack_due(Instant now) const { return link.ack_at() && *link.ack_at() <= now; }
};

struct Server : End {
    bool repeats;               // earlier entries, while datagrams get lost
    std::uint64_t log_end = 1;  // behind the last entry
    std::uint64_t sent_end = 1;
    std::uint64_t member_next = 1;  // as ROOM_ACK said
    std::set<std::uint64_t> wanted;
    std::uint64_t next_msg_id = 1;

    Server(Pipe& pipe, bool repeats_entries) : End{pipe}, repeats(repeats_entries) {}

    void receive(Instant now, const Datagram& datagram) {
        End::receive(now, datagram);
        for (const auto id : datagram.messages)
            next_msg_id += id == next_msg_id ? 1 : 0;
        if (!datagram.messages.empty()) send(now, {.next_msg_id = next_msg_id});
        member_next = std::max(member_next, datagram.next_seq);
        for (const auto& gap : datagram.gaps) {
            for (std::uint64_t i = 0; i < gap.count; ++i)
                wanted.insert(datagram.next_seq + gap.offset + i);
        }
    }

    void turn(Instant now) {
        if (member_next == log_end) link.nothing_outstanding();
        while (sent_end < log_end && link.may_send(now, datagram_bytes))
            push(now);
        wanted.erase(wanted.begin(), wanted.lower_bound(member_next));
        while (!wanted.empty() && link.may_send(now, datagram_bytes)) {
            Datagram datagram{.ack_eliciting = true};
            while (!wanted.empty() && datagram.entries.size() < in_one_datagram)
                datagram.entries.push_back(wanted.extract(wanted.begin()).value());
            send_entries(now, datagram);
        }
        if (probe_due(now)) {
            Datagram datagram{.ack_eliciting = true, .head = log_end};
            for (auto n = member_next; n < std::min(log_end, member_next + 4); ++n)
                datagram.entries.push_back(n);
            send_entries(now, datagram);
        }
        if (ack_due(now)) send(now, {.head = log_end});
    }

    void push(Instant now) {
        Datagram datagram{.ack_eliciting = true};
        const std::uint64_t before = repeats && link.loss_permille() > 20 ? 3 : 0;
        auto number = std::max(member_next, sent_end - std::min(before, sent_end - 1));
        for (; number < log_end && datagram.entries.size() < in_one_datagram; ++number)
            datagram.entries.push_back(number);
        sent_end = number;
        send_entries(now, datagram);
    }
    void send_entries(Instant now, const Datagram& datagram) {
        link.set_content_pending(true);
        send(now, datagram);
    }
};

struct Member : End {
    GapTracker gaps{1};
    std::vector<Instant> delivered;     // by number, from 1
    std::deque<std::uint64_t> unacked;  // messages
    std::vector<Instant> acked;         // by message, from 1
    bool fresh = false;                 // a message was never sent

    explicit Member(Pipe& pipe) : End{pipe} {}

    void receive(Instant now, const Datagram& datagram) {
        End::receive(now, datagram);
        const auto rtt = link.smoothed_rtt();
        for (const auto number : datagram.entries)
            gaps.on_received(now, number, rtt);
        gaps.on_known(now, datagram.head, rtt);
        while (delivered.size() + 1 < gaps.next())
            delivered.push_back(now);
        while (!unacked.empty() && unacked.front() < datagram.next_msg_id) {
            unacked.pop_front();
            acked.push_back(now);
        }
    }

    void turn(Instant now) {
        if (unacked.empty()) link.nothing_outstanding();
        if (fresh && link.may_send(now, datagram_bytes)) send_messages(now);
        if (probe_due(now)) send_messages(now);
        if ((gaps.next_due() && *gaps.next_due() <= now) || ack_due(now)) {
            Datagram datagram{.next_seq = gaps.next()};
            datagram.gaps.resize(frame::gaps_max);
            datagram.gaps.resize(gaps.take_due(now, link.smoothed_rtt(), datagram.gaps));
            send(now, datagram);
        }
    }

    void send_messages(Instant now) {
        const auto count = static_cast<std::ptrdiff_t>(std::min(unacked.size(), in_one_datagram));
        Datagram datagram{.ack_eliciting = true};
        datagram.messages.assign(unacked.begin(), unacked.begin() + count);
        fresh = false;
        link.set_content_pending(true);
        send(now, datagram);
    }
};

struct Latencies {
    std::vector<std::int64_t> ms;

    std::int64_t permille(std::size_t p) {
        std::ranges::sort(ms);
        return ms[std::min(ms.size() - 1, ms.size() * p / 1000)];
    }
};

struct Outcome {
    Latencies entries;
    Latencies messages;
    std::size_t datagrams_down;
    unsigned loss_permille;
};

struct World {
    std::uint64_t seed;
    unsigned loss_percent;
    Duration interval;  // between entries, and between messages
    std::size_t count;
    bool repeats;
};

Outcome run(const World& world) {
    Pipe down(world.seed, world.loss_percent);
    Pipe up(world.seed + 1, world.loss_percent);
    Server server(down, world.repeats);
    Member member(up);
    std::vector<Instant> said;  // both the entry and the message with this number
    const Instant limit =
        Instant{} + world.interval * static_cast<std::int64_t>(world.count) + seconds(60);
    for (Instant now; now < limit; now = now + tick) {
        if (said.size() < world.count &&
            now >= Instant{} + world.interval * static_cast<std::int64_t>(said.size())) {
            said.push_back(now);
            ++server.log_end;
            member.unacked.push_back(said.size());
            member.fresh = true;
        }
        for (const auto& datagram : up.take(now))
            server.receive(now, datagram);
        for (const auto& datagram : down.take(now))
            member.receive(now, datagram);
        server.turn(now);
        member.turn(now);
    }
    Outcome outcome{{}, {}, down.sent, server.link.loss_permille()};
    REQUIRE(member.delivered.size() == world.count);
    REQUIRE(member.acked.size() == world.count);
    CHECK(server.next_msg_id == world.count + 1);
    CHECK(member.gaps.next() == server.log_end);
    for (std::size_t i = 0; i < world.count; ++i) {
        outcome.entries.ms.push_back((member.delivered[i] - said[i]).us / 1000);
        outcome.messages.ms.push_back((member.acked[i] - said[i]).us / 1000);
    }
    // When all is said and done both fall silent.
    CHECK_FALSE(server.link.probe_at());
    CHECK_FALSE(member.link.probe_at());
    CHECK_FALSE(member.gaps.next_due());
    return outcome;
}

}  // namespace

TEST_CASE("everything arrives through a pipe that loses, in order and in time") {
    struct Bounds {
        std::int64_t p50, p990, max;  // ms
    };
    struct Row {
        const char* what;
        World world;
        Bounds entries;                   // from stored to shown
        Bounds messages;                  // from said to acknowledged
        unsigned datagrams_down_percent;  // of the number of entries and messages
    };
    const Row table[] = {
        {"no loss", {1, 0, milliseconds(50), 2000, true}, {60, 60, 60}, {110, 120, 120}, 120},
        {"5 %", {2, 5, milliseconds(50), 4000, true}, {60, 200, 470}, {110, 260, 450}, 120},
        {"30 %, no repeats",
         {3, 30, milliseconds(50), 4000, false},
         {330, 1300, 2000},
         {200, 650, 1200},
         120},
        {"30 %", {4, 30, milliseconds(50), 4000, true}, {60, 520, 1200}, {200, 600, 900}, 110},
        {"30 %, quiet", {5, 30, seconds(3), 400, true}, {60, 1400, 3000}, {120, 1500, 3700}, 260},
        {"60 %",
         {6, 60, milliseconds(500), 300, true},
         {650, 8000, 10'000},
         {4300, 25'000, 27'000},
         170},
    };
    for (const auto& row : table) {
        auto outcome = run(row.world);
        const auto within = [](Latencies& latencies, const Bounds& bounds) {
            CAPTURE(latencies.permille(500), latencies.permille(990), latencies.permille(1000));
            CHECK(latencies.permille(500) <= bounds.p50);
            CHECK(latencies.permille(990) <= bounds.p990);
            CHECK(latencies.permille(1000) <= bounds.max);
        };
        CAPTURE(row.what);
        within(outcome.entries, row.entries);
        within(outcome.messages, row.messages);
        const auto percent = outcome.datagrams_down * 100 / (2 * row.world.count);
        CHECK(percent <= row.datagrams_down_percent);
        CAPTURE(outcome.loss_permille);
        CHECK(outcome.loss_permille + 150 >= 10 * row.world.loss_percent);
        CHECK(outcome.loss_permille <= 10 * row.world.loss_percent + 150);
    }
}
