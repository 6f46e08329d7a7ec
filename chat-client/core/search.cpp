// SPDX-License-Identifier: MIT
#include "chat-client/core/search.h"

#include <algorithm>
#include <span>
#include <utility>

namespace chat::client {

void Search::begin(std::uint32_t room, std::string_view words) {
    end();
    running_ = true;
    ++id_;
    room_ = room;
    words_ = words;
}

SearchResult Search::end() {
    SearchResult result;
    result.words = std::exchange(words_, {});
    result.more = more_;
    for (auto& hit : hits_) {
        if (hit.there) result.hits.push_back(std::move(hit.shown));
    }
    running_ = asked_ = found_ = more_ = false;
    hits_.clear();
    fetches_.clear();
    return result;
}

void Search::ask_again(bool new_session) {
    asked_ = false;
    if (!new_session) return;
    for (auto& [room, fetch] : fetches_)
        fetch.ask_at_once();
}

void Search::on_found(const frame::Found& found, const NameOf& name_of) {
    if (!running_ || found_ || found.id != id_) return;
    found_ = true;
    more_ = found.more;
    for (const auto& place : std::span(found.places).first(found.count)) {
        std::string name = name_of(place.room);
        if (name.empty() || place.seq >= EntryFetch::seq_end || wants(place.room, place.seq)) {
            continue;
        }
        fetches_[place.room].want(place.seq, place.seq + 1);
        hits_.push_back({place, {std::move(name), place.seq, {}, {}, {}}, false});
    }
}

bool Search::wants(std::uint32_t room, std::uint64_t seq) const {
    const auto fetch = fetches_.find(room);
    return fetch != fetches_.end() && fetch->second.wants(seq);
}

void Search::on_entry(Instant now, Duration rtt, std::uint32_t room, std::uint64_t seq,
                      const frame::Entry& entry) {
    if (!wants(room, seq)) return;
    fetches_[room].on_there(now, rtt, seq);
    const auto hit = std::ranges::find_if(
        hits_, [&](const Hit& each) { return each.place.room == room && each.place.seq == seq; });
    hit->there = true;
    hit->shown.from = entry.name;
    hit->shown.text = entry.text;
    hit->shown.time = entry.time;
}

void Search::on_part(Instant now, Duration rtt, std::uint32_t room, std::uint64_t seq,
                     std::uint8_t have) {
    if (wants(room, seq)) fetches_[room].on_part(now, rtt, seq, have);
}

void Search::on_gone(Instant now, Duration rtt, const frame::Gone& gone) {
    const auto fetch = fetches_.find(gone.room);
    if (fetch != fetches_.end()) fetch->second.on_gone(now, rtt, gone.from, gone.to);
}

void Search::on_room_left(std::uint32_t room) {
    fetches_.erase(room);
    // Nobody answers that any more.
    if (running_ && room_ == room) found_ = true;
}

void Search::forget_parts() {
    for (auto& [room, fetch] : fetches_)
        fetch.forget_parts();
}

std::optional<Instant> Search::due() const {
    std::optional<Instant> next;
    for (const auto& [room, fetch] : fetches_) {
        if (const auto at = fetch.due()) next = std::min(next.value_or(*at), *at);
    }
    return next;
}

bool Search::write(Instant now, Duration rtt, Writer& writer) {
    bool written = false;
    for (auto& [room, fetch] : fetches_)
        written = fetch.write(now, rtt, room, writer) || written;
    return written;
}

std::optional<SearchResult> Search::take() {
    const bool complete =
        std::ranges::all_of(fetches_, [](const auto& fetch) { return fetch.second.empty(); });
    if (!found_ || !complete) return std::nullopt;
    return end();
}

}  // namespace chat::client
