// SPDX-License-Identifier: MIT
// A server with its log and a virtual clock, and clients of the secure protocol that do what they
// are told: the real handshake and ciphers, and whatever frames a test wants to send. A client
// notes all it hears. No network: a datagram arrives in the turn it was sent, unless its receiver
// is deaf or the test looks at `outside`, where datagrams to addresses of nobody end up.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-server/core/server.h"
#include "chat-server/store/memory_log.h"
#include "proto/session/cipher.h"
#include "proto/session/initiator.h"
#include "proto/session/key_schedule.h"
#include "proto/session/nonce_check.h"
#include "proto/session/test_support.h"
#include "tests/support/catch.h"

namespace chat::server {

using Bytes = std::vector<std::byte>;
using Lines = std::vector<std::string>;

inline Path at(std::uint16_t port, IpAddress ip = IpAddress::v4(192, 0, 2, 1)) {
    return {{ip, port, 0}, {}};
}

// One plaintext, written frame by frame.
class Plaintext {
  public:
    template <class Frame>
    Plaintext& operator<<(const Frame& frame) {
        REQUIRE(frame::write(writer_, frame));
        return *this;
    }
    Plaintext& raw(std::string_view bytes) {
        writer_.text(bytes);
        return *this;
    }
    std::span<const std::byte> padded() {
        REQUIRE(frame::pad(writer_));
        return writer_.written();
    }

  private:
    std::array<std::byte, datagram::plaintext_bytes_max> buffer_{};
    Writer writer_{buffer_};
};

class TestClient {
  public:
    TestClient(std::string own_name, const Path& own_path, std::uint64_t seed)
        : name(std::move(own_name)),
          path(own_path),
          epoch(seed * 1000),
          random_(seed),
          identity(KeyPair::generate(random_)) {}

    std::string name;
    Path path;
    std::uint64_t epoch;
    bool deaf = false;  // what is sent to it gets lost

  private:
    session_test::SeededRandom random_;

  public:
    KeyPair identity;
    datagram::FiniPayload request;  // but for name and epoch
    Key32 password_key{};

    // --- what it heard
    std::optional<frame::Welcome> welcome;
    std::string welcome_name;
    std::size_t welcomes = 0;
    std::vector<frame::Close> closes;
    std::map<Seq, std::string> entries;  // complete ones
    std::vector<Seq> came;               // every entry or part, in the order of coming
    std::vector<frame::MsgAck> msg_acks;
    std::vector<frame::Head> heads;
    std::vector<frame::Gone> gones;
    std::vector<frame::PktAck> pkt_acks;
    std::vector<std::pair<frame::Members, Lines>> members;
    std::vector<frame::PathData> challenges;
    std::vector<datagram::Reset> resets;
    std::size_t pings = 0;
    std::size_t datagrams = 0;
    std::size_t bytes = 0;
    std::vector<std::size_t> sizes;
    std::uint64_t highest = 0;  // entry

    // Everything before it is there, or said to be gone.
    Seq next_seq = 1;

    bool online() const { return sealer_.has_value() && welcome.has_value(); }
    std::uint32_t server_sid() const { return server_sid_; }
    const datagram::RespPayload& offer() const { return offer_; }

    // --- the handshake
    void start(const Now& now) {
        handshake_.reset();
        memory_ = std::make_unique<std::pmr::unsynchronized_pool_resource>();
        handshake_.emplace(now, identity, random_, *memory_);
    }
    Initiator& handshake() { return *handshake_; }
    bool in_handshake() const { return handshake_.has_value(); }
    void trust(const Now& now) {
        offer_ = handshake_->offer();
        datagram::FiniPayload full = request;
        full.client_epoch = epoch;
        full.name_bytes = static_cast<std::uint8_t>(name.size());
        std::ranges::copy(name, full.name.begin());
        handshake_->trust(now, password_key, full);
    }
    // The keys of the finished handshake; those before still open.
    void take_keys() {
        previous_opener_ = std::move(opener_);
        previous_sealer_ = std::move(sealer_);
        opener_.emplace(handshake_->receive_key());
        sealer_.emplace(handshake_->send_key(), handshake_->server_sid());
        client_sid_ = handshake_->client_sid();
        server_sid_ = handshake_->server_sid();
        received_ = received_bytes_ = 0;
    }

    // --- sending
    Bytes seal(Plaintext& plaintext, bool with_previous_key = false) {
        const auto padded = plaintext.padded();
        Bytes datagram(datagram::data_header_bytes + padded.size() + datagram::tag_bytes);
        std::ranges::copy(padded, datagram.begin() + datagram::data_header_bytes);
        Sealer& sealer = with_previous_key ? *previous_sealer_ : *sealer_;
        REQUIRE(sealer.seal(ts, datagram));
        return datagram;
    }
    std::uint16_t ts = 7;

    frame::PktAck pkt_ack() const {
        return {highest_counter_, last_ts_, 0, static_cast<std::uint32_t>(received_),
                static_cast<std::uint32_t>(received_bytes_)};
    }
    frame::RoomAck room_ack(std::uint16_t credit = 1000) const {
        frame::RoomAck ack;
        ack.room = 1;
        ack.next_seq = next_seq;
        ack.credit = credit;
        for (Seq seq = next_seq; seq < known_end_ && ack.count < frame::gaps_max; ++seq) {
            if (entries.contains(seq)) continue;
            const auto parts = parts_.find(seq);
            frame::Gap gap{static_cast<std::uint16_t>(seq - next_seq), 1, 0};
            if (parts != parts_.end()) {
                for (const auto& [part, text] : parts->second)
                    gap.have = static_cast<std::uint8_t>(gap.have | 1U << part);
            }
            ack.gaps[ack.count++] = gap;
        }
        return ack;
    }

    // --- receiving
    void hear(const Now& now, std::span<const std::byte> datagram) {
        ++datagrams;
        bytes += datagram.size();
        sizes.push_back(datagram.size());
        const auto type = datagram::type_of(datagram);
        REQUIRE(type);
        if (type == datagram::Type::reset) {
            resets.push_back(*datagram::decode_reset(datagram));
        } else if (type == datagram::Type::data) {
            hear_data(datagram);
        } else if (handshake_) {
            handshake_->on_datagram(now, datagram);
        }
    }

    Lines lines() const {
        Lines all;
        for (const auto& [seq, text] : entries)
            all.push_back(text);
        return all;
    }
    void forget() {
        closes.clear();
        came.clear();
        msg_acks.clear();
        heads.clear();
        gones.clear();
        pkt_acks.clear();
        members.clear();
        challenges.clear();
        resets.clear();
        sizes.clear();
        pings = datagrams = bytes = welcomes = 0;
    }

  private:
    void hear_data(std::span<const std::byte> datagram) {
        Bytes copy(datagram.begin(), datagram.end());
        bool current = true;
        std::optional<Opened> opened;
        if (opener_) {
            if (auto result = opener_->open(copy)) opened = *result;
        }
        if (!opened && previous_opener_) {
            copy.assign(datagram.begin(), datagram.end());
            current = false;
            if (auto result = previous_opener_->open(copy)) opened = *result;
        }
        REQUIRE(opened);  // the server never seals for somebody else, nor twice
        if (current) {
            ++received_;
            received_bytes_ += datagram.size();
            if (opened->counter >= highest_counter_ || received_ == 1) {
                highest_counter_ = opened->counter;
                last_ts_ = opened->ts;
            }
        }
        std::vector<frame::Frame> frames;
        REQUIRE(frame::read_frames(frame::Sender::server, opened->plaintext, frames));
        for (const auto& one : frames)
            std::visit([this](const auto& f) { take(f); }, one);
        while (entries.contains(next_seq) || gone_.contains(next_seq))
            ++next_seq;
    }

    void take(const frame::Welcome& f) {
        welcome = f;
        welcome_name = f.name;
        ++welcomes;
        next_seq = std::max(next_seq, f.next_seq);
        known_end_ = std::max(known_end_, f.head);
    }
    void take(const frame::Close& f) { closes.push_back(f); }
    void take(const frame::MsgAck& f) { msg_acks.push_back(f); }
    void take(const frame::PktAck& f) { pkt_acks.push_back(f); }
    void take(const frame::Head& f) {
        heads.push_back(f);
        known_end_ = std::max(known_end_, f.head);
    }
    void take(const frame::Gone& f) {
        gones.push_back(f);
        for (Seq seq = f.from; seq <= f.to; ++seq)
            gone_.insert(seq);
        known_end_ = std::max(known_end_, f.to + 1);
    }
    void take(const frame::Ping&) { ++pings; }
    void take(const frame::PathChallenge& f) { challenges.push_back(f.data); }
    void take(const frame::Members& f) {
        auto rest = f.names;
        Lines names;
        while (const auto one = frame::take_member_name(rest))
            names.push_back((one->flags != 0 ? "~" : "") + std::string(one->name));
        members.emplace_back(f, std::move(names));
    }
    void take(const frame::Events& f) {
        auto rest = f.entries;
        for (Seq seq = f.first_seq; seq < f.first_seq + f.count; ++seq) {
            const auto entry = frame::take_entry(rest);
            REQUIRE(entry);
            put(seq, *entry);
        }
    }
    void take(const frame::EventPart& f) {
        came.push_back(f.seq);
        known_end_ = std::max(known_end_, f.seq + 1);
        auto& parts = parts_[f.seq];
        parts[f.part] = Bytes(f.bytes.begin(), f.bytes.end());
        if (parts.size() < f.parts) return;
        Bytes whole;
        for (const auto& [part, some] : parts)
            whole.insert(whole.end(), some.begin(), some.end());
        const auto entry = frame::read_entry(whole);
        REQUIRE(entry);
        put(f.seq, *entry);
        came.pop_back();
    }
    template <class Other>
    void take(const Other&) {
        FAIL("a frame that only clients send");
    }

    void put(Seq seq, const frame::Entry& entry) {
        came.push_back(seq);
        highest = std::max(highest, seq);
        known_end_ = std::max(known_end_, seq + 1);
        const std::string who = (entry.flags != 0 ? "~" : "") + std::string(entry.name);
        std::string text;
        switch (entry.kind) {
            case frame::EntryKind::message:
                text = who + ": " + std::string(entry.text);
                break;
            case frame::EntryKind::join:
                text = "+" + who;
                break;
            case frame::EntryKind::leave:
                text = "-" + who;
                break;
            case frame::EntryKind::announcement:
                text = "! " + std::string(entry.text);
                break;
        }
        const auto [place, fresh] = entries.emplace(seq, text);
        REQUIRE((fresh || place->second == text));  // a number means one entry
    }

    std::unique_ptr<std::pmr::unsynchronized_pool_resource> memory_;
    std::optional<Initiator> handshake_;
    std::optional<Sealer> sealer_, previous_sealer_;
    std::optional<ClientOpener> opener_, previous_opener_;
    datagram::RespPayload offer_;
    std::uint32_t client_sid_ = 0;
    std::uint32_t server_sid_ = 0;
    std::uint64_t highest_counter_ = 0;
    std::uint16_t last_ts_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t received_bytes_ = 0;
    Seq known_end_ = 1;
    std::map<Seq, std::map<std::uint8_t, Bytes>> parts_;
    std::set<Seq> gone_;
};

struct BenchSettings {
    std::uint64_t start_count = 5;
    std::uint64_t log_epoch = 77;
    std::optional<std::string> password;
    std::size_t log_entries_max = memory_log_entries_max;
    ClassicAccess classic = ClassicAccess::any;
};

class SecureBench final : public TransmitSink {
  public:
    explicit SecureBench(const BenchSettings& settings = {})
        : random_(99 + settings.start_count), log(settings.log_entries_max) {
        forget_nonces();                     // the same seeds make the same keys in each test
        session_test::SeededRandom same(4);  // the same server at each start
        ServerSecrets secret{KeyPair::generate(same), SecretKey(session_test::key_of(9)),
                             settings.start_count, std::nullopt, settings.log_epoch};
        key = secret.identity.public_key;
        if (settings.password) secret.password_key = password_key(*settings.password, key);
        server = std::make_unique<Server>(
            ServerConfig{settings.classic, classic_silence_default}, std::move(secret), random_,
            memory_, [](const Endpoint& e) { return "port " + std::to_string(e.port); });
    }

    struct Sent {
        Path to;
        Bytes bytes;
    };
    struct Traffic {
        std::size_t datagrams_in = 0, bytes_in = 0, datagrams_out = 0, bytes_out = 0;
    };

    bool send(const Path& to, std::span<const std::byte> datagram) override {
        if (room == 0) return false;
        --room;
        borrowed_.emplace_back(to, datagram);
        return true;
    }

    // A datagram arrives.
    void arrive(const Path& from, std::span<const std::byte> datagram) {
        Bytes copy(datagram.begin(), datagram.end());
        auto& count = traffic[from.peer];
        ++count.datagrams_in;
        count.bytes_in += copy.size();
        server->on_datagram(now, from, copy, false);
        if (!hold) drive();
    }
    void arrive(const Path& from, std::string_view text) {
        arrive(from, std::as_bytes(std::span(text.data(), text.size())));
    }
    // As NetworkProcess does it.
    void drive() {
        for (;;) {
            if (in_log_.empty()) {
                const auto appends = server->take_appends();
                in_log_.assign(appends.begin(), appends.end());
                for (auto& binding : server->take_bindings())
                    bindings.push_back(std::move(binding));
            }
            if (commits && !in_log_.empty()) {
                const auto seqs = log.append(std::exchange(in_log_, {}));
                server->on_committed(now, seqs);
                continue;
            }
            bool more = true;
            while (more) {
                more = server->poll_transmit(now, *this);
                ++polls;
                flush();
            }
            const auto reads = server->take_reads();
            if (reads.empty()) break;
            for (const auto& read : reads) {
                ++pages_read;
                server->on_page(log.read(read));
            }
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
    void say(TestClient& from, std::uint64_t msg_id, std::string_view text) {
        send(from, frame::Msg{1, msg_id, 0, 1, text});
    }
    // PKT_ACK and ROOM_ACK of what it has.
    void ack(TestClient& from, std::uint16_t credit = 1000) {
        Plaintext plaintext;
        plaintext << from.pkt_ack() << from.room_ack(credit);
        send(from, plaintext);
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
    Seq head() const { return server->chat().head(); }

  private:
    session_test::SeededRandom random_;
    std::pmr::unsynchronized_pool_resource memory_;

  public:
    Now now{Instant{seconds(1000).us}, WallTime{1'700'000'000'000}};
    PublicKey key;
    MemoryLog log;
    std::unique_ptr<Server> server;
    bool commits = true;          // the log answers in the turn
    bool hold = false;            // what arrives is not acted upon before drive()
    std::size_t room = SIZE_MAX;  // datagrams the socket still takes
    std::size_t polls = 0;
    std::size_t pages_read = 0;
    std::vector<NameBinding> bindings;
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
    std::vector<Append> in_log_;
    int past_deadlines_ = 0;
};

}  // namespace chat::server
