// SPDX-License-Identifier: MIT
#include "bench/fan_out/member.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory_resource>
#include <utility>
#include <variant>

#include "proto/session/key_schedule.h"
#include "proto/wire/datagram.h"
#include "proto/wire/reader.h"

namespace chat::bench {
namespace {

Path path_of(std::uint32_t number) {
    const auto part = [number](unsigned shift) {
        return static_cast<std::uint8_t>(number >> shift);
    };
    return {{IpAddress::v4(10, part(16), part(8), part(0)), 4000, 0}, {}};
}

// The handshake knows no address.
class From final : public TransmitSink {
  public:
    From(const Path& path, TransmitSink& to) : path_(path), to_(to) {}
    bool send(const Path&, std::span<const std::byte> datagram) override {
        return to_.send(path_, datagram);
    }

  private:
    const Path& path_;
    TransmitSink& to_;
};

std::uint16_t ts(Instant at) {
    return static_cast<std::uint16_t>(at.us / 1000);
}

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "the script went wrong: %s\n", what);
    std::exit(1);
}

}  // namespace

Member::Member(std::uint32_t number, RandomSource& random)
    : path_(path_of(number)),
      name_("member" + std::to_string(number)),
      random_(random),
      identity_(KeyPair::generate(random)),
      link_(milliseconds(25), milliseconds(25)) {}

std::uint32_t Member::number_at(const Path& path) {
    const auto& ip = path.peer.ip.bytes;
    return std::uint32_t{ip[13]} << 16 | std::uint32_t{ip[14]} << 8 | ip[15];
}

void Member::begin(const Now& now) {
    handshake_ =
        std::make_unique<Initiator>(now, identity_, random_, *std::pmr::new_delete_resource());
}

void Member::on_datagram(const Now& now, std::span<std::byte> datagram) {
    if (datagram::type_of(datagram) == datagram::Type::data) return on_data(now, datagram);
    on_handshake(now, datagram);
}

void Member::on_handshake(const Now& now, std::span<const std::byte> datagram) {
    if (!handshake_ || !handshake_->on_datagram(now, datagram)) return;
    if (handshake_->step() == Initiator::Step::deciding) trust(now);
    if (handshake_->step() != Initiator::Step::finishing) return;
    opener_.emplace(handshake_->receive_key());
    sealer_.emplace(handshake_->send_key(), handshake_->server_sid());
    ack_delay_ms_ = handshake_->offer().ack_delay_ms;
    link_.set_ack_delays(ack_delay(), milliseconds(ack_delay_ms_));
}

void Member::trust(const Now& now) {
    datagram::FiniPayload request;
    request.client_epoch = random_.u64();
    request.name_bytes = static_cast<std::uint8_t>(name_.size());
    std::ranges::copy(name_, request.name.begin());
    handshake_->trust(now, open_server_psk, request);
}

// As clients do: between a half and one and a half of what the server asks for.
Duration Member::ack_delay() {
    return milliseconds(ack_delay_ms_) * static_cast<std::int64_t>(50 + random_.u32() % 101) / 100;
}

void Member::on_data(const Now& now, std::span<std::byte> datagram) {
    if (!opener_) fail("DATA before the handshake's end");
    const auto opened = opener_->open(datagram);
    if (!opened) fail("a datagram does not open");
    if (!frame::read_frames(frame::Sender::server, opened->plaintext, frames_)) {
        fail("a datagram has no frames");
    }
    bool asks = false;
    for (const auto& one : frames_) {
        on_frame(now, one);
        asks = asks || frame::is_ack_eliciting(one);
    }
    link_.on_received(now.at, opened->counter, opened->ts, datagram.size(), asks);
}

void Member::on_frame(const Now& now, const frame::Frame& one) {
    if (std::holds_alternative<frame::Welcome>(one)) {
        handshake_.reset();
    } else if (const auto* room = std::get_if<frame::Room>(&one)) {
        if (cursor_.room() == 0) cursor_.begin(room->room, room->next_seq);
        cursor_.hurry();
    } else if (const auto* events = std::get_if<frame::Events>(&one)) {
        on_events(now, *events);
    } else if (const auto* ack = std::get_if<frame::PktAck>(&one)) {
        link_.on_ack(now.at, *ack, ts(now.at));
    } else if (const auto* head = std::get_if<frame::Head>(&one)) {
        cursor_.on_head(now.at, head->head, link_.smoothed_rtt());
    } else if (std::holds_alternative<frame::Close>(one)) {
        fail("a member was thrown out");
    }
}

void Member::on_events(const Now& now, const frame::Events& events) {
    Reader reader(events.entries);
    for (std::uint8_t i = 0; i < events.count; ++i) {
        const auto kind = static_cast<frame::EntryKind>(reader.bytes(8).front());
        reader.text(reader.u8());
        reader.text(reader.u16());
        const bool fresh = cursor_.take(now.at, events.first_seq + i, link_.smoothed_rtt());
        if (fresh && kind == frame::EntryKind::message) ++delivered_;
    }
    if (!reader.complete()) fail("entries that are none");
}

bool Member::write_acks(const Now& now, Writer& writer) {
    const auto due = [&now](std::optional<Instant> at) { return at && now.at >= *at; };
    if (!due(link_.ack_at()) && !due(cursor_.ack_at())) return false;
    if (const auto ack = link_.take_ack(now.at)) {
        frame::write(writer, *ack);
        link_.set_ack_delays(ack_delay(), milliseconds(ack_delay_ms_));
    }
    if (cursor_.room() != 0) {
        frame::write(writer, cursor_.take_ack(now.at, link_.smoothed_rtt(), frame::gaps_max));
    }
    return true;
}

void Member::poll_transmit(const Now& now, TransmitSink& up) {
    if (handshake_) {
        From own(path_, up);
        handshake_->poll_transmit(now, own);
        if (!sealer_) return;
    }
    std::array<std::byte, datagram::bytes_max> buffer;
    const auto inside =
        std::span(buffer).subspan(datagram::data_header_bytes, datagram::plaintext_bytes_max);
    for (const std::string& text : to_say_) {
        Writer writer(inside);
        frame::write(writer,
                     frame::Msg{cursor_.room(), ++msg_id_, frame::MsgKind::message, 0, 1, text});
        write_acks(now, writer);
        send(now, writer, buffer, true, up);
    }
    to_say_.clear();
    Writer writer(inside);
    if (write_acks(now, writer)) send(now, writer, buffer, false, up);
}

void Member::send(const Now& now, Writer& writer, std::span<std::byte> buffer, bool asks,
                  TransmitSink& up) {
    frame::pad(writer);
    const std::size_t bytes = writer.size() + data_overhead_bytes;
    const auto counter = sealer_->seal(ts(now.at), buffer.first(bytes));
    if (!counter) fail("a key is used up");
    link_.on_sent(now.at, *counter, bytes, asks);
    up.send(path_, buffer.first(bytes));
}

}  // namespace chat::bench
