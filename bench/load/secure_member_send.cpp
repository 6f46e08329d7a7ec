// SPDX-License-Identifier: MIT
// What a member writes: his messages, questions and acknowledgements, as the client does.
#include <array>
#include <span>

#include "bench/load/secure_member.h"
#include "proto/wire/datagram.h"

namespace chat::load {
namespace {

constexpr std::size_t pkt_ack_bytes = frame::header_bytes + 20;
constexpr std::size_t room_ack_bytes = frame::header_bytes + 15;
constexpr std::size_t gap_bytes = 5;
constexpr std::size_t gaps_min = 4;
constexpr Duration repeat_after = milliseconds(10);

class SocketSink final : public TransmitSink {
  public:
    SocketSink(Sockets& sockets, std::uint32_t socket) : sockets_(sockets), socket_(socket) {}
    bool send(const Path&, std::span<const std::byte> datagram) override {
        sockets_.send(socket_, datagram);
        return true;
    }

  private:
    Sockets& sockets_;
    std::uint32_t socket_;
};

}  // namespace

void SecureMember::say(std::string_view text) {
    outbox_->say({cursor_.room(), {}}, text, {});
}

bool SecureMember::may_say(const Now& now) const {
    return outbox_ && outbox_->wants_to_send(now.at) &&
           link_.may_send(now.at, outbox_->datagram_bytes());
}

bool SecureMember::something_due(const Now& now) const {
    const auto is_due = [&now](std::optional<Instant> at) { return at && now.at >= *at; };
    return probes_due_ > 0 || ping_due_ || path_response_ || list_due_ || is_due(link_.ack_at()) ||
           is_due(cursor_.ack_at()) || may_say(now) ||
           (outbox_ && is_due(repeat_at_) && outbox_->has_repeatable());
}

bool SecureMember::write_content(const Now& now, Writer& writer) {
    const std::uint64_t counter = sealer_->next_counter();
    const bool probe = probes_due_ > 0;
    bool written = false;
    if (probe) --probes_due_;
    if (path_response_ && frame::write(writer, *path_response_)) path_response_.reset();
    if (may_say(now)) {
        written = outbox_->write(now.at, writer, counter, false);
        if (link_.loses_much()) repeat_at_ = now.at + repeat_after;
    } else if (outbox_ && (probe || (repeat_at_ && now.at >= *repeat_at_))) {
        written = outbox_->write(now.at, writer, counter, true);
        repeat_at_.reset();
    }
    if (list_due_ && frame::write(writer, frame::MembersWanted{cursor_.room(), list_after_})) {
        list_due_ = false;
        written = true;
    }
    if ((ping_due_ || (probe && !written)) && frame::write(writer, frame::Ping{})) {
        ping_due_ = false;
        ping_counter_ = counter;
        written = true;
    }
    return written;
}

bool SecureMember::write_acks(const Now& now, Writer& writer, bool room_too) {
    if (link_.ack_at() && writer.remaining() >= pkt_ack_bytes) {
        if (const auto ack = link_.take_ack(now.at)) {
            frame::write(writer, *ack);
            const Duration delay = milliseconds(ack_delay_ms_);
            link_.set_ack_delays(jittered(delay, 50), delay);
        }
    }
    if (log_ == nullptr) return false;
    const auto at = cursor_.ack_at();
    if (!room_too && !cursor_.ack_owed() && !(at && now.at >= *at)) return false;
    if (writer.remaining() < room_ack_bytes + gaps_min * gap_bytes) {
        cursor_.hurry();
        return false;
    }
    const std::size_t gaps = (writer.remaining() - room_ack_bytes) / gap_bytes;
    const auto ack = cursor_.take_ack(now.at, link_.repair_rtt(now.at), gaps);
    for (const auto& gap : std::span(ack.gaps).first(ack.count))
        all_.account.traffic.asked_again += gap.count;
    frame::write(writer, ack);
    return ack.count > 0;
}

void SecureMember::send_one(const Now& now) {
    std::array<std::byte, datagram::bytes_max> buffer;
    Writer writer(std::span<std::byte>(buffer).subspan(datagram::data_header_bytes,
                                                       datagram::plaintext_bytes_max));
    const bool probe = probes_due_ > 0 || ping_due_;
    const bool eliciting = write_content(now, writer);
    const bool asks_again = write_acks(now, writer, probe);
    frame::pad(writer);
    const std::size_t bytes = writer.size() + data_overhead_bytes;
    const auto counter = sealer_->seal(ts(now.at), std::span(buffer).first(bytes));
    if (!counter) return;
    link_.on_sent(now.at, *counter, bytes, eliciting);
    if (asks_again) link_.on_request(now.at);
    if (eliciting) link_.set_content_pending(true);
    keepalive_at_ = now.at + jittered(seconds(keepalive_s_), 20);
    all_.sockets.send(socket_, std::span(buffer).first(bytes));
}

void SecureMember::flush(const Now& now) {
    if (handshake_) {
        SocketSink sink(all_.sockets, socket_);
        handshake_->poll_transmit(now, sink);
    }
    while (online_ && something_due(now))
        send_one(now);
}

void SecureMember::leave(const Now& now) {
    if (!online_) return;
    std::array<std::byte, datagram::data_bytes_min + 32> buffer;
    Writer writer(std::span<std::byte>(buffer).subspan(datagram::data_header_bytes, 48));
    frame::write(writer, cursor_.take_ack(now.at, link_.repair_rtt(now.at), 0));
    frame::write(writer, frame::Close{});
    frame::pad(writer);
    const std::size_t bytes = writer.size() + data_overhead_bytes;
    if (sealer_->seal(ts(now.at), std::span(buffer).first(bytes))) {
        all_.sockets.send(socket_, std::span(buffer).first(bytes));
    }
}

}  // namespace chat::load
