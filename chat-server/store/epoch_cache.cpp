// SPDX-License-Identifier: MIT
#include "chat-server/store/epoch_cache.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "chat-server/store/entry_id.h"
#include "proto/wire/frame.h"

namespace chat::server {
namespace {

// One result: how far its msg_id is before next_msg_id (1 to results_max), and its entry's id,
// 8 bytes with the highest first.
constexpr std::size_t result_bytes = 9;
static_assert(frame::results_max < 256);

std::vector<std::byte> packed(const StoredEpoch& epoch) {
    std::vector<std::byte> bytes;
    bytes.reserve(epoch.results.size() * result_bytes);
    for (const auto& result : epoch.results) {
        bytes.push_back(static_cast<std::byte>(epoch.next_msg_id - result.msg_id));
        const auto id = static_cast<std::uint64_t>(entry_id(result.room, result.seq));
        for (int shift = 56; shift >= 0; shift -= 8)
            bytes.push_back(static_cast<std::byte>(id >> shift & 0xff));
    }
    return bytes;
}

// A blob that is none of ours (a damaged file) has as many results as make sense.
void unpack(std::span<const std::byte> bytes, StoredEpoch& epoch) {
    for (; bytes.size() >= result_bytes; bytes = bytes.subspan(result_bytes)) {
        const auto distance = std::to_integer<std::uint64_t>(bytes[0]);
        std::uint64_t id = 0;
        for (const std::byte byte : bytes.subspan(1, result_bytes - 1))
            id = id << 8 | std::to_integer<std::uint64_t>(byte);
        const bool sound = distance >= 1 && distance < epoch.next_msg_id &&
                           distance <= frame::results_max && id <= INT64_MAX;
        if (!sound) return;
        const auto place = static_cast<EntryId>(id);
        epoch.results.push_back({epoch.next_msg_id - distance, room_of(place), seq_of(place)});
    }
}

StoredEpoch epoch_of(const Rows& rows) {
    StoredEpoch epoch;
    const auto key = rows.blob(0);
    if (key.size() == epoch.key.bytes.size()) std::ranges::copy(key, epoch.key.bytes.begin());
    epoch.client_epoch = rows.number(1);
    epoch.next_msg_id = rows.number(2);
    unpack(rows.blob(3), epoch);
    epoch.used = {rows.signed_number(4)};
    return epoch;
}

}  // namespace

Result<EpochCache> EpochCache::prepare(Database& database, std::size_t cached_max) {
    EpochCache cache;
    cache.cached_max_ = cached_max;
    const auto done = database.prepare(
        {{cache.find_,
          "SELECT key, client_epoch, next_msg_id, results, used FROM epochs "
          "WHERE key = ?1 AND client_epoch = ?2"},
         {cache.write_,
          "INSERT INTO epochs(key, client_epoch, next_msg_id, results, used) "
          "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(key, client_epoch) "
          "DO UPDATE SET next_msg_id = ?3, results = ?4, used = ?5"},
         {cache.used_since_,
          "SELECT key, client_epoch, next_msg_id, results, used FROM epochs WHERE used >= ?1 "
          "ORDER BY used DESC LIMIT ?2"},
         {cache.slice_, "SELECT id, used FROM epochs WHERE id > ?1 ORDER BY id LIMIT ?2"},
         {cache.erase_, "DELETE FROM epochs WHERE id > ?1 AND id <= ?2 AND used < ?3"}});
    if (!done) return std::unexpected(done.error());
    return cache;
}

Result<EpochCache::Epochs::iterator> EpochCache::find(const Key& key) {
    if (last_ && (*last_)->first == key) return *last_;
    if (const auto found = epochs_.find(key); found != epochs_.end()) {
        used_.splice(used_.begin(), used_, found->second.place);
        last_ = found;
        return found;
    }
    auto rows = find_.start(std::span(key.key.bytes), key.client_epoch);
    const auto row = rows.next();
    if (!row) return std::unexpected(row.error());
    StoredEpoch epoch;
    epoch.key = key.key;
    epoch.client_epoch = key.client_epoch;
    const auto made = epochs_.emplace(key, Cached{*row ? epoch_of(rows) : epoch, false, {}}).first;
    made->second.place = used_.insert(used_.begin(), &made->first);
    last_ = made;
    return made;
}

Result<void> EpochCache::note(const NewEpoch& begun) {
    const auto found = find({begun.key, begun.client_epoch});
    if (!found) return std::unexpected(found.error());
    Cached& cached = (*found)->second;
    if (!std::exchange(cached.touched, true)) touched_.push_back(*found);
    cached.epoch.used = begun.used;
    return {};
}

Result<void> EpochCache::note(const Entry& entry, RoomId room, Seq seq) {
    const Origin& origin = entry.origin;
    if (origin.person == 0) return {};
    const auto found = find({origin.key, origin.client_epoch});
    if (!found) return std::unexpected(found.error());
    Cached& cached = (*found)->second;
    if (!std::exchange(cached.touched, true)) touched_.push_back(*found);
    StoredEpoch& epoch = cached.epoch;
    epoch.used = entry.time;
    if (origin.msg_id == 0) return {};
    assert(origin.msg_id >= epoch.next_msg_id);  // else it is stored already
    epoch.next_msg_id = origin.msg_id + 1;
    epoch.results.push_back({origin.msg_id, room, seq});
    const auto kept = std::ranges::find_if(epoch.results, [&](const StoredEpoch::Result& result) {
        return result.msg_id + frame::results_max >= epoch.next_msg_id;
    });
    epoch.results.erase(epoch.results.begin(), kept);
    return {};
}

Result<void> EpochCache::write() {
    for (const auto& touched : touched_) {
        const StoredEpoch& epoch = touched->second.epoch;
        const auto results = packed(epoch);
        const auto done = write_.run(std::span(epoch.key.bytes), epoch.client_epoch,
                                     epoch.next_msg_id, std::span(results), epoch.used.unix_ms);
        if (!done) return done;
    }
    return {};
}

void EpochCache::committed() {
    for (const auto& touched : touched_)
        touched->second.touched = false;
    touched_.clear();
    last_.reset();
    while (epochs_.size() > cached_max_) {
        const Key key = *used_.back();
        used_.pop_back();
        epochs_.erase(key);
    }
}

void EpochCache::taken_back() {
    for (const auto& touched : touched_) {
        used_.erase(touched->second.place);
        epochs_.erase(touched);
    }
    touched_.clear();
    last_.reset();
}

Result<std::vector<StoredEpoch>> EpochCache::used_since(WallTime since, std::size_t epochs_max) {
    std::vector<StoredEpoch> epochs;
    auto rows = used_since_.start(since.unix_ms, epochs_max);
    for (;;) {
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return epochs;
        epochs.push_back(epoch_of(rows));
    }
}

Result<std::int64_t> EpochCache::erase_unused(WallTime since, std::int64_t row,
                                              std::size_t rows_max) {
    std::int64_t last = row;
    std::size_t looked_at = 0;
    bool any = false;
    {
        auto rows = slice_.start(row, rows_max);
        for (;;) {
            const auto next = rows.next();
            if (!next) return std::unexpected(next.error());
            if (!*next) break;
            last = rows.signed_number(0);
            any = any || rows.signed_number(1) < since.unix_ms;
            ++looked_at;
        }
    }
    if (any) {
        const auto done = erase_.run(row, last, since.unix_ms);
        if (!done) return std::unexpected(done.error());
    }
    return looked_at < rows_max ? 0 : last;
}

}  // namespace chat::server
