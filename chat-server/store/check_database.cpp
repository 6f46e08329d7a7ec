// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "chat-server/store/entry_bytes.h"
#include "chat-server/store/entry_json.h"
#include "chat-server/store/readable_entries.h"
#include "chat-server/store/schema.h"
#include "chat-server/store/search_text.h"
#include "chat-server/store/store_tools.h"
#include "chat-server/store/tables.h"
#include "proto/wire/name.h"

namespace chat::server {
namespace {

constexpr std::uint64_t entries_between_reports = 1'000'000;
// Of the lines in which SQLite says what is damaged, and of the numbers that cannot be read.
constexpr std::uint64_t damages_told_max = 20;

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

// A table of the file, as people call what is in it.
struct Section {
    std::string_view table;
    std::string_view what;
};
constexpr std::array parts = std::to_array<Section>({
    {"entries", "what was said (table entries)"},
    {"epochs", "what counts once (table epochs)"},
    {"meta", "the log's number (table meta)"},
    {"people", "people and their keys (table people)"},
    {"rooms", "rooms (table rooms)"},
    {"search_config", "the search index (table search_config)"},
    {"search_data", "the search index (table search_data)"},
    {"search_idx", "the search index (table search_idx)"},
    {"seats", "who is in which room (table seats)"},
    {"words", "the search index (table words)"},
});

bool is_of_index(std::string_view table) {
    return table.starts_with("search_") || table == "words";
}

class Check {
  public:
    Check(Database& database, ReadTables& tables, const Report& progress, const Report& finding)
        : database_(database), tables_(tables), progress_(progress), finding_(finding) {}

    Result<CheckReport> run();

  private:
    struct Step {
        std::string_view what;
        Result<void> (Check::*look)();
        bool needs_all_entries = false;  // else it would tell what is not so
    };

    Result<void> file();
    Result<void> damaged_parts();
    void readable_entries();
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
    void found(const std::string& sentence, bool of_index = false) {
        ++report_.findings;
        if (of_index) ++index_findings_;
        finding_(sentence);
    }
    std::string name_of(const CheckedRoom& room) const;

    Database& database_;
    ReadTables& tables_;
    const Report& progress_;
    const Report& finding_;
    CheckReport report_;
    std::map<RoomId, CheckedRoom> rooms_;
    std::set<RoomId> strange_rooms_;
    std::set<PersonId> people_;
    std::uint64_t index_findings_ = 0;
    bool entries_are_damaged_ = false;
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
    if (const auto whole = check_length(database_); !whole)
        found("the file is shorter than it says: its end is missing");
    std::vector<std::string> lines;
    const auto read =
        each(fmt::format("PRAGMA integrity_check({})", damages_told_max), [&](const Rows& row) {
            for (std::string_view rest = row.text(0); !rest.empty();) {
                const auto line = rest.substr(0, rest.find('\n'));
                rest.remove_prefix(std::min(line.size() + 1, rest.size()));
                // The first is a heading.
                if (line == "ok" || line.starts_with("***")) continue;
                if (lines.size() < damages_told_max) lines.emplace_back(line);
            }
        });
    // It may stumble over what it has just told of.
    if (!read && !database_.last_failure_is_damage()) return read;
    if (read && lines.empty()) return {};
    const auto findings_before = report_.findings;
    const auto index_findings_before = index_findings_;
    if (const auto told = damaged_parts(); !told) return told;
    const auto parts_damaged = report_.findings - findings_before;
    if (parts_damaged == 0) found("the file is damaged outside of what is kept in it");
    const bool only_index =
        parts_damaged > 0 && parts_damaged == index_findings_ - index_findings_before;
    for (const std::string& line : lines) {
        const std::string sentence = fmt::format("SQLite says: {}", line);
        found(sentence, only_index);
    }
    return {};
}

Result<void> Check::damaged_parts() {
    for (const Section& part : parts) {
        bool sound = true;
        const auto looked = each(fmt::format("PRAGMA integrity_check({})", part.table),
                                 [&](const Rows& row) { sound = sound && row.text(0) == "ok"; });
        if (looked && sound) continue;
        if (!looked && !database_.last_failure_is_damage()) return looked;
        const std::string sentence = fmt::format("damaged: {}", part.what);
        found(sentence, is_of_index(part.table));
    }
    return {};
}

Result<void> Check::people() {
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
    Entry entry;
    entry.kind = kind;
    entry.name = row.text(3);
    entry.text = row.text(4);
    if (person != 0 && !people_.contains(person)) {
        found(fmt::format("{}: nobody knows who wrote entry {}", name_of(room), seq));
    } else if (!is_exportable(entry)) {
        found(
            fmt::format("{}: entry {} is damaged: nobody can have said it so", name_of(room), seq));
    }
    if (seq >= room.row.indexed) return;
    room.bytes += bytes_of(entry);
    if (!is_searched(kind)) return;
    const std::string words = search_text(entry.text);
    std::uint64_t offset = 0;
    for (std::string_view rest = words; !rest.empty(); ++offset) {
        const std::string_view word = rest.substr(0, rest.find(' '));
        room.words_wanted += digest(word, id, offset);
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    }
}

Result<void> Check::entries() {
    const auto rows = tables_.rooms.all();
    if (!rows) return std::unexpected(rows.error());
    for (const RoomRow& row : *rows)
        rooms_[row.room.id] = {row, row.first_kept, 0, 0, 0};
    report_.rooms = rooms_.size();
    const auto read = each(
        "SELECT e.id, e.kind, e.person, coalesce(e.name, p.name, ''), e.text "
        "FROM entries e LEFT JOIN people p ON p.id = e.person ORDER BY e.id",
        [this](const Rows& row) {
            entry(row.signed_number(0), row);
            if (report_.entries % entries_between_reports == 0)
                progress_(fmt::format("entries: {} so far", report_.entries));
        });
    if (!read && database_.last_failure_is_damage()) {
        readable_entries();
        return {};
    }
    return read;
}

// How much can still be had of each room, by the way that export goes.
void Check::readable_entries() {
    entries_are_damaged_ = true;
    report_.entries = 0;
    for (const auto& [id, room] : rooms_) {
        std::uint64_t told = 0;
        Seq lost = 0;
        const auto end = end_of_room(room.row, tables_.entries, tables_.rooms);
        visit_readable_entries(
            tables_.entries, id, room.row.first_kept, end,
            {[this](const StoredEntry&) {
                 ++report_.entries;
                 return true;
             },
             [&](Seq from, Seq to) {
                 lost += to - from + 1;
                 if (++told > damages_told_max) return true;
                 found(from == to ? fmt::format("{}: entry {} cannot be read", name_of(room), from)
                                  : fmt::format("{}: entries {} to {} cannot be read",
                                                name_of(room), from, to));
                 return true;
             }});
        if (told > damages_told_max)
            found(fmt::format("{}: {} entries cannot be read in all", name_of(room), lost));
    }
}

Result<void> Check::rooms() {
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
            found(fmt::format("{}: the search index does not fit the entries", name_of(room)),
                  true);
    }
    return {};
}

Result<CheckReport> Check::run() {
    // One state of the database, whatever the server does meanwhile.
    auto transaction = Transaction::begin(database_, false);
    if (!transaction) return std::unexpected(transaction.error());
    constexpr std::array steps = std::to_array<Step>({
        {"the file's pages", &Check::file},
        {"people", &Check::people},
        {"entries", &Check::entries},
        {"rooms", &Check::rooms, true},
        {"messages stored twice", &Check::twice, true},
        {"members", &Check::seats, true},
        {"what counts once", &Check::epochs, true},
        {"the search index", &Check::search, true},
    });
    for (const Step& step : steps) {
        if (step.needs_all_entries && entries_are_damaged_) continue;
        progress_(step.what);
        const auto done = (this->*step.look)();
        if (done) continue;
        // A part that cannot be read is a finding, and the others are looked at all the same.
        const std::string sentence =
            database_.last_failure_is_damage()
                ? fmt::format("{} cannot be looked at: the file is damaged there", step.what)
                : done.error();
        found(sentence, step.look == &Check::search);
    }
    report_.only_index = index_findings_ > 0 && index_findings_ == report_.findings;
    return report_;
}

}  // namespace

Result<CheckReport> check_database(const std::string& path, const Report& progress,
                                   const Report& finding) {
    auto database = Database::open(path, Database::Access::read);
    if (!database) return std::unexpected(database.error());
    if (const auto done = require_schema(*database); !done) return std::unexpected(done.error());
    auto tables = ReadTables::prepare(*database);
    if (!tables) return std::unexpected(tables.error());
    return Check(*database, *tables, progress, finding).run();
}

}  // namespace chat::server
