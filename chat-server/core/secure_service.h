// SPDX-License-Identifier: MIT
// The secure protocol (docs/PROTOCOL.md) in front of Chat: handshakes, sessions, what members say
// and ask for, and when they are gone. What goes out to them is planned and sealed in
// secure_delivery.h. Whatever does not open or is not exactly a frame is counted and forgotten;
// nothing is sent to an address that has not proved that it receives there, except what section 8
// of that document lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
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
    SecureService(ServerSecrets secret, RandomSource& random, std::pmr::memory_resource& secrets);
    SecureService(const SecureService&) = delete;
    SecureService& operator=(const SecureService&) = delete;

    void restore_entry(const Now& now, RoomId room, const StoredEntry& stored);

    // A datagram whose first byte says that it is of this protocol. Opened in place.
    void on_datagram(const Now& now, const Path& path, std::span<std::byte> datagram, Chat& chat);
    void on_outcome(const Now& now, const Outcome& outcome, Chat& chat);
    void on_page() { delivery_.on_page(); }
    void on_deadline(const Now& now, Chat& chat);
    void on_shutdown(const Now& now);

    bool poll_transmit(Instant now, Chat& chat, TransmitSink& sink);
    std::optional<Instant> next_deadline() const;
    bool idle() const { return delivery_.idle(); }

    // Sessions with a member.
    std::size_t members() const { return members_; }
    std::size_t half_open() const { return responder_.half_open(); }
    const ResponderCounters& handshake_counters() const { return responder_.counters(); }

  private:
    struct Received;

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
    void take_over(const Now& now, const Path& path, const Established& established,
                   MemberIndex member, Chat& chat);
    void join(const Now& now, const Path& path, const Established& established, Chat& chat);
    PeerIndex add_peer(const Now& now, const Path& path, const Established& established,
                       MemberIndex member);
    void install_keys(const Now& now, const Path& path, const Established& established,
                      PeerIndex index);
    // Where the client says that it stands, if that is in this log.
    std::optional<Seq> resumed_at(const datagram::FiniPayload& request, const Chat& chat) const;
    void open_at(PeerIndex index, Seq next);
    void begin_closing(const Now& now, PeerIndex index, frame::CloseCode code, bool tell,
                       Chat& chat);
    void forget_closing(Instant now);
    void update_offer();

    // Frames of an open session.
    void handle(const Received& in, const frame::PktAck& ack);
    void handle(const Received& in, const frame::Msg& msg);
    void handle(const Received& in, const frame::MsgFrom& from);
    void handle(const Received& in, const frame::RoomAck& ack);
    void handle(const Received& in, const frame::MembersWanted& wanted);
    void handle(const Received& in, const frame::PathResponse& response);
    void handle(const Received& in, const frame::Ping&);
    void handle(const Received& in, const frame::Close& close);
    template <class Other>
    void handle(const Received&, const Other&) {}
    void take_message(const Received& in, std::string_view text);

    void on_timer(const Now& now, PeerIndex index, Chat& chat);
    PeerIndex peer_of_member(MemberIndex member) const;

    SecretPtr<ServerSecrets> secret_;
    RandomSource& random_;
    Peers peers_;
    Epochs epochs_;
    Deadlines deadlines_;
    SecureDelivery delivery_;
    datagram::RespPayload offer_;
    Responder responder_;
    std::vector<PeerIndex> peer_of_member_;
    std::vector<PeerIndex> peer_of_epoch_;
    std::size_t members_ = 0;
    bool stopping_ = false;
    std::vector<frame::Frame> frames_;  // of the datagram at hand
    std::deque<PeerIndex> closing_;     // oldest first
};

}  // namespace chat::server
