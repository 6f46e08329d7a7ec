// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "chat-server/store/entry_json.h"
#include "chat-server/store/readable_entries.h"
#include "chat-server/store/schema.h"
#include "chat-server/store/store_tools.h"
#include "chat-server/store/tables.h"
#include "proto/wire/name.h"

namespace chat::server {
namespace {

struct Chosen {
    RoomRow row;
    ExportHeader header;
};

// A name may have a comma in it, so each is tried as the one between the two names.
Result<std::optional<Chosen>> find_conversation(ReadTables& tables, std::string_view names) {
    for (std::size_t comma = names.find(','); comma != std::string_view::npos;
         comma = names.find(',', comma + 1)) {
        const std::string_view one = names.substr(0, comma);
        const std::string_view other = names.substr(comma + 1);
        if (!check_name(one) || !check_name(other)) continue;
        const auto first = tables.people.find(one);
        if (!first) return std::unexpected(first.error());
        const auto second = tables.people.find(other);
        if (!second) return std::unexpected(second.error());
        if (!*first || !*second) continue;
        const auto room = tables.rooms.find_conversation((*first)->id, (*second)->id);
        if (!room) return std::unexpected(room.error());
        if (!*room) continue;
        Chosen chosen{**room, {}};
        chosen.header.kind = RoomKind::conversation;
        chosen.header.room = fmt::format("{},{}", (*first)->name, (*second)->name);
        chosen.header.people = {ExportHeader::Person{(*first)->name, (*first)->key},
                                ExportHeader::Person{(*second)->name, (*second)->key}};
        return chosen;
    }
    return std::nullopt;
}

Result<std::optional<Chosen>> find_room(ReadTables& tables, const std::string& name) {
    if (check_name(name)) {
        const auto room = tables.rooms.find(name);
        if (!room) return std::unexpected(room.error());
        if (*room) {
            Chosen chosen{**room, {}};
            chosen.header.room = chosen.row.room.name;
            return chosen;
        }
    }
    return find_conversation(tables, name);
}

std::string there_is_no(const std::string& room, const std::string& path) {
    if (room.starts_with('@')) {
        return fmt::format(
            "{}: a conversation is called by the names of both: {},NAME, with the other's name",
            path, room.substr(1));
    }
    return fmt::format("{}: there is no room {}; A,B is the conversation of A and B", path, room);
}

}  // namespace

Result<ExportReport> export_room(const std::string& path, const std::string& room,
                                 const LineSink& write, const LossReport& lost) {
    const auto cannot_write = std::unexpected<std::string>("the entries could not be written");
    auto database = Database::open(path, Database::Access::read);
    if (!database) return std::unexpected(database.error());
    if (const auto done = require_schema(*database); !done) return std::unexpected(done.error());
    auto tables = ReadTables::prepare(*database);
    if (!tables) return std::unexpected(tables.error());
    auto chosen = find_room(*tables, room);
    if (!chosen) return std::unexpected(chosen.error());
    if (!*chosen) return std::unexpected(there_is_no(room, path));
    ExportHeader& header = (*chosen)->header;
    const RoomId id = (*chosen)->row.room.id;
    header.first = (*chosen)->row.first_kept;
    header.next = end_of_room((*chosen)->row, tables->entries, tables->rooms);
    if (!write(to_json(header))) return cannot_write;
    ExportReport report;
    std::optional<std::string> trouble;
    const EntryVisitor visitor{
        [&](const StoredEntry& entry) {
            ++report.entries;
            return write(to_json(header.room, entry));
        },
        [&](Seq from, Seq to) {
            const auto again = find_room(*tables, room);
            if (again && *again && from < (*again)->row.first_kept) {
                trouble = fmt::format(
                    "{}: the server has forgotten old entries in the meantime; export again", path);
                return false;
            }
            report.lost += to - from + 1;
            lost(from, to);
            return write(to_json(header.room, MissingEntries{from, to}));
        }};
    if (visit_readable_entries(tables->entries, id, header.first, header.next, visitor))
        return report;
    return trouble ? std::unexpected(*trouble) : cannot_write;
}

}  // namespace chat::server
