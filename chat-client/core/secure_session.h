// SPDX-License-Identifier: MIT
// The client's brain for the secure protocol (docs/PROTOCOL.md): handshake and trust, the send
// key, the outbox with its message numbers, the room as this member sees it, liveness, roaming.
// It never holds the receive key for longer than it takes to hand it to the receiver process, and
// opens no datagram: it acts on what the receiver has decoded (receiver_event.h).
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>

#include "chat-client/core/session.h"
#include "proto/session/initiator.h"
#include "proto/session/keys.h"
#include "proto/session/random_source.h"

namespace chat::client {

// What decides whether a server's key is trusted. A pinned key is the only one accepted then.
struct Trust {
    std::optional<PublicKey> pinned;   // from known_servers
    std::string accepted_fingerprint;  // --accept-key; empty: none
    bool accept_new = false;           // --accept-new-key
    bool may_ask = false;              // a person can answer a TrustQuestion
};

struct SecureSessionConfig {
    std::string room = "lobby";
    Trust trust;
    std::optional<std::string> password;  // of --password-file
    // For tests and simulations; the defaults are the protocol's.
    HandshakeTimes handshake;
    Duration reconnect_after = seconds(10);  // nothing authentic heard: connect the socket anew
    Duration handshake_after = seconds(15);  // nothing authentic heard: new handshake
    Duration give_up_after = seconds(30);
    Duration rekey_after = seconds(600);  // +- 10 %
    std::size_t outbox_max = 256;         // messages the user may have said ahead
    // So many older entries come out, as history, before the first others of a room that we come
    // into; for people, not for programs.
    std::uint32_t history_on_joining = 0;
};

class SecureSession final : public Session {
  public:
    SecureSession(const SecureSessionConfig& config, const KeyPair& identity, RandomSource& random,
                  std::pmr::memory_resource& secrets);
    ~SecureSession() override;

    void log_in(const Now& now, std::string name) override;
    bool say(const Now& now, std::string_view room, std::string_view text, std::string id) override;
    void join(const Now& now, std::string_view room) override;
    void part(const Now& now, std::string_view room) override;
    void list_rooms(const Now& now) override;
    void list_members(const Now& now, std::string_view room) override;
    bool set_topic(const Now& now, std::string_view room, std::string_view text) override;
    void want_history(const Now& now, std::string_view room, std::uint64_t before,
                      std::uint32_t limit) override;
    void search(const Now& now, std::string_view room, std::string_view words) override;
    void quit(const Now& now) override;
    void quit_at_once(const Now& now) override;
    void set_gives_up(bool gives_up) override;
    void decide_trust(const Now& now, bool trusted) override;
    void set_accepts_events(const Now& now, bool accepts) override;
    void on_receiver_frame(const Now& now, std::span<const std::byte> frame) override;
    void on_receiver_started(const Now& now) override;
    void on_refused(const Now& now) override;
    void address_changed(const Now& now) override;
    void on_deadline(const Now& now) override;
    void poll_transmit(const Now& now, TransmitSink& sink) override;
    std::vector<std::vector<std::byte>> take_receiver_orders() override;
    std::vector<Event> take_events() override;
    bool take_wants_reconnect() override;
    std::optional<PublicKey> take_trusted_key() override;
    std::optional<Instant> next_deadline() const override;
    const std::optional<End>& end() const override;
    bool wants_name() const override;
    bool online() const override;
    bool never_reached() const override;
    const std::string& name() const override;
    bool accepts_input() const override;
    std::size_t waiting() const override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace chat::client
