// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cassert>
#include <fmt/format.h>
#include <utility>

#include "chat-server/store/entry_json.h"
#include "chat-server/store/schema.h"
#include "chat-server/store/store_tools.h"
#include "chat-server/store/tables.h"

namespace chat::server {
namespace {

constexpr std::string_view instead_of_lost = "(what stood here was lost: the log was damaged)";

// One import, within one transaction.
class Import {
  public:
    Import(Tables& tables, ExportHeader header) : tables_(tables), header_(std::move(header)) {}

    Result<void> begin();
    Result<void> take(StoredEntry stored);
    Result<void> take(const MissingEntries& missing);
    Result<std::uint64_t> end();

  private:
    Result<PersonId> person(const std::string& name, const PublicKey& key);
    Result<void> find_or_make_room();
    Result<void> compare(const StoredEntry& stored);

    Tables& tables_;
    ExportHeader header_;
    RoomId room_ = 0;
    Seq first_kept_ = 1;
    Seq head_ = 1;      // of the room
    Seq expected_ = 1;  // the next line's
    WallTime last_time_;
    std::uint64_t stored_ = 0;
};

Result<PersonId> Import::person(const std::string& name, const PublicKey& key) {
    const auto found = tables_.people.find(name);
    if (!found) return std::unexpected(found.error());
    if (*found) {
        if ((*found)->key == key) return (*found)->id;
        return std::unexpected(
            fmt::format("the name {} belongs to another key on this server", name));
    }
    const auto id = tables_.people.next_id();
    if (!id) return id;
    const auto done = tables_.people.insert({*id, name, key});
    if (!done) return std::unexpected(done.error());
    return *id;
}

Result<void> Import::find_or_make_room() {
    NewRoom room{0, header_.kind, header_.room, 0, 0};
    Result<std::optional<RoomRow>> found;
    if (room.kind == RoomKind::named) {
        found = tables_.rooms.find(room.name);
    } else {
        const auto one = person(header_.people[0].name, header_.people[0].key);
        if (!one) return std::unexpected(one.error());
        const auto other = person(header_.people[1].name, header_.people[1].key);
        if (!other) return std::unexpected(other.error());
        if (*one == *other) return std::unexpected("nobody talks to himself");
        room.name.clear();
        room.first = std::min(*one, *other);
        room.second = std::max(*one, *other);
        found = tables_.rooms.find_conversation(room.first, room.second);
    }
    if (!found) return std::unexpected(found.error());
    if (*found) {
        room_ = (*found)->room.id;
        first_kept_ = (*found)->first_kept;
    } else {
        const auto id = tables_.rooms.next_id();
        if (!id) return std::unexpected(id.error());
        room_ = room.id = *id;
        if (const auto done = tables_.rooms.insert(room); !done) return done;
    }
    return {};
}

Result<void> Import::begin() {
    if (const auto done = find_or_make_room(); !done) return done;
    const auto newest = tables_.entries.newest(room_);
    if (!newest) return std::unexpected(newest.error());
    expected_ = header_.first;
    if (*newest) {
        head_ = (*newest)->seq + 1;
        if (header_.first > head_) {
            return std::unexpected(
                fmt::format("the room ends before number {}, and the lines begin at {}: what lies "
                            "between is missing",
                            head_, header_.first));
        }
        return {};
    }
    head_ = header_.first;
    if (const auto done = tables_.rooms.set_first_kept(room_, head_); !done) return done;
    return tables_.rooms.set_indexed(room_, head_, 0);
}

Result<void> Import::compare(const StoredEntry& stored) {
    if (stored.seq < first_kept_) return {};  // forgotten here
    const auto there = tables_.entries.read(room_, stored.seq, stored.seq + 1, 1, 0);
    if (!there) return std::unexpected(there.error());
    if (there->size() == 1) {
        const Entry& one = there->front().entry;
        const Entry& other = stored.entry;
        if (one.kind == other.kind && one.time == other.time && one.name == other.name &&
            one.text == other.text && one.origin.key == other.origin.key &&
            one.origin.client_epoch == other.origin.client_epoch &&
            one.origin.msg_id == other.origin.msg_id)
            return {};
    }
    return std::unexpected(
        fmt::format("the room has another entry with number {} already", stored.seq));
}

Result<void> Import::take(StoredEntry stored) {
    if (stored.seq != expected_ || stored.seq >= header_.next)
        return std::unexpected(fmt::format("number {} should come here", expected_));
    ++expected_;
    last_time_ = stored.entry.time;
    if (stored.seq < head_) return compare(stored);
    assert(stored.seq == head_);
    Entry& entry = stored.entry;
    if (entry.origin.verified) {
        const auto author = person(entry.name, entry.origin.key);
        if (!author) return std::unexpected(author.error());
        entry.origin.person = *author;
    }
    if (const auto done = tables_.entries.insert(room_, stored.seq, entry); !done) return done;
    if (const auto done = tables_.rooms.apply(room_, stored.seq, entry); !done) return done;
    ++head_;
    ++stored_;
    return {};
}

Result<void> Import::take(const MissingEntries& missing) {
    if (missing.from != expected_ || missing.to >= header_.next)
        return std::unexpected(fmt::format("number {} should come here", expected_));
    while (expected_ <= missing.to) {
        if (expected_ < head_) {  // it is there, whatever it is
            ++expected_;
            continue;
        }
        StoredEntry stored;
        stored.seq = expected_;
        stored.entry.kind = EntryKind::announcement;
        stored.entry.time = last_time_;
        stored.entry.text = instead_of_lost;
        if (const auto done = take(std::move(stored)); !done) return done;
    }
    return {};
}

Result<std::uint64_t> Import::end() {
    if (expected_ != header_.next) {
        return std::unexpected(
            fmt::format("the file ends before number {}: a part of it is missing", expected_));
    }
    if (stored_ > 0) {
        const auto done = tables_.rooms.set_imported(room_, head_);
        if (!done) return std::unexpected(done.error());
    }
    if (header_.kind == RoomKind::conversation && stored_ > 0) {
        // Both are in it, and it is history to them.
        for (const auto& [name, key] : header_.people) {
            const auto id = person(name, key);
            if (!id) return std::unexpected(id.error());
            const auto done = tables_.rooms.set_seat({room_, *id, true, false, head_});
            if (!done) return std::unexpected(done.error());
        }
    }
    return stored_;
}

}  // namespace

Result<std::uint64_t> import_room(const std::string& path, std::uint64_t new_log_epoch,
                                  const LineSource& read) {
    std::string line;
    if (!read(line)) return std::unexpected("there is nothing to import");
    auto header = header_from_json(line);
    if (!header) return std::unexpected(fmt::format("line 1: {}", header.error()));
    auto database = Database::open(path, Database::Access::create);
    if (!database) return std::unexpected(database.error());
    const auto prepared = prepare_database(*database, new_log_epoch);
    if (!prepared) return std::unexpected(prepared.error());
    auto tables = Tables::prepare(*database);
    if (!tables) return std::unexpected(tables.error());
    auto transaction = Transaction::begin(*database);
    if (!transaction) return std::unexpected(transaction.error());
    Import import(*tables, std::move(*header));
    if (const auto begun = import.begin(); !begun) return std::unexpected(begun.error());
    for (std::uint64_t number = 2; read(line); ++number) {
        const auto taken = [&]() -> Result<void> {
            if (const auto missing = missing_from_json(line)) return import.take(*missing);
            auto entry = entry_from_json(line);
            if (!entry) return std::unexpected(entry.error());
            return import.take(std::move(*entry));
        }();
        if (!taken) return std::unexpected(fmt::format("line {}: {}", number, taken.error()));
    }
    auto stored = import.end();
    if (!stored) return stored;
    if (const auto done = transaction->commit(); !done) return std::unexpected(done.error());
    return stored;
}

}  // namespace chat::server
