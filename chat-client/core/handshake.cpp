// SPDX-License-Identifier: MIT
#include "chat-client/core/handshake.h"

#include "proto/session/key_schedule.h"

namespace chat::client {

Handshake::Handshake(const Trust& trust, std::optional<std::string> password,
                     const KeyPair& identity, RandomSource& random,
                     std::pmr::memory_resource& secrets, const HandshakeTimes& times)
    : trust_(trust),
      password_(std::move(password)),
      identity_(make_secret<KeyPair>(secrets, identity.copy())),
      random_(random),
      secrets_(secrets),
      times_(times) {}

void Handshake::start(const Now& now) {
    asking_user_ = false;
    initiator_.emplace(now, *identity_, random_, secrets_, times_);
}

void Handshake::stop() {
    asking_user_ = false;
    initiator_.reset();
}

Handshake::Step Handshake::fail(ErrorCode code, std::string text) {
    failure_ = {code, std::move(text)};
    stop();
    return Step::failed;
}

void Handshake::trust(const PublicKey& key) {
    if (trust_.pinned == key) return;
    trust_.pinned = trusted_key_ = key;
}

Handshake::Step Handshake::judge() {
    const PublicKey key = initiator_->server_key();
    const std::string print = fingerprint(key);
    if (trust_.pinned && *trust_.pinned != key) {
        return fail(ErrorCode::key_changed,
                    "the server's key has changed to " + print +
                        ", so somebody else may be answering; ask whoever runs the server. If "
                        "this is expected, remove its line from known_servers");
    }
    if (!trust_.accepted_fingerprint.empty() && trust_.accepted_fingerprint != print) {
        return fail(ErrorCode::key_not_accepted,
                    "the server's key is " + print +
                        ", not the one to be accepted; ask whoever runs the server for its "
                        "fingerprint");
    }
    if (!trust_.pinned && trust_.accepted_fingerprint.empty() && !trust_.accept_new) {
        if (!trust_.may_ask) {
            return fail(ErrorCode::key_unknown,
                        "this server has not been met before; its key is " + print +
                            ". If that is right, start again with --accept-key " + print);
        }
        asking_user_ = true;
        return Step::question;
    }
    trust(key);
    if (initiator_->needs_password() && !password_) {
        return fail(ErrorCode::password_wanted,
                    "the server wants a password; start again with --password-file");
    }
    return Step::trusted;
}

Handshake::Step Handshake::on_datagram(const Now& now, std::span<const std::byte> datagram) {
    if (!initiator_ || asking_user_ || !initiator_->on_datagram(now, datagram))
        return Step::nothing;
    switch (initiator_->step()) {
        case Initiator::Step::deciding:
            return judge();
        case Initiator::Step::refused:
            return fail(ErrorCode::wrong_password,
                        "the server does not accept this password; ask whoever runs it");
        default:
            return Step::answered;
    }
}

Handshake::Step Handshake::decide(bool trusted) {
    if (!std::exchange(asking_user_, false)) return Step::nothing;
    if (!trusted) {
        return fail(ErrorCode::key_declined, "the server's key was not trusted; nothing was sent");
    }
    trust(initiator_->server_key());
    return judge();
}

bool Handshake::finish(const Now& now, const datagram::FiniPayload& request) {
    if (initiator_->needs_password() && !password_key_) {
        auto key = password_key(*password_, initiator_->server_key());
        if (!key) {
            fail(ErrorCode::not_supported,
                 "this machine has no 64 MiB of memory to spare for the password; close something");
            return false;
        }
        password_key_ = make_secret<SecretKey>(secrets_, std::move(*key));
    }
    initiator_->trust(now, initiator_->needs_password() ? password_key_->bytes() : open_server_psk,
                      request);
    return true;
}

bool Handshake::finishing() const {
    return initiator_ && initiator_->step() == Initiator::Step::finishing;
}

void Handshake::poll_transmit(const Now& now, TransmitSink& sink) {
    if (initiator_ && !asking_user_) initiator_->poll_transmit(now, sink);
}

std::optional<Instant> Handshake::next_deadline() const {
    if (!initiator_ || asking_user_) return std::nullopt;
    return initiator_->next_deadline();
}

void Handshake::on_deadline(const Now& now) {
    if (initiator_ && !asking_user_) initiator_->on_deadline(now);
}

}  // namespace chat::client
