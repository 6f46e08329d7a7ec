// SPDX-License-Identifier: MIT
#include "chat-server/core/operator_commands.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

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
    const std::pair<std::string_view, std::uint64_t> rows[] = {
        {"members", call.chat.roster().size()},
        {"entries", call.chat.head() - 1},
        {"joins", c.joins},
        {"leaves", c.leaves},
        {"messages", c.messages},
        {"announcements", c.announcements},
        {"deliveries", c.deliveries},
        {"missed", c.missed},
        {"datagrams received", c.datagrams_received},
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

OperatorAnswer who(const Call& call) {
    const Roster& roster = call.chat.roster();
    std::vector<MemberIndex> members;
    roster.for_each([&](MemberIndex i) { members.push_back(i); });
    std::ranges::sort(members, {}, [&](MemberIndex i) { return roster[i].id; });
    std::string text = fmt::format("{} {} here", members.size(),
                                   members.size() == 1 ? "member is" : "members are");
    for (const MemberIndex i : members) {
        const Member& m = roster[i];
        text += fmt::format("\n{}  {}  {}  here for {}", m.name, call.address_text(m.path.peer),
                            m.identity ? fingerprint(m.identity->key) : "classic",
                            age(call.now.at - m.joined_at));
    }
    return {true, std::move(text)};
}

constexpr std::array commands = std::to_array<Command>({
    {"help", "/help", "this list", help},
    {"kick", "/kick NAME", "remove somebody from the room", kick},
    {"stats", "/stats", "what the server has seen and done", stats},
    {"who", "/who", "who is here, from where, with which key, for how long", who},
});
static_assert(std::ranges::is_sorted(commands, {}, &Command::name));

OperatorAnswer help(const Call&) {
    std::string text = "a line without a slash is said to everybody by the administrator";
    for (const auto& command : commands) {
        text += fmt::format("\n{:<12}{}", command.usage, command.help);
    }
    return {true, std::move(text)};
}

std::string_view trim(std::string_view text) {
    const auto begin = std::min(text.find_first_not_of(' '), text.size());
    const auto end = text.find_last_not_of(' ');
    return text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin);
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
    return found->run({now, trim(command.substr(name.size())), chat, address_text});
}

OperatorAnswer announce(const Now& now, std::string_view raw, Chat& chat) {
    std::string text = clean_line(raw);
    if (trim(text).empty()) return {false, "there is nothing to announce"};
    if (text.size() > text_bytes_max) {
        return {false, fmt::format("an announcement has at most {} bytes", text_bytes_max)};
    }
    chat.announce(now, std::move(text));
    return {true, {}};
}

}  // namespace chat::server
