// SPDX-License-Identifier: MIT
#include "chat-server/core/operator_commands.h"

#include <algorithm>
#include <array>
#include <expected>
#include <fmt/format.h>
#include <optional>

#include "proto/session/keys.h"
#include "proto/wire/limits.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::server {
namespace {

struct Call {
    const Now& now;
    std::string_view argument;
    Chat& chat;
    AddressText address_text;
};

struct Command {
    std::string_view name;
    std::string_view usage;
    std::string_view help;
    OperatorAnswer (*run)(const Call&);
};

// A room's name is short, a topic one line; what does not fit into an answer can be asked for.
constexpr std::size_t rooms_shown_max = 8;
constexpr std::size_t rooms_listed_max = 100;
constexpr std::size_t seen_text_bytes_max = 80;

OperatorAnswer help(const Call&);

std::string age(Duration d) {
    const auto minutes = d.us / 60'000'000;
    if (minutes < 1) return fmt::format("{} s", d.us / 1'000'000);
    if (minutes < 120) return fmt::format("{} min", minutes);
    return fmt::format("{} h", minutes / 60);
}

OperatorAnswer kick(const Call& call) {
    if (!check_name(call.argument)) return {false, "usage: /kick NAME"};
    const auto index = call.chat.roster().find_key(name_key(call.argument));
    if (!index) return {false, fmt::format("nobody here is called {}", call.argument)};
    std::string name = call.chat.roster()[*index].name;
    call.chat.leave(call.now, *index, LeaveReason::kicked);
    return {true, fmt::format("{} was removed from the room", name)};
}

OperatorAnswer stats(const Call& call) {
    const Counters& c = call.chat.counters();
    Seq entries = 0;
    for (RoomId id = 1; id <= call.chat.rooms(); ++id)
        entries += call.chat.room(id).head() - call.chat.room(id).first_kept();
    const std::pair<std::string_view, std::uint64_t> rows[] = {
        {"members", call.chat.roster().size()},
        {"people", call.chat.people().size()},
        {"rooms", call.chat.rooms()},
        {"entries", entries},
        {"joins", c.joins},
        {"leaves", c.leaves},
        {"messages", c.messages},
        {"topics", c.topics},
        {"announcements", c.announcements},
        {"commits failed", c.commits_failed},
        {"deliveries", c.deliveries},
        {"missed", c.missed},
        {"datagrams received", c.datagrams_received},
        {"datagrams unread", c.datagrams_unread},
        {"malformed", c.malformed},
        {"from strangers", c.from_strangers},
        {"not served", c.not_served},
        {"names refused", c.names_refused},
        {"too fast", c.too_fast},
        {"too long", c.too_long},
        {"replies dropped", c.replies_dropped},
        {"handshakes", c.handshakes},
        {"takeovers", c.takeovers},
        {"unknown sessions", c.unknown_sessions},
        {"resets", c.resets},
        {"not opened", c.not_opened},
        {"replayed", c.replayed},
        {"unusable messages", c.unusable},
        {"duplicates", c.duplicates},
        {"challenges", c.challenges},
        {"moves", c.moves},
        {"probes", c.probes},
        {"repeated", c.repeated},
    };
    std::string text;
    for (const auto& [name, value] : rows) {
        text += fmt::format("{}{:<20}{}", text.empty() ? "" : "\n", name, value);
    }
    return {true, std::move(text)};
}

// The named rooms in which he is, as far as a line has place for them.
std::string rooms_of(const Member& member, const Chat& chat) {
    if (member.person == 0) return chat.lobby().name();
    std::string text;
    std::size_t count = 0;
    for (const RoomId id : chat.rooms_of(member.person)) {
        if (!chat.find_seat(id, member.person)->present) continue;
        if (++count > rooms_shown_max) continue;
        text += fmt::format("{}{}", text.empty() ? "" : ", ", chat.room(id).name());
    }
    if (count == 0) return "no room";
    if (count > rooms_shown_max) text += fmt::format(" and {} more", count - rooms_shown_max);
    return text;
}

OperatorAnswer who(const Call& call) {
    const Chat& chat = call.chat;
    const Roster& roster = chat.roster();
    std::vector<MemberIndex> members;
    roster.for_each([&](MemberIndex i) { members.push_back(i); });
    std::ranges::sort(members, {}, [&](MemberIndex i) { return roster[i].id; });
    std::string text = fmt::format("{} {} here", members.size(),
                                   members.size() == 1 ? "member is" : "members are");
    for (const MemberIndex i : members) {
        const Member& m = roster[i];
        text += fmt::format(
            "\n{}  {}  ", m.name,
            m.person != 0 && m.programs == 0 ? "expected back" : call.address_text(m.path.peer));
        text += m.person == 0 ? "classic" : fingerprint(chat.people()[m.person].key);
        if (m.programs > 1) text += fmt::format("  {} programs", m.programs);
        text +=
            fmt::format("  here for {}  in {}", age(call.now.at - m.joined_at), rooms_of(m, chat));
    }
    return {true, std::move(text)};
}

// Who is there now; in the lobby those of the plain-text protocol too.
std::size_t present(const Room& room, const Chat& chat) {
    std::size_t count = room.present();
    if (room.id() != Chat::lobby_id) return count;
    chat.roster().for_each([&](MemberIndex i) { count += chat.roster()[i].listed ? 1 : 0; });
    return count;
}

OperatorAnswer rooms(const Call& call) {
    const Chat& chat = call.chat;
    std::string after;
    if (!call.argument.empty()) {
        if (!check_name(call.argument)) return {false, "usage: /rooms [NAME]"};
        after = name_key(call.argument);
    }
    std::string text = "present  members  entries  room";
    std::size_t listed = 0;
    bool more = false;
    chat.for_each_named_after(after, [&](RoomId id) {
        if (more = listed == rooms_listed_max; more) return false;
        ++listed;
        const Room& room = chat.room(id);
        text += fmt::format("\n{:<9}{:<9}{:<9}{}", present(room, chat), room.seats().size(),
                            room.head() - room.first_kept(), room.name());
        if (!room.topic().empty()) text += fmt::format("  ({})", room.topic());
        after = room.name();
        return true;
    });
    if (more) text += fmt::format("\nthere are more: /rooms {}", after);
    return {true, std::move(text)};
}

// The answer while nothing can be stored, else nothing.
std::optional<OperatorAnswer> refuse_to_store(const Chat& chat) {
    if (chat.can_store()) return std::nullopt;
    return OperatorAnswer{false,
                          "nothing can be stored at present, so nothing was said; see the "
                          "server's journal"};
}

// Text as the administrator may say it, or why not.
std::expected<std::string, OperatorAnswer> to_say(std::string_view raw, const Chat& chat) {
    std::string text = clean_line(raw);
    if (trim(text).empty()) {
        return std::unexpected(OperatorAnswer{false, "there is nothing to announce"});
    }
    if (text.size() > text_bytes_max) {
        return std::unexpected(OperatorAnswer{
            false, fmt::format("an announcement has at most {} bytes", text_bytes_max)});
    }
    if (auto refusal = refuse_to_store(chat)) return std::unexpected(*std::move(refusal));
    return text;
}

OperatorAnswer pin(const Call& call) {
    if (call.argument.empty()) return {false, "usage: /pin TEXT"};
    const auto text = to_say(call.argument, call.chat);
    if (!text) return text.error();
    call.chat.announce_to_all(call.now, EntryKind::pinned, *text);
    return {true, {}};
}

OperatorAnswer unpin(const Call& call) {
    if (call.chat.lobby().pinned() == 0) return {false, "nothing is pinned"};
    if (auto refusal = refuse_to_store(call.chat)) return *std::move(refusal);
    call.chat.announce(call.now, Chat::lobby_id, EntryKind::pinned, {});
    return {true, "nothing is pinned any more"};
}

OperatorAnswer seen(const Call& call) {
    const auto& announced = call.chat.announced();
    if (announced.empty()) {
        return {true, "nothing was announced since the server started"};
    }
    std::string text;
    for (const auto& one : announced) {
        const auto count = call.chat.seen(one.room, one.seq);
        text += fmt::format("{}{} of {} in {}: {}", text.empty() ? "reached " : "\nreached ",
                            count.seen, count.of, call.chat.room(one.room).name(),
                            prefix_within(one.text, seen_text_bytes_max));
    }
    return {true, std::move(text)};
}

constexpr std::array commands = std::to_array<Command>({
    {"help", "/help", "this list", help},
    {"kick", "/kick NAME", "end somebody's visit", kick},
    {"pin", "/pin TEXT", "announce it, and show it to everybody who comes", pin},
    {"rooms", "/rooms [NAME]", "all rooms, or those after this name", rooms},
    {"seen", "/seen", "how many the last announcements have reached", seen},
    {"stats", "/stats", "what the server has seen and done", stats},
    {"unpin", "/unpin", "show newcomers no announcement any more", unpin},
    {"who", "/who", "who is here, from where, with which key, how long, in which rooms", who},
});
static_assert(std::ranges::is_sorted(commands, {}, &Command::name));

OperatorAnswer help(const Call&) {
    std::string text = "a line without a slash is said to everybody by the administrator";
    for (const auto& command : commands) {
        text += fmt::format("\n{:<15}{}", command.usage, command.help);
    }
    return {true, std::move(text)};
}

}  // namespace

OperatorAnswer run_operator_command(const Now& now, std::string_view line, Chat& chat,
                                    AddressText address_text) {
    const std::string clean = clean_line(line);
    const std::string_view command = trim(clean);
    const auto name = command.substr(0, command.find(' '));
    const auto found = std::ranges::lower_bound(commands, name, {}, &Command::name);
    if (found == commands.end() || found->name != name) {
        return {false, fmt::format("there is no command /{}; /help lists them", name)};
    }
    const auto argument = trim(command.substr(name.size()));
    // A word more may be meant for another command.
    const bool takes_none = found->usage.find(' ') == std::string_view::npos;
    if (takes_none && !argument.empty()) return {false, fmt::format("usage: {}", found->usage)};
    return found->run({now, argument, chat, address_text});
}

OperatorAnswer announce(const Now& now, std::string_view raw, Chat& chat) {
    const auto text = to_say(raw, chat);
    if (!text) return text.error();
    chat.announce_to_all(now, EntryKind::announcement, *text);
    return {true, {}};
}

}  // namespace chat::server
