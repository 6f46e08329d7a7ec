// SPDX-License-Identifier: MIT
// What a Reading is asked: where its program is, and what it lacks against the last log.
#include "chat-server/core/limits.h"
#include "tests/simulation/secure_reading.h"

namespace chat::simulation {

using server::EntryKind;
using server::PersonId;
using server::RoomId;
using server::Seq;

std::vector<std::string> Reading::rooms() const {
    std::vector<std::string> rooms;
    for (const auto& [key, place] : places_) {
        if (!place.away) rooms.push_back(place.called);
    }
    return rooms;
}

Seq Reading::next(std::string_view room) const {
    const Place* place = find(room);
    return place == nullptr ? 0 : place->next;
}

std::size_t Reading::log() const {
    const Place* place = find("lobby");
    return place == nullptr ? 0 : place->log.value_or(ledger_.log());
}

std::size_t Reading::histories_open(std::string_view room) const {
    const Place* place = find(room);
    return place == nullptr ? 0 : place->histories_open;
}

std::vector<std::string> Reading::members(std::string_view room) const {
    const Place* place = find(room);
    return place == nullptr ? std::vector<std::string>() : place->members;
}

const client::PinnedNow* Reading::pinned(std::string_view room) const {
    const Place* place = find(room);
    return place == nullptr || !place->pinned ? nullptr : &*place->pinned;
}

std::optional<client::Receipt> Reading::receipt(std::string_view room, Seq seq) const {
    const Place* place = find(room);
    if (place == nullptr) return std::nullopt;
    const auto found = place->receipts.find(seq);
    if (found == place->receipts.end()) return std::nullopt;
    return found->second;
}

std::optional<std::string> Reading::lacks() const {
    const std::size_t log = ledger_.log();
    const PersonId person = ledger_.person(log, own_.name).value_or(0);
    for (const auto& [id, room] : ledger_.all_rooms()) {
        const std::string called = ledger_.called(room, own_.name);
        if (!room.seats.contains(person)) {
            if (room.room.kind == server::RoomKind::named && is_in(called)) {
                return called + ", in which he is not";
            }
            continue;
        }
        const Place* place = find(called);
        // Put away, in the old log.
        if (place != nullptr && place->away && place->anew) place = nullptr;
        if (place == nullptr && room.room.kind == server::RoomKind::named) {
            return called + " altogether";
        }
        if (place != nullptr) {
            if (place->anew || (place->log && *place->log != log)) return called + " of this log";
            if (place->next != room.head()) {
                return called + " from " + std::to_string(place->next) + " to " +
                       std::to_string(room.head());
            }
            continue;
        }
        // A conversation out of sight has nothing that he does not know.
        for (Seq seq = 1; seq < room.head(); ++seq) {
            if (!own_.has(log, id, seq)) return called + " " + std::to_string(seq);
        }
    }
    return std::nullopt;
}

std::optional<std::string> Reading::wrong_figures() const {
    const std::size_t log = ledger_.log();
    const PersonId person = ledger_.person(log, own_.name).value_or(0);
    for (const auto& [id, room] : ledger_.all_rooms()) {
        const Place* place = find(ledger_.called(room, own_.name));
        if (place == nullptr || place->away || !room.seats.contains(person)) continue;
        std::size_t looked_at = 0;
        for (Seq seq = room.head(); --seq >= room.first_kept && seq > 0;) {
            const server::Entry& entry = *room.entry(seq);
            if (entry.kind != EntryKind::message) continue;
            if (++looked_at > server::spoken_max) break;
            if (entry.origin.person != person) continue;
            client::Receipt truth{place->called, seq, 0, 0};
            for (const auto& [other, seat] : room.seats) {
                truth.seen += other != person && seat.next > seq;
                truth.of += other != person;
            }
            const auto said = receipt(place->called, seq);
            const client::Receipt shown = said.value_or(client::Receipt{{}, seq, 0, truth.of});
            if (shown.seen != truth.seen || shown.of != truth.of) {
                return place->called + " " + std::to_string(seq) + ": " +
                       std::to_string(shown.seen) + " of " + std::to_string(shown.of) +
                       " instead of " + std::to_string(truth.seen) + " of " +
                       std::to_string(truth.of);
            }
        }
    }
    return std::nullopt;
}

}  // namespace chat::simulation
