// SPDX-License-Identifier: MIT
// One member of a load test who speaks the secure protocol: the whole of docs/PROTOCOL.md that a
// person in one room needs, on the same blocks as the client (handshake, cipher, link, gaps,
// outbox), without what a person sees. Every datagram is opened and every frame looked at; of an
// entry that is a message only its stamp is read. It lives in its crowd, which owns sockets and
// timers, and calls flush() after anything else. No rekey: a run is shorter than a key's life.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/account.h"
#include "bench/load/entry_cursor.h"
#include "bench/load/options.h"
#include "bench/load/room_logs.h"
#include "bench/load/sockets.h"
#include "bench/load/talk.h"
#include "chat-client/core/outbox.h"
#include "proto/link/link.h"
#include "proto/session/cipher.h"
#include "proto/session/initiator.h"

namespace chat::load {

// What all members have in common.
struct Surroundings {
    const Options& options;
    Account& account;
    Talk& talk;
    Sockets& sockets;
    RoomLogs& logs;
    RandomSource& secrets;  // for handshakes
    std::mt19937_64 random;
    std::string fingerprint;
    std::size_t joined = 0;    // online now
    std::size_t sessions = 0;  // ever
    std::vector<frame::Frame> frames{};
    std::vector<client::Event> events{};
};

class SecureMember {
  public:
    SecureMember(Surroundings& all, std::uint32_t index, std::uint32_t socket,
                 const KeyPair& identity);

    std::uint32_t socket() const { return socket_; }
    bool online() const { return online_; }
    // He has all entries there are and, if he asked, all names.
    bool is_told() const;

    void begin(const Now& now);
    void say(std::string_view text);
    // Says that he leaves, once.
    void leave(const Now& now);
    // Leaves, and comes again after a while; he still gets everything.
    void go_away(const Now& now, Duration away);
    // His address is another one.
    void on_moved() { ping_due_ = online_; }
    // Whether it is for him, by its session number.
    bool is_his(std::span<const std::byte> datagram) const;
    void on_datagram(const Now& now, std::span<std::byte> datagram);
    void on_deadline(const Now& now);
    void flush(const Now& now);
    std::optional<Instant> next_deadline() const;

    // A member of his room gets his name and number from these.
    static std::string name_of(std::uint32_t index);
    static std::string room_of(const Options& options, std::uint32_t index);

  private:
    bool speaks() const { return index_ < all_.options.members; }
    bool is_slow() const { return index_ >= all_.options.members + all_.options.idle; }
    std::uint16_t ts(Instant at) const {
        return static_cast<std::uint16_t>(at.us / 1000 + ts_offset_);
    }
    Duration jittered(Duration span, std::int64_t percent);

    // --- handshake
    void on_handshake(const Now& now, std::span<const std::byte> datagram);
    void decide(const Now& now);
    void install(const Now& now);
    void lose(const Now& now, Duration wait);

    // --- receiving
    void on_data(const Now& now, std::span<std::byte> datagram);
    bool read_lean(const Now& now, std::span<const std::byte> plaintext, bool& eliciting);
    bool read_whole(const Now& now, std::span<const std::byte> plaintext, bool& eliciting);
    bool on_events(const Now& now, std::uint32_t room, std::uint64_t first, std::uint8_t count,
                   std::span<const std::byte> entries);
    void on_entry(const Now& now, std::uint64_t seq, std::span<const std::byte> entry,
                  std::string_view name, std::string_view text);
    void on_frame(const Now& now, const frame::Frame& frame);
    void on_room(const Now& now, const frame::Room& room);
    void on_members(const frame::Members& list);
    void on_pkt_ack(const Now& now, const frame::PktAck& ack);

    // --- sending
    bool content_open() const;
    bool something_due(const Now& now) const;
    bool may_say(const Now& now) const;
    bool write_content(const Now& now, Writer& writer);
    // True: something that asks for an acknowledgement.
    bool write_acks(const Now& now, Writer& writer, bool room_too);
    void send_one(const Now& now);

    Surroundings& all_;
    const KeyPair& identity_;
    std::uint32_t index_;
    std::uint32_t socket_;
    std::uint32_t client_sid_ = 0;
    std::uint32_t server_sid_ = 0;
    std::uint32_t list_names_ = 0;
    std::uint16_t ts_offset_ = 0;
    std::uint16_t ack_delay_ms_ = 25;
    std::uint16_t keepalive_s_ = 25;
    bool online_ = false;
    bool ever_online_ = false;
    bool list_open_ = false;
    bool list_due_ = false;
    bool list_done_ = false;
    bool ping_due_ = false;
    std::uint8_t probes_due_ = 0;
    std::uint64_t epoch_ = 0;
    std::uint64_t log_epoch_ = 0;
    std::optional<std::uint64_t> ping_counter_;
    std::optional<frame::PathResponse> path_response_;
    std::optional<Instant> begin_at_;
    std::optional<Instant> repeat_at_;
    Instant keepalive_at_;
    Link link_;
    EntryCursor cursor_;
    RoomLog* log_ = nullptr;
    std::unique_ptr<Initiator> handshake_;
    std::unique_ptr<client::Outbox> outbox_;
    std::optional<Sealer> sealer_;
    std::optional<ClientOpener> opener_;
    frame::ResetToken token_{};
    std::string list_after_;
};

}  // namespace chat::load
