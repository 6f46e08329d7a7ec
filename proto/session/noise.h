// SPDX-License-Identifier: MIT
// The Noise protocol framework, revision 34, for 25519, ChaChaPoly and SHA256: a handshake driven
// by a table of tokens. It makes keys and knows nothing of datagrams, cookies or time. A
// HandshakeState has a fixed size and no memory elsewhere, so a table of half-open handshakes is
// allocated once. What a peer got wrong is a NoiseError and leaves the state exactly as it was, so
// a forged message cannot end a handshake; calls out of turn are our bugs and abort in all builds.
// Source: noiseprotocol.org/noise.html, sections 5.3, 7 and 9. Sizes in bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "proto/session/invariant.h"
#include "proto/session/keys.h"
#include "proto/session/symmetric_state.h"

namespace chat {

inline constexpr std::size_t noise_message_bytes_max = 65535;

enum class Token : std::uint8_t { none, e, s, ee, es, se, ss, psk };

// One handshake pattern. The first message is the initiator's, then the sides take turns. Only
// static keys are known beforehand ("pre-messages"); fallback patterns are not covered.
struct Pattern {
    using Message = std::array<Token, 6>;  // unused places at the end are Token::none

    std::string_view name;  // "XXpsk3"; at most 16 characters
    bool initiator_static_known = false;
    bool responder_static_known = false;
    std::size_t message_count = 0;
    std::array<Message, 3> messages{};

    bool has_psk() const;
};

// The one pattern of the product.
inline constexpr Pattern pattern_xxpsk3{
    .name = "XXpsk3",
    .message_count = 3,
    .messages = {{{Token::e},
                  {Token::e, Token::ee, Token::s, Token::es},
                  {Token::s, Token::se, Token::psk}}},
};

enum class NoiseError : std::uint8_t {
    malformed,              // too short, too long, or the payload has more room than was given
    bad_public_key,         // a key for which X25519 gives zero
    static_not_decrypted,   // the static key field is forged, or meant for another handshake
    payload_not_decrypted,  // the payload is; in message 3 of XXpsk3: another psk
};

enum class Role : std::uint8_t { initiator, responder };

class HandshakeState {
  public:
    // `pattern` and `own_static` are borrowed and must outlive the handshake: a server has one
    // static key in one place, not one in each half-open handshake. Null where the pattern uses
    // none. `remote_static` is given where the pattern knows it beforehand, and only there.
    HandshakeState(const Pattern& pattern, Role role, std::span<const std::byte> prologue,
                   const KeyPair* own_static, const PublicKey* remote_static = nullptr);
    HandshakeState(HandshakeState&&) noexcept = default;
    HandshakeState& operator=(HandshakeState&&) noexcept = default;

    // Before the first message we write.
    void set_ephemeral(KeyPair ephemeral);
    // Before the message that mixes it; may be set again after a message that was refused.
    void set_psk(const Key32& psk);

    // Give the size of the message, and of the payload. `out` of a write is at least
    // `message_bytes(payload.size())` long and does not overlap the payload.
    std::expected<std::size_t, NoiseError> write_message(std::span<const std::byte> payload,
                                                         std::span<std::byte> out);
    std::expected<std::size_t, NoiseError> read_message(std::span<const std::byte> message,
                                                        std::span<std::byte> payload);
    // The length of the next message with such a payload.
    std::size_t message_bytes(std::size_t payload_bytes) const;

    bool finished() const { return progress_.next_message == pattern_->message_count; }
    bool my_turn() const;

    bool has_remote_static() const { return progress_.has_remote_static; }
    const PublicKey& remote_static() const;
    const PublicKey& remote_ephemeral() const;
    const PublicKey& ephemeral() const { return ephemeral_.public_key; }

    const Key32& handshake_hash() const { return progress_.symmetric.hash(); }

    // HMAC-SHA256(chaining key, label): a key that only the two sides know, from message 2 on and
    // until split(). It differs after each message. Labels are not empty and not 32 bytes long,
    // because Noise itself uses inputs of those lengths.
    SecretKey derive(std::string_view label) const;

    // Once, when finished. Wipes everything secret; the hash and the remote keys stay.
    SplitKeys split();

  private:
    // What a message changes, apart from the rest, so that a refused message changes nothing.
    struct Progress {
        SymmetricState symmetric;
        PublicKey remote_static;
        PublicKey remote_ephemeral;
        bool has_remote_static = false;
        bool has_remote_ephemeral = false;
        std::uint8_t next_message = 0;

        Progress copy() const;
    };

    bool mix_dh(Progress& progress, Token token) const;
    const Pattern::Message& next_tokens() const;

    PresenceMark present_;
    const Pattern* pattern_;
    const KeyPair* own_static_;
    Progress progress_;
    KeyPair ephemeral_;
    SecretKey psk_;
    Role role_;
    bool has_ephemeral_ = false;
    bool has_psk_ = false;
    bool split_ = false;
};

}  // namespace chat
