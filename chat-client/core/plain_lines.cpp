// SPDX-License-Identifier: MIT
#include "chat-client/core/plain_lines.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>

#include "proto/wire/text.h"

namespace chat::client {
namespace {

// More than fit into a few rows; then their number says more.
constexpr std::size_t names_shown_max = 30;

using Lines = std::vector<std::string>;
using Date = std::string (*)(WallTime);

Lines lines(const Welcome& e, Date) {
    Lines out;
    if (is_conversation(e.room)) {
        out.push_back(fmt::format("this is where you and {} talk, and nobody else",
                                  std::string_view(e.room).substr(1)));
    } else if (e.landing) {
        out.push_back(fmt::format("you are in {} as {}; /help lists the commands", e.room, e.name));
    } else {
        out.push_back(fmt::format("you are in {} as {}", e.room, e.name));
    }
    if (!e.topic.empty()) out.push_back(fmt::format("the topic is: {}", e.topic));
    return out;
}
Lines lines(const Members& e, Date) {
    if (is_conversation(e.room)) return {};
    if (e.names.size() <= names_shown_max) return {names_sentence(e)};
    return {fmt::format("{} people are here", e.names.size())};
}
Lines lines(const Gap& e, Date) {
    if (e.from == e.to) return {fmt::format("entry {} can no longer be had", e.from)};
    return {
        fmt::format("{} entries, {} to {}, can no longer be had", e.to - e.from + 1, e.from, e.to)};
}
// Where the log begins later than with its first entry the gap says it.
Lines lines(const HistoryEnd& e, Date) {
    if (!e.at_start || e.first > 1) return {};
    return {fmt::format("there is nothing older in {}", e.room)};
}
Lines lines(const RoomLeft& e, Date) {
    return {fmt::format("you have left {}", e.room)};
}
Lines lines(const RoomList& e, Date) {
    if (e.rooms.empty()) return {"there are no rooms"};
    Lines out;
    for (const auto& room : e.rooms) {
        out.push_back(fmt::format("{}, {} here{}{}{}", room.name, room.present,
                                  room.joined ? ", yours" : "", room.topic.empty() ? "" : ": ",
                                  room.topic));
    }
    return out;
}
Lines lines(const SearchResult& e, Date date) {
    const std::string newest =
        "the server cannot search the newest messages at present; search again later";
    if (e.hits.empty() && e.incomplete) {
        return {fmt::format("nothing older was found for \"{}\"", e.words), newest};
    }
    if (e.hits.empty()) return {fmt::format("nothing was found for \"{}\"", e.words)};
    Lines out{fmt::format("{} found for \"{}\"", e.hits.size(), e.words)};
    if (e.incomplete) out.push_back(newest);
    for (const auto& hit : e.hits) {
        const std::string who = hit.from.empty() ? "!" : fmt::format("<{}>", hit.from);
        out.push_back(fmt::format("[{}] {} {} {}", hit.room, date(hit.time), who, hit.text));
    }
    if (e.more) out.push_back("there is more of it, older: /search alone goes on");
    return out;
}
Lines lines(const TrustQuestion& e, Date) {
    return {fmt::format("The key of this server is {}. Trust it? (yes/no)", e.fingerprint)};
}
Lines lines(const Remark& e, Date) {
    return {e.text};
}
Lines lines(const Error& e, Date) {
    return {e.text};
}
Lines lines(const StateChange& e, Date) {
    std::string text;
    switch (e.state) {
        case Connection::connecting:
            text = "connecting";
            break;
        case Connection::online:
            text = "connected";
            break;
        case Connection::reconnecting:
            text = "the connection is lost, trying again";
            break;
        case Connection::offline:
            text = "disconnected";
            break;
    }
    if (!e.reason.empty()) text += ": " + e.reason;
    return {std::move(text)};
}
template <class Entry>
Lines lines(const Entry&, Date) {
    return {};
}

// An entry with its mark; empty for what is none.
std::string marked(const Message& e) {
    return fmt::format("<{}> {}", author(e), e.text);
}
std::string marked(const Joined& e) {
    return "* " + joined_sentence(e);
}
std::string marked(const Left& e) {
    return "* " + left_sentence(e);
}
std::string marked(const Announcement& e) {
    return fmt::format("{} {}", unpins(e) ? "--" : "!", announced(e));
}
std::string marked(const PinnedNow& e) {
    return "! " + pinned(e.text);
}
std::string marked(const Topic& e) {
    return "-- " + topic_sentence(e);
}
template <class Other>
std::string marked(const Other&) {
    return {};
}

bool is_history(const Event& event) {
    return std::visit(
        [](const auto& e) {
            if constexpr (requires { e.history; }) {
                return e.history;
            } else {
                return false;
            }
        },
        event);
}

void add_line(std::string& out, std::string_view before, std::string_view raw) {
    out += before;
    for (;;) {
        const auto end = std::min(raw.find('\n'), raw.size());
        out += clean_line(raw.substr(0, end));
        out += '\n';
        if (end == raw.size()) return;
        raw.remove_prefix(end + 1);
        out += "  ";
    }
}

}  // namespace

std::vector<std::string> program_lines(const Event& event, std::string (*date)(WallTime)) {
    return std::visit([date](const auto& e) { return lines(e, date); }, event);
}

std::string joined_sentence(const Joined& e) {
    return fmt::format("{} joined", e.name);
}

std::string left_sentence(const Left& e) {
    return fmt::format("{} left", e.name);
}

std::string topic_sentence(const Topic& e) {
    if (e.text.empty()) return fmt::format("{} took the topic away", e.name);
    return fmt::format("{} set the topic: {}", e.name, e.text);
}

std::string names_sentence(const Members& e) {
    return fmt::format("here: {}", fmt::join(e.names, ", "));
}

std::string announced(const Announcement& e) {
    if (unpins(e)) return "nothing is pinned any more";
    return e.pinned ? pinned(e.text) : e.text;
}

std::string pinned(std::string_view text) {
    return fmt::format("[pinned] {}", text);
}

bool unpins(const Announcement& e) {
    return e.pinned && e.text.empty();
}

std::string author(const Message& e) {
    return e.unverified ? "~" + e.from : e.from;
}

std::string to_plain_lines(const Event& event, const PlainStyle& style) {
    std::string before(style.clock);
    if (const auto room = room_of(event); !room.empty() && room != style.landing) {
        before += fmt::format("[{}] ", clean_line(room));
    }
    std::string out;
    if (style.marker) add_line(out, before, fmt::format("-- {}", missed_from_here));
    const auto* members = std::get_if<Members>(&event);
    if (members != nullptr && style.all_names) {
        add_line(out, before, "-- " + names_sentence(*members));
        return out;
    }
    const std::string entry = std::visit([](const auto& e) { return marked(e); }, event);
    if (!entry.empty())
        add_line(out, before, style.mark_history && is_history(event) ? "= " + entry : entry);
    for (const auto& line : program_lines(event, style.date))
        add_line(out, before, "-- " + line);
    return out;
}

}  // namespace chat::client
