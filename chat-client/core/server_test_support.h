// SPDX-License-Identifier: MIT
// A small server for the tests of a secure session: the real responder, and a log with members,
// message numbers and their repetitions in a few lines. It does by itself what a good server does
// at once, with knobs for what goes wrong; what it hears it writes down as text.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chat-client/core/test_support.h"
#include "proto/session/cipher.h"
#include "proto/session/key_schedule.h"
#include "proto/session/reset_token.h"
#include "proto/session/responder.h"
#include "proto/session/test_support.h"
#include "proto/wire/name.h"
#include "tests/support/catch.h"

namespace chat::client {

using Datagram = std::vector<std::byte>;

class TestServer {
  public:
    struct Entry {
        frame::EntryKind kind = frame::EntryKind::message;
        std::string name;
        std::string text;
        std::uint8_t flags = 0;
    };
    struct Epoch {
        std::uint64_t next_msg_id = 1;
        std::map<std::uint64_t, frame::MsgResult> results;
        std::map<std::uint8_t, std::string> parts;
    };
    struct Member {
        std::uint32_t client_sid = 0;
        std::uint32_t server_sid = 0;
        std::unique_ptr<Sealer> sealer;
        std::unique_ptr<ServerOpener> opener;
        Datagram fini;
        frame::Welcome welcome;
        std::string name;
        std::uint64_t epoch = 0;
        std::uint64_t received = 0, largest = 0;
        std::uint16_t largest_ts = 0;
    };

    explicit TestServer(std::uint64_t seed)
        : random(seed), identity(KeyPair::generate(random)), reset_key(session_test::key_of(7)) {
        start();
    }

    void start() {
        ++start_count;
        members.clear();
        ResponderConfig config;
        config.start_count = static_cast<std::uint8_t>(start_count);
        if (!password.empty()) {
            config.password_key = password_key(password, identity.public_key)->bytes();
        }
        config.offer = offer;
        config.offer.log_epoch = log_epoch;
        responder =
            std::make_unique<Responder>(config, identity, random, *std::pmr::get_default_resource(),
                                        [](std::uint32_t) { return false; });
    }
    void new_log() {
        ++log_epoch;
        log.clear();
        epochs.clear();
    }

    std::uint64_t append(Entry entry) {
        log.push_back(std::move(entry));
        return log.size();
    }
    std::uint64_t append(const std::string& name, const std::string& text) {
        return append({frame::EntryKind::message, name, text, 0});
    }

    // The answers, in order.
    std::vector<Datagram> receive(const Now& now, const Datagram& datagram) {
        out_.clear();
        switch (*datagram::type_of(datagram)) {
            case datagram::Type::init:
                answer(responder->on_init(now, peer, datagram));
                break;
            case datagram::Type::fini:
                on_fini(now, datagram);
                break;
            case datagram::Type::data:
                on_data(now, datagram);
                break;
            default:
                FAIL("a client never sends this");
        }
        return std::exchange(out_, {});
    }

    // Frames written by `write`, sealed for the newest member (or the one before).
    template <class... Frames>
    Datagram seal(const Frames&... frames) {
        return seal_for(members.back(), frames...);
    }
    template <class... Frames>
    Datagram seal_for(Member& member, const Frames&... frames) {
        Datagram datagram(datagram::bytes_max);
        const std::span<std::byte> whole(datagram);
        Writer writer(whole.subspan(datagram::data_header_bytes, datagram::plaintext_bytes_max));
        const bool fits = (frame::write(writer, frames) && ...) && frame::pad(writer);
        REQUIRE(fits);
        datagram.resize(writer.size() + data_overhead_bytes);
        REQUIRE(member.sealer->seal(77, datagram));
        return datagram;
    }
    // EVENTS with entries of the log, or EVENT_PARTs for a long one.
    std::vector<Datagram> events(std::uint64_t first, std::uint64_t last) {
        std::vector<Datagram> all;
        for (std::uint64_t seq = first; seq <= last; ++seq) {
            const auto& entry = log.at(seq - 1);
            std::vector<std::byte> bytes;
            frame::append_entry(
                {entry.kind, entry.flags, {1'700'000'000'000}, entry.name, entry.text}, bytes);
            if (bytes.size() <= frame::whole_entry_bytes_max) {
                all.push_back(seal(frame::Events{1, seq, 1, bytes}));
                continue;
            }
            const auto parts = (bytes.size() + frame::part_bytes - 1) / frame::part_bytes;
            for (std::size_t i = 0; i < parts; ++i) {
                const auto part = std::span(bytes).subspan(
                    i * frame::part_bytes,
                    std::min(frame::part_bytes, bytes.size() - i * frame::part_bytes));
                all.push_back(seal(frame::EventPart{1, seq, static_cast<std::uint8_t>(i),
                                                    static_cast<std::uint8_t>(parts), part}));
            }
        }
        return all;
    }
    frame::Head head() const { return {1, log.size() + 1, 1}; }

    session_test::SeededRandom random;
    KeyPair identity;
    Key32 reset_key;
    Endpoint peer{IpAddress::v4(10, 0, 0, 1), 4000, 0};
    std::string password;
    datagram::RespPayload offer;
    std::uint64_t start_count = 0;
    std::uint64_t log_epoch = 100;
    std::vector<Entry> log;
    std::map<std::uint64_t, Epoch> epochs;
    std::vector<std::string> others{"carol", "Dave"};
    std::size_t names_per_page = 100;
    std::unique_ptr<Responder> responder;
    std::vector<Member> members;  // the newest last; the one before it still counts
    std::optional<frame::CloseCode> refuses;
    // What it does by itself.
    bool acknowledges = true, stores = true, sends_entries = true;
    std::vector<datagram::FiniPayload> requests;
    Lines heard;  // frames, as text
    frame::RoomAck last_room_ack;

  private:
    void answer(std::span<const std::byte> datagram) {
        if (!datagram.empty()) out_.emplace_back(datagram.begin(), datagram.end());
    }

    void on_fini(const Now& now, const Datagram& datagram) {
        for (auto& member : members) {
            if (member.fini == datagram) {
                const frame::Welcome welcome = member.welcome;
                out_.push_back(seal_for(member, welcome));
                return;
            }
        }
        const auto outcome = responder->on_fini(now, peer, datagram);
        answer(outcome.answer);
        if (!outcome.established) return;
        const auto& made = *outcome.established;
        requests.push_back(made.request);
        Member member;
        member.client_sid = made.client_sid;
        member.server_sid = made.server_sid;
        member.sealer = std::make_unique<Sealer>(made.server_key, made.client_sid);
        member.opener = std::make_unique<ServerOpener>(made.client_key);
        member.fini = datagram;
        member.name = std::string(made.request.name.data(), made.request.name_bytes);
        member.epoch = made.request.client_epoch;
        if (refuses) {
            members.push_back(std::move(member));
            out_.push_back(seal(frame::Close{*refuses, 0}));
            responder->refuse(made.server_sid, out_.back());
            members.pop_back();
            return;
        }
        responder->accepted(made.server_sid);
        const bool known = epochs.contains(member.epoch);
        const bool resumed = made.request.log_epoch == log_epoch && made.request.next_seq > 0 &&
                             made.request.next_seq <= log.size() + 1;
        const bool continues = std::ranges::any_of(
            members, [&](const Member& m) { return m.server_sid == made.request.prev_server_sid; });
        if (!continues) append({frame::EntryKind::join, member.name, {}, 0});
        frame::Welcome& welcome = member.welcome;
        welcome.room = 1;
        welcome.head = log.size() + 1;
        welcome.tail = 1;
        welcome.next_seq = resumed ? made.request.next_seq : welcome.head;
        welcome.next_msg_id = epochs[member.epoch].next_msg_id;
        welcome.flags = static_cast<std::uint8_t>((known ? frame::welcome_epoch_known : 0) |
                                                  (resumed ? frame::welcome_resumed : 0));
        welcome.reset_token = reset_token(reset_key, start_count, made.server_sid);
        members.push_back(std::move(member));
        members.back().welcome.name = members.back().name;
        if (members.size() > 2) members.erase(members.begin());
        for (auto& m : members)
            m.welcome.name = m.name;
        const frame::Welcome sent = members.back().welcome;
        out_.push_back(seal(sent));
    }

    void on_data(const Now&, Datagram datagram) {
        const auto sid = datagram::receiver_sid(datagram);
        const auto member = std::ranges::find(members, sid, &Member::server_sid);
        if (member == members.end()) {
            if (const auto start_then = earlier_start(start_count, sid)) {
                answer(datagram::encode(
                    datagram::Reset{sid, reset_token(reset_key, *start_then, sid)}));
            }
            return;
        }
        const std::size_t bytes = datagram.size();
        const auto opened = member->opener->open(datagram);
        REQUIRE(opened);
        member->largest = std::max(member->largest, opened->counter);
        member->largest_ts = opened->ts;
        ++member->received;
        std::vector<frame::Frame> frames;
        REQUIRE(frame::read_frames(frame::Sender::client, opened->plaintext, frames));
        REQUIRE_FALSE(frames.empty());
        bool eliciting = false;
        for (const auto& f : frames) {
            eliciting = eliciting || frame::is_ack_eliciting(f);
            std::visit([&](const auto& each) { on_frame(*member, each); }, f);
        }
        if (eliciting && acknowledges) {
            const frame::PktAck ack{member->largest, member->largest_ts, 0,
                                    static_cast<std::uint32_t>(member->received),
                                    static_cast<std::uint32_t>(bytes * member->received)};
            out_.push_back(seal_for(*member, ack, head()));
        }
    }

    void on_frame(Member&, const frame::Ping&) { heard.push_back("PING"); }
    void on_frame(Member&, const frame::PktAck& f) {
        heard.push_back("PKT_ACK " + std::to_string(f.largest));
    }
    void on_frame(Member& member, const frame::Msg& f) {
        heard.push_back("MSG " + std::to_string(f.msg_id) +
                        (f.parts > 1 ? " part " + std::to_string(f.part) : "") + " " +
                        std::string(f.text.substr(0, 20)));
        if (!stores) return;
        Epoch& epoch = epochs[member.epoch];
        if (f.msg_id == epoch.next_msg_id) {
            epoch.parts[f.part] = f.text;
            if (epoch.parts.size() == f.parts) {
                std::string text;
                for (const auto& [part, piece] : epoch.parts)
                    text += piece;
                epoch.parts.clear();
                ++epoch.next_msg_id;
                if (text == "refuse me") {
                    epoch.results[f.msg_id] = {f.msg_id, 1, 0, frame::MsgStatus::refused};
                } else {
                    const auto seq = append(member.name, text);
                    epoch.results[f.msg_id] = {f.msg_id, 1, seq, frame::MsgStatus::stored};
                    if (sends_entries) {
                        for (auto& datagram : events(seq, seq))
                            out_.push_back(std::move(datagram));
                    }
                }
            }
        }
        frame::MsgAck ack;
        ack.next_msg_id = epoch.next_msg_id;
        for (const auto& [part, piece] : epoch.parts)
            ack.have |= static_cast<std::uint8_t>(1U << part);
        auto result = epoch.results.begin();
        std::advance(result, epoch.results.size() > 32 ? epoch.results.size() - 32 : 0);
        for (; result != epoch.results.end(); ++result)
            ack.results[ack.count++] = result->second;
        out_.push_back(seal_for(member, ack));
    }
    void on_frame(Member& member, const frame::MsgFrom& f) {
        auto& results = epochs[member.epoch].results;
        results.erase(results.begin(), results.lower_bound(f.first_id));
    }
    void on_frame(Member& member, const frame::RoomAck& f) {
        last_room_ack = f;
        std::string text =
            "ROOM_ACK " + std::to_string(f.next_seq) + " credit " + std::to_string(f.credit);
        for (const auto& gap : std::span(f.gaps).first(f.count)) {
            text += " +" + std::to_string(gap.offset) + "*" + std::to_string(gap.count);
            const std::uint64_t first = f.next_seq + gap.offset;
            const std::uint64_t last = std::min<std::uint64_t>(first + gap.count - 1, log.size());
            if (!sends_entries || &member != &members.back()) continue;
            for (auto& datagram : events(first, last))
                out_.push_back(std::move(datagram));
        }
        heard.push_back(text);
    }
    void on_frame(Member& member, const frame::MembersWanted& f) {
        heard.push_back("MEMBERS_WANTED " + std::string(f.after));
        std::map<std::string, std::string> names{{name_key(member.name), member.name}};
        for (const auto& name : others)
            names[name_key(name)] = name;
        std::vector<std::byte> list;
        frame::Members page{1, log.size() + 1, true, f.after, 0, {}};
        for (const auto& [key, name] : names) {
            if (!f.after.empty() && key <= name_key(f.after)) continue;
            if (page.count == names_per_page) {
                page.last = false;
                break;
            }
            frame::append_member_name({0, name}, list);
            ++page.count;
        }
        page.names = list;
        if (stores) out_.push_back(seal_for(member, page));
    }
    void on_frame(Member&, const frame::PathResponse& f) {
        heard.push_back("PATH_RESPONSE " + std::to_string(std::to_integer<int>(f.data[0])));
    }
    void on_frame(Member& member, const frame::Close&) {
        heard.push_back("CLOSE");
        if (stores) out_.push_back(seal_for(member, frame::Close{}));
    }
    template <class Other>
    void on_frame(Member&, const Other&) {
        FAIL("a client never sends this");
    }

    std::vector<Datagram> out_;
};

}  // namespace chat::client
