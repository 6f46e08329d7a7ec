// SPDX-License-Identifier: MIT
// What comes in. Datagrams with nothing but EVENTS and PKT_ACK, nearly all of them, are walked
// without making a frame of each; all others go through the reader that the client uses.
#include <algorithm>
#include <string>
#include <type_traits>

#include "bench/load/secure_member.h"
#include "proto/session/reset_token.h"
#include "proto/wire/datagram.h"
#include "proto/wire/frame_rules.h"
#include "proto/wire/reader.h"

namespace chat::load {
namespace {

// FNV-1a, of what is no message: two members must have been told the same.
std::uint64_t mark_of(std::span<const std::byte> entry) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const std::byte b : entry)
        hash = (hash ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3U;
    return hash | RoomLog::other;
}

std::uint32_t sid_at(std::span<const std::byte> datagram) {
    return Reader(datagram.subspan(4)).u32();
}

}  // namespace

bool SecureMember::is_his(std::span<const std::byte> datagram) const {
    if (datagram.size() < datagram::reset_bytes) return false;
    const auto type = std::to_integer<std::uint8_t>(datagram[0]);
    const std::uint32_t sid = sid_at(datagram);
    if (type == static_cast<std::uint8_t>(datagram::Type::data)) {
        return opener_ && sid == client_sid_;
    }
    // Of a handshake only the initiator knows the number; what is not his changes nothing.
    return type == static_cast<std::uint8_t>(datagram::Type::reset) ? sid == server_sid_ : true;
}

void SecureMember::on_datagram(const Now& now, std::span<std::byte> datagram) {
    const auto type = datagram::type_of(datagram);
    if (!type) return all_.account.problem("a datagram that is none of the protocol");
    if (*type == datagram::Type::data) return on_data(now, datagram);
    if (*type != datagram::Type::reset) return on_handshake(now, datagram);
    const auto reset = datagram::decode_reset(datagram);
    if (online_ && reset && same_token(reset->token, token_)) lose(now, {});
}

void SecureMember::on_data(const Now& now, std::span<std::byte> datagram) {
    // What was sent to the session before this one comes late.
    if (!opener_ || sid_at(datagram) != client_sid_) return;
    const auto opened = opener_->open(datagram);
    if (!opened) {
        if (opened.error() != OpenError::too_old_or_replayed) {
            all_.account.problem("a datagram that does not open");
        }
        return;
    }
    bool eliciting = false;
    const std::uint64_t entries_before = all_.account.traffic.deliveries;
    const std::uint64_t had_before = all_.account.traffic.had_already;
    if (!read_lean(now, opened->plaintext, eliciting) &&
        !read_whole(now, opened->plaintext, eliciting)) {
        all_.account.problem("a datagram with frames that the protocol does not know");
    }
    if (all_.account.traffic.deliveries != entries_before ||
        all_.account.traffic.had_already != had_before) {
        ++all_.account.traffic.entry_datagrams_in;
    }
    link_.on_received(now.at, opened->counter, opened->ts, datagram.size(), eliciting);
    if (content_open()) {
        link_.set_content_pending(true);
    } else {
        link_.nothing_outstanding();
    }
}

// False: there are other frames too, and nothing was done.
bool SecureMember::read_lean(const Now& now, std::span<const std::byte> plaintext,
                             bool& eliciting) {
    const auto walk = [plaintext](auto&& each) {
        Reader reader(plaintext);
        while (reader.remaining() > 0) {
            const std::uint8_t type = reader.u8();
            if (type == 0) return true;
            const std::size_t bytes = reader.u16();
            const auto body = reader.bytes(bytes);
            if (!reader.ok() || !each(static_cast<frame::Type>(type), body)) return false;
        }
        return true;
    };
    const bool lean = walk([](frame::Type type, std::span<const std::byte>) {
        return type == frame::Type::events || type == frame::Type::pkt_ack;
    });
    if (!lean || !online_) return false;
    return walk([&](frame::Type type, std::span<const std::byte> body) {
        Reader reader(body);
        if (type == frame::Type::pkt_ack) {
            const frame::PktAck ack{reader.u64(), reader.u16(), reader.u16(), reader.u32(),
                                    reader.u32()};
            if (reader.complete()) on_pkt_ack(now, ack);
            return reader.complete();
        }
        eliciting = true;
        const std::uint32_t room = reader.u32();
        const std::uint64_t first = reader.u64();
        const std::uint8_t count = reader.u8();
        return on_events(now, room, first, count, reader.bytes(reader.remaining()));
    });
}

bool SecureMember::read_whole(const Now& now, std::span<const std::byte> plaintext,
                              bool& eliciting) {
    auto& frames = all_.frames;
    if (!frame::read_frames(frame::Sender::server, plaintext, frames)) return false;
    eliciting = std::ranges::any_of(frames, frame::is_ack_eliciting);
    for (const auto& one : frames) {
        on_frame(now, one);
        if (!opener_) break;
    }
    return true;
}

bool SecureMember::on_events(const Now& now, std::uint32_t room, std::uint64_t first,
                             std::uint8_t count, std::span<const std::byte> entries) {
    // Before he knows where he is: he will be sent them again.
    if (log_ == nullptr || !online_) return true;
    if (room != cursor_.room()) {
        all_.account.problem("entries of a room where he is not");
        return true;
    }
    Reader reader(entries);
    const std::byte* at = entries.data();
    for (std::uint8_t i = 0; i < count; ++i) {
        reader.bytes(8);
        const std::string_view name = reader.text(reader.u8());
        const std::string_view text = reader.text(reader.u16());
        if (!reader.ok()) return false;
        const std::byte* const end = entries.data() + (entries.size() - reader.remaining());
        on_entry(now, first + i, {at, end}, name, text);
        at = end;
    }
    return reader.complete();
}

void SecureMember::on_entry(const Now& now, std::uint64_t seq, std::span<const std::byte> entry,
                            std::string_view name, std::string_view text) {
    if (!cursor_.take(now.at, seq, link_.repair_rtt(now.at))) {
        ++all_.account.traffic.had_already;
        return;
    }
    const auto kind = static_cast<frame::EntryKind>(entry[0]);
    const auto stamp = kind == frame::EntryKind::message ? read_stamp(text) : std::nullopt;
    if (!log_->agrees(seq, stamp ? RoomLog::mark(*stamp) : mark_of(entry))) {
        all_.account.problem(name_of(index_) + " was told something else under number " +
                             std::to_string(seq) + " than others");
        return;
    }
    if (is_slow()) return;
    if (stamp) return all_.talk.delivered(now.at, index_, *stamp);
    if (kind == frame::EntryKind::join && name != name_of(index_)) ++all_.account.traffic.told;
}

void SecureMember::on_pkt_ack(const Now& now, const frame::PktAck& ack) {
    if (!link_.on_ack(now.at, ack, ts(now.at))) return;
    if (outbox_) outbox_->on_pkt_ack(ack.largest);
    if (ping_counter_ && *ping_counter_ <= ack.largest) ping_counter_.reset();
}

void SecureMember::on_room(const Now&, const frame::Room& room) {
    if (log_ != nullptr && room.room == cursor_.room()) {
        cursor_.hurry();
        return;
    }
    if (log_ != nullptr) return all_.account.problem("he is in a second room");
    cursor_.begin(room.room, room.next_seq);
    log_ = &all_.logs.of(room.room);
    if (all_.options.lists && speaks() && !list_done_) list_open_ = list_due_ = true;
}

void SecureMember::on_members(const frame::Members& list) {
    if (!list_open_ || list.after != list_after_) return;
    auto rest = list.names;
    std::string_view last;
    for (std::uint8_t i = 0; i < list.count; ++i) {
        const auto name = frame::take_member_name(rest);
        if (!name) return;
        last = name->name;
    }
    list_names_ += list.count;
    all_.account.traffic.told += list.count;
    list_after_ = last;
    list_done_ = list.last;
    list_open_ = list_due_ = !list.last;
}

void SecureMember::on_frame(const Now& now, const frame::Frame& one) {
    std::visit(
        [&](const auto& f) {
            using T = std::decay_t<decltype(f)>;
            if constexpr (std::is_same_v<T, frame::Welcome>) {
                if (!handshake_) return;
                handshake_.reset();
                token_ = f.reset_token;
                online_ = true;
                ++all_.joined;
                ++all_.sessions;
                if (outbox_) outbox_->on_welcome(f, true, all_.events);
                if (!all_.events.empty()) all_.account.problem("messages became uncertain");
                all_.events.clear();
            } else if constexpr (std::is_same_v<T, frame::Room>) {
                if (online_) on_room(now, f);
            } else if constexpr (std::is_same_v<T, frame::Events>) {
                if (!on_events(now, f.room, f.first_seq, f.count, f.entries)) {
                    all_.account.problem("entries that are none");
                }
            } else if constexpr (std::is_same_v<T, frame::PktAck>) {
                on_pkt_ack(now, f);
            } else if constexpr (std::is_same_v<T, frame::MsgAck>) {
                if (!outbox_) return;
                outbox_->on_msg_ack(f, all_.events);
                for (const auto& event : all_.events) {
                    if (!std::holds_alternative<client::Accepted>(event)) {
                        all_.account.problem("a message was not accepted");
                    }
                }
                all_.events.clear();
            } else if constexpr (std::is_same_v<T, frame::Head>) {
                if (log_ != nullptr && f.room == cursor_.room()) {
                    cursor_.on_head(now.at, f.head, link_.repair_rtt(now.at));
                }
            } else if constexpr (std::is_same_v<T, frame::PathChallenge>) {
                path_response_ = frame::PathResponse{f.data};
            } else if constexpr (std::is_same_v<T, frame::Members>) {
                on_members(f);
            } else if constexpr (std::is_same_v<T, frame::Close>) {
                if (f.code == frame::CloseCode::stopping ||
                    f.code == frame::CloseCode::unavailable) {
                    const auto part = static_cast<std::int64_t>(all_.random() % 1000);
                    return lose(now, milliseconds(f.wait_ms) / 1000 * part);
                }
                if (f.code != frame::CloseCode::quit) {
                    all_.account.problem(name_of(index_) + " was thrown out, code " +
                                         std::to_string(static_cast<int>(f.code)));
                }
                lose(now, seconds(1));
            } else if constexpr (std::is_same_v<T, frame::Gone> ||
                                 std::is_same_v<T, frame::NoRoom> ||
                                 std::is_same_v<T, frame::Parted> ||
                                 std::is_same_v<T, frame::EventPart> ||
                                 std::is_same_v<T, frame::Notice>) {
                all_.account.problem("a frame that belongs to no load test, kind " +
                                     std::to_string(one.index()));
            }
        },
        one);
}

}  // namespace chat::load
