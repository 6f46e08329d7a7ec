// SPDX-License-Identifier: MIT
// A room as text: JSON Lines. The first line says what follows, each other line is one entry,
// ascending without a hole:
//
//   {"format":"chat-server export","version":1,"kind":"named","room":"lobby","first":1,"next":3}
//   {"room":"lobby","seq":1,"kind":"message","time":"2026-01-31T12:00:00.000Z","name":"bob",
//    "text":"hello","key":"<base64>","client_epoch":"00000000deadbeef","msg_id":7}
//
// Of two people's conversation `kind` is "conversation", `room` "A,B", and `people` has both
// {"name","key"}. An entry whose author proved nothing has "unverified":true instead of a key; the
// administrator's have no name. Nothing is lost: importing gives the same room again. Of a damaged
// file what could not be read has a line in its place, "to" included:
//
//   {"room":"lobby","kind":"missing","from":5,"to":9}
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "chat-server/core/log.h"

namespace chat::server {

struct ExportHeader {
    RoomKind kind = RoomKind::named;
    std::string room;
    Seq first = 1;  // of the entries that follow
    Seq next = 1;   // behind the last of them
    struct Person {
        std::string name;
        PublicKey key;
    };
    std::array<Person, 2> people;  // of a conversation
};

std::string to_json(const ExportHeader& header);
std::string to_json(std::string_view room, const StoredEntry& entry);
struct MissingEntries {
    Seq from = 0;
    Seq to = 0;  // included
};
std::string to_json(std::string_view room, const MissingEntries& missing);

// Of a kind that there is, with a name and a text such as that kind has.
bool is_exportable(const Entry& entry);

// Whatever is not exactly such a line is refused with a reason. origin.person is not known to
// them: it is left 0.
std::expected<ExportHeader, std::string> header_from_json(std::string_view line);
std::expected<StoredEntry, std::string> entry_from_json(std::string_view line);
// Nothing: the line is not of that kind, and may be an entry's.
std::optional<MissingEntries> missing_from_json(std::string_view line);

// RFC 3339 with milliseconds, UTC.
std::string to_rfc3339(WallTime time);
std::optional<WallTime> from_rfc3339(std::string_view text);

}  // namespace chat::server
