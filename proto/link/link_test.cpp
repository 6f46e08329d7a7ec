// SPDX-License-Identifier: MIT
#include "proto/link/link.h"

#include "tests/support/catch.h"

using namespace chat;

namespace {

constexpr Instant start{9'000'000};
constexpr Duration ack_delay = milliseconds(25);

Instant after_ms(std::int64_t ms) {
    return start + milliseconds(ms);
}

std::uint16_t ts(Instant now) {
    return static_cast<std::uint16_t>((now - start).us / 1000 + 65'000);
}

// A link at work: ten datagrams of 100 bytes each sent every 10 ms from the start.
struct Sending {
    Link link{ack_delay, ack_delay};
    std::uint64_t next = 0;

    void send(Instant now, bool ack_eliciting = true, std::size_t bytes = 100) {
        link.on_sent(now, next++, bytes, ack_eliciting);
    }
    // All datagrams before `end` arrived after half of 100 ms, the last one was sent at `sent`.
    bool ack(Instant now, std::uint64_t end, Instant sent, std::uint32_t missing = 0) {
        const auto count = static_cast<std::uint32_t>(end) - missing;
        return link.on_ack(now, {end - 1, ts(sent), 0, count, count * 100}, ts(now));
    }
};

}  // namespace

TEST_CASE("an acknowledgement is owed for what asks for one, in time") {
    Link link(ack_delay, ack_delay);
    CHECK_FALSE(link.ack_at());
    CHECK_FALSE(link.take_ack(start));
    link.hurry_ack(start);
    CHECK_FALSE(link.ack_at());

    link.on_received(start, 0, 77, 48, false);
    CHECK_FALSE(link.ack_at());
    link.on_received(after_ms(1), 2, 78, 100, true);
    link.on_received(after_ms(2), 1, 70, 100, true);  // late: not the largest
    CHECK(link.ack_at() == after_ms(26));
    auto ack = link.take_ack(after_ms(17));
    REQUIRE(ack);
    CHECK(ack->largest == 2);
    CHECK(ack->echo_ts == 78);
    CHECK(ack->delay_32us == 500);  // 16 ms since it came
    CHECK(ack->count == 3);
    CHECK(ack->bytes == 248);
    CHECK_FALSE(link.ack_at());

    for (std::uint64_t counter = 3; counter < 10; ++counter)
        link.on_received(after_ms(20), counter, 90, 100, true);
    CHECK(link.ack_at() == after_ms(45));
    link.on_received(after_ms(21), 10, 91, 100, true);  // the eighth
    CHECK(link.ack_at() == after_ms(21));
    REQUIRE(link.take_ack(after_ms(21)));
    link.on_received(after_ms(30), 11, 92, 100, true);
    CHECK(link.ack_at() == after_ms(55));
    link.hurry_ack(after_ms(31));
    CHECK(link.ack_at() == after_ms(31));
    ack = link.take_ack(after_ms(30) + seconds(10));
    REQUIRE(ack);
    CHECK(ack->delay_32us == 65'535);
    CHECK(ack->count == 12);
}

TEST_CASE("RTT comes from acknowledgements of something new") {
    Sending a;
    CHECK(a.link.probe_timeout() == milliseconds(333 + 666 + 25));
    a.send(start);
    a.send(after_ms(10));
    CHECK(a.ack(after_ms(110), 2, after_ms(10)));
    CHECK(a.link.has_rtt());
    CHECK(a.link.smoothed_rtt() == milliseconds(100));
    CHECK(a.link.probe_timeout() == milliseconds(100 + 200 + 25));
    CHECK(a.ack(after_ms(500), 2, after_ms(10)));  // again: nothing new
    CHECK(a.ack(after_ms(500), 1, start));
    CHECK(a.link.smoothed_rtt() == milliseconds(100));
    CHECK_FALSE(a.ack(after_ms(500), 3, start));  // never sent
    a.send(after_ms(500));
    a.send(after_ms(500));
    CHECK(a.ack(after_ms(600), 4, after_ms(500), 1));
    CHECK(a.ack(after_ms(900), 4, after_ms(500)));  // only a late one came
    CHECK(a.link.smoothed_rtt() == milliseconds(100));
    a.link.seed_rtt(milliseconds(7));  // knows better
    CHECK(a.link.smoothed_rtt() == milliseconds(100));

    Link seeded(ack_delay, ack_delay);
    seeded.seed_rtt(milliseconds(40));
    CHECK(seeded.smoothed_rtt() == milliseconds(40));
    seeded.set_ack_delays(ack_delay, seconds(1));
    CHECK(seeded.probe_timeout() == milliseconds(40 + 80 + 1000));
    for (int i = 0; i < 100; ++i) {
        seeded.on_sent(start, static_cast<std::uint64_t>(i), 100, true);
        const auto end = static_cast<std::uint32_t>(i) + 1;
        seeded.on_ack(after_ms(40), {end - 1, ts(start), 0, end, end * 100}, ts(after_ms(40)));
    }
    CHECK(seeded.probe_timeout() == milliseconds(40 + 10 + 1000));
}

TEST_CASE("whoever asks again waits longer as soon as anything shows a queue") {
    Sending a;
    CHECK(a.link.repair_rtt(start) == milliseconds(333));
    a.link.seed_rtt(milliseconds(20));
    a.send(start, false);
    CHECK(a.link.repair_rtt(after_ms(9000)) == milliseconds(20));  // no answer is due
    a.send(after_ms(9000));
    CHECK(a.link.repair_rtt(after_ms(9045)) == milliseconds(20));  // as the peer may wait 25 ms
    a.send(after_ms(9100), false);
    a.link.on_request(after_ms(9100));
    CHECK(a.link.probe_at() == after_ms(9085));  // nothing probes for that
    CHECK(a.link.in_flight_bytes() == 100);
    CHECK(a.link.repair_rtt(after_ms(9125)) == milliseconds(100));
    CHECK(a.link.repair_rtt(after_ms(9190)) == milliseconds(150));  // no longer: it may be loss
    CHECK(a.ack(after_ms(9200), 2, after_ms(9000)));
    CHECK(a.link.repair_rtt(after_ms(9200)) == milliseconds(200));  // the last one
    CHECK(a.link.smoothed_rtt() < milliseconds(50));
    CHECK(a.link.repair_rtt(after_ms(9400)) == milliseconds(200));
    CHECK(a.link.repair_rtt(after_ms(9900)) == milliseconds(200));  // the second one has none
    CHECK(a.ack(after_ms(9500), 3, after_ms(9490)));
    CHECK(a.link.repair_rtt(after_ms(99'400)) == a.link.smoothed_rtt());
    a.send(after_ms(9600));
    a.link.restart_counters();
    CHECK(a.link.repair_rtt(after_ms(99'400)) == a.link.smoothed_rtt());
}

TEST_CASE("probes: two at a time, doubled to 3 s, then one") {
    Sending a;
    CHECK_FALSE(a.link.probe_at());
    CHECK(a.link.on_probe_timeout(start) == 0);
    a.send(start, false);
    CHECK_FALSE(a.link.probe_at());
    a.link.seed_rtt(milliseconds(100));
    a.send(start);
    CHECK(a.link.probe_at() == after_ms(325));
    CHECK(a.link.on_probe_timeout(after_ms(324)) == 0);
    a.send(after_ms(100));
    REQUIRE(a.link.probe_at() == after_ms(425));

    Instant now = after_ms(100);
    const std::int64_t waits_ms[] = {325, 650, 1300, 2600, 3000, 3000, 3000, 3000, 3000, 3000};
    std::uint32_t timeouts = 0;
    for (const auto wait_ms : waits_ms) {
        CAPTURE(timeouts);
        now = now + milliseconds(wait_ms);
        REQUIRE(a.link.probe_at() == now);
        CHECK(a.link.on_probe_timeout(now) == 1);
        CHECK(a.link.probe_timeouts_in_row() == ++timeouts);
        CHECK(a.link.in_flight_bytes() == 0);
        CHECK(a.link.window_bytes() == (timeouts < 3 ? 12'000U : 2400U));
        a.send(now);
        now = now + Link::probe_spacing;
        REQUIRE(a.link.probe_at() == now);
        CHECK(a.link.on_probe_timeout(now) == 1);
        CHECK(a.link.probe_timeouts_in_row() == timeouts);
        a.send(now);
    }
    for (int i = 0; i < 40; ++i) {
        now = now + seconds(3);
        REQUIRE(a.link.probe_at() == now);
        CHECK(a.link.on_probe_timeout(now) == 1);  // and nothing is sent this time
    }
    CHECK(a.link.probe_at() == now + seconds(3));

    REQUIRE(a.ack(now, a.next - 1, now - milliseconds(100), 3));
    CHECK(a.link.probe_timeouts_in_row() == 0);
    CHECK(a.link.probe_at());
    REQUIRE(a.ack(now, a.next, now - milliseconds(100), 3));
    CHECK_FALSE(a.link.probe_at());
}

TEST_CASE("probes stop when everything has its answer") {
    Sending a;
    a.link.seed_rtt(milliseconds(100));
    a.send(start);
    a.send(after_ms(10), false);
    REQUIRE(a.ack(after_ms(100), 1, start));
    CHECK_FALSE(a.link.probe_at());  // the last one asked for nothing

    // Content that waits for more than PKT_ACK is probed for until its owner has it.
    a.link.set_content_pending(true);
    CHECK_FALSE(a.link.probe_at());
    a.send(after_ms(200));
    REQUIRE(a.ack(after_ms(300), 3, after_ms(200)));
    REQUIRE(a.link.probe_at());
    const Instant due = *a.link.probe_at();
    CHECK(due == after_ms(200) + a.link.probe_timeout());
    CHECK(a.link.on_probe_timeout(due) == 1);
    CHECK(a.link.probe_at() == due + Link::probe_spacing);
    a.link.set_content_pending(false);
    CHECK_FALSE(a.link.probe_at());

    a.send(after_ms(900));
    a.link.set_content_pending(true);
    CHECK(a.link.in_flight_bytes() == 100);
    a.link.nothing_outstanding();
    CHECK_FALSE(a.link.probe_at());
    CHECK(a.link.in_flight_bytes() == 0);

    a.send(after_ms(1000));
    REQUIRE(a.link.probe_at());
    a.link.restart_counters();
    CHECK_FALSE(a.link.probe_at());
}

TEST_CASE("what is under way fills the window until it is acknowledged or given up") {
    Sending a;
    a.link.seed_rtt(milliseconds(100));
    for (int i = 0; i < 10; ++i) {
        REQUIRE(a.link.may_send(start, 1200));
        a.send(start, true, 1200);
    }
    CHECK(a.link.in_flight_bytes() == 12'000);
    CHECK_FALSE(a.link.may_send(after_ms(9000), 1));
    CHECK_FALSE(a.link.may_send_at(1));
    a.send(start, false, 1200);
    CHECK(a.link.in_flight_bytes() == 12'000);

    REQUIRE(a.ack(after_ms(100), 4, start));
    CHECK(a.link.in_flight_bytes() == 7 * 1200);  // by counters, so one too many
    REQUIRE(a.link.may_send_at(1200));
    REQUIRE(a.ack(after_ms(101), 10, start));
    CHECK(a.link.in_flight_bytes() == 0);

    // What was lost is no longer under way, and halves the window.
    const auto window = a.link.window_bytes();
    a.send(after_ms(200));
    a.send(after_ms(200));
    REQUIRE(a.ack(after_ms(300), 13, after_ms(200), 1));
    CHECK(a.link.window_bytes() == window);
    a.send(after_ms(400));
    REQUIRE(a.ack(after_ms(500), 14, after_ms(400), 1));
    CHECK(a.link.window_bytes() == window / 2);
    CHECK(a.link.loss_permille() > 0);
    CHECK(a.link.in_flight_bytes() == 0);

    a.link.reset_path();
    CHECK(a.link.window_bytes() == 12'000);
    CHECK_FALSE(a.link.has_rtt());
    CHECK(a.link.loss_permille() > 0);
}

TEST_CASE("pace holds back what the window would allow") {
    Sending a;
    a.link.seed_rtt(milliseconds(100));
    for (int i = 0; i < 10; ++i)
        a.send(start, true, 1200);
    REQUIRE(a.ack(start, 10, start));
    CHECK(a.link.in_flight_bytes() == 0);
    CHECK_FALSE(a.link.may_send(start, 1200));
    const auto at = a.link.may_send_at(1200);
    REQUIRE(at);
    CHECK(*at > start);
    CHECK_FALSE(a.link.may_send(*at - microseconds(1), 1200));
    CHECK(a.link.may_send(*at, 1200));
}

TEST_CASE("an acknowledgement cannot invent bytes") {
    Sending a;
    a.link.seed_rtt(milliseconds(100));
    for (int i = 0; i < 6; ++i)
        a.send(start, true, 1200);
    REQUIRE(a.link.on_ack(after_ms(100), {0, ts(start), 0, 1, 4'000'000'000}, ts(after_ms(100))));
    CHECK(a.link.window_bytes() == 12'000 + 1200);
}

TEST_CASE("a new key counts from 0 and keeps what was learnt") {
    Sending a;
    a.send(start);
    a.send(start);
    REQUIRE(a.ack(after_ms(100), 2, start));
    a.link.on_received(start, 40, 1, 100, true);
    a.link.restart_counters();
    CHECK_FALSE(a.link.ack_at());
    CHECK_FALSE(a.link.take_ack(after_ms(100)));
    CHECK(a.link.smoothed_rtt() == milliseconds(100));
    CHECK_FALSE(a.ack(after_ms(100), 1, start));

    a.next = 0;
    a.send(after_ms(100));
    CHECK(a.link.probe_at());
    REQUIRE(a.ack(after_ms(150), 1, after_ms(100)));
    CHECK_FALSE(a.link.probe_at());
    CHECK(a.link.smoothed_rtt() < milliseconds(100));
    a.link.on_received(after_ms(150), 0, 5, 60, true);
    const auto ack = a.link.take_ack(after_ms(150));
    REQUIRE(ack);
    CHECK(ack->largest == 0);
    CHECK(ack->count == 1);
    CHECK(ack->bytes == 60);
}
