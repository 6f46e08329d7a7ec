// SPDX-License-Identifier: MIT
// The inside of SecureSession, in one place because its parts share one state; the parts are
// secure_session.cpp (what the user wants), secure_session_wishes.cpp (what he wants of rooms),
// secure_session_rooms.cpp (what happens in them), secure_session_keys.cpp (handshakes, keys,
// coming and going), secure_session_receive.cpp (what the receiver hands over) and
// secure_session_send.cpp (what leaves, and when). Included by these and by nobody else.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/core/datagram_buffers.h"
#include "chat-client/core/handshake.h"
#include "chat-client/core/joins.h"
#include "chat-client/core/member_list.h"
#include "chat-client/core/outbox.h"
#include "chat-client/core/receiver_event.h"
#include "chat-client/core/room_listing.h"
#include "chat-client/core/rooms.h"
#include "chat-client/core/search.h"
#include "chat-client/core/secure_session.h"
#include "proto/link/backoff.h"
#include "proto/link/link.h"
#include "proto/session/cipher.h"
#include "proto/session/secret_memory.h"

namespace chat::client {

struct SecureSession::Impl {
    enum class State : std::uint8_t { nameless, connecting, online, reconnecting, leaving };

    // One pair of keys, from WELCOME on.
    struct Keys {
        std::uint32_t client_sid = 0;  // under which the server sends
        std::uint32_t server_sid = 0;
        SecretPtr<Sealer> sealer;
        frame::ResetToken token{};
        std::uint16_t ts_offset = 0;
        Instant made_at;
        Instant rekey_at;
        std::uint64_t number = 0;  // of all keys, in the order in which they were made
    };

    Impl(const SecureSessionConfig& config, const KeyPair& identity, RandomSource& random,
         std::pmr::memory_resource& secrets);

    // --- secure_session.cpp
    void log_in(const Now& now, std::string name);
    void quit(const Now& now);
    void quit_at_once(const Now& now);
    void decide_trust(const Now& now, bool trusted);
    void set_accepts_events(const Now& now, bool accepts);
    void leave(const Now& now);
    void leave_if_done(const Now& now);
    // Of what is asked or said, something has not come back yet that may still.
    bool answers_awaited() const;
    void finish(End how, std::string reason);
    void fail(Error error, End how);
    void refuse_name(ErrorCode code, std::string text);
    void change_state(State to, Connection shown, std::string reason);
    bool gives_up() const { return gives_up_wanted || quitting || !was_online; }

    // --- secure_session_wishes.cpp
    bool say(const Now& now, std::string_view room, std::string_view text, const std::string& id);
    bool set_topic(const Now& now, std::string_view room, std::string_view text);
    void join(std::string_view room);
    void part(std::string_view room);
    void list_members(std::string_view room);
    void want_history(const Now& now, std::string_view room, std::uint64_t before,
                      std::uint32_t limit);
    void find(std::string_view room, std::string_view words);
    // Where something goes that is said; nothing: he is told why it goes nowhere.
    std::optional<Outbox::Where> address(std::string_view room, const std::string& id);
    // A room of ours; or nothing, and he is told that he is not in it, and what to do.
    Membership* ours(std::string_view room, std::string_view advice);
    std::string name_of(std::string_view room) const;
    // The landing room as it is asked for; empty: the lobby. Who has left the one of --room lands
    // in another one of his, so that he is not put there again.
    std::string landing() const;
    bool is_landing(std::string_view room) const;
    bool landing_expected() const;
    // We may be in it without having heard of it yet.
    bool may_still_come(std::string_view room) const;
    void refuse(ErrorCode code, std::string text, std::string_view room = {});
    // What was said for a room that we are not in.
    void drop_said(std::string_view room, ErrorCode code, const std::string& text);
    void drop_said_nowhere();

    // --- secure_session_rooms.cpp
    void on_room(const Now& now, const frame::Room& frame);
    void on_no_room(const Now& now, const frame::NoRoom& frame);
    void on_parted(const frame::Parted& frame);
    void on_entry(const Now& now, const EntryReceived& entry);
    void on_parts(const Now& now, const EntryInParts& parts);
    void on_gone(const Now& now, const frame::Gone& gone);
    void on_head(const Now& now, const frame::Head& head);
    void on_seen(const frame::Seen& seen);
    void on_notice(const frame::Notice& notice);
    // FINI is made; a session begins; its log is another one.
    void rooms_on_request();
    void rooms_on_session();
    void rooms_begin_anew();
    void forget_parts();
    void come_into(const Now& now, Membership& member, const frame::Room& frame);
    void welcome(Membership& member);
    Welcome welcome_to(const Membership& member, std::uint64_t next) const;
    void forget_room(std::uint32_t number);
    // What came out of it since `before`: a room that was out of sight comes up with it.
    struct Before {
        std::size_t events = 0;
        std::uint64_t next_seq = 0;
    };
    Before mark(const Membership& member) const;
    void show_news(Membership& member, const Before& before, bool list_is_old);
    // History goes on, and the entries that wait for it.
    void advance(const Now& now, Membership& member);
    void tell_receipts(Membership& member);
    void fetch_members(std::uint32_t number, bool first);
    void rooms_on_deadline(const Now& now);
    bool rooms_open() const;
    void consider_rooms(std::optional<Instant>& next) const;
    // Runs of older entries that may still be asked for (EntryFetch).
    std::size_t runs_left() const;

    // --- secure_session_keys.cpp
    void start_handshake(const Now& now);
    void stop_handshake();
    void on_handshake_step(const Now& now, Handshake::Step step);
    void send_fini(const Now& now);
    void hand_over_key();
    void on_welcome(const Now& now, const frame::Welcome& welcome);
    void refuse_landing();
    void adopt_keys(const Now& now, const frame::ResetToken& token);
    void forget_previous();
    void drop_keys();
    // The server is to be reached anew; the handshake begins at `at`.
    void lose(const Now& now, std::string reason, Instant at);
    void give_up(const Now& now);
    void on_close(const Now& now, const frame::Close& close);
    void on_reset(const Now& now, std::span<const std::byte> datagram);
    void on_refused(const Now& now);
    void on_receiver_started(const Now& now);
    void address_changed(const Now& now);
    void on_deadline(const Now& now);
    void on_silence(const Now& now);
    void wake_up(const Now& now);
    bool may_give_up() const;
    void order(const ReceiverOrder& what);

    // --- secure_session_receive.cpp
    void on_event(const Now& now, const ReceiverEvent& event);
    void on_packet(const Now& now, const PacketReceived& packet);
    void heard(const Now& now);
    void on_pkt_ack(const frame::PktAck& ack);
    void on_msg_ack(const frame::MsgAck& ack);
    // Takes notice of the events since `before` were there: joins, leaves, what was accepted.
    void note_events(std::size_t before);
    // What is unacknowledged has changed.
    void settle();
    Duration rtt() const { return link ? link->smoothed_rtt() : milliseconds(333); }
    // For what is asked for again at even intervals.
    Duration gap_rtt(Instant now) const { return link ? link->repair_rtt(now) : rtt(); }
    bool content_open() const;

    // --- secure_session_send.cpp
    void poll_transmit(const Now& now, TransmitSink& sink);
    bool something_due(const Now& now) const;
    bool may_send_messages(const Now& now) const;
    bool repeat_due(const Now& now) const;
    // False: the sink refused it.
    bool send_datagram(const Now& now, TransmitSink& sink);
    bool write_content(const Now& now, Writer& writer);
    // Questions that are to be sent, for the first time or again.
    bool asks(const Now& now) const;
    bool write_questions(const Now& now, Writer& writer);
    // True: something that asks for an acknowledgement.
    bool write_acks(const Now& now, Writer& writer, bool rooms_too);
    void write_last_acks(const Now& now, Writer& writer);
    // False: no room for it any more.
    bool write_room_ack(const Now& now, Writer& writer, Membership& member, bool& asks_again);
    void begin_probe(const Now& now);
    std::optional<Instant> next_deadline() const;
    std::uint16_t ts(Instant at) const;
    // `span` plus or minus so many percent.
    Duration jittered(Duration span, std::int64_t percent);

    SecureSessionConfig config;
    RandomSource& random;
    std::pmr::memory_resource& secrets;
    const std::uint64_t client_epoch;

    State state = State::nameless;
    StateChange last_told;  // of the connection
    std::string name;
    std::optional<End> over;
    bool was_online = false;
    bool was_answered = false;
    bool gives_up_wanted = true;
    bool quitting = false;
    bool wants_reconnect = false;
    std::vector<Event> events;
    std::vector<std::vector<std::byte>> orders;

    Handshake handshake;
    // Of the handshake that is finishing: the receiver has its key.
    std::uint32_t pending_sid = 0;
    std::vector<PacketReceived> pending_packets;
    std::optional<Instant> handshake_at;      // when to begin the next
    std::optional<Instant> unanswered_since;  // for giving up
    std::optional<std::uint64_t> log_epoch;
    std::optional<PublicKey> server_key;
    datagram::RespPayload offer;

    std::optional<Keys> keys;
    std::uint32_t prev_server_sid = 0;
    std::uint32_t previous_sid = 0;  // its receive key still holds
    std::optional<Instant> forget_previous_at;
    std::optional<Link> link;

    std::uint32_t packet_sid = 0;  // of the datagram whose frames come now; 0: of none
    // Over all keys: what the server sent later has a higher one.
    std::uint64_t packet_order = 0;
    std::uint64_t last_key = 0;      // of the newest key that the receiver has, from 1
    std::uint64_t previous_key = 0;  // of previous_sid
    Instant packet_at;
    Instant heard_at;
    // Something of ours is unacknowledged, and since then nothing authentic was heard.
    std::optional<Instant> waiting_since;
    bool only_ping = false;  // that was so long ago that nothing else goes out

    Rooms rooms;
    Joins joins;
    RoomListing listing;
    Search search;
    MemberList members;
    std::deque<std::uint32_t> members_wanted;  // rooms whose lists come after this one
    Outbox outbox;
    bool accepts = true;
    std::string landing_asked;         // by FINI
    std::uint32_t landing_number = 0;  // by WELCOME
    bool landing_awaited = false;      // its ROOM is to come
    bool landing_refused = false;
    bool landing_parted = false;
    // Rooms of ours that we have not heard of yet may still come until then.
    std::optional<Instant> settling_until;
    // Rooms that we are not in any more, with the datagram that said so: older ones are late.
    std::map<std::uint32_t, std::uint64_t> parted;
    std::uint32_t acks_from = 0;  // the room whose ROOM_ACK has its turn first
    bool cannot_store_told = false;
    std::vector<frame::PathData> path_responses;
    std::optional<Instant> keepalive_at;
    bool ping_due = false;
    std::optional<std::uint64_t> ping_counter;  // unacknowledged
    unsigned probes_due = 0;
    std::optional<Instant> repeat_at;  // what was said just now is sent a second time

    std::optional<Instant> leave_at;
    std::optional<Instant> close_at;
    Backoff close_backoff;
    int closes_sent = 0;
    DatagramBuffers buffers;
    // When it wanted to be woken at the latest; much later means that it was suspended.
    std::optional<Instant> planned;
};

}  // namespace chat::client
