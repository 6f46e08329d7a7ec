// SPDX-License-Identifier: MIT
// The secure protocol (docs/PROTOCOL.md) in front of Chat: handshakes, sessions, what members say
// and ask for, and when they are gone. A member has up to eight programs, each with a session of
// its own (peer.h); he leaves with the last. Whatever a program asks about a room goes through its
// subscription: without one it is told PARTED, and nothing of the room. What goes out to them is
// planned and sealed in secure_delivery.h. Whatever does not open or is not exactly a frame is
// counted and forgotten; nothing is sent to an address that has not proved that it receives there,
// except what section 8 of that document lists.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chat-server/core/chat.h"
#include "chat-server/core/deadlines.h"
#include "chat-server/core/epochs.h"
#include "chat-server/core/peers.h"
#include "chat-server/core/secure_delivery.h"
#include "proto/session/keys.h"
#include "proto/session/random_source.h"
#include "proto/session/responder.h"
#include "proto/session/secret_memory.h"
#include "proto/wire/transmit.h"

namespace chat::server {

// What makes this server this server, from files, and which of its starts this is.
struct ServerSecrets {
    KeyPair identity;
    SecretKey reset_key;
    std::uint64_t start_count = 1;
    std::optional<SecretKey> password_key;  // key_schedule.h; nothing: open to all
    std::uint64_t log_epoch = 1;            // random, new with each new log
};

class SecureService {
  public:
    SecureService(ServerSecrets secret, RandomSource& random, std::pmr::memory_resource& secrets,
                  const TokenRate& say_rate);
    SecureService(const SecureService&) = delete;
    SecureService& operator=(const SecureService&) = delete;

    void set_say_rate(const TokenRate& rate) { say_rate_ = rate; }

    // `members` were here when the server stopped, and have session_idle_max to come back.
    void restore(const Now& now, const Stored& stored, std::span<const MemberIndex> members,
                 const Chat& chat);

    // A datagram whose first byte says that it is of this protocol. Opened in place.
    void on_datagram(const Now& now, const Path& path, std::span<std::byte> datagram, Chat& chat);
    // Each datagram so many before on_datagram has it, and as many empty ones behind the last.
    static constexpr std::size_t foresight = 6;  // three steps of two datagrams
    void foresee(std::span<const std::byte> datagram, const Chat& chat);
    void on_outcome(const Now& now, const Outcome& outcome, Chat& chat);
    void on_page(RoomId room) { delivery_.on_page(room); }
    void on_found(const SearchAnswer& answer);
    void on_deadline(const Now& now, Chat& chat);
    void on_shutdown(const Now& now);

    // Rooms of whose logs pages are wanted, and what is to be searched for; each once.
    std::vector<RoomId> take_paged() { return delivery_.take_paged(); }
    std::vector<SearchRequest> take_searches() { return std::exchange(searches_offered_, {}); }
    bool poll_transmit(Instant now, Chat& chat, TransmitSink& sink);
    std::optional<Instant> next_deadline() const;
    bool idle() const { return delivery_.idle(); }

    // People who are here, with a program or with time to come back.
    std::size_t members() const { return members_; }
    std::size_t half_open() const { return responder_.half_open(); }
    const ResponderCounters& handshake_counters() const { return responder_.counters(); }

  private:
    // An authentic datagram of a session.
    struct Received {
        const Now& now;
        Chat& chat;
        PeerIndex index;
        Peer& peer;
        bool current;  // under the newest key
        bool newest;   // and with its highest counter
    };

    void on_init(const Now& now, const Path& path, std::span<const std::byte> datagram, Chat& chat);
    void on_fini(const Now& now, const Path& path, std::span<const std::byte> datagram, Chat& chat);
    void on_data(const Now& now, const Path& path, std::span<std::byte> datagram, Chat& chat);
    void on_unknown_sid(const Path& path, std::uint32_t sid, Chat& chat);
    // False: an end of this session is all that he gets.
    bool is_heard(const Received& in, const Path& path);
    void repeat_welcome(const Now& now, const Path& path, KeyIndex key,
                        std::span<const std::byte> fini);

    // Admission (secure_admission.cpp).
    void admit(const Now& now, const Path& path, const Established& established, Chat& chat);
    PeerIndex session_to_continue(const Established& established, const Chat& chat) const;
    std::optional<frame::CloseCode> refusal(const Established& established, Chat& chat) const;
    void refuse(const Now& now, const Path& path, const Established& established,
                frame::CloseCode code, Chat& chat);
    void go_on(const Now& now, const Path& path, const Established& established, PeerIndex index,
               Chat& chat);
    MemberIndex come(const Now& now, const Path& path, const Established& established, Chat& chat);
    PeerIndex add_peer(const Now& now, const Path& path, const Established& established,
                       MemberIndex member, Chat& chat);
    void install_keys(const Now& now, const Path& path, const Established& established,
                      PeerIndex index);
    void update_offer();

    // The end of programs (secure_endings.cpp).
    void end_program(const Now& now, PeerIndex index, LeaveReason reason, Chat& chat);
    void begin_closing(const Now& now, PeerIndex index, frame::CloseCode code, bool tell,
                       Chat& chat);
    void on_left(const Now& now, MemberIndex member, Chat& chat);
    void remove_absent(const Now& now, Chat& chat);
    void forget_closing(Instant now);

    // Rooms (secure_rooms.cpp).
    void land(const Now& now, PeerIndex index, const datagram::FiniPayload& request, Chat& chat);
    void open(PeerIndex index);
    void subscribe(PeerIndex index, RoomId room, bool first_time, Chat& chat);
    void unsubscribe(PeerIndex index, RoomId room, Chat& chat);
    static void stop_listening(const Subscription& in, Peers& peers, Chat& chat);
    void on_joined(const Outcome& outcome, Chat& chat);
    void on_parted(const Outcome& outcome, Chat& chat);
    // Its place in the room; nullptr: it is not in it, and has been told so.
    Subscription* subscription(const Received& in, RoomId room);

    // Frames of an open session.
    void handle(const Received& in, const frame::PktAck& ack);
    void handle(const Received& in, const frame::RoomAck& ack);
    void handle(const Received& in, const frame::PathResponse& response);
    void handle(const Received& in, const frame::Ping&);
    void handle(const Received& in, const frame::Close& close);
    void begin_at(const Received& in, Subscription& sub, Seq next);
    // secure_rooms.cpp
    void handle(const Received& in, const frame::Join& join);
    void handle(const Received& in, const frame::Part& part);
    // secure_messages.cpp
    void handle(const Received& in, const frame::Msg& msg);
    void handle(const Received& in, const frame::MsgFrom& from);
    void take_message(const Received& in, const frame::Msg& msg, std::string_view text);
    void refuse_message(const Received& in, RoomId room, frame::MsgStatus status);
    void on_stored(const Outcome& outcome);
    // secure_questions.cpp
    void handle(const Received& in, const frame::EntriesWanted& wanted);
    void handle(const Received& in, const frame::MembersWanted& wanted);
    void handle(const Received& in, const frame::RoomsWanted& wanted);
    void handle(const Received& in, const frame::Search& search);
    void forget_search(Peer& peer);
    template <class Other>
    void handle(const Received&, const Other&) {}

    void on_timer(const Now& now, PeerIndex index, Chat& chat);
    void take_receipts(Instant now, Chat& chat);
    void set_receipt(PeerIndex index, RoomId room, const frame::SeenCount& count);
    PeerIndex first_program(MemberIndex member) const;
    // visit(PeerIndex) for each of the member's programs; visit may end that one.
    template <class Visit>
    void for_each_program(MemberIndex member, Visit visit) {
        for (PeerIndex i = first_program(member); i != no_peer;) {
            const PeerIndex next = peers_[i].sibling;
            visit(i);
            i = next;
        }
    }

    SecretPtr<ServerSecrets> secret_;
    RandomSource& random_;
    TokenRate say_rate_;
    Peers peers_;
    Epochs epochs_;
    Deadlines deadlines_;
    SecureDelivery delivery_;
    datagram::RespPayload offer_;
    Responder responder_;
    std::vector<PeerIndex> program_of_member_;  // the one that came last; see Peer::sibling
    std::vector<PeerIndex> peer_of_epoch_;
    std::size_t members_ = 0;
    bool stopping_ = false;
    std::vector<frame::Frame> frames_;  // of the datagram at hand
    // Of the last datagrams foreseen, the newest first.
    std::array<KeyIndex, 4> foreseen_{no_key, no_key, no_key, no_key};
    std::deque<PeerIndex> closing_;  // oldest first
    // Members without a program since the server started, until when they may come back.
    struct Absent {
        MemberIndex member = 0;
        MemberId id = 0;
    };
    std::vector<Absent> absent_;
    Instant absent_until_;
    std::uint64_t last_ticket_ = 0;
    std::unordered_map<std::uint64_t, PeerIndex> searches_;  // by ticket, waiting for the log
    std::vector<SearchRequest> searches_offered_;
};

}  // namespace chat::server
