// SPDX-License-Identifier: MIT
// One handshake with all that its user has a say in: whether the server's key is trusted, which
// password is given, and what a failure is called. Nothing of ours is revealed, and no FINI made,
// before the key is trusted. Repetition and giving up are the Initiator's; when to begin a
// handshake, and whether to begin another one, is the session's.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "chat-client/core/secure_session.h"
#include "proto/session/initiator.h"
#include "proto/session/secret_memory.h"

namespace chat::client {

class Handshake {
  public:
    enum class Step : std::uint8_t {
        nothing,   // the datagram was of no use
        answered,  // the server has moved it on
        question,  // the user is to be asked about server_key()
        trusted,   // finish() is wanted
        failed,    // see failure()
    };

    Handshake(const Trust& trust, std::optional<std::string> password, const KeyPair& identity,
              RandomSource& random, std::pmr::memory_resource& secrets,
              const HandshakeTimes& times);

    // Begins a new one in place of whatever there was.
    void start(const Now& now);
    void stop();
    bool running() const { return initiator_.has_value(); }
    // The user is being asked; nothing is sent until decide().
    bool asking_user() const { return asking_user_; }

    Step on_datagram(const Now& now, std::span<const std::byte> datagram);
    Step decide(bool trusted);
    // FINI may be made: false if it can't be, see failure(). Takes long the first time, if the
    // server wants a password.
    bool finish(const Now& now, const datagram::FiniPayload& request);
    // Keys are there, WELCOME is waited for.
    bool finishing() const;
    const Error& failure() const { return failure_; }

    // The rest only while running.
    const Initiator& initiator() const { return *initiator_; }
    // Once: a key that was not pinned before and is trusted now.
    std::optional<PublicKey> take_trusted_key() {
        return std::exchange(trusted_key_, std::nullopt);
    }

    void poll_transmit(const Now& now, TransmitSink& sink);
    std::optional<Instant> next_deadline() const;
    void on_deadline(const Now& now);

  private:
    Step judge();
    Step fail(ErrorCode code, std::string text);
    void trust(const PublicKey& key);

    Trust trust_;
    std::optional<std::string> password_;
    SecretPtr<KeyPair> identity_;
    RandomSource& random_;
    std::pmr::memory_resource& secrets_;
    HandshakeTimes times_;
    std::optional<Initiator> initiator_;
    bool asking_user_ = false;
    Error failure_;
    std::optional<PublicKey> trusted_key_;
    // Of the one key that is trusted; made once, because it takes a good part of a second.
    SecretPtr<SecretKey> password_key_;
};

}  // namespace chat::client
