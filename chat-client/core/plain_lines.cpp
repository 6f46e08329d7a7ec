// SPDX-License-Identifier: MIT
#include "chat-client/core/plain_lines.h"

#include <fmt/format.h>

#include "proto/wire/text.h"

namespace chat::client {
namespace {

std::string sentence(const Welcome& e) {
    return fmt::format("you are in {} as {}; /help lists the commands", e.room, e.name);
}
std::string sentence(const Remark& e) {
    return e.text;
}
std::string sentence(const Error& e) {
    return e.text;
}
std::string sentence(const StateChange& e) {
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
    return text;
}
template <class Entry>
std::string sentence(const Entry&) {
    return {};
}

std::string line(const Message& e) {
    return fmt::format("<{}> {}", e.from, e.text);
}
std::string line(const Joined& e) {
    return "* " + joined_sentence(e);
}
std::string line(const Left& e) {
    return "* " + left_sentence(e);
}
std::string line(const Announcement& e) {
    return fmt::format("! {}", e.text);
}
template <class Other>
std::string line(const Other& e) {
    return fmt::format("-- {}", sentence(e));
}

}  // namespace

std::string program_sentence(const Event& event) {
    return std::visit([](const auto& e) { return sentence(e); }, event);
}

std::string joined_sentence(const Joined& e) {
    return fmt::format("{} joined", e.name);
}

std::string left_sentence(const Left& e) {
    return fmt::format("{} left", e.name);
}

std::string to_plain_lines(const Event& event, std::string_view clock) {
    const std::string raw = std::visit([](const auto& e) { return line(e); }, event);
    std::string lines(clock);
    for (std::string_view rest = raw;;) {
        const auto end = std::min(rest.find('\n'), rest.size());
        lines += clean_line(rest.substr(0, end));
        lines += '\n';
        if (end == rest.size()) return lines;
        rest.remove_prefix(end + 1);
        lines += "  ";
    }
}

}  // namespace chat::client
