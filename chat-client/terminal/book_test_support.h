// SPDX-License-Identifier: MIT
// For the tests of the rooms on the screen: a reader called alice, and the events of her rooms.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "chat-client/core/event.h"
#include "chat-client/core/user_input.h"
#include "chat-client/terminal/room_book.h"
#include "chat-client/terminal/view.h"

namespace chat::terminal {

inline std::string test_clock(WallTime) {
    return "12:34";
}
inline std::string test_date(WallTime) {
    return "2026-11-21 12:34";
}

struct Reader {
    RoomBook book{"lobby", {test_clock, test_date}};
    Status status;
    std::uint64_t next = 10;  // number of the next entry, in any room

    Reader() {
        status.server = "host:8888";
        status.connection = "online";
    }

    void show(const client::Event& event) { book.show(event, {}); }
    // So much was missed, and there is something older.
    void enter(std::string room, std::uint64_t missed = 0, std::string topic = {}) {
        const bool landing = room == "lobby";
        show(client::Welcome{"alice", std::move(room), next, "key", landing, false, next + missed,
                             std::move(topic)});
    }
    std::uint64_t hear(std::string room, std::string from, std::string text) {
        const bool own = from == "alice";
        show(client::Message{std::move(room), next, std::move(from), std::move(text), {}, own});
        return next++;
    }
    // An answer with the entries from `first` to `last`.
    void older(const std::string& room, std::uint64_t first, std::uint64_t last, bool at_start) {
        if (at_start && first > 1) show(client::Gap{room, 1, first - 1, true});
        for (auto seq = first; seq <= last; ++seq) {
            show(client::Message{
                room, seq, "bob", "old " + std::to_string(seq), {}, false, false, true});
        }
        show(client::HistoryEnd{room, first, at_start});
    }
    // What was typed; whether it goes on to the server.
    bool enter_line(std::string_view line) {
        input = client::parse_line(line);
        return book.take(input, {});
    }
    client::UserInput input;

    Frame frame(int columns, int rows) {
        book.describe(status, static_cast<std::size_t>(rows));
        auto& room = book.current();
        return compose({columns, rows}, status, room.scrollback(), room.editor());
    }
    // The picture without what is blank in it.
    std::string picture(int columns, int rows) {
        std::string text = to_text(frame(columns, rows));
        for (auto at = text.find("\n\n"); at != std::string::npos; at = text.find("\n\n"))
            text.erase(at, 1);
        return text;
    }
    std::string row(int columns, int rows, int number) {
        const auto whole = frame(columns, rows);
        std::string text;
        for (const auto& span : whole.rows[static_cast<std::size_t>(number)])
            text += span.text;
        return text;
    }
    std::string status_row(int columns) { return row(columns, 10, 8); }
};

}  // namespace chat::terminal
