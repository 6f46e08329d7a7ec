// SPDX-License-Identifier: MIT
#include "chat-client/core/event.h"

#include "proto/wire/name.h"

namespace chat::client {

std::string_view room_of(const Event& event) {
    return std::visit(
        [](const auto& e) -> std::string_view {
            if constexpr (requires { e.room; }) {
                return e.room;
            } else {
                return {};
            }
        },
        event);
}

std::optional<WallTime> time_of(const Event& event) {
    return std::visit(
        [](const auto& e) -> std::optional<WallTime> {
            if constexpr (requires { e.time; }) {
                return e.time;
            } else {
                return std::nullopt;
            }
        },
        event);
}

std::string room_key(std::string_view room) {
    const auto sign = room.substr(0, is_conversation(room) ? 1 : 0);
    const auto name = room.substr(sign.size());
    return std::string(sign) + (check_name(name) ? name_key(name) : std::string(name));
}

std::string_view code_word(ErrorCode code) {
    switch (code) {
        case ErrorCode::name_taken:
            return "name_taken";
        case ErrorCode::name_unusable:
            return "name_unusable";
        case ErrorCode::name_owned:
            return "name_owned";
        case ErrorCode::too_many_names:
            return "too_many_names";
        case ErrorCode::room_full:
            return "room_full";
        case ErrorCode::unreachable:
            return "unreachable";
        case ErrorCode::ended_by_server:
            return "ended_by_server";
        case ErrorCode::replaced:
            return "replaced";
        case ErrorCode::wrong_password:
            return "wrong_password";
        case ErrorCode::password_wanted:
            return "password_wanted";
        case ErrorCode::key_changed:
            return "key_changed";
        case ErrorCode::key_not_accepted:
            return "key_not_accepted";
        case ErrorCode::key_unknown:
            return "key_unknown";
        case ErrorCode::key_declined:
            return "key_declined";
        case ErrorCode::handshake_altered:
            return "handshake_altered";
        case ErrorCode::history_restarted:
            return "history_restarted";
        case ErrorCode::uncertain:
            return "uncertain";
        case ErrorCode::receiver_died:
            return "receiver_died";
        case ErrorCode::not_supported:
            return "not_supported";
        case ErrorCode::unknown_command:
            return "unknown_command";
        case ErrorCode::bad_input:
            return "bad_input";
        case ErrorCode::queue_full:
            return "queue_full";
        case ErrorCode::room_unusable:
            return "room_unusable";
        case ErrorCode::nobody:
            return "nobody";
        case ErrorCode::too_many_rooms:
            return "too_many_rooms";
        case ErrorCode::not_now:
            return "not_now";
        case ErrorCode::not_in_room:
            return "not_in_room";
        case ErrorCode::cannot_store:
            return "cannot_store";
    }
    return "";
}

std::string_view state_word(Connection state) {
    switch (state) {
        case Connection::connecting:
            return "connecting";
        case Connection::online:
            return "online";
        case Connection::reconnecting:
            return "reconnecting";
        case Connection::offline:
            return "offline";
    }
    return "";
}

}  // namespace chat::client
