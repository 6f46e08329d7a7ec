// SPDX-License-Identifier: MIT
#include "chat-server/store/stored_state.h"

#include <algorithm>
#include <utility>

#include "chat-server/core/limits.h"
#include "proto/wire/frame.h"

namespace chat::server {
namespace {

// The authors of a room's last messages are wanted to tell them who has seen these. They stand
// among joins and leaves, so a bounded look back; and where there are very many rooms it is taken
// into those that were active last: some 50 ms altogether. In the others nobody is told how many
// have seen a message of before the restart, until somebody says something new.
constexpr std::size_t looked_back_per_room = 256;
constexpr std::size_t looked_back_in_all = 65'536;

struct Active {
    WallTime newest;
    std::size_t index = 0;  // in Stored::rooms
};

Result<void> load_spoken(Tables& tables, std::vector<Active> active,
                         std::vector<StoredRoom>& rooms) {
    std::ranges::sort(active, std::ranges::greater{}, &Active::newest);
    std::size_t left = looked_back_in_all;
    for (const Active& one : active) {
        if (left == 0) break;
        StoredRoom& room = rooms[one.index];
        // Twice as many as are wanted are enough but in rooms where people only come and go.
        for (std::size_t rows : {2 * frame::seen_max, looked_back_per_room}) {
            rows = std::min(rows, left);
            const auto authors = tables.entries.newest_authors(room.room.id, rows);
            if (!authors) return std::unexpected(authors.error());
            left -= authors->size();
            room.spoken.clear();
            for (const auto& author : *authors) {
                if (author.kind == EntryKind::message && author.person != 0 &&
                    room.spoken.size() < frame::seen_max)
                    room.spoken.push_back({author.seq, author.person});
            }
            if (room.spoken.size() == frame::seen_max || authors->size() < rows) break;
        }
        std::ranges::reverse(room.spoken);
    }
    return {};
}

}  // namespace

Result<Stored> load_state(Database& database, Tables& tables, WallTime now, RoomStates& states) {
    // One state of the database, in one go.
    auto transaction = Transaction::begin(database, false);
    if (!transaction) return std::unexpected(transaction.error());
    Stored stored;
    const auto log_epoch = database.number("SELECT number FROM meta WHERE key = 'log_epoch'");
    if (!log_epoch) return std::unexpected(log_epoch.error());
    stored.log_epoch = static_cast<std::uint64_t>(*log_epoch);

    auto people = tables.people.all();
    if (!people) return std::unexpected(people.error());
    stored.people = std::move(*people);

    const auto rows = tables.rooms.all();
    if (!rows) return std::unexpected(rows.error());
    std::vector<Active> active;
    for (const RoomRow& row : *rows) {
        const auto newest = tables.entries.newest(row.room.id);
        if (!newest) return std::unexpected(newest.error());
        const Seq head = std::max(*newest ? (*newest)->seq + 1 : 1, row.first_kept);
        if (*newest) active.push_back({(*newest)->time, stored.rooms.size()});
        stored.rooms.push_back({row.room, row.first_kept, head, row.topic, row.pinned, {}});
        states.set(row.room.id, {row.first_kept, head,
                                 std::clamp(row.indexed, row.first_kept, head), row.bytes});
    }
    if (const auto done = load_spoken(tables, std::move(active), stored.rooms); !done)
        return std::unexpected(done.error());

    auto seats = tables.rooms.seats();
    if (!seats) return std::unexpected(seats.error());
    stored.seats = std::move(*seats);

    const WallTime since{now.unix_ms - epoch_age_max.us / 1000};
    auto epochs = tables.epochs.used_since(since, epochs_max);
    if (!epochs) return std::unexpected(epochs.error());
    stored.epochs = std::move(*epochs);
    return stored;
}

}  // namespace chat::server
