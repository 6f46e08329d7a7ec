// SPDX-License-Identifier: MIT
// A small server for the tests of a secure session: the real responder, and a log with members,
// message numbers and their repetitions in a few lines. It does by itself what a good server does
// at once, with knobs for what goes wrong; what it hears it writes down as text.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
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
    struct TestRoom {
        std::string name;
        frame::RoomKind kind = frame::RoomKind::named;
        std::vector<Entry> log;
        std::uint64_t tail = 1;
        std::uint64_t pinned = 0;
        std::uint64_t cursor = 0;  // 0: he has never been in it
        std::string topic;
        bool his = true;
        bool is_new = false;

        std::uint64_t head() const { return log.size() + 1; }
        frame::Room told(std::uint32_t number) const {
            const auto flags = is_new ? frame::room_is_new_to_him : std::uint8_t{0};
            return {number, kind,  flags, cursor == 0 ? head() : cursor, head(), tail,
                    pinned, topic, name};
        }
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
        std::set<std::uint32_t> owed;  // ROOM, until ROOM_ACK
        std::uint64_t epoch = 0;
        std::uint64_t received = 0, largest = 0;
        std::uint16_t largest_ts = 0;
    };

    explicit TestServer(std::uint64_t seed)
        : random(seed),
          identity(KeyPair::generate(random)),
          reset_key(session_test::key_of(7)),
          log(rooms[1].log) {
        rooms[1].name = "lobby";
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
        std::erase_if(rooms, [](const auto& room) { return room.first != 1; });
        log.clear();
        rooms[1].cursor = 0;
        epochs.clear();
    }
    // A room that he is in and has seen all of.
    TestRoom& add_room(std::uint32_t number, const std::string& name,
                       frame::RoomKind kind = frame::RoomKind::named) {
        rooms[number].name = name;
        rooms[number].kind = kind;
        return rooms[number];
    }

    std::uint64_t append(Entry entry, std::uint32_t room = 1) {
        auto& to = rooms.at(room).log;
        to.push_back(std::move(entry));
        return to.size();
    }
    std::uint64_t append_to(std::uint32_t room, const std::string& name, const std::string& text) {
        return append({frame::EntryKind::message, name, text, 0}, room);
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
    // EVENTS with entries of the log, or EVENT_PARTs for a long one; GONE for what it has lost.
    std::vector<Datagram> events(std::uint64_t first, std::uint64_t last, std::uint32_t room = 1) {
        std::vector<Datagram> all;
        const TestRoom& from = rooms.at(room);
        if (first < from.tail) {
            all.push_back(seal(frame::Gone{room, first, from.tail - 1}));
            first = from.tail;
        }
        for (std::uint64_t seq = first; seq <= last; ++seq) {
            const auto& entry = from.log.at(seq - 1);
            std::vector<std::byte> bytes;
            frame::append_entry(
                {entry.kind, entry.flags, {1'700'000'000'000}, entry.name, entry.text}, bytes);
            if (bytes.size() <= frame::whole_entry_bytes_max) {
                all.push_back(seal(frame::Events{room, seq, 1, bytes}));
                continue;
            }
            const auto parts = (bytes.size() + frame::part_bytes - 1) / frame::part_bytes;
            for (std::size_t i = 0; i < parts; ++i) {
                const auto part = std::span(bytes).subspan(
                    i * frame::part_bytes,
                    std::min(frame::part_bytes, bytes.size() - i * frame::part_bytes));
                all.push_back(seal(frame::EventPart{room, seq, static_cast<std::uint8_t>(i),
                                                    static_cast<std::uint8_t>(parts), part}));
            }
        }
        return all;
    }
    frame::Head head(std::uint32_t room = 1) const {
        return {room, rooms.at(room).head(), rooms.at(room).tail};
    }

    session_test::SeededRandom random;
    KeyPair identity;
    Key32 reset_key;
    Endpoint peer{IpAddress::v4(10, 0, 0, 1), 4000, 0};
    std::string password;
    datagram::RespPayload offer;
    std::uint64_t start_count = 0;
    std::uint64_t log_epoch = 100;
    std::map<std::uint32_t, TestRoom> rooms;
    std::vector<Entry>& log;  // of the lobby
    std::map<std::uint64_t, Epoch> epochs;
    std::vector<std::string> others{"carol", "Dave"};
    std::size_t names_per_page = 100;
    std::size_t rooms_per_page = 100;
    std::unique_ptr<Responder> responder;
    std::vector<Member> members;  // the newest last; the one before it still counts
    std::optional<frame::CloseCode> refuses;
    std::optional<frame::NoRoomCode> no_room;  // to whoever asks for one
    bool can_store = true;
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
                welcome(member);
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
        const bool continues = std::ranges::any_of(
            members, [&](const Member& m) { return m.server_sid == made.request.prev_server_sid; });
        std::string lands(made.request.room.data(), made.request.room_bytes);
        if (lands.empty()) lands = "lobby";
        auto landing = find(frame::RoomKind::named, lands);
        if (landing == rooms.end() && !no_room) {
            landing = make(frame::RoomKind::named, lands);
        }
        if (landing != rooms.end() && (!continues || !landing->second.his)) {
            append({frame::EntryKind::join, member.name, {}, 0}, landing->first);
            landing->second.his = true;
        }
        member.welcome.room = landing == rooms.end() ? 0 : landing->first;
        member.welcome.next_msg_id = epochs[member.epoch].next_msg_id;
        member.welcome.flags = known ? frame::welcome_epoch_known : std::uint8_t{0};
        member.welcome.reset_token = reset_token(reset_key, start_count, made.server_sid);
        for (const auto& [number, room] : rooms) {
            if (room.his) member.owed.insert(number);
        }
        members.push_back(std::move(member));
        if (members.size() > 2) members.erase(members.begin());
        for (auto& m : members)
            m.welcome.name = m.name;
        welcome(members.back());
    }

    void welcome(Member& member) {
        const frame::Welcome sent = member.welcome;
        const auto landing = rooms.find(sent.room);
        if (landing == rooms.end()) {
            out_.push_back(seal_for(member, sent));
        } else {
            out_.push_back(seal_for(member, sent, landing->second.told(sent.room)));
        }
        tell_rooms(member, sent.room);
    }
    void tell_rooms(Member& member, std::uint32_t but) {
        for (const auto number : member.owed) {
            if (number != but) out_.push_back(seal_for(member, rooms.at(number).told(number)));
        }
    }
    std::map<std::uint32_t, TestRoom>::iterator find(frame::RoomKind kind, std::string_view name) {
        return std::ranges::find_if(rooms, [&](const auto& each) {
            return each.second.kind == kind && name_key(each.second.name) == name_key(name);
        });
    }
    std::map<std::uint32_t, TestRoom>::iterator make(frame::RoomKind kind, std::string_view name) {
        const std::uint32_t number = rooms.rbegin()->first + 1;
        add_room(number, std::string(name), kind).his = false;
        return rooms.find(number);
    }
    // Nothing: he is not in it, and is told so.
    TestRoom* his(Member& member, std::uint32_t number) {
        const auto room = rooms.find(number);
        if (room != rooms.end() && room->second.his) return &room->second;
        out_.push_back(seal_for(member, frame::Parted{number}));
        return nullptr;
    }
    static std::string in(std::uint32_t room) {
        return room == 1 ? "" : "in " + std::to_string(room) + " ";
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
        bool has_ping = false;
        for (const auto& f : frames) {
            eliciting = eliciting || frame::is_ack_eliciting(f);
            has_ping = has_ping || std::holds_alternative<frame::Ping>(f);
            std::visit([&](const auto& each) { on_frame(*member, each); }, f);
        }
        if (eliciting && acknowledges) {
            const frame::PktAck ack{member->largest, member->largest_ts, 0,
                                    static_cast<std::uint32_t>(member->received),
                                    static_cast<std::uint32_t>(bytes * member->received)};
            out_.push_back(has_ping ? seal_for(*member, ack, head()) : seal_for(*member, ack));
            tell_rooms(*member, 0);
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
        if (!can_store) out_.push_back(seal_for(member, frame::Notice{}));
        if (!stores || !can_store) return;
        Epoch& epoch = epochs[member.epoch];
        if (f.msg_id == epoch.next_msg_id) {
            epoch.parts[f.part] = f.text;
            if (epoch.parts.size() == f.parts) {
                std::string text;
                for (const auto& [part, piece] : epoch.parts)
                    text += piece;
                epoch.parts.clear();
                ++epoch.next_msg_id;
                const auto room = rooms.find(f.room);
                if (text == "refuse me") {
                    epoch.results[f.msg_id] = {f.msg_id, f.room, 0, frame::MsgStatus::refused};
                } else if (room == rooms.end() || !room->second.his) {
                    epoch.results[f.msg_id] = {f.msg_id, f.room, 0, frame::MsgStatus::not_in_room};
                } else {
                    const bool topic = f.kind == frame::MsgKind::topic;
                    if (topic) room->second.topic = text;
                    const auto seq =
                        append({topic ? frame::EntryKind::topic : frame::EntryKind::message,
                                member.name, text, 0},
                               f.room);
                    epoch.results[f.msg_id] = {f.msg_id, f.room, seq, frame::MsgStatus::stored};
                    if (sends_entries) send_events(f.room, seq, seq);
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
    void send_events(std::uint32_t room, std::uint64_t first, std::uint64_t last) {
        for (auto& datagram : events(first, last, room))
            out_.push_back(std::move(datagram));
    }
    void on_frame(Member& member, const frame::RoomAck& f) {
        last_room_ack = f;
        std::string text = "ROOM_ACK " + in(f.room) + std::to_string(f.next_seq) + " credit " +
                           std::to_string(f.credit);
        if (TestRoom* room = his(member, f.room)) {
            const bool is_first_word = member.owed.erase(f.room) > 0;
            room->cursor = std::max(room->cursor, f.next_seq);
            room->is_new = false;
            if (is_first_word && sends_entries && &member == &members.back()) {
                send_events(f.room, f.next_seq, room->log.size());
            }
            for (const auto& gap : std::span(f.gaps).first(f.count)) {
                text += " +" + std::to_string(gap.offset) + "*" + std::to_string(gap.count);
                const std::uint64_t first = f.next_seq + gap.offset;
                const std::uint64_t last =
                    std::min<std::uint64_t>(first + gap.count - 1, room->log.size());
                if (!sends_entries || &member != &members.back()) continue;
                send_events(f.room, first, last);
            }
        }
        heard.push_back(text);
    }
    void on_frame(Member& member, const frame::EntriesWanted& f) {
        heard.push_back("ENTRIES_WANTED " + in(f.room) + std::to_string(f.from) + "*" +
                        std::to_string(f.count) + (f.have == 0 ? "" : " but parts"));
        const TestRoom* room = his(member, f.room);
        if (!room || !sends_entries || f.from >= room->head()) return;
        send_events(f.room, f.from, std::min(f.from + f.count, room->head()) - 1);
    }
    void on_frame(Member& member, const frame::Join& f) {
        heard.push_back("JOIN " + std::to_string(static_cast<int>(f.kind)) + " " +
                        std::string(f.name));
        if (!stores) return;
        const bool unknown =
            f.kind == frame::RoomKind::conversation && std::ranges::count(others, f.name) == 0;
        if (no_room || unknown) {
            out_.push_back(seal_for(
                member,
                frame::NoRoom{f.kind, no_room.value_or(frame::NoRoomCode::nobody), f.name}));
            return;
        }
        auto room = find(f.kind, f.name);
        if (room == rooms.end()) room = make(f.kind, f.name);
        if (!room->second.his) {
            room->second.his = room->second.is_new = true;
            if (f.kind == frame::RoomKind::named) {
                append({frame::EntryKind::join, member.name, {}, 0}, room->first);
            }
            room->second.cursor = room->second.head();
        }
        member.owed.insert(room->first);
        out_.push_back(seal_for(member, room->second.told(room->first)));
    }
    void on_frame(Member& member, const frame::Part& f) {
        heard.push_back("PART " + std::to_string(f.room));
        if (!stores) return;
        TestRoom* room = his(member, f.room);
        if (!room) return;
        append({frame::EntryKind::leave, member.name, {}, 0}, f.room);
        room->his = false;
        room->cursor = 0;
        member.owed.erase(f.room);
        out_.push_back(seal_for(member, frame::Parted{f.room}));
    }
    void on_frame(Member& member, const frame::Search& f) {
        heard.push_back("SEARCH " + std::to_string(f.id) + " " + in(f.room) + std::string(f.words));
        if (!stores) return;
        frame::Found found{f.id, false, 0, {}};
        for (const auto& [number, room] : rooms) {
            if (!room.his || (f.room != 0 && f.room != number)) continue;
            for (std::uint64_t seq = room.log.size(); seq > 0; --seq) {
                if (room.log[seq - 1].text.find(f.words) == std::string::npos) continue;
                found.more = found.count == found.places.size();
                if (!found.more) found.places[found.count++] = {number, seq};
            }
        }
        out_.push_back(seal_for(member, found));
    }
    void on_frame(Member& member, const frame::RoomsWanted& f) {
        heard.push_back("ROOMS_WANTED " + std::string(f.after));
        std::map<std::string, const TestRoom*> named;
        for (const auto& [number, room] : rooms) {
            if (room.kind == frame::RoomKind::named) named[name_key(room.name)] = &room;
        }
        std::vector<std::byte> list;
        frame::Rooms page{true, f.after, 0, {}};
        for (const auto& [key, room] : named) {
            if (!f.after.empty() && key <= name_key(f.after)) continue;
            if (page.count == rooms_per_page) {
                page.last = false;
                break;
            }
            const auto flags = room->his ? frame::listed_room_is_his : std::uint8_t{0};
            frame::append_listed_room({flags, 3, room->name, room->topic}, list);
            ++page.count;
        }
        page.rooms = list;
        if (stores) out_.push_back(seal_for(member, page));
    }
    void on_frame(Member& member, const frame::MembersWanted& f) {
        heard.push_back("MEMBERS_WANTED " + in(f.room) + std::string(f.after));
        const TestRoom* room = his(member, f.room);
        if (!room) return;
        std::map<std::string, std::string> names{{name_key(member.name), member.name}};
        for (const auto& each : others)
            names[name_key(each)] = each;
        std::vector<std::byte> list;
        frame::Members page{f.room, room->head(), true, f.after, 0, {}};
        for (const auto& [key, each] : names) {
            if (!f.after.empty() && key <= name_key(f.after)) continue;
            if (page.count == names_per_page) {
                page.last = false;
                break;
            }
            frame::append_member_name({0, each}, list);
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
