// SPDX-License-Identifier: MIT
#include "chat-server/store/entries_table.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

#include "chat-server/store/entry_bytes.h"

namespace chat::server {

namespace {

// A person's own spelling is in people and not repeated in each of his entries.
constexpr std::string_view insert_sql =
    "INSERT INTO entries(id, kind, time, person, name, text, client_epoch, msg_id) VALUES";
constexpr std::string_view row_sql = "(?, ?, ?, ?, ?, ?, ?, ?)";

// Beginning and ending a statement costs a fifth of a row. More rows gain little, and leave more of
// a small transaction to be inserted one by one.
constexpr std::size_t rows_at_once = 32;

std::string insert_rows_sql() {
    std::string sql(insert_sql);
    for (std::size_t row = 0; row < rows_at_once; ++row) {
        if (row > 0) sql += ", ";
        sql += row_sql;
    }
    return sql;
}

constexpr const char* name_sql = "SELECT name FROM people WHERE id = ?1";

constexpr const char* time_sql = "SELECT time FROM entries WHERE id = ?1";

}  // namespace

const char* const read_entries_sql = R"(
SELECT e.id, e.kind, e.time, e.person, coalesce(e.name, p.name, ''), e.text, e.client_epoch,
       e.msg_id, p.key
FROM entries e LEFT JOIN people p ON p.id = e.person
WHERE e.id BETWEEN ?1 AND ?2 ORDER BY e.id LIMIT ?3)";

const char* const newest_entry_sql =
    "SELECT id, time FROM entries WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1";

const char* const newest_authors_sql =
    "SELECT id, kind, person FROM entries WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3";

const char* const erase_entries_sql = "DELETE FROM entries WHERE id BETWEEN ?1 AND ?2";

Result<EntriesTable> EntriesTable::prepare(Database& database) {
    EntriesTable table;
    const std::string insert_one = std::string(insert_sql).append(row_sql);
    const std::string insert_rows = insert_rows_sql();
    const auto done = database.prepare({{table.insert_, insert_one.c_str()},
                                        {table.insert_rows_, insert_rows.c_str()},
                                        {table.name_of_, name_sql},
                                        {table.read_, read_entries_sql},
                                        {table.newest_, newest_entry_sql},
                                        {table.time_of_, time_sql},
                                        {table.newest_authors_, newest_authors_sql},
                                        {table.erase_, erase_entries_sql}});
    if (!done) return std::unexpected(done.error());
    return table;
}

Result<void> EntriesTable::insert(RoomId room, Seq seq, const Entry& entry) {
    const Placed placed{entry_id(room, seq), &entry};
    return insert(std::span(&placed, 1));
}

Result<void> EntriesTable::insert(std::span<const Placed> entries) {
    while (!entries.empty()) {
        const bool many = entries.size() >= rows_at_once;
        Statement& statement = many ? insert_rows_ : insert_;
        const std::size_t rows = many ? rows_at_once : 1;
        int position = 1;
        for (const Placed& placed : entries.first(rows)) {
            const auto next = bind_row(statement, position, placed);
            if (!next) return std::unexpected(next.error());
            position = *next;
        }
        if (const auto done = statement.run_bound(); !done) return done;
        entries = entries.subspan(rows);
    }
    return {};
}

Result<int> EntriesTable::bind_row(Statement& statement, int position, const Placed& placed) {
    const Entry& entry = *placed.entry;
    const Origin& origin = entry.origin;
    std::optional<std::uint32_t> person;
    std::optional<std::string_view> name = entry.name;
    if (origin.person != 0) {
        person = origin.person;
        const auto own = spelling(origin.person);
        if (!own) return std::unexpected(own.error());
        if (**own == entry.name) name.reset();
    }
    return statement.bind_from(position, placed.id, static_cast<int>(entry.kind),
                               entry.time.unix_ms, person, name, entry.text, origin.client_epoch,
                               origin.msg_id);
}

Result<const std::string*> EntriesTable::spelling(PersonId person) {
    if (spellings_.size() <= person) spellings_.resize(person + 1);
    std::string& known = spellings_[person];
    if (known.empty()) {
        auto rows = name_of_.start(person);
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        if (*row) known = rows.text(0);
    }
    return &known;
}

Result<std::vector<StoredEntry>> EntriesTable::read(RoomId room, Seq from, Seq end,
                                                    std::size_t entries_max,
                                                    std::size_t bytes_max) {
    std::vector<StoredEntry> entries;
    if (from >= end) return entries;
    std::size_t bytes = 0;
    auto rows = read_.start(entry_id(room, from), entry_id(room, end - 1), entries_max);
    for (;;) {
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return entries;
        StoredEntry stored;
        stored.seq = seq_of(rows.signed_number(0));
        Entry& entry = stored.entry;
        entry.kind = static_cast<EntryKind>(rows.number(1));
        entry.time = {rows.signed_number(2)};
        entry.name = rows.text(4);
        entry.text = rows.text(5);
        entry.origin.person = static_cast<PersonId>(rows.number(3));
        entry.origin.client_epoch = rows.number(6);
        entry.origin.msg_id = rows.number(7);
        entry.origin.verified = entry.origin.person != 0;
        const auto key = rows.blob(8);
        if (key.size() == entry.origin.key.bytes.size())
            std::ranges::copy(key, entry.origin.key.bytes.begin());
        bytes += bytes_of(entry);
        if (bytes > bytes_max && !entries.empty()) return entries;
        entries.push_back(std::move(stored));
    }
}

Result<std::optional<EntriesTable::Newest>> EntriesTable::newest(RoomId room) {
    auto rows = newest_.start(entry_id(room, 1), last_entry_id(room));
    const auto row = rows.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::nullopt;
    return Newest{seq_of(rows.signed_number(0)), {rows.signed_number(1)}};
}

Result<std::optional<WallTime>> EntriesTable::time_of(EntryId id) {
    auto rows = time_of_.start(id);
    const auto row = rows.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::nullopt;
    return WallTime{rows.signed_number(0)};
}

Result<std::vector<EntriesTable::Author>> EntriesTable::newest_authors(RoomId room,
                                                                       std::size_t entries_max) {
    std::vector<Author> authors;
    auto rows = newest_authors_.start(entry_id(room, 1), last_entry_id(room), entries_max);
    for (;;) {
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return authors;
        authors.push_back({seq_of(rows.signed_number(0)), static_cast<EntryKind>(rows.number(1)),
                           static_cast<PersonId>(rows.number(2))});
    }
}

Result<void> EntriesTable::erase(RoomId room, Seq from, Seq end) {
    assert(from < end);
    return erase_.run(entry_id(room, from), entry_id(room, end - 1));
}

}  // namespace chat::server
