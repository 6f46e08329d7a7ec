// SPDX-License-Identifier: MIT
// A server with its log and a virtual clock, and its clients (client_test_support.h), which state
// where they are in a room as soon as they hear of the room. No network: a datagram arrives in the
// turn it was sent, unless its receiver is deaf or the test looks at `outside`, where datagrams to
// addresses of nobody end up.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-server/core/chat_test_support.h"
#include "chat-server/core/client_test_support.h"
#include "chat-server/core/server.h"
#include "chat-server/store/memory_log.h"
#include "proto/session/key_schedule.h"
#include "proto/session/nonce_check.h"
#include "proto/session/test_support.h"
#include "tests/support/catch.h"

namespace chat::server {

struct BenchSettings {
    std::uint64_t start_count = 5;
    std::uint64_t log_epoch = 77;
    std::optional<std::string> password;
    std::size_t log_entries_max = memory_log_entries_max;
    ClassicAccess classic = ClassicAccess::any;
};

class SecureBench final : public TransmitSink {
  public:
    explicit SecureBench(const BenchSettings& bench = {})
        : settings(bench),
          random_(99 + settings.start_count),
          log(settings.log_epoch, settings.log_entries_max) {
        forget_nonces();  // the same seeds make the same keys in each test
        start();
    }
    // The server is killed and starts again with what was stored; its members know nothing of it.
    void restart() {
        ++settings.start_count;
        start();
    }

    struct Sent {
        Path to;
        Bytes bytes;
    };
    struct Traffic {
        std::size_t datagrams_in = 0, bytes_in = 0, datagrams_out = 0, bytes_out = 0;
    };

    bool send(const Path& to, std::span<const std::byte> datagram) override {
        if (socket_room == 0) return false;
        --socket_room;
        borrowed_.emplace_back(to, datagram);
        return true;
    }

    // A datagram arrives.
    void arrive(const Path& from, std::span<const std::byte> datagram) {
        Bytes copy(datagram.begin(), datagram.end());
        auto& count = traffic[from.peer];
        ++count.datagrams_in;
        count.bytes_in += copy.size();
        const ReceivedDatagram received{from, copy};
        server->on_datagrams(now, std::span(&received, 1));
        if (!hold) drive();
    }
    void arrive(const Path& from, std::string_view text) {
        arrive(from, std::as_bytes(std::span(text.data(), text.size())));
    }
    // As NetworkProcess does it.
    void drive() {
        for (;;) {
            if (store()) continue;
            bool more = true;
            while (more) {
                more = server->poll_transmit(now, *this);
                ++polls;
                flush();
            }
            if (!answer_log() && !state_rooms()) break;
        }
    }
    // Time passes, and the server is woken whenever it asked to be.
    void wait(Duration duration) {
        const Instant end = now.at + duration;
        for (int turns = 0;; ++turns) {
            REQUIRE(turns < 200'000);
            const auto next = server->next_deadline();
            if (!next || *next > end) break;
            if (*next > now.at) {
                now.at = *next;
            } else {
                REQUIRE(++past_deadlines_ < 100);  // else it spins
            }
            server->on_deadline(now);
            drive();
        }
        past_deadlines_ = 0;
        now.at = end;
        server->on_deadline(now);
        drive();
    }

    TestClient& client(std::string name, std::uint16_t port,
                       IpAddress ip = IpAddress::v4(192, 0, 2, 1)) {
        clients_.push_back(
            std::make_unique<TestClient>(std::move(name), at(port, ip), clients_.size() + 1));
        return *clients_.back();
    }
    // Everything up to WELCOME or a refusal.
    void log_in(TestClient& who) {
        who.start(now);
        handshake_until(who, Initiator::Step::deciding);
        REQUIRE(who.handshake().step() == Initiator::Step::deciding);
        CHECK(who.handshake().server_key() == key);
        who.trust(now);
        who.take_keys();
        push_handshake(who);
    }
    TestClient& member(std::string name, std::uint16_t port,
                       IpAddress ip = IpAddress::v4(192, 0, 2, 1)) {
        TestClient& who = client(std::move(name), port, ip);
        log_in(who);
        REQUIRE(who.welcome);
        return who;
    }
    // Many new members whose joins are stored together, which is quicker than one by one.
    std::vector<TestClient*> crowd(std::size_t count) {
        std::vector<TestClient*> all;
        commits = false;
        for (std::size_t i = 0; i < count; ++i) {
            const auto block = static_cast<std::uint8_t>(i / 64);  // few of one prefix at a time
            all.push_back(&client("m" + std::to_string(i), static_cast<std::uint16_t>(100 + i),
                                  IpAddress::v4(10, block, 0, 1)));
            log_in(*all.back());
            now.at = now.at + milliseconds(1);  // all at once are more than it lets in
        }
        commits = true;
        drive();
        for (auto* who : all)
            REQUIRE(who->welcome);
        return all;
    }
    // The handshake's next datagram.
    Bytes handshake_datagram(TestClient& who) {
        Catcher catcher;
        who.handshake().poll_transmit(now, catcher);
        return catcher.last;
    }
    void push_handshake(TestClient& who) {
        if (const auto datagram = handshake_datagram(who); !datagram.empty()) {
            arrive(who.path, datagram);
        }
    }
    void handshake_until(TestClient& who, Initiator::Step step) {
        for (int i = 0; i < 10 && who.handshake().step() != step; ++i)
            push_handshake(who);
    }

    void send(TestClient& from, Plaintext& plaintext) { arrive(from.path, from.seal(plaintext)); }
    template <class Frame>
    void send(TestClient& from, const Frame& frame) {
        Plaintext plaintext;
        plaintext << frame;
        send(from, plaintext);
    }
    void say(TestClient& from, std::uint64_t msg_id, std::string_view text, RoomId room = 1) {
        send(from, message(room, msg_id, 0, 1, text));
    }
    // PKT_ACK and ROOM_ACK of what it has.
    void ack(TestClient& from, std::uint16_t credit = 1000, RoomId room = 1) {
        Plaintext plaintext;
        plaintext << from.pkt_ack() << from.room_ack(credit, room);
        send(from, plaintext);
    }
    // The room's number, once he is in it.
    RoomId join(TestClient& who, std::string_view name,
                frame::RoomKind kind = frame::RoomKind::named) {
        send(who, frame::Join{kind, name});
        for (const auto& [id, heard] : who.rooms) {
            if (heard.room && heard.name == name && heard.room->kind == kind) return id;
        }
        return 0;
    }

    Lines hear_classic(std::uint16_t port, IpAddress ip = IpAddress::v4(127, 0, 0, 1)) {
        Lines lines;
        std::erase_if(outside, [&](const Sent& one) {
            if (one.to.peer != at(port, ip).peer) return false;
            lines.emplace_back(reinterpret_cast<const char*>(one.bytes.data()), one.bytes.size());
            return true;
        });
        return lines;
    }
    std::string command(std::string_view line) {
        server->on_control(now, {ControlRequest::Kind::command, 1, std::string(line)});
        drive();
        std::string text;
        for (const auto& reply : server->take_control_replies())
            text += reply.text;
        return text;
    }
    void announce(std::string_view text) {
        server->on_control(now, {ControlRequest::Kind::announce, 1, std::string(text)});
        drive();
    }
    const Counters& counters() const { return server->chat().counters(); }
    Seq head(RoomId room = 1) const { return server->chat().room(room).head(); }
    BenchSettings settings;

  private:
    session_test::SeededRandom random_;
    std::pmr::unsynchronized_pool_resource memory_;

  public:
    Now now{Instant{seconds(1000).us}, WallTime{1'700'000'000'000}};
    PublicKey key;
    MemoryLog log;
    chat_test::FakeStore kept;  // what a restarted server finds, beside the entries
    std::map<std::pair<PublicKey, std::uint64_t>, StoredEpoch> epochs;
    std::unique_ptr<Server> server;
    bool commits = true;                 // the log answers in the turn
    bool disk_full = false;              // commits fail
    bool unreadable = false;             // reads fail
    bool searches = true;                // the index is there
    bool hold = false;                   // what arrives is not acted upon before drive()
    std::size_t socket_room = SIZE_MAX;  // datagrams it still takes
    std::size_t polls = 0;
    std::size_t pages_read = 0;
    std::size_t tries = 0;      // to store something
    std::vector<Sent> outside;  // to addresses where no client is
    std::map<Endpoint, Traffic> traffic;

  private:
    struct Catcher final : TransmitSink {
        Bytes last;
        bool send(const Path&, std::span<const std::byte> datagram) override {
            last.assign(datagram.begin(), datagram.end());
            return true;
        }
    };

    void start() {
        session_test::SeededRandom same(4);  // the same server at each start
        ServerSecrets secret{KeyPair::generate(same), SecretKey(session_test::key_of(9)),
                             settings.start_count, std::nullopt, settings.log_epoch};
        key = secret.identity.public_key;
        if (settings.password) secret.password_key = password_key(*settings.password, key);
        server = std::make_unique<Server>(
            ServerConfig{settings.classic, classic_silence_default}, std::move(secret), random_,
            memory_, [](const Endpoint& e) { return "port " + std::to_string(e.port); });
        Stored stored = kept.stored();
        stored.log_epoch = settings.log_epoch;
        for (StoredRoom& room : stored.rooms)
            room.first_kept = log.read({room.room.id, 1, 1, 1})->first_kept;
        for (const auto& [owner, epoch] : epochs)
            stored.epochs.push_back(epoch);
        server->restore(now, stored);
        waiting_ = nullptr;
        to_find_.clear();
    }

    // False: there was nothing to store, or not yet.
    bool store() {
        if (waiting_ == nullptr) waiting_ = server->take_changes(now);
        if (waiting_ == nullptr || !commits) return false;
        const Changes& changes = *std::exchange(waiting_, nullptr);
        ++tries;
        if (disk_full) {
            server->on_commit_failed(now);
            return true;
        }
        const auto seqs = log.commit(changes);
        REQUIRE(seqs);
        CHECK(kept.commit(changes) == *seqs);
        for (std::size_t i = 0; i < seqs->size(); ++i)
            keep_epoch(changes.appends[i], (*seqs)[i]);
        server->on_committed(now, *seqs);
        for (const auto& trimmed : log.take_trimmed())
            server->on_trimmed(trimmed.room, trimmed.first_kept);
        return true;
    }
    void keep_epoch(const Append& append, Seq seq) {
        const Origin& origin = append.entry.origin;
        if (origin.msg_id == 0) return;
        StoredEpoch& epoch = epochs[{origin.key, origin.client_epoch}];
        epoch.key = origin.key;
        epoch.client_epoch = origin.client_epoch;
        epoch.used = now.wall;
        REQUIRE(origin.msg_id >= epoch.next_msg_id);  // a message counts once
        epoch.next_msg_id = origin.msg_id + 1;
        epoch.results.push_back({origin.msg_id, append.room, seq});
        if (epoch.results.size() > frame::results_max) epoch.results.erase(epoch.results.begin());
    }
    bool answer_log() {
        bool answered = false;
        for (const auto& request : server->take_reads()) {
            ++pages_read;
            answered = true;
            if (unreadable) {
                server->on_read_failed(now, request);
            } else {
                server->on_page(*log.read(request));
            }
        }
        for (auto& request : server->take_searches())
            to_find_.push_back(std::move(request));
        if (!searches) return answered;
        for (const auto& request : std::exchange(to_find_, {})) {
            auto found = log.search(request);
            for (; !*found; found = log.search(request))
                REQUIRE(log.tend(now.wall));
            server->on_found(now, **found);
            answered = true;
        }
        return answered;
    }
    bool state_rooms() {
        bool any = false;
        for (const auto& who : clients_) {
            for (const RoomId room : std::exchange(who->to_state, {})) {
                if (!who->states || !who->online()) continue;
                Plaintext plaintext;
                plaintext << who->room_ack(1000, room);
                Bytes datagram = who->seal(plaintext);
                server->on_datagram(now, who->path, datagram, false);
                any = true;
            }
        }
        return any;
    }

    void flush() {
        for (const auto& [to, datagram] : std::exchange(borrowed_, {})) {
            auto& count = traffic[to.peer];
            ++count.datagrams_out;
            count.bytes_out += datagram.size();
            const auto who = std::ranges::find_if(
                clients_, [&](const auto& c) { return c->path.peer == to.peer; });
            if (who == clients_.end()) {
                outside.push_back({to, Bytes(datagram.begin(), datagram.end())});
            } else if (!(*who)->deaf) {
                (*who)->hear(now, datagram);
            }
        }
    }

    std::vector<std::unique_ptr<TestClient>> clients_;
    std::vector<std::pair<Path, std::span<const std::byte>>> borrowed_;
    const Changes* waiting_ = nullptr;  // taken and not committed
    std::vector<SearchRequest> to_find_;
    int past_deadlines_ = 0;
};

// Announces so many entries in one turn.
inline void announce_many(SecureBench& b, std::size_t count, std::size_t bytes = 10) {
    for (std::size_t i = 0; i < count; ++i) {
        std::string text = std::to_string(b.head() + i) + " ";
        text.resize(std::max(bytes, text.size() + 1), 'x');
        b.server->on_control(b.now, {ControlRequest::Kind::announce, 1, text});
    }
    b.server->take_control_replies();
    b.drive();
}

}  // namespace chat::server
