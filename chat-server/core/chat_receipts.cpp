// SPDX-License-Identifier: MIT
// Who has seen what: how many cursors are behind a message. Nothing is kept for a member and a
// message; the figures are counted from the seats when they are due.
#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "chat-server/core/chat.h"
#include "chat-server/core/limits.h"

namespace chat::server {
namespace {

// How many seats' cursors are behind each of the room's last messages, the author's included:
// one look at each seat for all of them.
std::array<std::uint32_t, spoken_max> count_seen(const Room& room) {
    const auto spoken = room.spoken();
    std::array<std::uint32_t, spoken_max> seen{};
    for (const Seat& seat : room.seats()) {
        const auto behind = std::ranges::lower_bound(spoken, seat.next, {}, &Spoken::seq);
        if (behind != spoken.begin()) ++seen[static_cast<std::size_t>(behind - spoken.begin()) - 1];
    }
    for (std::size_t i = spoken.size(); i-- > 1;)
        seen[i - 1] += seen[i];
    return seen;
}

}  // namespace

void Chat::arrived(PersonId person, RoomId id, Seq next, SeatIndex& place) {
    Room& where = room(id);
    if (place >= where.seats().size() || where.seats()[place].person != person) {
        const Place* found = find_place(id, person);
        if (found == nullptr) return;
        place = found->seat;
    }
    Seat& seat = where.seats()[place];
    next = std::min(next, where.head());
    if (next <= seat.next) return;
    const auto spoken = where.spoken();
    if (!spoken.empty() && seat.next <= spoken.back().seq) figures_moved(id);
    seat.next = next;
    if (!std::exchange(seat.changed, true)) changed_.emplace_back(person, id);
}

void Chat::figures_moved(RoomId id) {
    if (room(id).spoken().empty() || std::exchange(rooms_[id - 1].figures_moved, true)) return;
    figures_moved_.push_back(id);
    if (!next_receipts_) next_receipts_ = receipts_at_;
}

frame::SeenCount Chat::figures(const Room& room, const Spoken& spoken, std::uint32_t behind) const {
    const Seat* own = find_seat(room.id(), spoken.author);
    const auto seats = static_cast<std::uint32_t>(room.seats().size());
    if (own == nullptr) return {spoken.seq, behind, seats};
    return {spoken.seq, behind - (own->next > spoken.seq ? 1 : 0), seats - 1};
}

std::vector<Receipt> Chat::take_receipts(Instant now) {
    std::vector<Receipt> receipts;
    if (!next_receipts_ || now < *next_receipts_) return receipts;
    if (!gathering_) {
        gathering_ = true;
        next_receipts_ = now + receipts_gather;
        return receipts;
    }
    for (const RoomId id : std::exchange(figures_moved_, {})) {
        rooms_[id - 1].figures_moved = false;
        const auto seen = count_seen(room(id));
        for (std::size_t i = 0; Spoken & spoken : room(id).spoken()) {
            const auto count = figures(room(id), spoken, seen[i++]);
            if (count.seen == spoken.seen && count.of == spoken.of) continue;
            spoken.seen = count.seen;
            spoken.of = count.of;
            const auto author = find(spoken.author);
            if (!author || find_seat(id, spoken.author) == nullptr) continue;
            receipts.push_back({*author, id, count});
        }
    }
    gathering_ = false;
    next_receipts_.reset();
    receipts_at_ = now + receipts_interval - receipts_gather;
    return receipts;
}

std::vector<frame::SeenCount> Chat::receipts_of(PersonId author, RoomId id) {
    std::vector<frame::SeenCount> counts;
    const auto seen = count_seen(room(id));
    for (std::size_t i = 0; const Spoken& spoken : std::as_const(room(id)).spoken()) {
        const std::uint32_t behind = seen[i++];
        if (spoken.author == author) counts.push_back(figures(room(id), spoken, behind));
    }
    return counts;
}

frame::SeenCount Chat::seen(RoomId id, Seq seq) const {
    const auto seats = room(id).seats();
    const auto count =
        std::ranges::count_if(seats, [seq](const Seat& seat) { return seat.next > seq; });
    return {seq, static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(seats.size())};
}

}  // namespace chat::server
