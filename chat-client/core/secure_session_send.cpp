// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cassert>
#include <utility>

#include "chat-client/core/secure_session_impl.h"

namespace chat::client {
namespace {

constexpr std::size_t pkt_ack_bytes = frame::header_bytes + 20;
// A datagram with something new goes twice where much gets lost.
constexpr Duration repeat_after = milliseconds(10);
constexpr std::size_t room_ack_bytes = frame::header_bytes + 15;
constexpr std::size_t gap_bytes = 5;
constexpr std::size_t close_bytes = frame::header_bytes + 5;
// A request for less is not worth its head.
constexpr std::size_t gaps_min = 4;

}  // namespace

std::uint16_t SecureSession::Impl::ts(Instant at) const {
    return static_cast<std::uint16_t>(at.us / 1000 + keys->ts_offset);
}

void SecureSession::Impl::begin_probe(const Now& now) {
    if (!keys || !content_open()) return;
    const auto at = link->probe_at();
    if (!at || now.at < *at) return;
    probes_due = link->on_probe_timeout(now.at);
    outbox.on_probe();
    members.ask_again();
    joins.ask_again();
    listing.ask_again();
    search.ask_again(false);
    for (auto& [number, member] : rooms)
        member.part_asked = false;
}

bool SecureSession::Impl::something_due(const Now& now) const {
    const auto is_due = [&now](std::optional<Instant> at) { return at && now.at >= *at; };
    if (!keys) return false;
    if (!path_responses.empty()) return true;
    if (state == State::leaving) return closes_sent < 4 && is_due(close_at);
    return probes_due > 0 || ping_due || asks(now) || is_due(link->ack_at()) ||
           may_send_messages(now) || repeat_due(now) ||
           std::ranges::any_of(rooms,
                               [&](const auto& each) { return is_due(each.second.room.ack_at()); });
}

bool SecureSession::Impl::asks(const Now& now) const {
    const auto is_due = [&now](std::optional<Instant> at) { return at && now.at >= *at; };
    if (only_ping) return false;
    if (members.wants_to_ask() || joins.wants_to_ask(now.at) || listing.wants_to_ask() ||
        search.wants_to_ask()) {
        return true;
    }
    const std::size_t runs = runs_left();
    if (accepts && is_due(search.due(runs))) return true;
    return std::ranges::any_of(rooms, [&](const auto& each) {
        const Membership& member = each.second;
        return (member.leaving && !member.part_asked) ||
               (accepts && (is_due(member.history.fetch().due(runs)) ||
                            is_due(member.pinned_fetch.due(runs))));
    });
}

bool SecureSession::Impl::write_questions(const Now& now, Writer& writer) {
    if (only_ping) return false;
    bool written = joins.write(now.at, writer);
    for (auto& [number, member] : rooms) {
        if (!member.leaving || member.part_asked) continue;
        if (!frame::write(writer, frame::Part{number})) break;
        member.part_asked = written = true;
    }
    if (members.wants_to_ask() && frame::write(writer, members.question())) {
        members.on_asked();
        written = true;
    }
    if (listing.wants_to_ask() && frame::write(writer, listing.question())) {
        listing.on_asked();
        written = true;
    }
    if (search.wants_to_ask() && frame::write(writer, search.question())) {
        search.on_asked();
        written = true;
    }
    if (!accepts) return written;
    std::size_t runs = runs_left();
    written = search.write(now.at, rtt(), runs, writer) || written;
    for (auto& [number, member] : rooms) {
        written = member.pinned_fetch.write(now.at, rtt(), number, runs, writer) || written;
        written = member.history.fetch().write(now.at, rtt(), number, runs, writer) || written;
    }
    return written;
}

bool SecureSession::Impl::may_send_messages(const Now& now) const {
    return !only_ping && outbox.wants_to_send(now.at) &&
           link->may_send(now.at, outbox.datagram_bytes());
}

bool SecureSession::Impl::repeat_due(const Now& now) const {
    return repeat_at && now.at >= *repeat_at && !only_ping && outbox.has_repeatable();
}

// True: something that asks for an acknowledgement.
bool SecureSession::Impl::write_content(const Now& now, Writer& writer) {
    const std::uint64_t counter = keys->sealer->next_counter();
    const bool probe = probes_due > 0;
    bool written = false;
    if (probe) --probes_due;
    if (may_send_messages(now)) {
        written = outbox.write(now.at, writer, counter, false);
        if (link->loses_much()) repeat_at = now.at + repeat_after;
    } else if ((probe && !only_ping) || repeat_due(now)) {
        written = outbox.write(now.at, writer, counter, true);
        repeat_at.reset();
    }
    written = write_questions(now, writer) || written;
    if (ping_due || (probe && !written)) {
        if (frame::write(writer, frame::Ping{})) {
            ping_due = false;
            ping_counter = counter;
            written = true;
        }
    }
    return written;
}

bool SecureSession::Impl::write_room_ack(const Now& now, Writer& writer, Membership& member,
                                         bool& asks_again) {
    if (writer.remaining() < room_ack_bytes + gaps_min * gap_bytes) return false;
    const std::size_t gaps = (writer.remaining() - room_ack_bytes) / gap_bytes;
    const frame::RoomAck ack =
        member.room.take_ack(now.at, gap_rtt(now.at), gaps, link->loses_much());
    frame::write(writer, ack);
    asks_again = asks_again || ack.count > 0;
    if (!member.stated) member.acked_in = keys->sealer->next_counter();
    return true;
}

bool SecureSession::Impl::write_acks(const Now& now, Writer& writer, bool rooms_too) {
    if (link->ack_at() && writer.remaining() >= pkt_ack_bytes) {
        if (const auto ack = link->take_ack(now.at)) {
            frame::write(writer, *ack);
            const Duration delay = milliseconds(offer.ack_delay_ms);
            link->set_ack_delays(jittered(delay, 50), delay);
        }
    }
    auto next = rooms.from(acks_from);
    bool full = false;
    bool asks_again = false;
    for (std::size_t i = 0; i < rooms.size(); ++i, ++next) {
        if (next == rooms.end()) next = rooms.begin();
        Membership& member = next->second;
        const auto at = member.room.ack_at();
        const bool owed = member.room.ack_owed() || (at && now.at >= *at);
        if (!owed && !rooms_too) continue;
        if (!full && write_room_ack(now, writer, member, asks_again)) continue;
        // It has its turn in the next datagram, or in the next probe.
        if (!std::exchange(full, true)) acks_from = next->first;
        if (owed) member.room.hurry_ack();
    }
    return asks_again;
}

// What he has seen, so that he need not see it again at his next visit.
void SecureSession::Impl::write_last_acks(const Now& now, Writer& writer) {
    for (auto& [number, member] : rooms) {
        if (writer.remaining() < room_ack_bytes + close_bytes) return;
        frame::write(writer, member.room.take_ack(now.at, gap_rtt(now.at), 0));
    }
}

bool SecureSession::Impl::send_datagram(const Now& now, TransmitSink& sink) {
    const auto buffer = buffers.next();
    Writer writer(buffer.subspan(datagram::data_header_bytes, datagram::plaintext_bytes_max));
    while (!path_responses.empty() &&
           frame::write(writer, frame::PathResponse{path_responses.back()})) {
        path_responses.pop_back();
    }
    bool ack_eliciting = false;
    bool asks_again = false;
    if (state == State::leaving) {
        write_last_acks(now, writer);
        if (close_at && now.at >= *close_at && frame::write(writer, frame::Close{})) {
            ++closes_sent;
            close_at = now.at + (closes_sent < 4 ? close_backoff.next() : milliseconds(200));
        }
    } else {
        // A lost ROOM_ACK is repeated with what is repeated.
        const bool probe = probes_due > 0 || ping_due;
        ack_eliciting = write_content(now, writer);
        asks_again = write_acks(now, writer, probe);
    }
    assert(writer.size() > 0);

    const bool padded = frame::pad(writer);
    assert(padded);
    static_cast<void>(padded);
    const std::size_t bytes = writer.size() + data_overhead_bytes;
    const auto counter = keys->sealer->seal(ts(now.at), buffer.first(bytes));
    if (!counter) {
        drop_keys();
        lose(now, "a new key is needed", now.at);
        return false;
    }
    link->on_sent(now.at, *counter, bytes, ack_eliciting);
    if (asks_again) link->on_request(now.at);
    keepalive_at = now.at + jittered(seconds(offer.keepalive_s), 20);
    if (ack_eliciting && !waiting_since) waiting_since = now.at;
    if (ack_eliciting) link->set_content_pending(true);
    return buffers.send_last(sink, bytes);
}

void SecureSession::Impl::poll_transmit(const Now& now, TransmitSink& sink) {
    if (!buffers.begin_round(sink)) return;
    handshake.poll_transmit(now, sink);
    while (something_due(now) && send_datagram(now, sink))
        continue;
    if (const auto next = next_deadline()) planned = std::max(*next, now.at);
}

std::optional<Instant> SecureSession::Impl::next_deadline() const {
    std::optional<Instant> next;
    const auto consider = [&next](std::optional<Instant> at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    if (state == State::leaving) {
        consider(close_at);
        return next;
    }
    consider(handshake.next_deadline());
    consider(handshake_at);
    consider(forget_previous_at);
    if (state == State::online && outbox.waiting() == 0) consider(leave_at);
    consider_rooms(next);
    if (may_give_up()) consider(*unanswered_since + config.give_up_after);
    if (!keys) return next;
    consider(keys->made_at + seconds(900));
    if (!handshake.running() && !handshake_at) consider(keys->rekey_at);
    if (state == State::online && waiting_since) consider(*waiting_since + config.reconnect_after);
    consider(keepalive_at);
    consider(link->ack_at());
    if (content_open()) consider(link->probe_at());
    if (!only_ping && outbox.has_repeatable()) consider(repeat_at);
    if (const auto pace = outbox.send_at(); pace && !only_ping) {
        if (const auto window = link->may_send_at(outbox.datagram_bytes())) {
            consider(std::max(*pace, *window));
        }
    }
    return next;
}

}  // namespace chat::client
