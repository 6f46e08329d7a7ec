// SPDX-License-Identifier: MIT
// One member of a scripted room: the real handshake and ciphers, and acknowledgements when a client
// would send them. Nothing gets lost in the script, so he repeats nothing and probes nothing. Every
// datagram is opened, every message counted once, by its number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/entry_cursor.h"
#include "proto/link/link.h"
#include "proto/session/cipher.h"
#include "proto/session/initiator.h"
#include "proto/session/random_source.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"
#include "proto/wire/transmit.h"
#include "proto/wire/writer.h"

namespace chat::bench {

class Member {
  public:
    // `random` outlives him; his address and name are of his number.
    Member(std::uint32_t number, RandomSource& random);

    // Whose path it is.
    static std::uint32_t number_at(const Path& path);

    // He knows the room and where he begins in it.
    bool is_in() const { return sealer_.has_value() && cursor_.room() != 0; }
    // The number of the first entry that he does not have.
    std::uint64_t next() const { return cursor_.next(); }
    // Messages that came, each for the first time.
    std::uint64_t delivered() const { return delivered_; }

    void begin(const Now& now);
    void say(std::string text) { to_say_.push_back(std::move(text)); }
    void on_datagram(const Now& now, std::span<std::byte> datagram);
    // What is due leaves, under his own path.
    void poll_transmit(const Now& now, TransmitSink& up);

  private:
    void on_handshake(const Now& now, std::span<const std::byte> datagram);
    void trust(const Now& now);
    void on_data(const Now& now, std::span<std::byte> datagram);
    void on_frame(const Now& now, const frame::Frame& one);
    void on_events(const Now& now, const frame::Events& events);
    bool write_acks(const Now& now, Writer& writer);
    void send(const Now& now, Writer& writer, std::span<std::byte> buffer, bool asks,
              TransmitSink& up);
    Duration ack_delay();

    Path path_;
    std::string name_;
    RandomSource& random_;
    KeyPair identity_;
    std::unique_ptr<Initiator> handshake_;
    std::optional<Sealer> sealer_;
    std::optional<ClientOpener> opener_;
    Link link_;
    load::EntryCursor cursor_;
    std::uint16_t ack_delay_ms_ = 25;
    std::uint64_t msg_id_ = 0;
    std::uint64_t delivered_ = 0;
    std::vector<std::string> to_say_;
    std::vector<frame::Frame> frames_;
};

}  // namespace chat::bench
