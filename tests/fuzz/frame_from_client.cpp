// SPDX-License-Identifier: MIT
#include <array>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "chat-server/core/server.h"
#include "chat-server/store/memory_log.h"
#include "proto/session/initiator.h"
#include "proto/session/nonce_check.h"
#include "tests/fuzz/frame_fuzz.h"
#include "tests/fuzz/frame_ledger.h"
#include "tests/simulation/seeded_random.h"
#include "tests/support/server_drive.h"

namespace chat::fuzz {
namespace {

// The log of a short past keeps little; that of a long one is longer than the server's memory of
// it.
constexpr std::size_t short_log_entries_max = 24;
constexpr std::size_t long_log_entries_max = server::tail_entries_max + 400;
constexpr std::uint64_t log_epoch = 3;
constexpr int operations_max = 64;
constexpr server::RoomId lobby = 1;
// What rooms may be called here, and how many of those that are made are spoken of.
constexpr std::string_view room_names[] = {"lobby", "garden", "attic", "no room"};
constexpr server::RoomId rooms_tried = 4;

struct Member {
    std::string name;
    Endpoint home;
    KeyPair identity;
    std::optional<Sealer> sealer;
    std::optional<ClientOpener> opener;
    std::optional<Initiator> handshake;
    frame::PktAck ack;
    std::optional<std::pair<Endpoint, frame::PathData>> challenge;
};

struct Outbox final : TransmitSink {
    Bytes last;

    bool send(const Path&, std::span<const std::byte> datagram) override {
        last.assign(datagram.begin(), datagram.end());
        return true;
    }
};

class Play final : public TransmitSink {
  public:
    explicit Play(Script script)
        : script_(script),
          log_entries_max_(script_.byte() % 4 == 0 ? long_log_entries_max : short_log_entries_max),
          log_(log_epoch, log_entries_max_),
          server_({server::ClassicAccess::off, server::classic_silence_default},
                  {KeyPair::generate(random_), {}, 1, std::nullopt}, random_, memory_,
                  [](const Endpoint& peer) { return std::to_string(peer.port); }) {
        forget_nonces();  // the same keys with each input
        restore();
        for (std::size_t i = 0; i < members_.size(); ++i) {
            members_[i].name = i == 0 ? "alice" : "bob";
            members_[i].home = {IpAddress::v4(192, 0, 2, 1), static_cast<std::uint16_t>(4000 + i)};
            members_[i].identity = KeyPair::generate(random_);
            enter(members_[i]);
        }
    }

    void run() {
        for (int i = 0; i < operations_max && !script_.empty(); ++i) {
            operation(script_.byte());
            drive();
        }
        room_ = SIZE_MAX;
        failures_ = 0;
        drive();
        passes(server::session_idle_max + server::session_idle_max);
        require(server_.secure().members() == 0, "who is silent has left");
        require(server_.chat().roster().size() == 0, "nobody is forgotten in the roster");
    }

    // The rim of the server.
    bool send(const Path& path, std::span<const std::byte> datagram) override {
        if (blocked()) return false;
        if (room_ != SIZE_MAX) --room_;
        borrowed_.emplace_back(path.peer, datagram);
        return true;
    }
    void flush() {
        for (const auto& [to, bytes] : std::exchange(borrowed_, {}))
            sent_.emplace_back(to, Bytes(bytes.begin(), bytes.end()));
    }
    bool blocked() const { return room_ == 0; }
    std::expected<std::vector<server::Seq>, std::string> commit(const server::Changes& changes) {
        if (failures_ > 0) {
            --failures_;
            return std::unexpected("the disk is full");
        }
        auto seqs = log_.commit(changes);
        require(seqs.has_value(), "the log takes it");
        ledger_.committed(changes, *seqs);
        return seqs;
    }
    std::expected<server::Page, std::string> read(const server::ReadRequest& request) {
        return log_.read(request);
    }
    std::expected<std::optional<server::SearchAnswer>, std::string> search(
        const server::SearchRequest& request) {
        for (const server::RoomId room : request.rooms)
            require(ledger_.has(room), "only rooms that are there are searched");
        return log_.search(request);
    }

  private:
    // An earlier run of the server, in which somebody may have said a lot.
    void restore() {
        server::Stored stored = *log_.load(now_.wall);
        ledger_.restored(stored);
        if (log_entries_max_ == long_log_entries_max) {
            server::Changes earlier;
            earlier.appends.assign(
                server::tail_entries_max + 300,
                {lobby, {server::EntryKind::message, 0, {}, "carol", "long ago"}});
            commit(earlier);
            stored.rooms.front().head = earlier.appends.size() + 1;
        }
        server_.restore(now_, stored);
    }

    void enter(Member& member) {
        member.handshake.emplace(now_, member.identity, random_, memory_);
        while (!member.sealer) {
            Initiator& handshake = *member.handshake;
            Outbox outbox;
            handshake.poll_transmit(now_, outbox);
            if (handshake.step() == Initiator::Step::finishing) {
                member.sealer.emplace(handshake.send_key(), handshake.server_sid());
                member.opener.emplace(handshake.receive_key());
                by_sid_[handshake.client_sid()] = &member;
                proved_.insert(member.home);
            }
            arrives(member.home, std::move(outbox.last));
            if (handshake.step() == Initiator::Step::deciding) {
                datagram::FiniPayload request;
                request.client_epoch = 9;
                request.log_epoch = log_epoch;
                request.next_seq = 1;
                request.name_bytes = static_cast<std::uint8_t>(member.name.size());
                std::ranges::copy(member.name, request.name.begin());
                request.room_bytes = static_cast<std::uint8_t>(room_names[0].size());
                std::ranges::copy(room_names[0], request.room.begin());
                handshake.trust(now_, Key32{}, request);
            }
        }
        member.handshake.reset();
    }

    void operation(std::uint8_t code) {
        Member& member = members_[code / 16 % members_.size()];
        const Endpoint from =
            code < 192 ? member.home : Endpoint{IpAddress::v4(198, 51, 100, 1), 9};
        switch (code % 16) {
            case 0:
                return passes(milliseconds(script_.byte()));
            case 1:
                return passes(seconds(script_.byte() % 64));
            case 2:
                room_ = script_.byte();
                if (room_ > 127) room_ = SIZE_MAX;
                return;
            case 3: {
                std::string text(as_text(script_.bytes(script_.byte())));
                text.append(script_.byte() * std::size_t{32}, 'x');
                return control(server::ControlRequest::Kind::announce, std::move(text));
            }
            case 4:
                return command(script_.byte(), member.name);
            case 5:
                return say(member, from, 1 + script_.u16() % 3000);
            case 6:
                return answer(member, from);
            case 7:
                // A datagram that got lost.
                seal(*member.sealer, Bytes(16), 0);
                return;
            case 8:
                return want(member, from, script_.byte());
            default:
                return arrives(from, seal(*member.sealer, take_plaintext(script_), code));
        }
    }

    void command(std::uint8_t which, const std::string& name) {
        if (which % 8 == 7) return server_.on_shutdown(now_);
        if (which % 8 == 6) {
            failures_ = which / 8;
            return;
        }
        control(server::ControlRequest::Kind::command, which % 4 == 0 ? "kick " + name : "list");
    }

    void control(server::ControlRequest::Kind kind, std::string text) {
        server_.on_control(now_, {kind, 1, std::move(text)});
        server_.take_control_replies();
    }

    // The next message, in parts or not.
    void say(Member& member, const Endpoint& from, std::size_t size) {
        const std::string text = "m" + std::string(size, 'y');
        const auto parts = static_cast<std::uint8_t>((text.size() - 1) / frame::part_bytes + 1);
        const std::uint64_t id = next_msg_id_[member.name]++;
        for (std::uint8_t part = 0; part < parts; ++part) {
            const auto piece =
                std::string_view(text).substr(part * frame::part_bytes, frame::part_bytes);
            sends(member, from, frame::Msg{lobby, id, frame::MsgKind::message, part, parts, piece});
        }
    }

    // What a client may want of rooms.
    void want(Member& member, const Endpoint& from, std::uint8_t what) {
        const server::RoomId room = 1 + what / 8 % rooms_tried;
        switch (what % 8) {
            case 0:
                return sends(member, from,
                             frame::Join{frame::RoomKind::named, room_names[room - 1]});
            case 1:
                return sends(member, from,
                             frame::Join{frame::RoomKind::conversation,
                                         members_[what / 8 % members_.size()].name});
            case 2:
                return sends(member, from, frame::Part{room});
            case 3:
                return sends(member, from, frame::MembersWanted{room, {}});
            case 4:
                return sends(member, from, frame::RoomsWanted{});
            case 5:
                return sends(member, from, frame::Search{what, what < 128 ? room : 0, 0, "my"});
            case 6: {
                const std::uint64_t at = 1U + script_.byte();
                const auto count = static_cast<std::uint16_t>(1U + script_.byte());
                return sends(member, from, frame::EntriesWanted{room, at, count, 0});
            }
            default: {
                const auto kind = what < 128 ? frame::MsgKind::topic : frame::MsgKind::message;
                const std::uint64_t id = next_msg_id_[member.name]++;
                return sends(member, from, frame::Msg{room, id, kind, 0, 1, member.name});
            }
        }
    }

    void sends(Member& member, const Endpoint& from, const auto& wanted) {
        std::array<std::byte, datagram::plaintext_bytes_max> buffer;
        Writer writer(buffer);
        require(write(writer, wanted) && frame::pad(writer), "one frame fits");
        arrives(from, seal(*member.sealer, writer.written(), 1));
    }

    // Acknowledges what came, and says that it receives where it was asked.
    void answer(Member& member, const Endpoint& from) {
        std::array<std::byte, datagram::plaintext_bytes_max> buffer;
        Writer writer(buffer);
        write(writer, member.ack);
        if (member.challenge) {
            write(writer, frame::PathResponse{member.challenge->second});
            proved_.insert(member.challenge->first);
        }
        frame::RoomAck room;
        room.next_seq = script_.byte();
        room.credit = script_.byte();
        ledger_.for_each_room([&](server::RoomId id, server::Seq head) {
            room.room = id;
            room.next_seq = 1 + room.next_seq % head;
            write(writer, room);
        });
        frame::pad(writer);
        arrives(from, seal(*member.sealer, writer.written(), 2));
    }

    void arrives(const Endpoint& from, Bytes bytes) {
        owed_[from].first += 1;
        owed_[from].second += bytes.size();
        server_.on_datagram(now_, {from, {}}, bytes, false);
        drive();
    }

    void passes(Duration time) {
        const Instant end = now_.at + time;
        // Nobody answers, so nothing can keep the server busy.
        for (int turns = 0; turns < 20'000; ++turns) {
            const auto next = server_.next_deadline();
            if (blocked() || !next || *next > end) {
                now_.at = end;
                return turn();
            }
            now_.at = std::max(now_.at, *next);
            turn();
        }
        require(false, "the server sleeps until something is to be done");
    }
    void turn() {
        server_.on_deadline(now_);
        drive();
    }

    void drive() {
        server::drive(server_, now_, *this);
        for (const auto& [room, first_kept] : log_.take_trimmed()) {
            ledger_.trimmed(room, first_kept);
            server_.on_trimmed(room, first_kept);
        }
        require(log_.tend(now_.wall).has_value(), "the log is well");
        server_.take_events();
        for (auto& [to, bytes] : std::exchange(sent_, {}))
            is_sent(to, bytes);
    }

    void is_sent(const Endpoint& to, Bytes& bytes) {
        require(bytes.size() <= datagram::bytes_max, "a datagram has bounds");
        if (!proved_.contains(to)) {
            auto& [datagrams, length] = owed_[to];
            require(datagrams > 0 && length >= bytes.size(),
                    "an unproven address gets no more than came from it");
            datagrams -= 1;
            length -= bytes.size();
        }
        if (datagram::type_of(bytes) != datagram::Type::data) return hear_handshake(to, bytes);
        const auto header = read_data_header(bytes);
        const auto found = by_sid_.find(header->receiver_sid);
        require(found != by_sid_.end(), "the server knows to whom it speaks");
        Member& member = *found->second;
        const auto opened = member.opener->open(bytes);
        require(opened.has_value(), "what the server seals opens, once");
        if (opened->counter >= member.ack.largest) {
            member.ack.largest = opened->counter;
            member.ack.echo_ts = opened->ts;
        }
        ++member.ack.count;
        member.ack.bytes += static_cast<std::uint32_t>(bytes.size());
        std::vector<frame::Frame> frames;
        require(frame::read_frames(frame::Sender::server, opened->plaintext, frames),
                "the server sends frames that are frames");
        for (const auto& one : frames)
            std::visit(
                [&](const auto& f) {
                    ledger_.check(member.identity.public_key, f);
                    hear(member, to, f);
                },
                one);
    }

    void hear_handshake(const Endpoint& to, std::span<const std::byte> bytes) {
        for (Member& member : members_) {
            if (member.home == to && member.handshake) member.handshake->on_datagram(now_, bytes);
        }
    }

    void hear(Member& member, const Endpoint&, const frame::MsgAck& ack) {
        next_msg_id_[member.name] = ack.next_msg_id;
    }
    void hear(Member& member, const Endpoint& to, const frame::PathChallenge& challenge) {
        member.challenge = {to, challenge.data};
    }
    template <class Other>
    void hear(Member&, const Endpoint&, const Other&) {}

    Script script_;
    Now now_{{seconds(1000).us}, {}};
    simulation::SeededRandom random_{11};
    std::pmr::memory_resource& memory_ = *std::pmr::new_delete_resource();
    std::size_t log_entries_max_;
    server::MemoryLog log_;
    server::Server server_;
    std::array<Member, 2> members_;
    std::map<std::uint32_t, Member*> by_sid_;
    std::map<std::string, std::uint64_t> next_msg_id_{{"alice", 1}, {"bob", 1}};
    Ledger ledger_;
    int failures_ = 0;             // of the next attempts to store something
    std::size_t room_ = SIZE_MAX;  // datagrams the socket still takes
    std::vector<std::pair<Endpoint, std::span<const std::byte>>> borrowed_;
    std::vector<std::pair<Endpoint, Bytes>> sent_;
    std::map<Endpoint, std::pair<std::uint64_t, std::size_t>> owed_;  // datagrams and bytes
    std::set<Endpoint> proved_;
};

}  // namespace

void play_frames_from_client(Script script) {
    Play(script).run();
}

}  // namespace chat::fuzz
