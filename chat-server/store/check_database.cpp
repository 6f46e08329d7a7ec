// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <utility>

#include "chat-server/store/schema.h"
#include "chat-server/store/search_text.h"
#include "chat-server/store/store_tools.h"
#include "chat-server/store/tables.h"
#include "proto/wire/name.h"

namespace chat::server {
namespace {

constexpr std::uint64_t entries_between_reports = 1'000'000;
constexpr int damages_told_max = 100;

// Order does not matter to a sum, so an index can be compared with what it should be without
// having either in memory.
std::uint64_t digest(std::string_view word, EntryId id, std::uint64_t offset) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    const auto mix = [&hash](std::uint64_t value) { hash = (hash ^ value) * 0x100000001b3U; };
    for (const char c : word)
        mix(static_cast<unsigned char>(c));
    mix(static_cast<std::uint64_t>(id));
    mix(offset);
    hash ^= hash >> 29;
    return hash * 0xbf58476d1ce4e5b9U;
}

struct CheckedRoom {
    RoomRow row;
    Seq next = 1;  // after the entries seen so far
    std::uint64_t bytes = 0;
    std::uint64_t words_wanted = 0;  // sums of digests
    std::uint64_t words_found = 0;
};

class Check {
  public:
    Check(Database& database, Tables& tables, const Report& progress, const Report& finding)
        : database_(database), tables_(tables), progress_(progress), finding_(finding) {}

    Result<CheckReport> run();

  private:
    Result<void> file();
    Result<void> people();
    Result<void> entries();
    void entry(EntryId id, const Rows& row);
    Result<void> rooms();
    Result<void> twice();
    Result<void> seats();
    Result<void> epochs();
    Result<void> search();

    // For each row of a query; `look` tells what is wrong with it.
    template <typename Look>
    Result<void> each(std::string_view sql, Look&& look);
    void found(const std::string& sentence) {
        ++report_.findings;
        finding_(sentence);
    }
    std::string name_of(const CheckedRoom& room) const;

    Database& database_;
    Tables& tables_;
    const Report& progress_;
    const Report& finding_;
    CheckReport report_;
    std::map<RoomId, CheckedRoom> rooms_;
    std::set<RoomId> strange_rooms_;
    std::set<PersonId> people_;
};

template <typename Look>
Result<void> Check::each(std::string_view sql, Look&& look) {
    auto statement = database_.prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    auto rows = statement->start();
    for (;;) {
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return {};
        look(rows);
    }
}

std::string Check::name_of(const CheckedRoom& room) const {
    if (room.row.room.kind == RoomKind::named) return "room " + room.row.room.name;
    return fmt::format("the conversation of persons {} and {}", room.row.room.first,
                       room.row.room.second);
}

Result<void> Check::file() {
    progress_("the file's pages");
    if (const auto whole = check_length(database_); !whole)
        found("the file is shorter than it says: its end is missing");
    return each(fmt::format("PRAGMA integrity_check({})", damages_told_max),
                [this](const Rows& row) {
                    if (row.text(0) != "ok") found(fmt::format("damaged: {}", row.text(0)));
                });
}

Result<void> Check::people() {
    progress_("people");
    return each("SELECT id, name, folded, length(key) FROM people", [this](const Rows& row) {
        const std::string name(row.text(1));
        people_.insert(static_cast<PersonId>(row.number(0)));
        if (row.number(3) != sizeof(Key32)) found(fmt::format("{} has no usable key", name));
        if (!check_name(name) || name_key(name) != row.text(2))
            found(fmt::format("{} would not be found by name", name));
    });
}

void Check::entry(EntryId id, const Rows& row) {
    ++report_.entries;
    const auto known = rooms_.find(room_of(id));
    if (known == rooms_.end()) {
        if (strange_rooms_.insert(room_of(id)).second)
            found(fmt::format("there are entries of a room {}, which is not there", room_of(id)));
        return;
    }
    CheckedRoom& room = known->second;
    const Seq seq = seq_of(id);
    if (seq < room.row.first_kept) {
        found(fmt::format("{}: entry {} should be forgotten", name_of(room), seq));
    } else if (seq != room.next) {
        found(fmt::format("{}: entries {} to {} are missing", name_of(room), room.next, seq - 1));
    }
    room.next = std::max(room.next, seq + 1);
    const auto kind = static_cast<EntryKind>(row.number(1));
    if (kind < EntryKind::message || kind > EntryKind::pinned)
        found(fmt::format("{}: entry {} is of no known kind", name_of(room), seq));
    const auto person = static_cast<PersonId>(row.number(2));
    if (person != 0 && !people_.contains(person))
        found(fmt::format("{}: nobody knows who wrote entry {}", name_of(room), seq));
    if (seq >= room.row.indexed) return;
    room.bytes += row.text(3).size() + row.text(4).size();
    if (!is_searched(kind)) return;
    const std::string words = search_text(row.text(4));
    std::uint64_t offset = 0;
    for (std::string_view rest = words; !rest.empty(); ++offset) {
        const std::string_view word = rest.substr(0, rest.find(' '));
        room.words_wanted += digest(word, id, offset);
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    }
}

Result<void> Check::entries() {
    progress_("entries");
    const auto rows = tables_.rooms.all();
    if (!rows) return std::unexpected(rows.error());
    for (const RoomRow& row : *rows)
        rooms_[row.room.id] = {row, row.first_kept, 0, 0, 0};
    report_.rooms = rooms_.size();
    return each(
        "SELECT e.id, e.kind, e.person, coalesce(e.name, p.name, ''), e.text "
        "FROM entries e LEFT JOIN people p ON p.id = e.person ORDER BY e.id",
        [this](const Rows& row) {
            entry(row.signed_number(0), row);
            if (report_.entries % entries_between_reports == 0)
                progress_(fmt::format("entries: {} so far", report_.entries));
        });
}

Result<void> Check::rooms() {
    progress_("rooms");
    for (const auto& [id, room] : rooms_) {
        const RoomRow& row = room.row;
        const bool named = row.room.kind == RoomKind::named;
        if (named && !check_name(row.room.name))
            found(fmt::format("room number {} has no usable name", id));
        if (!named && (!people_.contains(row.room.first) || !people_.contains(row.room.second)))
            found(fmt::format("{}: one of them is not known", name_of(room)));
        if (row.indexed > room.next || row.indexed < row.first_kept)
            found(fmt::format("{}: it ends before {}, where the search index ends", name_of(room),
                              row.indexed));
        if (row.pinned >= room.next)
            found(fmt::format("{}: what is pinned is not there", name_of(room)));
        if (row.bytes != room.bytes)
            found(fmt::format("{}: its size is {} bytes, and {} are noted", name_of(room),
                              room.bytes, row.bytes));
    }
    if (!rooms_.contains(1)) found("the lobby is not there");
    return {};
}

Result<void> Check::twice() {
    progress_("messages stored twice");
    // Imported ones are another log's: their numbers may come again here.
    return each(fmt::format("SELECT min(e.id), max(e.id) FROM entries e "
                            "JOIN people p ON p.id = e.person JOIN rooms r ON r.id = e.id >> {} "
                            "WHERE e.msg_id > 0 AND (e.id & {}) >= r.imported "
                            "GROUP BY p.key, e.client_epoch, e.msg_id HAVING count(*) > 1",
                            seq_bits, seq_end - 1),
                [this](const Rows& row) {
                    const EntryId one = row.signed_number(0);
                    const EntryId other = row.signed_number(1);
                    found(
                        fmt::format("one message is stored twice: entry {} of room {} and entry "
                                    "{} of room {}",
                                    seq_of(one), room_of(one), seq_of(other), room_of(other)));
                });
}

Result<void> Check::seats() {
    progress_("members");
    const auto seats = tables_.rooms.seats();
    if (!seats) return std::unexpected(seats.error());
    for (const SeatChange& seat : *seats) {
        const auto room = rooms_.find(seat.room);
        if (room == rooms_.end() || !people_.contains(seat.person)) {
            found(fmt::format("person {} is a member of room {}: one of them is not there",
                              seat.person, seat.room));
        } else if (seat.next < 1 || seat.next > room->second.next) {
            found(fmt::format("{}: person {} has read entries that are not there",
                              name_of(room->second), seat.person));
        }
    }
    return {};
}

Result<void> Check::epochs() {
    progress_("what counts once");
    const auto epochs = tables_.epochs.used_since({INT64_MIN}, SIZE_MAX / 2);
    if (!epochs) return std::unexpected(epochs.error());
    auto entry = database_.prepare("SELECT msg_id, client_epoch FROM entries WHERE id = ?1");
    if (!entry) return std::unexpected(entry.error());
    for (const StoredEpoch& epoch : *epochs) {
        for (const auto& result : epoch.results) {
            const auto room = rooms_.find(result.room);
            if (room != rooms_.end() && result.seq < room->second.row.first_kept) continue;
            auto rows = entry->start(entry_id(result.room, result.seq));
            const auto row = rows.next();
            if (!row) return std::unexpected(row.error());
            if (*row && rows.number(0) == result.msg_id && rows.number(1) == epoch.client_epoch)
                continue;
            found(
                fmt::format("message {} of a client is noted as entry {} of room {}, which it is "
                            "not",
                            result.msg_id, result.seq, result.room));
        }
    }
    return {};
}

Result<void> Check::search() {
    progress_("the search index");
    auto made = database_.run(
        "CREATE VIRTUAL TABLE temp.search_words USING fts5vocab(main, search, instance)");
    if (!made) return made;
    const auto read =
        each("SELECT term, doc, offset FROM temp.search_words", [this](const Rows& row) {
            const EntryId id = row.signed_number(1);
            if (const auto room = rooms_.find(room_of(id)); room != rooms_.end())
                room->second.words_found += digest(row.text(0), id, row.number(2));
        });
    if (!read) return read;
    for (const auto& [id, room] : rooms_) {
        if (room.words_found != room.words_wanted)
            found(fmt::format("{}: the search index does not fit the entries", name_of(room)));
    }
    return {};
}

Result<CheckReport> Check::run() {
    // One state of the database, whatever the server does meanwhile.
    auto transaction = Transaction::begin(database_, false);
    if (!transaction) return std::unexpected(transaction.error());
    for (const auto step : {&Check::file, &Check::people, &Check::entries, &Check::rooms,
                            &Check::twice, &Check::seats, &Check::epochs, &Check::search}) {
        // A part that cannot be read is a finding, and the others are looked at all the same.
        if (const auto done = (this->*step)(); !done) found(done.error());
    }
    return report_;
}

}  // namespace

Result<CheckReport> check_database(const std::string& path, const Report& progress,
                                   const Report& finding) {
    auto database = Database::open(path, Database::Access::read);
    if (!database) return std::unexpected(database.error());
    if (const auto done = require_schema(*database); !done) return std::unexpected(done.error());
    auto tables = Tables::prepare(*database);
    if (!tables) return std::unexpected(tables.error());
    return Check(*database, *tables, progress, finding).run();
}

}  // namespace chat::server
