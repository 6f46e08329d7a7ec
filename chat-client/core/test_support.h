// SPDX-License-Identifier: MIT
// A session with a recording sink and a virtual clock, for the tests beside it.
#pragma once

#include <set>
#include <string>

#include "chat-client/core/classic_session.h"
#include "proto/wire/classic.h"
#include "proto/wire/text.h"
#include "tests/support/catch.h"

namespace chat::client {

// For what only wants to know when to ask again.
inline constexpr Duration some_rtt = milliseconds(80);

using Lines = std::vector<std::string>;
using End = Session::End;

// What happens in the lobby is not said to be there.
inline std::string there(const std::string& room, bool history = false) {
    return (history ? "old " : "") + (room == "lobby" ? std::string() : room + " ");
}
inline std::string line(const Welcome& e) {
    return "welcome " + e.name + " to " + e.room + ", next " + std::to_string(e.next) +
           (e.head == e.next ? "" : " of " + std::to_string(e.head));
}
inline std::string line(const Members& e) {
    std::string names;
    for (const auto& name : e.names)
        names += " " + name;
    return "members of " + e.room + ":" + names;
}
inline std::string line(const Message& e) {
    return there(e.room, e.history) + std::to_string(e.seq) + (e.own ? " own " : " ") +
           (e.unverified ? "~" : "") + e.from + ": " + e.text;
}
inline std::string line(const Joined& e) {
    return there(e.room, e.history) + std::to_string(e.seq) + " + " + e.name;
}
inline std::string line(const Left& e) {
    return there(e.room, e.history) + std::to_string(e.seq) + " - " + e.name;
}
inline std::string line(const Announcement& e) {
    return there(e.room, e.history) + std::to_string(e.seq) + (e.pinned ? " !! " : " ! ") + e.text;
}
inline std::string line(const Topic& e) {
    return there(e.room, e.history) + std::to_string(e.seq) + " topic by " + e.name + ": " + e.text;
}
inline std::string line(const PinnedNow& e) {
    return there(e.room) + std::to_string(e.seq) + " is pinned: " + e.text;
}
inline std::string line(const Receipt& e) {
    return there(e.room) + std::to_string(e.seq) + " seen by " + std::to_string(e.seen) + " of " +
           std::to_string(e.of);
}
inline std::string line(const HistoryEnd& e) {
    return there(e.room, true) + "from " + std::to_string(e.first) +
           (e.at_start ? ", the start" : "");
}
inline std::string line(const RoomLeft& e) {
    return "left " + e.room;
}
inline std::string line(const RoomList& e) {
    std::string text = "rooms:";
    for (const auto& room : e.rooms) {
        text += " " + room.name + (room.joined ? "*" : "") + "(" + std::to_string(room.present) +
                ")" + room.topic;
    }
    return text;
}
inline std::string line(const SearchResult& e) {
    std::string text = "found " + e.words + ":";
    for (const auto& hit : e.hits)
        text += " [" + there(hit.room) + std::to_string(hit.seq) + " " + hit.from + ": " +
                hit.text + "]";
    return text + (e.more ? " and more" : "");
}
inline std::string line(const Accepted& e) {
    return "accepted " + e.id + " as " + e.room + " " + std::to_string(e.seq);
}
inline std::string line(const Gap& e) {
    return there(e.room, e.history) + "gap " + std::to_string(e.from) + ".." + std::to_string(e.to);
}
inline std::string line(const TrustQuestion&) {
    return "trust?";
}
inline std::string line(const Remark& e) {
    return "remark " + e.text;
}
inline std::string line(const StateChange& e) {
    return std::string(state_word(e.state)) + (e.reason.empty() ? "" : ": " + e.reason);
}
inline std::string line(const Error& e) {
    return "error " + std::string(code_word(e.code)) + (e.id.empty() ? "" : " " + e.id);
}
inline Lines lines(const std::vector<Event>& events) {
    Lines all;
    for (const auto& event : events)
        all.push_back(std::visit([](const auto& e) { return line(e); }, event));
    return all;
}

// A session with a clock and a network that can be blocked. Time passes from deadline to
// deadline; a session that wants to be woken again at once without end is a failure.
class SessionBench final : public TransmitSink {
  public:
    explicit SessionBench(const SessionTimes& times = {}, std::uint64_t seed = 42)
        : session("lobby", seed, times) {}

    bool send(const Path&, std::span<const std::byte> datagram) override {
        if (takes_ == 0) return false;
        --takes_;
        const std::string text(reinterpret_cast<const char*>(datagram.data()), datagram.size());
        sent_.push_back(text);
        timed_.push_back(std::to_string((now.at - start).us / 1000) + " " + text);
        return true;
    }
    // How many datagrams the network takes before it is blocked.
    void set_takes(int count) { takes_ = count; }

    void log_in(std::string name) {
        session.log_in(now, std::move(name));
        drive();
    }
    void say(std::string_view text) {
        session.say(now, {}, text, {});
        drive();
    }
    void quit() {
        session.quit(now);
        drive();
    }
    void quit_at_once() {
        session.quit_at_once(now);
        drive();
    }
    void hear(std::string_view datagram) {
        const auto bytes = std::as_bytes(std::span(datagram.data(), datagram.size()));
        session.on_server_event(now, to_server_event(classic::decode_notice(bytes)));
        drive();
    }
    void refuse() {
        session.on_server_event(now, {ServerEvent::Kind::refused, {}, {}});
        drive();
    }
    void drive() { session.poll_transmit(now, *this); }

    void wait(Duration time) {
        const Instant end = now.at + time;
        while (step(end))
            continue;
        pass_to(end);
    }
    // Until the next datagram goes out; how long that took.
    Duration wait_for_datagram() {
        const Instant begin = now.at;
        const std::size_t before = sent_.size();
        while (sent_.size() == before)
            REQUIRE(step(begin + seconds(3600)));
        return now.at - begin;
    }

    void come_in(const std::string& name = "bob") {
        log_in(name);
        hear("OK");
        REQUIRE(session.online());
        forget();
    }
    void forget() {
        sent();
        events();
    }

    Lines sent() {
        timed_.clear();
        return std::exchange(sent_, {});
    }
    // Each with the milliseconds since the clock was last set to zero.
    Lines sent_timed() {
        sent_.clear();
        return std::exchange(timed_, {});
    }
    void zero_clock() { start = now.at; }
    Lines events() { return lines(session.take_events()); }

    Now now{Instant{seconds(1000).us}, {1'700'000'000'000}};
    Instant start = now.at;
    ClassicSession session;

  private:
    void pass_to(Instant at) {
        now.wall.unix_ms += (at - now.at).us / 1000;
        now.at = at;
    }
    bool step(Instant end) {
        const auto next = takes_ == 0 ? std::nullopt : session.next_deadline();
        if (!next || *next > end) return false;
        pass_to(std::max(now.at, *next));
        session.on_deadline(now);
        drive();
        const auto after = session.next_deadline();
        REQUIRE((takes_ == 0 || !after || *after > now.at));
        return true;
    }

    int takes_ = 1'000'000;
    Lines sent_;
    Lines timed_;
};

constexpr auto unanswered = "reconnecting: the server does not answer";
constexpr auto nobody_there = "reconnecting: nobody answers at the server's address";

// The heartbeat is due after 25 s +- 20 %.
constexpr Duration heartbeat_min = seconds(20);
constexpr Duration heartbeat_max = seconds(30);

// The texts of `C` datagrams in one piece; each must be whole characters, and fit an original
// program as the sentence a server makes of it.
inline std::string joined_texts(const Lines& datagrams, const std::string& name) {
    const std::string head = "C " + name + " ";
    std::string whole;
    for (const auto& datagram : datagrams) {
        REQUIRE(datagram.starts_with(head));
        CHECK(is_valid_utf8(datagram));
        const std::string text = datagram.substr(head.size());
        CHECK(("\n" + name + " 说: " + text).size() <= classic::datagram_bytes_max);
        whole += text;
    }
    return whole;
}

inline bool is_over(const SessionBench& b, End end) {
    return b.session.end() == end && !b.session.next_deadline() && !b.session.wants_name();
}

}  // namespace chat::client
