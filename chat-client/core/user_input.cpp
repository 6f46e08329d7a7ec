// SPDX-License-Identifier: MIT
#include "chat-client/core/user_input.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace chat::client {
namespace {

struct Command {
    std::string_view name;
    std::string_view help;
    UserInput input;
};

const std::array commands = std::to_array<Command>({
    {"help", "this list", Help{}},
    {"quit", "leave; so do the word quit alone, Ctrl-C and Ctrl-D", Quit{}},
});

std::string_view trim_end(std::string_view text) {
    const auto last = text.find_last_not_of(" \t\r");
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace

UserInput parse_line(std::string_view line) {
    const auto command = trim_end(line);
    if (command == "quit") return Quit{};
    if (line.starts_with("//")) return Say{std::string(line.substr(1)), {}};
    if (!line.starts_with('/')) return Say{std::string(line), {}};
    const auto name = command.substr(1, command.find(' ') - 1);
    const auto found = std::ranges::find(commands, name, &Command::name);
    if (found != commands.end()) return found->input;
    return Refused{{ErrorCode::unknown_command,
                    fmt::format("there is no command /{}; /help lists them, and // says a text "
                                "that begins with a slash",
                                name)}};
}

std::optional<bool> parse_yes_no(std::string_view line) {
    const auto first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos) return std::nullopt;
    std::string word(trim_end(line.substr(first)));
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
        text += fmt::format("{}/{:<8}{}", text.empty() ? "" : "\n", command.name, command.help);
    }
    return text + "\n//TEXT   say a text that begins with a slash";
}

}  // namespace chat::client
