// SPDX-License-Identifier: MIT
#include "chat-client/core/event.h"

namespace chat::client {

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
