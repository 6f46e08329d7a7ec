// SPDX-License-Identifier: MIT
// How sessions end: one of several programs alone, the last one with its member, and those who did
// not come back after a restart of the server.
#include <algorithm>
#include <utility>

#include "chat-server/core/limits.h"
#include "chat-server/core/secure_service.h"

namespace chat::server {
namespace {

frame::CloseCode close_code(LeaveReason reason) {
    switch (reason) {
        case LeaveReason::kicked:
            return frame::CloseCode::kicked;
        case LeaveReason::other_name:
            return frame::CloseCode::replaced;
        case LeaveReason::quit:
        case LeaveReason::silent:
        case LeaveReason::unreachable:
            return frame::CloseCode::quit;
    }
    return frame::CloseCode::quit;
}

// Nobody listens there.
bool is_told(LeaveReason reason) {
    return reason != LeaveReason::silent;
}

}  // namespace

void SecureService::end_program(const Now& now, PeerIndex index, LeaveReason reason, Chat& chat) {
    Peer& peer = peers_[index];
    const MemberIndex member = peer.member;
    if (chat.roster()[member].programs > 1) {
        begin_closing(now, index, close_code(reason), is_told(reason), chat);
        return;
    }
    // He has left once that is in the log.
    peer.state = PeerState::leaving;
    chat.leave(now, member, reason);
}

void SecureService::on_left(const Now& now, MemberIndex member, Chat& chat) {
    const LeaveReason reason = chat.roster()[member].reason;
    for_each_program(member, [&](PeerIndex index) {
        begin_closing(now, index, close_code(reason), is_told(reason), chat);
    });
    chat.remove(member);
    --members_;
    update_offer();
}

void SecureService::begin_closing(const Now& now, PeerIndex index, frame::CloseCode code, bool tell,
                                  Chat& chat) {
    Peer& peer = peers_[index];
    if (peer_of_epoch_[peer.epoch] == index) peer_of_epoch_[peer.epoch] = no_peer;
    epochs_.release(now.at, peer.epoch);
    --chat.member(peer.member).programs;
    PeerIndex* link = &program_of_member_[peer.member];
    while (*link != index)
        link = &peers_[*link].sibling;
    *link = std::exchange(peer.sibling, no_peer);
    for (const Subscription& in : peer.rooms)
        stop_listening(in, peers_, chat);
    peer.rooms = {};
    forget_search(peer);
    peer.requests.reset();
    peer.receipts.reset();
    peer.assembly.reset();
    peer.state = PeerState::closing;
    peer.close_code = code;
    peer.closed_at = now.at;
    deadlines_.disarm(index);
    if (tell) {
        delivery_.answer_sealed(now.at, peer, peer.path.proved(), frame::Close{code, 0},
                                chat.counters());
    }
    closing_.push_back(index);
    if (closing_.size() > closing_max) {
        peers_.remove(closing_.front());
        closing_.pop_front();
    }
}

void SecureService::remove_absent(const Now& now, Chat& chat) {
    for (const Absent& one : std::exchange(absent_, {})) {
        const Member& member = chat.roster()[one.member];
        if (member.id == one.id && member.programs == 0 && !is_going(member)) {
            chat.leave(now, one.member, LeaveReason::silent);
        }
    }
}

void SecureService::forget_closing(Instant now) {
    while (!closing_.empty() && now - peers_[closing_.front()].closed_at >= closing_time) {
        peers_.remove(closing_.front());
        closing_.pop_front();
    }
}

}  // namespace chat::server
