// SPDX-License-Identifier: MIT
#include "chat-client/core/search.h"

#include <algorithm>
#include <span>
#include <utility>

namespace chat::client {

void Search::begin(std::uint32_t room, std::string_view words) {
    end();
    older_ = {std::string(words), {}, {}, false};
    ask(room);
}

void Search::ask(std::uint32_t room) {
    running_ = true;
    asked_ = found_ = false;
    ++id_;
    room_ = room;
    const auto oldest = older_.oldest.find(room);
    before_ = room == 0 || oldest == older_.oldest.end() ? 0 : oldest->second;
    words_ = older_.words;
}

bool Search::go_on(std::vector<std::uint32_t> rooms) {
    if (running_) return true;  // its answer is to come
    if (std::exchange(older_.in_all, false)) older_.rooms = std::move(rooms);
    if (older_.rooms.empty()) return false;
    ask(older_.rooms.front());
    return true;
}

// A room with nothing older gives way to the next.
void Search::note_older(const frame::Found& found) {
    for (const auto& place : std::span(found.places).first(found.count)) {
        auto& oldest = older_.oldest.try_emplace(place.room, place.seq).first->second;
        oldest = std::min(oldest, place.seq);
    }
    if (room_ == 0) {
        older_.in_all = found.more;
    } else if (found.more) {
        if (older_.rooms.empty()) older_.rooms.push_back(room_);
    } else {
        std::erase(older_.rooms, room_);
    }
}

SearchResult Search::end() {
    SearchResult result;
    result.words = std::exchange(words_, {});
    result.more = more_;
    result.incomplete = incomplete_;
    for (auto& hit : hits_) {
        if (hit.there) result.hits.push_back(std::move(hit.shown));
    }
    running_ = asked_ = found_ = more_ = incomplete_ = false;
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
    note_older(found);
    incomplete_ = incomplete_ || found.incomplete;
    if (found.count == 0 && !older_.rooms.empty()) return ask(older_.rooms.front());
    found_ = true;
    more_ = found.more || !older_.rooms.empty();
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
    std::erase(older_.rooms, room);
    older_.oldest.erase(room);
    // Nobody answers that any more.
    if (running_ && room_ == room) found_ = true;
}

void Search::forget_parts() {
    for (auto& [room, fetch] : fetches_)
        fetch.forget_parts();
}

std::size_t Search::open() const {
    std::size_t runs = 0;
    for (const auto& [room, fetch] : fetches_)
        runs += fetch.open();
    return runs;
}

std::optional<Instant> Search::due(std::size_t runs_left) const {
    std::optional<Instant> next;
    for (const auto& [room, fetch] : fetches_) {
        if (const auto at = fetch.due(runs_left)) next = std::min(next.value_or(*at), *at);
    }
    return next;
}

bool Search::write(Instant now, Duration rtt, std::size_t& runs_left, Writer& writer) {
    bool written = false;
    for (auto& [room, fetch] : fetches_)
        written = fetch.write(now, rtt, room, runs_left, writer) || written;
    return written;
}

std::optional<SearchResult> Search::take() {
    const bool complete =
        std::ranges::all_of(fetches_, [](const auto& fetch) { return fetch.second.empty(); });
    if (!found_ || !complete) return std::nullopt;
    return end();
}

}  // namespace chat::client
