// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "chat-server/store/entry_json.h"
#include "chat-server/store/schema.h"
#include "chat-server/store/store_tools.h"
#include "chat-server/store/tables.h"
#include "proto/wire/name.h"

namespace chat::server {
namespace {

constexpr std::size_t entries_per_read = 1000;
constexpr std::size_t bytes_per_read = 1024 * 1024;

struct Chosen {
    RoomRow row;
    ExportHeader header;
};

// A name may have a comma in it, so each is tried as the one between the two names.
Result<std::optional<Chosen>> find_conversation(Tables& tables, std::string_view names) {
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

Result<std::optional<Chosen>> find_room(Tables& tables, const std::string& name) {
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

}  // namespace

Result<std::uint64_t> export_room(const std::string& path, const std::string& room,
                                  const LineSink& write) {
    const auto cannot_write = std::unexpected<std::string>("the entries could not be written");
    auto database = Database::open(path, Database::Access::read);
    if (!database) return std::unexpected(database.error());
    if (const auto done = require_schema(*database); !done) return std::unexpected(done.error());
    auto tables = Tables::prepare(*database);
    if (!tables) return std::unexpected(tables.error());
    auto chosen = find_room(*tables, room);
    if (!chosen) return std::unexpected(chosen.error());
    if (!*chosen) return std::unexpected(fmt::format("{}: there is no room {}", path, room));
    ExportHeader& header = (*chosen)->header;
    const RoomId id = (*chosen)->row.room.id;
    const auto newest = tables->entries.newest(id);
    if (!newest) return std::unexpected(newest.error());
    header.first = (*chosen)->row.first_kept;
    header.next = *newest ? (*newest)->seq + 1 : header.first;
    if (!write(to_json(header))) return cannot_write;
    // Read by pages and not in one go: whoever reads the lines may be slow, and a reader holds up
    // the server's write-ahead log.
    Seq next = header.first;
    while (next < header.next) {
        const auto entries =
            tables->entries.read(id, next, header.next, entries_per_read, bytes_per_read);
        if (!entries) return std::unexpected(entries.error());
        if (entries->empty() || entries->front().seq != next) {
            return std::unexpected(fmt::format(
                "{}: entry {} is not there. If the server has forgotten old entries in the "
                "meantime, export again; else `chat-server check` says more",
                path, next));
        }
        for (const StoredEntry& entry : *entries) {
            if (!write(to_json(header.room, entry))) return cannot_write;
            next = entry.seq + 1;
        }
    }
    return header.next - header.first;
}

}  // namespace chat::server
