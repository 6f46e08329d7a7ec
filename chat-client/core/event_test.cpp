// SPDX-License-Identifier: MIT
#include "chat-client/core/event.h"

#include "tests/support/catch.h"

using namespace chat;
using namespace chat::client;

TEST_CASE("which room an event is about, and when it was stored") {
    CHECK(room_of(Message{"dev", 1, "a", "b", {}}) == "dev");
    CHECK(room_of(Receipt{"@bob", 1, 2, 3}) == "@bob");
    CHECK(room_of(Error{ErrorCode::not_in_room, "no", "dev"}) == "dev");
    CHECK(room_of(Error{ErrorCode::unreachable, "no"}).empty());
    CHECK(room_of(StateChange{}).empty());
    CHECK(room_of(RoomList{}).empty());
    CHECK(time_of(Topic{"dev", 1, "a", "b", {7}})->unix_ms == 7);
    CHECK_FALSE(time_of(Gap{"dev", 1, 2}));
}

TEST_CASE("rooms are the same if their names are the same to the eye") {
    struct Row {
        const char* one;
        const char* other;
        bool same;
    };
    const Row table[] = {
        {"dev", "dev", true},          {"dev", "DEV", true},   {"dev", "ｄｅｖ", true},
        {"dev", "dew", false},         {"@bob", "@Bob", true}, {"@bob", "bob", false},
        {"no room", "x", false},       {"", "", true},         {"\xff", "\xff", true},
        {"no room", "NO ROOM", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.one, row.other);
        CHECK((room_key(row.one) == room_key(row.other)) == row.same);
    }
    CHECK(is_conversation("@bob"));
    CHECK_FALSE(is_conversation("bob"));
    CHECK_FALSE(is_conversation(""));
}

TEST_CASE("every code and state has a word of its own") {
    struct CodeRow {
        ErrorCode code;
        const char* word;
    };
    const CodeRow codes[] = {
        {ErrorCode::name_taken, "name_taken"},
        {ErrorCode::name_unusable, "name_unusable"},
        {ErrorCode::room_full, "room_full"},
        {ErrorCode::unreachable, "unreachable"},
        {ErrorCode::ended_by_server, "ended_by_server"},
        {ErrorCode::name_owned, "name_owned"},
        {ErrorCode::too_many_names, "too_many_names"},
        {ErrorCode::replaced, "replaced"},
        {ErrorCode::wrong_password, "wrong_password"},
        {ErrorCode::password_wanted, "password_wanted"},
        {ErrorCode::key_changed, "key_changed"},
        {ErrorCode::key_not_accepted, "key_not_accepted"},
        {ErrorCode::key_unknown, "key_unknown"},
        {ErrorCode::key_declined, "key_declined"},
        {ErrorCode::handshake_altered, "handshake_altered"},
        {ErrorCode::history_restarted, "history_restarted"},
        {ErrorCode::uncertain, "uncertain"},
        {ErrorCode::receiver_died, "receiver_died"},
        {ErrorCode::not_supported, "not_supported"},
        {ErrorCode::unknown_command, "unknown_command"},
        {ErrorCode::bad_input, "bad_input"},
        {ErrorCode::queue_full, "queue_full"},
        {ErrorCode::room_unusable, "room_unusable"},
        {ErrorCode::nobody, "nobody"},
        {ErrorCode::too_many_rooms, "too_many_rooms"},
        {ErrorCode::not_now, "not_now"},
        {ErrorCode::not_in_room, "not_in_room"},
        {ErrorCode::cannot_store, "cannot_store"},
    };
    for (const auto& row : codes)
        CHECK(code_word(row.code) == row.word);
    struct StateRow {
        Connection state;
        const char* word;
    };
    const StateRow states[] = {
        {Connection::connecting, "connecting"},
        {Connection::online, "online"},
        {Connection::reconnecting, "reconnecting"},
        {Connection::offline, "offline"},
    };
    for (const auto& row : states)
        CHECK(state_word(row.state) == row.word);
}
