// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_test_support.h"

using namespace chat;
using namespace chat::client;

namespace {

SecureSessionConfig person(std::uint32_t entries = 3) {
    SecureSessionConfig config = SecureBench::accept_new();
    config.history_on_joining = entries;
    return config;
}

Lines of_room(Lines all, std::string_view room) {
    std::erase_if(all, [room](const auto& each) { return each.find(room) == std::string::npos; });
    return all;
}

// The numbers of history that came out, in order.
std::vector<std::uint64_t> old_numbers(const std::vector<Event>& events) {
    std::vector<std::uint64_t> numbers;
    for (const auto& event : events) {
        const auto* message = std::get_if<Message>(&event);
        if (message && message->history) numbers.push_back(message->seq);
    }
    return numbers;
}

}  // namespace

TEST_CASE("a person sees the last entries first, and then what he missed") {
    SecureBench b(person());
    b.talk(1, 5);
    b.server.rooms[1].cursor = 5;
    b.log_in();
    b.wait(seconds(1));
    CHECK(b.events() == Lines{"connecting", "online", "welcome bob to lobby, next 5 of 7",
                              "members of lobby: bob carol Dave", "old 2 carol: 2",
                              "old 3 carol: 3", "old 4 carol: 4", "old from 2", "5 carol: 5",
                              "6 + bob"});
    CHECK(b.heard("ENTRIES_WANTED") == Lines{"ENTRIES_WANTED 2*3"});
    CHECK(b.server.last_room_ack.next_seq == 7);

    SecureBench first(person());
    first.log_in();
    first.wait(seconds(1));
    CHECK(first.events() == Lines{"connecting", "online", "welcome bob to lobby, next 2",
                                  "members of lobby: bob carol Dave", "old 1 + bob",
                                  "old from 1, the start"});
}

TEST_CASE(
    "the live ones wait for the history before them, are not acknowledged, and not for ever") {
    SecureBench b(person());
    b.talk(1, 5);
    b.server.sends_entries = false;
    b.log_in();
    b.talk(1, 2);
    b.deliver_all(b.server.events(7, 8));
    b.wait(milliseconds(500));
    CHECK(b.events() == Lines{"connecting", "online", "welcome bob to lobby, next 7",
                              "members of lobby: bob carol Dave"});
    for (const auto& each : b.heard("ROOM_ACK"))
        CHECK(each.starts_with("ROOM_ACK 7 "));
    b.deliver_all(b.server.events(4, 4));
    b.deliver_all(b.server.events(6, 6));
    b.wait(milliseconds(2400));
    CHECK(b.events().empty());
    b.wait(milliseconds(200));
    CHECK(b.events() == Lines{"old 6 + bob", "old from 6", "7 carol: 7", "8 carol: 8"});
    b.wait(seconds(1));
    CHECK(b.server.last_room_ack.next_seq == 9);
    // What was left out can still be asked for.
    b.server.sends_entries = true;
    b.session.want_history(b.now, {}, 0, 2);
    b.drive();
    CHECK(b.events() == Lines{"old 4 carol: 4", "old 5 carol: 5", "old from 4"});
}

TEST_CASE("as many live ones as a room keeps do not wait any longer") {
    SecureBench b(person());
    b.talk(1, 5);
    b.server.sends_entries = false;
    b.log_in();
    b.talk(1, 1100);
    b.session.take_events();
    b.deliver_all(b.server.events(7, 1029));
    CHECK(b.events().empty());
    b.deliver_all(b.server.events(1030, 1100));
    const Lines events = b.events();
    CHECK(events.front() == "old from 7");
    CHECK(events.size() == 1 + 1100 - 6);
}

TEST_CASE("who has missed very much begins near the end, and is told") {
    SecureBench b(person());
    b.talk(1, 1500);
    b.server.rooms[1].cursor = 11;
    b.log_in();
    b.wait(seconds(1));
    const Lines events = b.events();
    REQUIRE(events.size() > 8);
    CHECK(events[2] == "welcome bob to lobby, next 1302 of 1502");
    CHECK(events[3].starts_with("remark lobby: 1291 older entries"));
    CHECK(events[5] == "old 1299 carol: 1299");
    CHECK(events[8] == "old from 1299");
    CHECK(b.heard("ROOM_ACK").front().starts_with("ROOM_ACK 1302 "));
    CHECK(events.back() == "1501 + bob");

    // A program gets all of it.
    SecureBench program;
    program.talk(1, 1500);
    program.server.rooms[1].cursor = 11;
    program.log_in();
    program.wait(seconds(1));
    CHECK(program.events()[2] == "welcome bob to lobby, next 11 of 1502");
    CHECK(program.server.last_room_ack.next_seq == 1502);
    CHECK(program.heard("ENTRIES_WANTED").empty());
}

TEST_CASE("what is pinned is shown on coming in, also if it is among the last entries") {
    struct Row {
        std::uint64_t pinned;
        Lines shown;
    };
    const Row table[] = {
        {1, {"1 is pinned: notice"}},
        {9, {"old 9 !! notice", "9 is pinned: notice"}},
        {0, {}},
    };
    for (const auto& row : table) {
        CAPTURE(row.pinned);
        SecureBench b(person());
        b.talk(1, 10);
        if (row.pinned != 0) {
            b.server.rooms[1].log[row.pinned - 1] = {frame::EntryKind::pinned, "", "notice", 0};
        }
        b.server.rooms[1].pinned = row.pinned;
        b.log_in();
        b.wait(seconds(1));
        CHECK(of_room(b.events(), "notice") == row.shown);
    }
    SecureBench gone(person());
    gone.talk(1, 10);
    gone.server.rooms[1].pinned = 1;
    gone.server.rooms[1].tail = 3;
    gone.log_in();
    gone.wait(seconds(10));
    CHECK(gone.heard("ENTRIES_WANTED 1*1").size() == 1);
}

TEST_CASE("paging back to the start, whatever gets lost, and with long entries") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        SecureBench b(person(20), seed);
        b.session.set_gives_up(false);
        for (int i = 1; i <= 700; ++i)
            b.server.append("carol", std::string(i % 50 == 0 ? 5000 : 5, 'x'));
        b.server.rooms[1].tail = 11;
        b.server.add_room(4, "dev");
        std::mt19937_64 dice(seed);
        b.log_in();
        b.wait(seconds(2));
        auto numbers = old_numbers(b.session.take_events());
        CHECK(numbers.size() == 19);  // and his own join
        b.to_server = [&dice](Datagram&) { return dice() % 5 != 0; };
        b.to_client = b.to_server;
        bool at_start = false;
        std::vector<Event> live;
        for (int page = 0; page < 20 && !at_start; ++page) {
            b.session.want_history(b.now, {}, 0, 100);
            b.drive();
            // Meanwhile it goes on, in parts too.
            b.server.append("carol", std::string(4000, 'y'));
            b.deliver_all(b.server.events(b.server.log.size(), b.server.log.size()));
            b.wait(seconds(20));
            auto events = b.session.take_events();
            const auto end = std::ranges::find_if(
                events, [](const auto& each) { return std::holds_alternative<HistoryEnd>(each); });
            REQUIRE(end != events.end());
            at_start = std::get<HistoryEnd>(*end).at_start;
            const auto page_numbers = old_numbers(events);
            REQUIRE_FALSE(page_numbers.empty());
            CHECK(page_numbers.front() == std::get<HistoryEnd>(*end).first);
            numbers.insert(numbers.begin(), page_numbers.begin(), page_numbers.end());
            for (auto& event : events) {
                if (const auto* m = std::get_if<Message>(&event); m && !m->history) {
                    live.push_back(std::move(event));
                }
            }
        }
        CHECK(at_start);
        REQUIRE(numbers.size() == 690);
        for (std::size_t i = 0; i < numbers.size(); ++i)
            CHECK(numbers[i] == i + 11);
        b.mend();
        b.hear(b.server.head());
        b.wait(seconds(5));
        for (auto& event : b.session.take_events())
            live.push_back(std::move(event));
        std::uint64_t next = 702;
        for (const auto& event : live) {
            if (const auto* m = std::get_if<Message>(&event)) CHECK(m->seq == next++);
        }
        CHECK(next == b.server.log.size() + 1);
    }
}

TEST_CASE("a program asks for what it wants, and hears where that ends") {
    SecureBench b;
    b.server.add_room(4, "dev");
    b.talk(4, 600);
    b.come_in();
    b.session.want_history(b.now, "dev", 0, 5000);
    b.drive();
    b.wait(seconds(2));
    auto events = b.session.take_events();
    CHECK(old_numbers(events).size() == 600);
    CHECK(line(std::get<HistoryEnd>(events.back())) == "old dev from 1, the start");
    CHECK(b.heard("ENTRIES_WANTED") == Lines{"ENTRIES_WANTED in 4 1*256",
                                             "ENTRIES_WANTED in 4 257*256",
                                             "ENTRIES_WANTED in 4 513*88"});
    // Again, and what came out just now.
    b.talk(4, 2);
    b.deliver_all(b.server.events(601, 602, 4));
    b.session.want_history(b.now, "dev", 603, 3);
    b.drive();
    CHECK(b.events() == Lines{"dev 601 carol: 601", "dev 602 carol: 602", "old dev 600 carol: 600",
                              "old dev 601 carol: 601", "old dev 602 carol: 602",
                              "old dev from 600"});
    b.session.want_history(b.now, "other", 0, 3);
    CHECK(b.events() == Lines{"error not_in_room"});
    for (int i = 0; i < 30; ++i)
        b.session.want_history(b.now, "dev", 300, 1);
    CHECK(b.events().back() == "error queue_full");
    // And then to go: what was asked for comes first.
    b.server.sends_entries = false;
    b.quit();
    CHECK_FALSE(b.session.end());
    b.server.sends_entries = true;
    b.wait(seconds(1));
    CHECK(b.session.end() == End::left);
    CHECK(of_room(b.events(), "old dev 299").size() > 10);
}

TEST_CASE("history goes on after a new handshake, and waits for a user who cannot read") {
    SecureBench b;
    b.talk(1, 600);
    b.come_in();
    b.server.sends_entries = false;
    b.session.want_history(b.now, {}, 0, 300);
    b.drive();
    b.heard();
    b.session.on_refused(b.now);
    b.drive();
    CHECK(b.heard("ENTRIES_WANTED") == Lines{"ENTRIES_WANTED 302*256"});
    b.session.set_accepts_events(b.now, false);
    b.drive();
    b.session.take_events();
    b.heard();
    b.deliver_all(b.server.events(302, 400));
    b.wait(seconds(20));
    CHECK(b.events().empty());
    CHECK(b.heard("ENTRIES_WANTED").empty());
    b.server.sends_entries = true;
    b.session.set_accepts_events(b.now, true);
    b.drive();
    b.wait(seconds(2));
    const auto numbers = old_numbers(b.session.take_events());
    REQUIRE(numbers.size() == 299);  // and the join, which is no message
    CHECK(numbers.front() == 302);
    CHECK(numbers.back() == 600);
}

TEST_CASE("a search asks until it has the places, and the entries there") {
    SecureBench b;
    b.server.add_room(4, "dev");
    b.server.append("carol", "tea at noon");
    b.talk(4, 3);
    b.server.append_to(4, "Dave", "more tea");
    b.server.append({frame::EntryKind::announcement, "", "no tea today", 0}, 4);
    b.come_in();
    b.to_client = SecureBench::nothing;
    b.session.search(b.now, {}, "tea");
    b.drive();
    b.wait(seconds(2));
    b.mend();
    b.server.sends_entries = false;
    b.wait(seconds(3));
    CHECK(b.heard("SEARCH 1 in 0 tea").size() >= 2);
    CHECK(b.events().empty());
    b.server.sends_entries = true;
    b.wait(seconds(4));
    const std::string all =
        "found tea: [1 carol: tea at noon] [dev 5 : no tea today] [dev 4 Dave: more tea]";
    CHECK(b.events() == Lines{all});
    b.session.search(b.now, "dev", "more");
    b.drive();
    CHECK(b.events() == Lines{"found more: [dev 4 Dave: more tea]"});
    // One of them has been trimmed since.
    b.server.sends_entries = false;
    b.session.search(b.now, {}, "tea");
    b.drive();
    b.server.rooms[4].tail = 5;
    b.server.sends_entries = true;
    b.wait(seconds(1));
    CHECK(b.events() == Lines{"found tea: [1 carol: tea at noon] [dev 5 : no tea today]"});
    b.session.search(b.now, {}, " ");
    b.session.search(b.now, {}, std::string(256, 'x'));
    b.session.search(b.now, "other", "tea");
    b.session.search(b.now, "dev", "milk");
    b.drive();
    CHECK(b.events() ==
          Lines{"error bad_input", "error bad_input", "error not_in_room", "found milk:"});
    b.wait(seconds(60));
    CHECK(b.heard("SEARCH").size() <= 4);
}

TEST_CASE("scattered places are asked for at once, and never more than the server keeps") {
    SecureBench b;
    b.server.add_room(4, "dev");
    for (int i = 0; i < 1400; ++i)
        b.server.append_to(i % 3 == 0 ? 4 : 1, "carol", i % 20 == 0 ? "tea" : "coffee");
    b.come_in();
    b.server.sends_entries = false;
    b.session.search(b.now, {}, "tea");
    b.session.want_history(b.now, {}, 0, 10);
    b.session.want_history(b.now, "dev", 0, 10);
    b.drive();
    // 64 places; who has none left waits for the answers.
    CHECK(b.heard("ENTRIES_WANTED").size() == 64);
    b.wait(seconds(2));
    const auto again = b.heard("ENTRIES_WANTED");
    CHECK(again.size() >= 64);
    CHECK(again.size() % 64 == 0);
    CHECK(Lines(again.begin(), again.begin() + 64) == Lines(again.end() - 64, again.end()));
    b.server.sends_entries = true;
    b.wait(seconds(5));
    const Lines events = b.events();
    REQUIRE(!events.empty());
    CHECK(std::ranges::count_if(events,
                                [](const auto& e) { return e.starts_with("found tea: "); }) == 1);
    CHECK(of_room(events, "old dev from").size() == 1);
    CHECK(of_room(events, "old from").size() == 1);
    // And all of it, with nothing lost, by one question for each place.
    b.forget();
    b.session.search(b.now, "dev", "tea");
    b.drive();
    const auto found = b.events();
    REQUIRE(found.size() == 1);
    CHECK(std::ranges::count(found[0], ']') == 24);
    CHECK(b.heard("ENTRIES_WANTED").size() == 24);
}

TEST_CASE("what is no longer kept is a gap in history, and one for who comes back after long") {
    SecureBench b;
    b.talk(1, 100);
    b.server.rooms[1].tail = 41;
    b.come_in();
    b.session.want_history(b.now, {}, 0, 60);
    b.drive();
    Lines events = b.events();
    REQUIRE(events.size() == 61);
    CHECK(events.front() == "old 42 carol: 42");
    CHECK(events.back() == "old from 42");
    b.session.want_history(b.now, {}, 0, 60);
    b.drive();
    CHECK(b.events() == Lines{"old gap 1..40", "old 41 carol: 41", "old from 41, the start"});
    // Trimmed since, and the client knows it from the answer only.
    b.server.rooms[1].tail = 51;
    b.session.want_history(b.now, {}, 60, 19);
    b.drive();
    events = b.events();
    REQUIRE(events.size() == 11);
    CHECK(events[0] == "old gap 1..50");
    CHECK(events[1] == "old 51 carol: 51");

    // His cursor is in what is gone: what he missed begins with it, for a program and for a person.
    for (const bool reads : {false, true}) {
        CAPTURE(reads);
        SecureBench late(reads ? person(5) : SecureBench::accept_new());
        late.talk(1, 1300);
        late.server.rooms[1].cursor = 11;
        late.server.rooms[1].tail = 1201;
        late.log_in();
        late.wait(seconds(1));
        Lines all = late.events();
        CHECK(all[2] == "welcome bob to lobby, next 11 of 1302");
        std::erase(all, "members of lobby: bob carol Dave");
        const auto gap = std::ranges::find(all, "gap 11..1200");
        REQUIRE(gap != all.end());
        CHECK(*(gap + 1) == "1201 carol: 1201");
        CHECK(all.end() - gap == 1 + 101);
        if (reads) CHECK(*(gap - 2) == "old gap 1..10");
        if (reads) CHECK(*(gap - 1) == "old from 1201, the start");
        CHECK(of_room(all, "remark").empty());
    }

    // More than he can read is left out, and what is gone is not said to be there.
    SecureBench far(person(5));
    far.talk(1, 2500);
    far.server.rooms[1].cursor = 11;
    far.server.rooms[1].tail = 1001;
    far.log_in();
    far.wait(seconds(1));
    const Lines all = far.events();
    CHECK(all[2] == "welcome bob to lobby, next 2302 of 2502");
    CHECK(all[3] ==
          "remark lobby: 1301 older entries that you have not read are not shown; scroll up or say "
          "/history to read them; 990 can no longer be had");
}
