// SPDX-License-Identifier: MIT
// What goes out to peers of the secure protocol: short answers, what a peer is owed, the entries of
// its rooms' logs from where it stands, repetitions of what got lost, probes. It asks window, pace
// and credit before it sends new content; what they do not allow now is sent when they do (news,
// older entries) or when the client asks again (repetitions). A delivery is a copy of encoded
// entries and one seal in place; nothing is allocated for it. One datagram carries what there is
// from several rooms, and a peer's rooms take turns in being first. Nobody is looked at who is owed
// nothing, unless there is a new entry in a room that he listens to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-server/core/chat.h"
#include "chat-server/core/datagram_arena.h"
#include "chat-server/core/deadlines.h"
#include "chat-server/core/epochs.h"
#include "chat-server/core/packet.h"
#include "chat-server/core/peers.h"
#include "proto/session/keys.h"
#include "proto/wire/frame.h"
#include "proto/wire/transmit.h"

namespace chat::server {

// What a peer waits for, in all its rooms.
struct Outlook {
    bool lacks = false;    // something that it has not said to have, under way or not
    bool ready = false;    // something may go as soon as window and pace allow
    bool unacked = false;  // something is under way
    bool paged = false;    // something waits for the log
};

class SecureDelivery {
  public:
    SecureDelivery(Peers& peers, const Epochs& epochs, Deadlines& deadlines, const Key32& reset_key,
                   std::uint64_t start_count);

    // A datagram that answers one that came, to be sent before anything else.
    void answer(const Path& path, std::span<const std::byte> datagram, Counters& counters);
    // The same, of one short frame and sealed for this peer.
    void answer_sealed(Instant now, Peer& peer, const Path& path, const frame::Frame& frame,
                       Counters& counters);

    // Looks at this peer in the next poll.
    void queue(PeerIndex index);
    // It lacks [from, to) of that room but for these parts of the first.
    void repeat(PeerIndex index, Subscription& in, const Repair& lost);
    // Whoever waited for a page of this room looks again.
    void on_page(RoomId room);
    // Rooms of which somebody has begun to wait for a page since the last time.
    std::vector<RoomId> take_paged() { return std::exchange(paged_, {}); }
    // HEAD of each of its rooms.
    static void owe_heads(Peer& peer);
    static Outlook outlook(const Peer& peer, const Chat& chat);
    // Every open session is told CLOSE twice, after what is in the log.
    void stop(std::uint32_t wait_ms);
    // All were told once.
    bool told_to_stop() const { return stop_done_; }
    std::uint32_t stop_wait_ms() const { return stop_wait_ms_; }

    // True: flush the sink and call again.
    bool poll_transmit(Instant now, Chat& chat, TransmitSink& sink);
    // When poll_transmit has something to do by time alone, beyond the peers' own deadlines.
    std::optional<Instant> next_deadline() const { return stop_at_; }
    bool idle() const;

    // A deadline for this peer, for whatever it waits for.
    void arm(Instant now, PeerIndex index, const Chat& chat);

    bool heard_lately(Instant now, const Peer& peer) const;

  private:
    static constexpr std::size_t batches = 8;

    struct Answer {
        Path path;
        std::size_t size = 0;
        std::array<std::byte, datagram::fini_bytes> bytes;
    };
    struct Gap {
        PeerIndex peer = 0;
        RoomId room = 0;
        Repair lost;
    };
    struct Waiting {
        PeerIndex peer = 0;
        RoomId room = 0;
    };
    // Encoded entries from `first` on, as many as one datagram takes: made once for all who stand
    // at the same place.
    struct Batch {
        RoomId room = 0;
        Seq first = 0;
        Seq head = 0;
        std::vector<std::byte> bytes;
        std::vector<std::size_t> ends;
    };
    enum class Progress : std::uint8_t { wrote, nothing_left, not_now, no_page, no_room };

    void queue_listeners(Chat& chat);
    bool send_answers(TransmitSink& sink);
    bool send_repetitions(Instant now, Chat& chat, TransmitSink& sink);
    bool send_queued(Instant now, Chat& chat, TransmitSink& sink);
    void foresee_serving() const;
    bool send_stop(Instant now, Chat& chat, TransmitSink& sink);

    // False: no buffer; to be called again with the same peer.
    bool serve(Instant now, PeerIndex index, Chat& chat, TransmitSink& sink);
    bool serve_gap(Instant now, Gap& gap, Chat& chat, TransmitSink& sink);

    // What it is owed (secure_owed.cpp).
    void write_welcome(Instant now, Packet& packet, Peer& peer, const Chat& chat) const;
    void write_owed(Instant now, Packet& packet, Peer& peer, const Chat& chat);
    void write_answers(Packet& packet, Peer& peer, const Chat& chat);
    static void write_found(Packet& packet, Requests& requests);
    void write_probe(Packet& packet, Peer& peer, Chat& chat);
    void write_oldest(Packet& packet, Subscription& in, Room& room);

    // Who and what is there (secure_lists.cpp).
    bool write_members(Packet& packet, const Requests::Members& wanted, const Chat& chat);
    bool write_rooms(Packet& packet, const Peer& peer, std::string_view after, const Chat& chat);

    // Entries (secure_entries.cpp).
    void write_rooms_due(Instant now, Packet& packet, PeerIndex index, Chat& chat);
    Progress write_repair(Instant now, Packet& packet, PeerIndex index, Subscription& in,
                          Chat& chat);
    Progress write_news(Instant now, Packet& packet, PeerIndex index, Subscription& in, Chat& chat);
    // It knows the room, and no page of it is waited for.
    static bool takes_older(const Peer& peer, RoomId room);
    // Older ones that it asked for, as many as fit.
    void write_history(Instant now, Packet& packet, PeerIndex index, Chat& chat);
    // One frame's worth of [from, to), or GONE; moves `from`, which GONE may put behind `to`, and
    // `have`. With `repeat_from` below `from` the entries from there on go in front, if there is
    // room.
    Progress write_entries(Instant now, Packet& packet, const Peer& peer, Room& room, Seq& from,
                           Seq to, std::uint8_t& have, Seq repeat_from);
    Progress write_part(Instant now, Packet& packet, const Peer& peer, RoomId room, Seq& from,
                        std::span<const std::byte> entry, std::uint8_t& have);
    Progress write_batch(Instant now, Packet& packet, const Peer& peer, Room& room, Seq& from,
                         Seq to, Seq repeat_from);
    void add_ack(Instant now, Packet& packet, Peer& peer);
    // The length of the datagram; 0: it could not be sealed.
    std::size_t finish(Instant now, Packet& packet, Peer& peer, Chat& chat, TransmitSink& sink);
    std::size_t seal(Instant now, Peer& peer, Packet& packet);
    const Batch& batch_from(Seq first, Room& room);
    void wait_for_page(PeerIndex index, Subscription& in, Seq seq, Chat& chat);

    Peers& peers_;
    const Epochs& epochs_;
    Deadlines& deadlines_;
    const Key32& reset_key_;
    std::uint64_t start_count_;

    DatagramArena arena_;
    std::deque<Answer> answers_;  // a deque, because a sink borrows from it while more are added
    std::size_t answers_sent_ = 0;
    std::deque<Gap> gaps_;
    std::vector<PeerIndex> queued_;
    std::vector<PeerIndex> serving_;  // those queued before, from serving_next_ on
    std::size_t serving_next_ = 0;
    std::vector<Waiting> waiting_;  // for pages
    std::vector<RoomId> paged_;
    std::array<Batch, batches> batches_;  // by room, so that several of them keep theirs
    std::vector<std::byte> list_;         // scratch
    unsigned stop_rounds_ = 0;            // still to go
    PeerIndex stop_next_ = 0;
    std::uint32_t stop_wait_ms_ = 0;
    std::optional<Instant> stop_at_;  // the second round
    bool stop_done_ = false;
    bool told_anybody_ = false;
};

}  // namespace chat::server
