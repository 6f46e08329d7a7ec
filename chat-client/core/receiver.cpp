// SPDX-License-Identifier: MIT
#include "chat-client/core/receiver.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <vector>

#include "chat-client/core/entry_parts.h"
#include "proto/session/cipher.h"
#include "proto/session/secret_memory.h"
#include "proto/wire/datagram.h"

namespace chat::client {

struct Receiver::Impl {
    struct Key {
        std::uint32_t sid = 0;
        SecretPtr<ClientOpener> opener;
    };

    explicit Impl(std::pmr::memory_resource& memory) : secrets(memory) {}

    void install(const InstallKey& order);
    void forget(std::uint32_t sid);
    void on_data(Instant now, std::span<std::byte> datagram, ReceiverFrames& out);
    void on_events(const frame::Events& events, ReceiverFrames& out);
    void on_part(const frame::EventPart& part, ReceiverFrames& out);
    void on_frame(const frame::Frame& frame, ReceiverFrames& out);

    std::pmr::memory_resource& secrets;
    // The newest last; during a rekey the previous one in front.
    std::array<Key, 2> keys;
    EntryParts parts;
    std::vector<frame::Frame> frames;
    ReceiverCounters counters;
};

void Receiver::Impl::install(const InstallKey& order) {
    forget(order.sid);
    if (order.new_log) {
        for (auto& key : keys)
            key.opener.reset();
        parts = {};
    }
    if (keys[1].opener) keys[0] = std::move(keys[1]);
    keys[1] = {order.sid, make_secret<ClientOpener>(secrets, order.key)};
}

void Receiver::Impl::forget(std::uint32_t sid) {
    for (auto& key : keys) {
        if (key.opener && key.sid == sid) key.opener.reset();
    }
}

void Receiver::Impl::on_events(const frame::Events& events, ReceiverFrames& out) {
    auto rest = events.entries;
    for (std::uint8_t i = 0; i < events.count; ++i) {
        const auto entry = frame::take_entry(rest);
        if (!entry) {
            ++counters.bad_frames;
            return;
        }
        const std::uint64_t seq = events.first_seq + i;
        parts.forget({events.room, seq});
        out.add(EntryReceived{events.room, seq, *entry});
    }
}

void Receiver::Impl::on_part(const frame::EventPart& part, ReceiverFrames& out) {
    const auto added = parts.add(part);
    if (added.given_up) out.add(EntryInParts{added.given_up->room, added.given_up->seq, 0});
    if (added.complete.empty()) {
        out.add(EntryInParts{part.room, part.seq, added.have});
        return;
    }
    if (const auto entry = frame::read_entry(added.complete)) {
        out.add(EntryReceived{part.room, part.seq, *entry});
    } else {
        ++counters.bad_frames;
        out.add(EntryInParts{part.room, part.seq, 0});
    }
    parts.forget({part.room, part.seq});
}

void Receiver::Impl::on_frame(const frame::Frame& frame, ReceiverFrames& out) {
    std::visit(
        [&](const auto& f) {
            using Frame = std::decay_t<decltype(f)>;
            if constexpr (std::is_same_v<Frame, frame::Events>) {
                on_events(f, out);
            } else if constexpr (std::is_same_v<Frame, frame::EventPart>) {
                on_part(f, out);
            } else if constexpr (std::is_constructible_v<ReceiverEvent,
                                                         std::in_place_type_t<Frame>>) {
                out.add(f);
            }
        },
        frame);
}

void Receiver::Impl::on_data(Instant now, std::span<std::byte> datagram, ReceiverFrames& out) {
    const std::uint32_t sid = datagram::receiver_sid(datagram);
    const auto key =
        std::ranges::find_if(keys, [sid](const Key& k) { return k.opener && k.sid == sid; });
    if (key == keys.end()) {
        ++counters.unknown_sid;
        return;
    }
    const auto opened = key->opener->open(datagram);
    if (!opened) {
        switch (opened.error()) {
            case OpenError::malformed:
                ++counters.malformed;
                break;
            case OpenError::too_old_or_replayed:
                ++counters.replayed;
                break;
            case OpenError::forged:
            case OpenError::exhausted:
                ++counters.forged;
                break;
        }
        return;
    }
    const bool good = frame::read_frames(frame::Sender::server, opened->plaintext, frames);
    if (!good) {
        ++counters.bad_frames;
        frames.clear();
    }
    PacketReceived packet;
    packet.sid = sid;
    packet.counter = opened->counter;
    packet.ts = opened->ts;
    packet.bytes = static_cast<std::uint16_t>(datagram.size());
    packet.ack_eliciting = std::ranges::any_of(frames, frame::is_ack_eliciting);
    packet.at = now;
    out.add(packet);
    for (const auto& frame : frames)
        on_frame(frame, out);
}

Receiver::Receiver(std::pmr::memory_resource& secrets) : impl_(std::make_unique<Impl>(secrets)) {}

Receiver::~Receiver() = default;

bool Receiver::on_order(std::span<const std::byte> order) {
    auto decoded = decode_receiver_order(order);
    if (!decoded) return false;
    if (auto* install = std::get_if<InstallKey>(&*decoded)) {
        impl_->install(*install);
        wipe(install->key);
    } else {
        impl_->forget(std::get<ForgetKey>(*decoded).sid);
    }
    return true;
}

void Receiver::on_datagram(Instant now, std::span<std::byte> datagram, ReceiverFrames& out) {
    using enum datagram::Type;
    ++impl_->counters.datagrams;
    const auto type = datagram::type_of(datagram);
    if (type == data) {
        impl_->on_data(now, datagram, out);
    } else if (type == retry || type == resp || type == reset || type == refuse) {
        out.add(HandshakeDatagram{datagram});
    } else {
        ++impl_->counters.malformed;
    }
}

const ReceiverCounters& Receiver::counters() const {
    return impl_->counters;
}

}  // namespace chat::client
