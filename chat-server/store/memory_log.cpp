// SPDX-License-Identifier: MIT
#include "chat-server/store/memory_log.h"

#include <algorithm>
#include <utility>

#include "chat-server/store/entry_bytes.h"
#include "chat-server/store/found_entry.h"

namespace chat::server {
namespace {

// Entries made ready for searching in one slice of tend().
constexpr std::size_t folded_per_slice = 1024;

}  // namespace

std::expected<Stored, std::string> MemoryLog::load(WallTime) {
    Stored stored;
    stored.log_epoch = log_epoch_;
    stored.rooms.push_back({{1, RoomKind::named, "lobby", 0, 0}, 1, 1, {}, 0, {}});
    return stored;
}

Seq MemoryLog::append(RoomLog& room, RoomId id, const Entry& entry) {
    const Seq seq = room.head();
    room.entries.push_back({entry, {}});
    room.entries.back().entry.author = 0;
    room.bytes += bytes_of(entry);
    // The newest entry stays whatever its size, or nobody could ever be served it.
    while (room.entries.size() > 1 &&
           (room.entries.size() > entries_max_ || room.bytes > bytes_max_)) {
        room.bytes -= bytes_of(room.entries.front().entry);
        room.entries.pop_front();
        ++room.first_kept;
        trimmed_.insert(id);
    }
    return seq;
}

std::expected<std::vector<Seq>, std::string> MemoryLog::commit(const Changes& changes) {
    std::vector<Seq> seqs;
    seqs.reserve(changes.appends.size());
    for (const auto& [room, entry] : changes.appends)
        seqs.push_back(append(rooms_[room], room, entry));
    return seqs;
}

std::expected<Page, std::string> MemoryLog::read(const ReadRequest& request) {
    Page page{request.room, 1, {}};
    const auto found = rooms_.find(request.room);
    if (found == rooms_.end()) return page;
    const auto& room = found->second;
    page.first_kept = room.first_kept;
    std::size_t bytes = 0;
    for (Seq seq = std::max(request.from, room.first_kept);
         seq < room.head() && page.entries.size() < request.entries_max; ++seq) {
        const Entry& entry = room.entries[seq - room.first_kept].entry;
        bytes += bytes_of(entry);
        if (bytes > request.bytes_max && !page.entries.empty()) break;
        page.entries.push_back({seq, entry});
    }
    return page;
}

std::expected<std::optional<SearchAnswer>, std::string> MemoryLog::search(
    const SearchRequest& request) {
    SearchAnswer answer{request.ticket, {}, false};
    const auto phrases = search_phrases(request.words);
    if (phrases.empty()) return answer;
    for (const RoomId id : request.rooms) {
        const auto room = rooms_.find(id);
        if (room != rooms_.end() && room->second.folded_until < room->second.head())
            to_fold_.insert(id);
    }
    // A slice here and now, or a room in which everybody talks would never be ready.
    fold_slice();
    if (!to_fold_.empty()) return std::nullopt;

    std::vector<FoundEntry> found;
    for (const RoomId id : request.rooms) {
        const auto at = rooms_.find(id);
        if (at == rooms_.end()) continue;
        const RoomLog& room = at->second;
        std::size_t in_room = 0;
        Seq seq = request.before == 0 ? room.head() : std::min(request.before, room.head());
        while (seq > room.first_kept && in_room <= request.hits_max) {
            const Kept& kept = room.entries[--seq - room.first_kept];
            if (!matches(kept.folded, phrases)) continue;
            found.push_back({kept.entry.time, {id, seq}});
            ++in_room;
        }
    }
    merge_by_time(request.rooms.size(), found);
    answer.more = found.size() > request.hits_max;
    if (answer.more) found.resize(request.hits_max);
    for (const FoundEntry& one : found)
        answer.hits.push_back(one.hit);
    return answer;
}

void MemoryLog::fold_slice() {
    std::size_t left = folded_per_slice;
    while (!to_fold_.empty() && left > 0) {
        RoomLog& room = rooms_[*to_fold_.begin()];
        room.folded_until = std::max(room.folded_until, room.first_kept);
        for (; room.folded_until < room.head() && left > 0; ++room.folded_until, --left) {
            Kept& kept = room.entries[room.folded_until - room.first_kept];
            if (is_searched(kept.entry.kind)) kept.folded = search_text(kept.entry.text);
        }
        if (room.folded_until == room.head()) to_fold_.erase(to_fold_.begin());
    }
}

std::expected<bool, std::string> MemoryLog::tend(WallTime) {
    fold_slice();
    return !to_fold_.empty();
}

std::vector<Log::Trimmed> MemoryLog::take_trimmed() {
    std::vector<Trimmed> trimmed;
    for (const RoomId id : std::exchange(trimmed_, {}))
        trimmed.push_back({id, rooms_[id].first_kept});
    return trimmed;
}

}  // namespace chat::server
