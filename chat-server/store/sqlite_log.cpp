// SPDX-License-Identifier: MIT
#include "chat-server/store/sqlite_log.h"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>
#include <set>
#include <utility>

#include "chat-server/core/limits.h"
#include "chat-server/store/found_entry.h"
#include "chat-server/store/indexing.h"
#include "chat-server/store/room_states.h"
#include "chat-server/store/schema.h"
#include "chat-server/store/stored_state.h"
#include "chat-server/store/tables.h"
#include "chat-server/store/write_ahead_log.h"

namespace chat::server {
namespace {

// Epochs unused for a day are looked for once an hour.
constexpr std::int64_t epoch_sweep_interval_ms = 3'600'000;

// Memory for pages, whatever the database's size.
constexpr int cache_kib = 8192;

Result<void> configure(Database& database, Durability durability) {
    return database.run(
        fmt::format("PRAGMA synchronous = {}; PRAGMA cache_size = -{}; PRAGMA mmap_size = 0;"
                    "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST;",
                    durability == Durability::power ? "FULL" : "NORMAL", cache_kib));
}

}  // namespace

struct SqliteLog::State {
    State(Database opened, const SqliteLogConfig& config)
        : database(std::move(opened)),
          wal(database, {config.wal_pages_tended, config.wal_pages_long, config.wal_pages_max}),
          trimmer(config.retention) {}

    Result<std::vector<Seq>> store(const Changes& changes,
                                   std::vector<std::pair<RoomId, RoomState>>& grown);
    Result<std::vector<Seq>> append(const std::vector<Append>& appends,
                                    std::vector<std::pair<RoomId, RoomState>>& grown);
    bool lags(RoomId room) const { return rooms.lagging().contains(room); }
    Result<void> index(const std::set<RoomId>& which);
    Result<bool> sweep_epochs(WallTime now);

    Database database;
    WriteAheadLog wal;
    Tables tables;
    RoomStates rooms;
    Trimmer trimmer;
    std::set<RoomId> wanted;  // somebody waits to search them
    std::optional<WallTime> epochs_swept_at;
    std::optional<std::int64_t> epoch_row;  // the sweep goes on behind it
};

SqliteLog::SqliteLog(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqliteLog::~SqliteLog() = default;

std::expected<std::unique_ptr<SqliteLog>, std::string> SqliteLog::open(
    const std::string& path, const SqliteLogConfig& config) {
    auto database = Database::open(path, Database::Access::create);
    if (!database) return std::unexpected(database.error());
    auto state = std::make_unique<State>(std::move(*database), config);
    Database& opened = state->database;
    auto done = configure(opened, config.durability);
    if (done) done = prepare_database(opened, config.new_log_epoch);
    if (!done) return std::unexpected(done.error());
    auto tables = Tables::prepare(opened);
    if (!tables) return std::unexpected(tables.error());
    state->tables = std::move(*tables);
    return std::unique_ptr<SqliteLog>(new SqliteLog(std::move(state)));
}

std::expected<Stored, std::string> SqliteLog::load(WallTime now) {
    return load_state(state_->database, state_->tables, now, state_->rooms);
}

Result<std::vector<Seq>> SqliteLog::State::append(
    const std::vector<Append>& appends, std::vector<std::pair<RoomId, RoomState>>& grown) {
    std::vector<Seq> seqs;
    std::vector<EntriesTable::Placed> placed;
    seqs.reserve(appends.size());
    placed.reserve(appends.size());
    for (const auto& [id, entry] : appends) {
        auto room = std::ranges::find(grown, id, &std::pair<RoomId, RoomState>::first);
        if (room == grown.end()) room = grown.insert(grown.end(), {id, rooms.get(id)});
        const Seq seq = room->second.head++;
        auto done = tables.epochs.note(entry, id, seq);
        if (done) done = tables.rooms.apply(id, seq, entry);
        if (!done) return std::unexpected(done.error());
        seqs.push_back(seq);
        placed.push_back({entry_id(id, seq), &entry});
    }
    if (const auto done = tables.entries.insert(placed); !done)
        return std::unexpected(done.error());
    return seqs;
}

Result<std::vector<Seq>> SqliteLog::State::store(const Changes& changes,
                                                 std::vector<std::pair<RoomId, RoomState>>& grown) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    for (const NewPerson& person : changes.people) {
        if (const auto done = tables.people.insert(person); !done)
            return std::unexpected(done.error());
    }
    for (const NewRoom& room : changes.rooms) {
        if (const auto done = tables.rooms.insert(room); !done)
            return std::unexpected(done.error());
        grown.emplace_back(room.id, RoomState{});
    }
    for (const NewEpoch& begun : changes.epochs) {
        if (const auto done = tables.epochs.note(begun); !done)
            return std::unexpected(done.error());
    }
    auto seqs = append(changes.appends, grown);
    if (!seqs) return seqs;
    for (const SeatChange& seat : changes.seats) {
        if (const auto done = tables.rooms.set_seat(seat); !done)
            return std::unexpected(done.error());
    }
    if (const auto done = tables.epochs.write(); !done) return std::unexpected(done.error());
    if (const auto done = transaction->commit(); !done) return std::unexpected(done.error());
    return seqs;
}

std::expected<std::vector<Seq>, std::string> SqliteLog::commit(const Changes& changes) {
    if (changes.empty()) return std::vector<Seq>{};
    if (const auto ready = state_->wal.before_commit(); !ready)
        return std::unexpected(ready.error());
    std::vector<std::pair<RoomId, RoomState>> grown;
    auto seqs = state_->store(changes, grown);
    if (!seqs) {
        state_->tables.epochs.taken_back();
        return seqs;
    }
    state_->tables.epochs.committed();
    for (const auto& [id, room] : grown)
        state_->rooms.set(id, room);
    state_->wal.after_commit();
    return seqs;
}

std::expected<Page, std::string> SqliteLog::read(const ReadRequest& request) {
    const RoomState room = state_->rooms.get(request.room);
    Page page{request.room, room.first_kept, {}};
    const Seq from = std::max(request.from, room.first_kept);
    if (from >= room.head || request.entries_max == 0) return page;
    auto entries = state_->tables.entries.read(request.room, from, room.head, request.entries_max,
                                               request.bytes_max);
    if (!entries) return std::unexpected(entries.error());
    Seq expected = from;
    for (const StoredEntry& stored : *entries) {
        if (stored.seq != expected++) return state_->database.failure(SQLITE_CORRUPT);
    }
    if (entries->empty()) return state_->database.failure(SQLITE_CORRUPT);
    page.entries = std::move(*entries);
    return page;
}

Result<void> SqliteLog::State::index(const std::set<RoomId>& which) {
    const auto indexed = index_slice(database, tables, rooms, which);
    if (!indexed) return std::unexpected(indexed.error());
    for (const RoomId id : *indexed) {
        trimmer.look_at(id, rooms.get(id));
        if (!lags(id)) wanted.erase(id);
    }
    return {};
}

std::expected<std::optional<SearchAnswer>, std::string> SqliteLog::search(
    const SearchRequest& request) {
    SearchAnswer answer{request.ticket, {}, false};
    const auto phrases = search_phrases(request.words);
    if (phrases.empty()) return answer;
    for (const RoomId room : request.rooms) {
        if (state_->lags(room)) state_->wanted.insert(room);
    }
    if (!state_->wanted.empty()) {
        // A slice here and now, or a room in which everybody talks would never be ready.
        const auto lags = [this](RoomId room) { return state_->lags(room); };
        if (state_->index(std::set(state_->wanted))) {
            if (std::ranges::any_of(request.rooms, lags)) return std::nullopt;
        } else {
            // A full disk: what was indexed before is still found. commit() and tend() say why.
            state_->wanted.clear();
            answer.incomplete = std::ranges::any_of(request.rooms, lags);
        }
    }
    const auto expression = state_->tables.search.expression(phrases);
    if (!expression) return std::unexpected(expression.error());
    if (expression->empty()) return answer;
    std::vector<FoundEntry> found;
    for (const RoomId room : request.rooms) {
        const auto seqs =
            state_->tables.search.find(*expression, room, request.before, request.hits_max + 1);
        if (!seqs) return std::unexpected(seqs.error());
        for (const Seq seq : *seqs) {
            const auto time = state_->tables.entries.time_of(entry_id(room, seq));
            if (!time) return std::unexpected(time.error());
            if (*time) found.push_back({**time, {room, seq}});
        }
    }
    merge_by_time(request.rooms.size(), found);
    answer.more = found.size() > request.hits_max;
    if (answer.more) found.resize(request.hits_max);
    for (const FoundEntry& one : found)
        answer.hits.push_back(one.hit);
    return answer;
}

Result<bool> SqliteLog::State::sweep_epochs(WallTime now) {
    const bool is_time = !epochs_swept_at || std::abs(now.unix_ms - epochs_swept_at->unix_ms) >=
                                                 epoch_sweep_interval_ms;
    if (!epoch_row && is_time) {
        epochs_swept_at = now;
        epoch_row = 0;
    }
    if (!epoch_row) return false;
    const WallTime since{now.unix_ms - epoch_age_max.us / 1000};
    const auto last = tables.epochs.erase_unused(since, *epoch_row, slice_entries_max);
    if (!last) return std::unexpected(last.error());
    if (*last == 0) {
        epoch_row.reset();
    } else {
        epoch_row = *last;
    }
    return epoch_row.has_value();
}

std::expected<bool, std::string> SqliteLog::tend(WallTime now) {
    State& state = *state_;
    // A slice is worth its transaction when it is full, or when somebody waits for it.
    const auto wants_index = [&state] {
        return !state.wanted.empty() || state.rooms.lag() >= slice_entries_max;
    };
    if (wants_index()) {
        const std::set<RoomId> which = state.wanted.empty() ? state.rooms.lagging() : state.wanted;
        if (const auto done = state.index(which); !done) return std::unexpected(done.error());
        return true;
    }
    auto more = state.trimmer.slice(state.database, state.tables, state.rooms, now);
    if (!more || *more) return more;
    more = state.sweep_epochs(now);
    if (!more || *more) return more;
    if (const auto done = state.wal.tend(); !done) return std::unexpected(done.error());
    return false;
}

std::vector<Log::Trimmed> SqliteLog::take_trimmed() {
    return state_->trimmer.take_trimmed(state_->rooms);
}

}  // namespace chat::server
