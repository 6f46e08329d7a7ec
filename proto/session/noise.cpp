// SPDX-License-Identifier: MIT
#include "proto/session/noise.h"

#include <algorithm>
#include <utility>

#include "proto/session/primitives.h"

namespace chat {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t key_bytes = 32;

class ProtocolName {
  public:
    explicit ProtocolName(std::string_view pattern) {
        append("Noise_");
        append(pattern);
        append("_25519_ChaChaPoly_SHA256");
    }
    std::string_view text() const { return {characters_.data(), size_}; }

  private:
    void append(std::string_view part) {
        require(part.size() <= characters_.size() - size_);
        std::ranges::copy(part, characters_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += part.size();
    }

    std::array<char, 48> characters_{};
    std::size_t size_ = 0;
};

}  // namespace

bool Pattern::has_psk() const {
    return std::ranges::any_of(messages, [](const Message& message) {
        return std::ranges::find(message, Token::psk) != message.end();
    });
}

HandshakeState::Progress HandshakeState::Progress::copy() const {
    return {symmetric.copy(),  remote_static,        remote_ephemeral,
            has_remote_static, has_remote_ephemeral, next_message};
}

HandshakeState::HandshakeState(const Pattern& pattern, Role role, Bytes prologue,
                               const KeyPair* own_static, const PublicKey* remote_static)
    : pattern_(&pattern), own_static_(own_static), role_(role) {
    const bool initiator = role == Role::initiator;
    require((remote_static != nullptr) ==
            (initiator ? pattern.responder_static_known : pattern.initiator_static_known));
    SymmetricState& symmetric = progress_.symmetric;
    symmetric = SymmetricState(ProtocolName(pattern.name).text());
    symmetric.mix_hash(prologue);
    if (remote_static != nullptr) {
        progress_.remote_static = *remote_static;
        progress_.has_remote_static = true;
    }
    const auto mix_static = [&](bool own) {
        require(!own || own_static != nullptr);
        symmetric.mix_hash(own ? own_static->public_key.bytes : remote_static->bytes);
    };
    if (pattern.initiator_static_known) mix_static(initiator);
    if (pattern.responder_static_known) mix_static(!initiator);
}

void HandshakeState::set_ephemeral(KeyPair ephemeral) {
    // A second key after the first was sent would mix one key and send another.
    require(progress_.next_message == 0 ||
            (progress_.next_message == 1 && role_ == Role::responder));
    ephemeral_ = std::move(ephemeral);
    has_ephemeral_ = true;
}

void HandshakeState::set_psk(const Key32& psk) {
    psk_ = SecretKey(psk);
    has_psk_ = true;
}

bool HandshakeState::my_turn() const {
    return !finished() && (progress_.next_message % 2 == 0) == (role_ == Role::initiator);
}

const Pattern::Message& HandshakeState::next_tokens() const {
    return pattern_->messages[progress_.next_message];
}

std::size_t HandshakeState::message_bytes(std::size_t payload_bytes) const {
    require(!finished());
    std::size_t total = payload_bytes;
    std::size_t tag = progress_.symmetric.tag_bytes();
    for (const Token token : next_tokens()) {
        if (token == Token::e) total += key_bytes;
        if (token == Token::s) total += key_bytes + tag;
        const bool mixes_key =
            token != Token::none && token != Token::s && (token != Token::e || pattern_->has_psk());
        if (mixes_key) tag = noise_tag_bytes;
    }
    return total + tag;
}

bool HandshakeState::mix_dh(Progress& progress, Token token) const {
    const bool initiator = role_ == Role::initiator;
    const bool own_is_static = token == Token::ss || token == (initiator ? Token::se : Token::es);
    const bool remote_is_static =
        token == Token::ss || token == (initiator ? Token::es : Token::se);
    require(own_is_static ? own_static_ != nullptr : has_ephemeral_);
    require(remote_is_static ? progress.has_remote_static : progress.has_remote_ephemeral);
    SecretKey shared;
    if (!dh(own_is_static ? own_static_->secret : ephemeral_.secret,
            remote_is_static ? progress.remote_static : progress.remote_ephemeral,
            shared.bytes())) {
        return false;
    }
    progress.symmetric.mix_key(shared.bytes());
    return true;
}

std::expected<std::size_t, NoiseError> HandshakeState::write_message(Bytes payload,
                                                                     std::span<std::byte> out) {
    require(present_.holds() && my_turn());
    const std::size_t size = message_bytes(payload.size());
    if (size > noise_message_bytes_max) return std::unexpected(NoiseError::malformed);
    require(size <= out.size());
    Progress next = progress_.copy();
    std::span<std::byte> rest = out.first(size);
    for (const Token token : next_tokens()) {
        switch (token) {
            case Token::none:
                break;
            case Token::e: {
                require(has_ephemeral_);
                const Key32& key = ephemeral_.public_key.bytes;
                std::ranges::copy(key, rest.begin());
                rest = rest.subspan(key.size());
                next.symmetric.mix_hash(key);
                if (pattern_->has_psk()) next.symmetric.mix_key(key);
                break;
            }
            case Token::s:
                require(own_static_ != nullptr);
                rest = rest.subspan(
                    next.symmetric.encrypt_and_hash(own_static_->public_key.bytes, rest));
                break;
            case Token::psk:
                require(has_psk_);
                next.symmetric.mix_key_and_hash(psk_.bytes());
                break;
            case Token::ee:
            case Token::es:
            case Token::se:
            case Token::ss:
                if (!mix_dh(next, token)) return std::unexpected(NoiseError::bad_public_key);
        }
    }
    next.symmetric.encrypt_and_hash(payload, rest);
    ++next.next_message;
    progress_ = std::move(next);
    return size;
}

std::expected<std::size_t, NoiseError> HandshakeState::read_message(Bytes message,
                                                                    std::span<std::byte> payload) {
    require(present_.holds() && !finished() && !my_turn());
    const std::size_t overhead = message_bytes(0);
    if (message.size() < overhead || message.size() > noise_message_bytes_max ||
        message.size() - overhead > payload.size()) {
        return std::unexpected(NoiseError::malformed);
    }
    Progress next = progress_.copy();
    Bytes rest = message;
    const auto take = [&rest](std::size_t count) {
        return std::exchange(rest, rest.subspan(count)).first(count);
    };
    for (const Token token : next_tokens()) {
        switch (token) {
            case Token::none:
                break;
            case Token::e: {
                const Bytes key = take(key_bytes);
                std::ranges::copy(key, next.remote_ephemeral.bytes.begin());
                next.has_remote_ephemeral = true;
                next.symmetric.mix_hash(key);
                if (pattern_->has_psk()) next.symmetric.mix_key(next.remote_ephemeral.bytes);
                break;
            }
            case Token::s:
                if (!next.symmetric.decrypt_and_hash(take(key_bytes + next.symmetric.tag_bytes()),
                                                     next.remote_static.bytes)) {
                    return std::unexpected(NoiseError::static_not_decrypted);
                }
                next.has_remote_static = true;
                break;
            case Token::psk:
                require(has_psk_);
                next.symmetric.mix_key_and_hash(psk_.bytes());
                break;
            case Token::ee:
            case Token::es:
            case Token::se:
            case Token::ss:
                if (!mix_dh(next, token)) return std::unexpected(NoiseError::bad_public_key);
        }
    }
    const std::size_t size = message.size() - overhead;
    if (!next.symmetric.decrypt_and_hash(rest, payload.first(size))) {
        return std::unexpected(NoiseError::payload_not_decrypted);
    }
    ++next.next_message;
    progress_ = std::move(next);
    return size;
}

const PublicKey& HandshakeState::remote_static() const {
    require(progress_.has_remote_static);
    return progress_.remote_static;
}

const PublicKey& HandshakeState::remote_ephemeral() const {
    require(progress_.has_remote_ephemeral);
    return progress_.remote_ephemeral;
}

SecretKey HandshakeState::derive(std::string_view label) const {
    require(present_.holds() && progress_.next_message >= 2 && !split_);
    require(!label.empty() && label.size() != key_bytes);
    return hmac_sha256(progress_.symmetric.chaining_key(), {bytes_of(label)});
}

SplitKeys HandshakeState::split() {
    require(present_.holds() && finished() && !split_);
    ephemeral_ = {};
    has_ephemeral_ = false;
    psk_ = {};
    has_psk_ = false;
    split_ = true;
    return progress_.symmetric.split();
}

}  // namespace chat
