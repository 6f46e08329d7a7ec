// SPDX-License-Identifier: MIT
// The client's side of the handshake (docs/PROTOCOL.md, section 3): asks, proves its address,
// stops to let its owner decide whether the server's key is trusted, finishes. It keeps the
// client's handshake timer. It ends with the WELCOME that its owner sees, with a refusal, or with
// giving up. One object is one attempt with all its repetitions. What travels in the clear may have
// been altered on the way, and the server forgets a handshake after 10 s: where one can no longer
// succeed, this begins a new one by itself (new numbers, new keys, step asking again) and goes on
// through `deciding` without asking when the server's key is still the one that was trusted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>

#include "proto/session/keys.h"
#include "proto/session/random_source.h"
#include "proto/wire/datagram.h"
#include "proto/wire/time.h"
#include "proto/wire/transmit.h"

namespace chat {

struct HandshakeTimes {
    Duration first = milliseconds(500);  // while no round trip was measured
    Duration first_min = milliseconds(200);
    int percent = 150;
    Duration longest = seconds(3);
    Duration copy_after = milliseconds(10);
    Duration give_up_after = seconds(30);
};

class Initiator {
  public:
    enum class Step : std::uint8_t {
        asking,     // INIT without cookie
        proving,    // INIT with cookie
        deciding,   // RESP is here: read server_key(), then trust()
        finishing,  // FINI; keys are there; waiting for WELCOME
        refused,    // wrong password
        given_up,
    };

    Initiator(const Now& now, const KeyPair& identity, RandomSource& random,
              std::pmr::memory_resource& secrets, const HandshakeTimes& times = {});
    ~Initiator();

    // RETRY, RESP or REFUSE from the server's address; anything else, or what does not belong to
    // this handshake, changes nothing. True if the step changed.
    bool on_datagram(const Now& now, std::span<const std::byte> datagram);

    Step step() const;
    // From deciding on: the server's static key, and what it offers.
    const PublicKey& server_key() const;
    const datagram::RespPayload& offer() const;
    // Known after RETRY: a password is needed.
    bool needs_password() const;
    // RETRY came, RESP never: answers are lost or altered on the way.
    bool heard_retry() const;
    // The key is trusted: go on with FINI. `password_key` as needs_password() says (all zero:
    // open). If deciding took so long that the server has forgotten, the step is asking again, and
    // finishing comes later, from on_datagram.
    void trust(const Now& now, const Key32& password_key, const datagram::FiniPayload& request);

    // While finishing: a new handshake has new ones.
    std::uint32_t client_sid() const;
    std::uint32_t server_sid() const;
    const Key32& send_key() const;     // K_cli
    const Key32& receive_key() const;  // K_srv
    // What the last exchange (RETRY to RESP, not repeated) measured, if it did.
    std::optional<Duration> rtt() const;

    // Sends what is due; the sink's path is not used.
    void poll_transmit(const Now& now, TransmitSink& sink);
    std::optional<Instant> next_deadline() const;
    // After giving_up_after without progress to WELCOME the step becomes given_up.
    void on_deadline(const Now& now);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace chat
