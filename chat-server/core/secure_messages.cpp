// SPDX-License-Identifier: MIT
// What programs say: each message once and in the order of its number, whatever room it is for, and
// what became of it.
#include <algorithm>
#include <memory>
#include <string>

#include "chat-server/core/limits.h"
#include "chat-server/core/secure_service.h"
#include "proto/wire/limits.h"
#include "proto/wire/text.h"

namespace chat::server {
namespace {

bool may_be_said(frame::MsgKind kind, std::string_view text) {
    if (kind == frame::MsgKind::topic) {
        return text.size() <= frame::topic_bytes_max && is_clean_line(text);
    }
    return !text.empty() && text.size() <= text_bytes_max && is_clean_text(text);
}

}  // namespace

void SecureService::handle(const Received& in, const frame::MsgFrom& from) {
    in.peer.results_from = std::max(in.peer.results_from, from.first_id);
}

void SecureService::handle(const Received& in, const frame::Msg& msg) {
    Peer& peer = in.peer;
    const std::uint64_t next = epochs_.next_to_take(peer.epoch);
    if (msg.msg_id >= epochs_.next_msg_id(peer.epoch) && !in.chat.can_store()) {
        // As if it had not come, but that he is told why; one that waits for the log too.
        if (peer.notices.take(in.now.at, notice_rate)) {
            peer.notice_owed = true;
            delivery_.queue(in.index);
        }
        return;
    }
    // Its result goes with the acknowledgement of the datagram at the latest.
    peer.msg_ack_owed = true;
    if (msg.msg_id != next) {
        if (msg.msg_id < next) ++in.chat.counters().duplicates;
        return;
    }
    if (stopping_ || next - epochs_.next_msg_id(peer.epoch) >= frame::results_max) return;
    if (msg.parts == 1) {
        take_message(in, msg, msg.text);
        return;
    }
    if (!peer.assembly) {
        peer.assembly = std::make_unique<Assembly>();
        peer.assembly->parts = msg.parts;
        peer.assembly->room = msg.room;
    }
    Assembly& assembly = *peer.assembly;
    if (msg.parts != assembly.parts || msg.room != assembly.room) {
        ++in.chat.counters().malformed;
        return;
    }
    std::ranges::copy(msg.text, assembly.text.begin() + msg.part * frame::part_bytes);
    assembly.have = static_cast<std::uint8_t>(assembly.have | 1U << msg.part);
    if (msg.part + 1 == msg.parts) assembly.last_bytes = msg.text.size();
    if (assembly.have != (1U << assembly.parts) - 1) return;
    const std::size_t size = (assembly.parts - 1U) * frame::part_bytes + assembly.last_bytes;
    take_message(in, msg, {assembly.text.data(), size});
}

void SecureService::take_message(const Received& in, const frame::Msg& msg, std::string_view text) {
    Peer& peer = in.peer;
    const EpochIndex epoch = peer.epoch;
    const Subscription* const sub = peer.in(msg.room);
    if (sub == nullptr || sub->parting) {
        // One whose place there is about to be known to his program sends it again.
        const PersonId person = in.chat.roster()[peer.member].person;
        const bool comes = sub == nullptr && in.chat.has_room(msg.room) &&
                           in.chat.find_seat(msg.room, person) != nullptr;
        if (!comes) refuse_message(in, msg.room, frame::MsgStatus::not_in_room);
    } else if (!may_be_said(msg.kind, text)) {
        refuse_message(in, msg.room, frame::MsgStatus::refused);
    } else if (!peer.messages.take(in.now.at, say_rate_)) {
        ++in.chat.counters().too_fast;
    } else {
        const std::uint64_t msg_id = epochs_.next_to_take(epoch);
        epochs_.take(epoch);
        in.chat.say(in.now, peer.member, msg.room, msg.kind, std::string(text),
                    epochs_.client_epoch(epoch), msg_id);
    }
    peer.assembly.reset();
}

void SecureService::refuse_message(const Received& in, RoomId room, frame::MsgStatus status) {
    const EpochIndex epoch = in.peer.epoch;
    // Results are in order, so it waits for those before it: the client sends it again.
    if (epochs_.waits_for_log(epoch)) return;
    ++in.chat.counters().unusable;
    epochs_.refused(epoch, room, status);
    delivery_.queue(in.index);
}

void SecureService::on_stored(const Outcome& outcome) {
    const auto epoch = epochs_.find(outcome.origin.key, outcome.origin.client_epoch);
    if (!epoch || !epochs_.waits_for_log(*epoch)) return;
    epochs_.stored(*epoch, outcome.room, outcome.seq);
    const PeerIndex index = *epoch < peer_of_epoch_.size() ? peer_of_epoch_[*epoch] : no_peer;
    if (index == no_peer) return;
    peers_[index].msg_ack_owed = true;
    delivery_.queue(index);
}

}  // namespace chat::server
