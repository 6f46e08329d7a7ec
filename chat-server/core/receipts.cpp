// SPDX-License-Identifier: MIT
#include "chat-server/core/receipts.h"

#include <algorithm>
#include <tuple>

namespace chat::server {
namespace {

constexpr std::size_t seen_head_bytes = frame::header_bytes + 5;
constexpr std::size_t seen_count_bytes = 16;

}  // namespace

void Receipts::set(RoomId room, const frame::SeenCount& count) {
    const auto key = [](const Figure& one) { return std::tuple(one.room, one.count.seq); };
    const Figure fresh{room, false, count};
    const auto place = std::ranges::lower_bound(figures_, key(fresh), {}, key);
    if (place != figures_.end() && key(*place) == key(fresh)) {
        *place = fresh;
        return;
    }
    figures_.insert(place, fresh);
    const auto of_room = std::ranges::equal_range(figures_, room, {}, &Figure::room);
    if (of_room.size() > frame::seen_max) figures_.erase(of_room.begin());
}

void Receipts::forget(RoomId room) {
    std::erase_if(figures_, [room](const Figure& one) { return one.room == room; });
}

bool Receipts::has_unsent() const {
    return !std::ranges::all_of(figures_, &Figure::sent);
}

bool Receipts::has_sent() const {
    return std::ranges::any_of(figures_, &Figure::sent);
}

bool Receipts::write(Packet& packet) {
    bool wrote = false;
    for (auto first = figures_.begin(); first != figures_.end();) {
        frame::Seen seen;
        seen.room = first->room;
        const std::size_t room = packet.room() - std::min(packet.room(), seen_head_bytes);
        const std::size_t count_max = std::min(frame::seen_max, room / seen_count_bytes);
        auto last = first;
        for (; last != figures_.end() && last->room == seen.room && seen.count < count_max;
             ++last) {
            if (!last->sent) seen.messages[seen.count++] = last->count;
        }
        if (seen.count == 0 && count_max == 0) break;
        if (seen.count > 0 && packet.add(seen)) {
            wrote = true;
            std::for_each(first, last, [](Figure& one) { one.sent = true; });
        }
        first = last;
    }
    return wrote;
}

void Receipts::on_sent(std::uint64_t counter, const Link& link) {
    counter_ = counter;
    lost_ = link.lost();
}

void Receipts::on_ack(const Link& link) {
    if (link.lost() != lost_) {
        lost_ = link.lost();
        send_again();
    } else if (link.is_judged(counter_)) {
        std::erase_if(figures_, &Figure::sent);
    }
}

void Receipts::send_again() {
    for (Figure& one : figures_)
        one.sent = false;
}

}  // namespace chat::server
