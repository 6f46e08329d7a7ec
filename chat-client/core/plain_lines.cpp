// SPDX-License-Identifier: MIT
#include "chat-client/core/plain_lines.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "proto/wire/text.h"

namespace chat::client {
namespace {

// More than fit into a few rows; then their number says more.
constexpr std::size_t names_shown_max = 30;

std::string sentence(const Welcome& e) {
    return fmt::format("you are in {} as {}; /help lists the commands", e.room, e.name);
}
std::string sentence(const Members& e) {
    if (e.names.size() > names_shown_max) {
        return fmt::format("{} people are here", e.names.size());
    }
    return fmt::format("here: {}", fmt::join(e.names, ", "));
}
std::string sentence(const Gap& e) {
    if (e.from == e.to) return fmt::format("entry {} can no longer be had", e.from);
    return fmt::format("entries {} to {} can no longer be had", e.from, e.to);
}
std::string sentence(const TrustQuestion& e) {
    return fmt::format("The key of this server is {}. Trust it? (yes/no)", e.fingerprint);
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
    return fmt::format("<{}> {}", author(e), e.text);
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
// The message itself comes too, which says it better.
std::string line(const Accepted&) {
    return {};
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

std::string author(const Message& e) {
    return e.unverified ? "~" + e.from : e.from;
}

std::string to_plain_lines(const Event& event, std::string_view clock) {
    const std::string raw = std::visit([](const auto& e) { return line(e); }, event);
    if (raw.empty()) return {};
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
