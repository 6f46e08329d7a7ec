// SPDX-License-Identifier: MIT
// What a program has asked for that is not answered yet, and the answers that only say no. Made
// when it asks, gone with the last answer. None of it is repeated by the server: the client asks
// again until it has an answer (docs/PROTOCOL.md, sections 5 and 6).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "chat-server/core/entry.h"
#include "chat-server/core/wanted_entries.h"
#include "proto/wire/frame.h"
#include "proto/wire/limits.h"

namespace chat::server {

// A name without a piece of memory of its own.
struct NameText {
    NameText() = default;
    explicit NameText(std::string_view text);
    std::string_view view() const { return {bytes.data(), size}; }

    std::uint8_t size = 0;
    std::array<char, name_bytes_max> bytes{};
};

struct RefusedRoom {
    frame::RoomKind kind = frame::RoomKind::named;
    frame::NoRoomCode code = frame::NoRoomCode::unusable_name;
    NameText name;

    frame::NoRoom frame() const { return {kind, code, name.view()}; }
};

struct Requests {
    struct Members {
        RoomId room = 0;
        NameText after;
    };
    struct Question {
        std::uint32_t id = 0;
        std::uint64_t ticket = 0;  // under which the log was asked
    };
    struct Findings {
        std::uint32_t id = 0;
        bool more = false;
        bool incomplete = false;
        std::vector<frame::Place> places;
    };

    std::vector<Members> members;   // of one room at most one
    std::optional<NameText> rooms;  // the names after this one
    std::optional<Question> search;
    std::optional<Findings> found;
    std::vector<RefusedRoom> refused;
    std::vector<RoomId> parted;  // rooms in which he is not
    WantedEntries entries;

    // Short ones; entries have their own turn.
    bool has_answers() const {
        return !members.empty() || rooms || found || !refused.empty() || !parted.empty();
    }
    bool empty() const { return !has_answers() && !search && entries.empty(); }
    void ask_members(RoomId room, std::string_view after);
    void refuse(const RefusedRoom& room);
    void part(RoomId room);
};

}  // namespace chat::server
