// SPDX-License-Identifier: MIT
#include "proto/wire/classic.h"

#include <algorithm>
#include <cassert>
#include <optional>

#include "proto/wire/limits.h"
#include "proto/wire/text.h"

namespace chat::classic {
namespace {

using namespace std::string_view_literals;

constexpr auto said_mark = " 说: "sv;
constexpr auto joined_head = "\n欢迎 "sv;
constexpr auto joined_tail = " 进入聊天室"sv;
constexpr auto left_tail = " 离开了聊天室"sv;

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view without_line_end(std::string_view text) {
    const auto last = text.find_last_not_of("\r\n\0"sv);
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string_view take_word(std::string_view& rest) {
    const auto end = std::min(rest.find(' '), rest.size());
    const auto word = rest.substr(0, end);
    rest.remove_prefix(end);
    return word;
}

std::optional<std::string_view> between(std::string_view text, std::string_view head,
                                        std::string_view tail) {
    if (text.size() <= head.size() + tail.size() || !text.starts_with(head) ||
        !text.ends_with(tail)) {
        return std::nullopt;
    }
    return text.substr(head.size(), text.size() - head.size() - tail.size());
}

bool is_one_word(std::string_view text) {
    return !text.empty() && text.find(' ') == std::string_view::npos;
}

}  // namespace

std::expected<Request, RequestError> decode_request(std::span<const std::byte> datagram) {
    std::string_view rest = without_line_end(as_text(datagram));
    if (rest.empty()) return std::unexpected(RequestError::empty);
    const auto command = take_word(rest);
    if (command != "L" && command != "C" && command != "Q") {
        return std::unexpected(RequestError::unknown_command);
    }
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const auto name = take_word(rest);
    if (name.empty()) return std::unexpected(RequestError::no_name);
    if (command == "L") return LogIn{name};
    if (command == "Q") return Quit{name};
    if (rest.size() < 2) return std::unexpected(RequestError::no_text);
    rest.remove_prefix(1);  // the one space that ends the name; further ones are text
    if (rest.size() > text_bytes_max) return std::unexpected(RequestError::text_too_long);
    return Say{name, rest};
}

std::string encode_log_in(std::string_view name) {
    return "L " + std::string(name);
}

std::string encode_say(std::string_view name, std::string_view text) {
    std::string datagram = "C ";
    return datagram.append(name).append(" ").append(text);
}

std::string encode_quit(std::string_view name) {
    return "Q " + std::string(name);
}

std::size_t text_bytes_per_datagram(std::string_view name) {
    // The sentence, "\n<name> 说: <text>", is longer than the request, "C <name> <text>".
    return datagram_bytes_max - (1 + name.size() + said_mark.size());
}

void DatagramList::clear() {
    bytes_.clear();
    ends_.clear();
}

void DatagramList::add(std::initializer_list<std::string_view> pieces) {
    for (const auto piece : pieces) {
        const auto data = std::as_bytes(std::span(piece.data(), piece.size()));
        bytes_.insert(bytes_.end(), data.begin(), data.end());
    }
    ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
}

void encode_joined(std::string_view name, DatagramList& out) {
    out.add({joined_head, name, joined_tail});
}

void encode_said(std::string_view name, std::string_view text, DatagramList& out) {
    const std::size_t room = text_bytes_per_datagram(name);
    do {
        const auto part = prefix_within(text, room);
        assert(!part.empty() || text.empty());
        out.add({"\n", name, said_mark, part});
        text.remove_prefix(part.size());
    } while (!text.empty());
}

void encode_left(std::string_view name, DatagramList& out) {
    out.add({"\n", name, left_tail});
}

void encode_missed(std::uint64_t count, DatagramList& out) {
    const std::string number = std::to_string(count);
    out.add({"\n（有 ", number, " 条消息没有收到）"});
}

Notice decode_notice(std::span<const std::byte> datagram) {
    const auto text = as_text(datagram);
    if (text == reply_ok) return LoggedIn{};
    if (text == reply_name_taken) return NameTaken{};
    if (text == reply_name_unusable) return NameUnusable{};
    if (text == reply_room_full) return RoomFull{};
    if (text == reply_exit) return Ended{};
    if (text.starts_with('\n')) {
        const auto mark = text.find(said_mark);
        if (mark != std::string_view::npos && is_one_word(text.substr(1, mark - 1))) {
            return Said{text.substr(1, mark - 1), text.substr(mark + said_mark.size())};
        }
        if (const auto name = between(text, joined_head, joined_tail); name && is_one_word(*name)) {
            return Joined{*name};
        }
        if (const auto name = between(text, "\n", left_tail); name && is_one_word(*name)) {
            return Left{*name};
        }
    }
    return Remark{without_line_end(text.substr(text.starts_with('\n') ? 1 : 0))};
}

}  // namespace chat::classic
