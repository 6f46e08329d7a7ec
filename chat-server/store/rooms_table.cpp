// SPDX-License-Identifier: MIT
#include "chat-server/store/rooms_table.h"

#include <algorithm>
#include <cassert>

#include "proto/wire/name.h"

namespace chat::server {
namespace {

RoomRow row_of(const Rows& rows) {
    RoomRow row;
    row.room = {static_cast<RoomId>(rows.number(0)), static_cast<RoomKind>(rows.number(1)),
                std::string(rows.text(2)), static_cast<PersonId>(rows.number(3)),
                static_cast<PersonId>(rows.number(4))};
    row.first_kept = rows.number(5);
    row.topic = rows.text(6);
    row.pinned = rows.number(7);
    row.indexed = rows.number(8);
    row.bytes = rows.number(9);
    row.imported = rows.number(10);
    return row;
}

Result<std::optional<RoomRow>> first_room(Rows rows) {
    const auto row = rows.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::nullopt;
    return row_of(rows);
}

}  // namespace

Result<RoomsTable> RoomsTable::prepare(Database& database) {
    static const std::string columns =
        "SELECT id, kind, name, first, second, first_kept, topic, pinned, indexed, bytes, imported "
        "FROM rooms ";
    static const std::string all = columns + "ORDER BY id";
    static const std::string by_name = columns + "WHERE folded = ?1";
    static const std::string by_pair = columns + "WHERE first = ?1 AND second = ?2";
    RoomsTable table;
    const auto done = database.prepare(
        {{table.insert_,
          "INSERT INTO rooms(id, kind, name, folded, first, second) VALUES(?1, ?2, ?3, ?4, ?5, "
          "?6)"},
         {table.all_, all.c_str()},
         {table.by_name_, by_name.c_str()},
         {table.by_pair_, by_pair.c_str()},
         {table.last_id_, "SELECT max(id) FROM rooms"},
         {table.set_topic_, "UPDATE rooms SET topic = ?2 WHERE id = ?1"},
         {table.set_pinned_, "UPDATE rooms SET pinned = ?2 WHERE id = ?1"},
         {table.set_indexed_, "UPDATE rooms SET indexed = ?2, bytes = ?3 WHERE id = ?1"},
         {table.set_first_kept_,
          "UPDATE rooms SET first_kept = ?2, pinned = iif(pinned < ?2, 0, pinned) WHERE id = ?1"},
         {table.set_imported_, "UPDATE rooms SET imported = ?2 WHERE id = ?1"},
         {table.set_seat_,
          "INSERT INTO seats(room, person, present, next) VALUES(?1, ?2, ?3, ?4) "
          "ON CONFLICT(room, person) DO UPDATE SET present = ?3, next = ?4"},
         {table.erase_seat_, "DELETE FROM seats WHERE room = ?1 AND person = ?2"},
         {table.seats_, "SELECT room, person, present, next FROM seats"}});
    if (!done) return std::unexpected(done.error());
    return table;
}

Result<void> RoomsTable::insert(const NewRoom& room) {
    if (room.kind == RoomKind::conversation) {
        assert(room.first != 0 && room.first < room.second);
        return insert_.run(room.id, static_cast<int>(room.kind), std::nullopt, std::nullopt,
                           room.first, room.second);
    }
    return insert_.run(room.id, static_cast<int>(room.kind), room.name, name_key(room.name),
                       std::nullopt, std::nullopt);
}

Result<std::vector<RoomRow>> RoomsTable::all() {
    std::vector<RoomRow> found;
    auto rows = all_.start();
    for (;;) {
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return found;
        found.push_back(row_of(rows));
    }
}

Result<std::optional<RoomRow>> RoomsTable::find(std::string_view name) {
    return first_room(by_name_.start(name_key(name)));
}

Result<std::optional<RoomRow>> RoomsTable::find_conversation(PersonId one, PersonId other) {
    return first_room(by_pair_.start(std::min(one, other), std::max(one, other)));
}

Result<RoomId> RoomsTable::next_id() {
    auto rows = last_id_.start();
    const auto row = rows.next();
    if (!row) return std::unexpected(row.error());
    return static_cast<RoomId>(rows.number(0)) + 1;
}

Result<void> RoomsTable::apply(RoomId room, Seq seq, const Entry& entry) {
    if (entry.kind == EntryKind::topic) return set_topic_.run(room, entry.text);
    if (entry.kind == EntryKind::pinned)
        return set_pinned_.run(room, entry.text.empty() ? Seq{0} : seq);
    return {};
}

Result<void> RoomsTable::set_indexed(RoomId room, Seq indexed, std::uint64_t bytes) {
    return set_indexed_.run(room, indexed, bytes);
}

Result<void> RoomsTable::set_first_kept(RoomId room, Seq first_kept) {
    return set_first_kept_.run(room, first_kept);
}

Result<void> RoomsTable::set_imported(RoomId room, Seq imported) {
    return set_imported_.run(room, imported);
}

Result<void> RoomsTable::set_seat(const SeatChange& seat) {
    if (!seat.member) return erase_seat_.run(seat.room, seat.person);
    return set_seat_.run(seat.room, seat.person, seat.present, seat.next);
}

Result<std::vector<SeatChange>> RoomsTable::seats() {
    std::vector<SeatChange> seats;
    auto rows = seats_.start();
    for (;;) {
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return seats;
        seats.push_back({static_cast<RoomId>(rows.number(0)), static_cast<PersonId>(rows.number(1)),
                         true, rows.number(2) != 0, rows.number(3)});
    }
}

}  // namespace chat::server
