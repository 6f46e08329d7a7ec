// SPDX-License-Identifier: MIT
#include "chat-server/store/retention.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "chat-server/store/entry_bytes.h"
#include "chat-server/store/indexing.h"

namespace chat::server {
namespace {

constexpr std::int64_t sweep_interval_ms = 60'000;
constexpr std::size_t rooms_per_slice = 256;

}  // namespace

bool Trimmer::is_too_old(WallTime written, WallTime now) const {
    return retention_.age_max && written.unix_ms < now.unix_ms - retention_.age_max->us / 1000;
}

bool Trimmer::is_too_large(const RoomState& state) const {
    return retention_.bytes_max && state.bytes > *retention_.bytes_max;
}

void Trimmer::look_at(RoomId room, const RoomState& state) {
    if (is_too_large(state)) due_.insert(room);
}

Result<bool> Trimmer::slice(Database& database, Tables& tables, RoomStates& states, WallTime now) {
    if (!retention_.age_max && !retention_.bytes_max) return false;
    if (!due_.empty()) {
        const auto done = trim(database, tables, states, *due_.begin(), now);
        if (!done) return std::unexpected(done.error());
        return !due_.empty() || sweeping_;
    }
    // The clock may have been put back: then it begins anew.
    const bool is_time =
        !swept_at_ || std::abs(now.unix_ms - swept_at_->unix_ms) >= sweep_interval_ms;
    if (!sweeping_ && is_time) {
        swept_at_ = now;
        sweeping_ = 1;
    }
    if (sweeping_) {
        const auto done = sweep(tables, states, now);
        if (!done) return std::unexpected(done.error());
    }
    return !due_.empty() || sweeping_;
}

Result<void> Trimmer::sweep(Tables& tables, const RoomStates& states, WallTime now) {
    auto room = states.all().lower_bound(*sweeping_);
    for (std::size_t i = 0; i < rooms_per_slice && room != states.all().end(); ++i, ++room) {
        const auto& [id, state] = *room;
        if (state.head - state.first_kept <= 1) continue;
        look_at(id, state);
        if (!retention_.age_max) continue;
        const auto written = tables.entries.time_of(entry_id(id, state.first_kept));
        if (!written) return std::unexpected(written.error());
        if (*written && is_too_old(**written, now)) due_.insert(id);
    }
    if (room == states.all().end()) {
        sweeping_.reset();
    } else {
        sweeping_ = room->first;
    }
    return {};
}

Result<void> Trimmer::trim(Database& database, Tables& tables, RoomStates& states, RoomId room,
                           WallTime now) {
    RoomState state = states.get(room);
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    const auto oldest = tables.entries.read(room, state.first_kept, state.head - 1,
                                            slice_entries_max, slice_bytes_max);
    if (!oldest) return std::unexpected(oldest.error());
    const Seq before = state.first_kept;
    for (const auto& [seq, entry] : *oldest) {
        if (!is_too_old(entry.time, now) && !is_too_large(state)) break;
        if (seq < state.indexed) {
            const auto erased = tables.search.erase(room, seq, entry);
            if (!erased) return std::unexpected(erased.error());
            state.bytes -= std::min<std::uint64_t>(state.bytes, bytes_of(entry));
        }
        state.first_kept = seq + 1;
    }
    if (state.first_kept == before) {
        due_.erase(room);
        return {};
    }
    state.indexed = std::max(state.indexed, state.first_kept);
    if (const auto done = tables.entries.erase(room, before, state.first_kept); !done) return done;
    if (const auto done = tables.rooms.set_first_kept(room, state.first_kept); !done) return done;
    const auto noted = tables.rooms.set_indexed(room, state.indexed, state.bytes);
    if (!noted) return noted;
    if (const auto done = transaction->commit(); !done) return done;
    states.set(room, state);
    trimmed_.insert(room);
    return {};
}

std::vector<Log::Trimmed> Trimmer::take_trimmed(const RoomStates& states) {
    std::vector<Log::Trimmed> trimmed;
    for (const RoomId room : std::exchange(trimmed_, {}))
        trimmed.push_back({room, states.get(room).first_kept});
    return trimmed;
}

}  // namespace chat::server
