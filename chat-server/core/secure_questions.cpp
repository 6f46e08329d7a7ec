// SPDX-License-Identifier: MIT
// What programs ask for: older entries, who is there, which rooms there are, where words stand.
// Always of rooms in which they are.
#include <algorithm>

#include "chat-server/core/limits.h"
#include "chat-server/core/secure_service.h"

namespace chat::server {

void SecureService::handle(const Received& in, const frame::EntriesWanted& wanted) {
    Subscription* const sub = subscription(in, wanted.room);
    if (sub == nullptr) return;
    // From `sent` on they come by themselves.
    const Repair older{wanted.from, std::min(wanted.from + wanted.count, sub->sent), wanted.have};
    if (older.from >= older.to) return;
    if (!in.peer.ask().entries.add(wanted.room, older)) ++in.chat.counters().too_fast;
    delivery_.queue(in.index);
}

void SecureService::handle(const Received& in, const frame::MembersWanted& wanted) {
    if (subscription(in, wanted.room) == nullptr) return;
    in.peer.ask().ask_members(wanted.room, wanted.after);
    in.chat.hurry();
    delivery_.queue(in.index);
}

void SecureService::handle(const Received& in, const frame::RoomsWanted& wanted) {
    in.peer.ask().rooms = NameText(wanted.after);
    in.chat.hurry();
    delivery_.queue(in.index);
}

void SecureService::handle(const Received& in, const frame::Search& search) {
    Peer& peer = in.peer;
    if (search.room != 0 && subscription(in, search.room) == nullptr) return;
    Requests& asked = peer.ask();
    if (asked.search && asked.search->id == search.id) return;  // it waits for the log
    if (asked.found && asked.found->id == search.id) return;    // or for the window
    in.chat.hurry();
    if (!peer.searches.take(in.now.at, search_rate)) {
        ++in.chat.counters().too_fast;
        return;
    }
    forget_search(peer);
    if (searches_.size() >= searches_waiting_max) return;
    SearchRequest request;
    request.ticket = ++last_ticket_;
    for (const Subscription& sub : peer.rooms) {
        if (search.room == 0 || search.room == sub.room) request.rooms.push_back(sub.room);
    }
    request.before = search.before;
    request.words = search.words;
    request.hits_max = frame::found_max;
    asked.found.reset();
    asked.search = Requests::Question{search.id, request.ticket};
    searches_.emplace(request.ticket, in.index);
    searches_offered_.push_back(std::move(request));
}

void SecureService::forget_search(Peer& peer) {
    if (!peer.requests || !peer.requests->search) return;
    const std::uint64_t ticket = peer.requests->search->ticket;
    searches_.erase(ticket);
    std::erase_if(searches_offered_,
                  [ticket](const SearchRequest& one) { return one.ticket == ticket; });
    peer.requests->search.reset();
}

void SecureService::on_found(const SearchAnswer& answer) {
    const auto place = searches_.find(answer.ticket);
    if (place == searches_.end()) return;
    const PeerIndex index = place->second;
    searches_.erase(place);
    Peer& peer = peers_[index];
    Requests::Findings findings{peer.requests->search->id, answer.more, answer.incomplete, {}};
    for (const Hit& hit : answer.hits) {
        // He may have parted meanwhile.
        if (peer.in(hit.room) != nullptr && findings.places.size() < frame::found_max) {
            findings.places.push_back({hit.room, hit.seq});
        }
    }
    peer.requests->search.reset();
    peer.requests->found = std::move(findings);
    delivery_.queue(index);
}

}  // namespace chat::server
