// SPDX-License-Identifier: MIT
#include "chat-server/core/classic_service.h"

#include "proto/wire/classic.h"
#include "proto/wire/limits.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::server {
namespace {

// The member at this address, if he goes by this name.
std::optional<MemberIndex> speaker(const Path& path, std::string_view name, Chat& chat) {
    const auto index = chat.roster().find(path.peer);
    if (index && chat.roster()[*index].name == name) return index;
    ++chat.counters().from_strangers;
    return std::nullopt;
}

void handle(const Now& now, const Path& path, const classic::LogIn& request, Chat& chat) {
    if (!check_name(request.name)) {
        ++chat.counters().malformed;
        chat.reply(path, classic::reply_name_unusable);
        return;
    }
    switch (chat.join(now, path, request.name)) {
        case JoinOutcome::accepted:
            break;
        case JoinOutcome::again:
            chat.reply(path, classic::reply_ok);
            break;
        case JoinOutcome::name_taken:
            chat.reply(path, classic::reply_name_taken);
            break;
        case JoinOutcome::too_fast:
            chat.reply(path, classic::reply_too_fast);
            break;
        case JoinOutcome::full:
            chat.reply(path, classic::reply_room_full);
            break;
    }
}

void handle(const Now& now, const Path& path, const classic::Say& request, Chat& chat) {
    const auto author = speaker(path, request.name, chat);
    if (!author) return;
    if (!chat.may_say(now.at, *author)) {
        if (chat.may_be_warned(now.at, *author)) chat.reply(path, classic::reply_too_fast);
        return;
    }
    std::string text = clean_line(request.text);
    if (text.size() > text_bytes_max) {  // grown by U+FFFD for bytes that were no UTF-8
        ++chat.counters().malformed;
        return;
    }
    if (!text.empty()) chat.say(now, *author, std::move(text));
}

void handle(const Now& now, const Path& path, const classic::Quit& request, Chat& chat) {
    if (const auto who = speaker(path, request.name, chat)) {
        chat.leave(now, *who, LeaveReason::quit);
    }
}

}  // namespace

bool ClassicService::serves(const Path& path) const {
    return access_ == ClassicAccess::any ||
           (access_ == ClassicAccess::loopback && path.peer.ip.is_loopback());
}

void ClassicService::on_datagram(const Now& now, const Path& path,
                                 std::span<const std::byte> datagram, Chat& chat) const {
    if (!serves(path)) {
        ++chat.counters().not_served;
        return;
    }
    const auto known = chat.roster().find(path.peer);
    if (known) chat.heard_from(now.at, *known);
    const auto request = classic::decode_request(datagram);
    if (!request) {
        if (request.error() == classic::RequestError::text_too_long && known) {
            ++chat.counters().too_long;
            if (chat.may_be_warned(now.at, *known)) chat.reply(path, classic::reply_text_too_long);
        } else {
            ++chat.counters().malformed;
        }
        return;
    }
    std::visit([&](const auto& r) { handle(now, path, r, chat); }, *request);
}

}  // namespace chat::server
