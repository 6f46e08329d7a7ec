// SPDX-License-Identifier: MIT
#include "tests/simulation/simulated_disk.h"

#include <algorithm>

#include "chat-server/core/limits.h"
#include "chat-server/store/search_text.h"
#include "proto/wire/frame.h"

namespace chat::simulation {

using namespace server;

namespace {

constexpr std::size_t indexed_per_slice = 50;

}  // namespace

SimulatedDisk::SimulatedDisk(std::uint64_t log_epoch, std::size_t entries_max)
    : log_epoch_(log_epoch), entries_max_(entries_max) {
    rooms_[1].stored.room = {1, RoomKind::named, "lobby", 0, 0};
}

std::expected<Stored, std::string> SimulatedDisk::load(WallTime now) {
    Stored stored;
    stored.log_epoch = log_epoch_;
    stored.people = people_;
    for (const auto& [id, room] : rooms_)
        stored.rooms.push_back(room.stored);
    for (const auto& [place, seat] : seats_)
        stored.seats.push_back(seat);
    for (const auto& [key, epoch] : epochs_) {
        if (now.unix_ms - epoch.used.unix_ms <= epoch_age_max.us / 1000) {
            stored.epochs.push_back(epoch);
        }
    }
    std::ranges::sort(stored.epochs, std::ranges::greater{},
                      [](const StoredEpoch& epoch) { return epoch.used; });
    return stored;
}

std::expected<std::vector<Seq>, std::string> SimulatedDisk::commit(const Changes& changes) {
    if (commits_fail_ || failures_left_ > 0) {
        if (failures_left_ > 0) --failures_left_;
        ++failed_;
        return std::unexpected("the disk is full");
    }
    for (const NewPerson& person : changes.people)
        people_.push_back(person);
    for (const NewRoom& room : changes.rooms)
        rooms_[room.id].stored.room = room;
    for (const NewEpoch& begun : changes.epochs) {
        StoredEpoch& epoch = epochs_[{begun.key.bytes, begun.client_epoch}];
        epoch.key = begun.key;
        epoch.client_epoch = begun.client_epoch;
        epoch.used = begun.used;
    }
    for (const NewEpoch& one : changes.epochs) {
        StoredEpoch& epoch = epochs_[{one.key.bytes, one.client_epoch}];
        epoch.key = one.key;
        epoch.client_epoch = one.client_epoch;
        epoch.used = one.used;
    }
    std::vector<Seq> seqs;
    for (const Append& one : changes.appends)
        seqs.push_back(append(one));
    for (const SeatChange& seat : changes.seats) {
        if (seat.member) {
            seats_[{seat.room, seat.person}] = seat;
        } else {
            seats_.erase({seat.room, seat.person});
        }
    }
    return seqs;
}

Seq SimulatedDisk::append(const Append& append) {
    Room& room = rooms_[append.room];
    const Seq seq = room.stored.head++;
    const Entry& entry = room.entries.emplace_back(append.entry);
    room.entries.back().author = 0;
    switch (entry.kind) {
        case EntryKind::topic:
            room.stored.topic = entry.text;
            break;
        case EntryKind::pinned:
            room.stored.pinned = entry.text.empty() ? 0 : seq;
            break;
        case EntryKind::message:
            if (entry.origin.person == 0) break;
            room.stored.spoken.push_back({seq, entry.origin.person});
            if (room.stored.spoken.size() > spoken_max) {
                room.stored.spoken.erase(room.stored.spoken.begin());
            }
            break;
        default:
            break;
    }
    note_epoch(append, seq);
    return seq;
}

void SimulatedDisk::note_epoch(const Append& append, Seq seq) {
    const Origin& origin = append.entry.origin;
    if (origin.person == 0) return;
    StoredEpoch& epoch = epochs_[{origin.key.bytes, origin.client_epoch}];
    epoch.key = origin.key;
    epoch.client_epoch = origin.client_epoch;
    epoch.used = append.entry.time;
    if (origin.msg_id == 0) return;
    epoch.next_msg_id = origin.msg_id + 1;
    epoch.results.push_back({origin.msg_id, append.room, seq});
    std::erase_if(epoch.results, [&](const StoredEpoch::Result& result) {
        return result.msg_id + frame::results_max < epoch.next_msg_id;
    });
}

std::expected<Page, std::string> SimulatedDisk::read(const ReadRequest& request) {
    if (reads_fail_) return std::unexpected("the disk cannot be read");
    Page page{request.room, 1, {}};
    const auto found = rooms_.find(request.room);
    if (found == rooms_.end()) return page;
    const Room& room = found->second;
    page.first_kept = room.stored.first_kept;
    std::size_t bytes = 0;
    for (Seq seq = std::max(request.from, page.first_kept);
         seq < room.stored.head && page.entries.size() < request.entries_max; ++seq) {
        const Entry& entry = room.entries[seq - page.first_kept];
        bytes += entry.name.size() + entry.text.size();
        if (bytes > request.bytes_max && !page.entries.empty()) break;
        page.entries.push_back({seq, entry});
    }
    return page;
}

std::expected<std::optional<SearchAnswer>, std::string> SimulatedDisk::search(
    const SearchRequest& request) {
    if (reads_fail_) return std::unexpected("the disk cannot be read");
    struct Found {
        WallTime time;
        std::size_t place = 0;  // of equal times the first found is the first
        Hit hit;
    };
    std::vector<Found> found;
    const auto phrases = search_phrases(request.words);
    for (const RoomId id : request.rooms) {
        const auto place = rooms_.find(id);
        if (place == rooms_.end()) continue;
        const Room& room = place->second;
        if (room.indexed_until < room.stored.head) return std::nullopt;
        const Seq end = request.before == 0 ? room.stored.head : request.before;
        for (Seq seq = std::min(end, room.stored.head); seq-- > room.stored.first_kept;) {
            const Entry& entry = room.entries[seq - room.stored.first_kept];
            const bool fits = is_searched(entry.kind) && !phrases.empty() &&
                              matches(search_text(entry.text), phrases);
            if (fits) found.push_back({entry.time, found.size(), {id, seq}});
        }
    }
    std::ranges::sort(found, [](const Found& a, const Found& b) {
        return a.time != b.time ? a.time > b.time : a.place < b.place;
    });
    SearchAnswer answer{request.ticket, {}, found.size() > request.hits_max};
    for (std::size_t i = 0; i < std::min(found.size(), request.hits_max); ++i)
        answer.hits.push_back(found[i].hit);
    return answer;
}

std::expected<bool, std::string> SimulatedDisk::tend(WallTime) {
    bool more = false;
    for (auto& [id, room] : rooms_) {
        StoredRoom& stored = room.stored;
        if (stored.head - stored.first_kept > entries_max_) {
            while (stored.head - stored.first_kept > entries_max_) {
                room.entries.pop_front();
                ++stored.first_kept;
            }
            // What is pinned goes with its entry.
            if (stored.pinned < stored.first_kept) stored.pinned = 0;
            std::erase_if(stored.spoken,
                          [&](const auto& spoken) { return spoken.seq < stored.first_kept; });
            trimmed_.push_back({id, stored.first_kept});
        }
        if (index_stands_) continue;
        room.indexed_until = std::min(
            stored.head, std::max(room.indexed_until, stored.first_kept) + indexed_per_slice);
        more = more || room.indexed_until < stored.head;
    }
    return more;
}

}  // namespace chat::simulation
