// SPDX-License-Identifier: MIT
#include "chat-client/core/user_input.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "proto/wire/text.h"

namespace chat::client {
namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::uint32_t history_max = 256;  // PROTOCOL.md, ENTRIES_WANTED

std::string_view trim_end(std::string_view text) {
    const auto last = text.find_last_not_of(blanks);
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// The first word, which is taken off `rest` with the blanks around it.
std::string_view take_word(std::string_view& rest) {
    const auto end = std::min(rest.find_first_of(blanks), rest.size());
    const auto word = rest.substr(0, end);
    rest = trim(rest.substr(end), blanks);
    return word;
}

// What each command makes of the rest of its line, trimmed; nothing: that is not how it is used.
using Parsed = std::optional<UserInput>;

Parsed parse_help(std::string_view rest) {
    if (!rest.empty()) return std::nullopt;
    return Help{};
}
Parsed parse_quit(std::string_view rest) {
    if (!rest.empty()) return std::nullopt;
    return Quit{};
}
Parsed parse_join(std::string_view rest) {
    const auto room = take_word(rest);
    if (room.empty() || !rest.empty()) return std::nullopt;
    return JoinRoom{std::string(room)};
}
Parsed parse_part(std::string_view rest) {
    const auto room = take_word(rest);
    if (!rest.empty()) return std::nullopt;
    return PartRoom{std::string(room)};
}
Parsed parse_rooms(std::string_view rest) {
    if (!rest.empty()) return std::nullopt;
    return ListRooms{};
}
Parsed parse_names(std::string_view rest) {
    const auto room = take_word(rest);
    if (!rest.empty()) return std::nullopt;
    return ListMembers{std::string(room)};
}
Parsed parse_msg(std::string_view rest) {
    auto name = take_word(rest);
    if (is_conversation(name)) name.remove_prefix(1);
    if (name.empty()) return std::nullopt;
    std::string room = fmt::format("@{}", name);
    if (rest.empty()) return JoinRoom{std::move(room)};
    return Say{std::string(rest), {}, std::move(room)};
}
Parsed parse_topic(std::string_view rest) {
    if (rest.empty()) return ShowTopic{};
    return SetTopic{std::string(rest == "-" ? "" : rest)};
}
Parsed parse_search(std::string_view rest) {
    return SearchFor{std::string(rest)};
}
Parsed parse_history(std::string_view rest) {
    WantHistory wanted;
    if (rest.empty()) return wanted;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), wanted.limit);
    if (error == std::errc::invalid_argument || end != rest.data() + rest.size()) {
        return std::nullopt;
    }
    if (error != std::errc{} || wanted.limit < 1 || wanted.limit > history_max) {
        return Refused{{ErrorCode::bad_input,
                        fmt::format("/history brings 1 to {} messages at a time", history_max)}};
    }
    return wanted;
}

struct Command {
    std::string_view name;
    std::string_view arguments;
    std::string_view help;
    Parsed (*parse)(std::string_view rest);
};

constexpr std::array commands = std::to_array<Command>({
    {"help", "", "this list", parse_help},
    {"join", "ROOM", "go to a room; it is made if there is none of that name", parse_join},
    {"part", "[ROOM]", "leave a room for good, the present one or another", parse_part},
    {"rooms", "", "all rooms", parse_rooms},
    {"names", "[ROOM]", "who is in a room", parse_names},
    {"msg", "NAME [TEXT]", "talk with one person, whether here at present or not", parse_msg},
    {"topic", "[TEXT]", "show the room's topic, or set it; - takes it away", parse_topic},
    {"search", "[WORDS]", "where all these words were said, in your rooms; alone: older",
     parse_search},
    {"history", "[COUNT]", "older messages, 50 of them or 1 to 256", parse_history},
    {"quit", "", "leave; so do the word quit alone, Ctrl-C and Ctrl-D", parse_quit},
});

std::string usage(const Command& command) {
    return fmt::format("/{}{}{}", command.name, command.arguments.empty() ? "" : " ",
                       command.arguments);
}

}  // namespace

UserInput parse_line(std::string_view line) {
    if (trim_end(line) == "quit") return Quit{};
    if (line.starts_with("//")) return Say{std::string(line.substr(1)), {}};
    if (!line.starts_with('/')) return Say{std::string(line), {}};
    auto rest = line.substr(1);
    const auto name = take_word(rest);
    const auto found = std::ranges::find(commands, name, &Command::name);
    if (found == commands.end()) {
        return Refused{{ErrorCode::unknown_command,
                        fmt::format("there is no command /{}; /help lists them, and // says a "
                                    "text that begins with a slash",
                                    name)}};
    }
    if (auto input = found->parse(rest)) return std::move(*input);
    return Refused{{ErrorCode::bad_input, fmt::format("it is used so: {}", usage(*found))}};
}

std::optional<bool> parse_yes_no(std::string_view line) {
    std::string word(trim(line, blanks));
    for (char& c : word) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (word == "yes" || word == "y") return true;
    if (word == "no" || word == "n") return false;
    return std::nullopt;
}

std::string help_text() {
    std::string text;
    for (const auto& command : commands) {
        text += fmt::format("{}{:<18}{}", text.empty() ? "" : "\n", usage(command), command.help);
    }
    return text + fmt::format("\n{:<18}{}", "//TEXT", "say a text that begins with a slash");
}

}  // namespace chat::client
