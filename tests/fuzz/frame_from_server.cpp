// SPDX-License-Identifier: MIT
#include <array>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "chat-client/core/receiver.h"
#include "chat-client/core/secure_session.h"
#include "proto/session/nonce_check.h"
#include "proto/session/responder.h"
#include "tests/fuzz/frame_fuzz.h"
#include "tests/simulation/seeded_random.h"

namespace chat::fuzz {
namespace {

constexpr int operations_max = 64;
constexpr Duration time_max = seconds(600);

class Play final : public TransmitSink {
  public:
    explicit Play(Script script)
        : script_(script),
          server_(KeyPair::generate(random_)),
          client_(KeyPair::generate(random_)),
          responder_({1, std::nullopt, {.log_epoch = 5}}, server_, random_, memory_,
                     [](std::uint32_t) { return false; }),
          session_(config(), client_, random_, memory_),
          receiver_(std::make_unique<client::Receiver>(memory_)) {
        forget_nonces();  // the same keys with each input
        session_.set_gives_up(false);
        session_.on_receiver_started(now_);
        session_.log_in(now_, "erin");
        while (!sealer_)
            turn();
    }

    void run() {
        for (int i = 0; i < operations_max && !script_.empty() && !session_.end(); ++i) {
            operation(script_.byte());
            turn();
        }
        passes(seconds(60));
    }

    bool send(const Path&, std::span<const std::byte> datagram) override {
        sent_.emplace_back(datagram.begin(), datagram.end());
        return true;
    }

  private:
    static client::SecureSessionConfig config() {
        client::SecureSessionConfig config;
        config.trust.accept_new = true;
        return config;
    }

    void operation(std::uint8_t code) {
        switch (code % 16) {
            case 0:
                return passes_at_most(milliseconds(script_.byte()));
            case 1:
                return passes_at_most(seconds(script_.byte()));
            case 2:
                session_.say(now_, "lobby", as_text(script_.bytes(script_.byte())), "said");
                return;
            case 3:
                session_.say(now_, "lobby", std::string(script_.u16() % 8192 + 1, 'z'), "long");
                return;
            case 4:
                return session_.set_accepts_events(now_, script_.byte() % 2 == 0);
            case 5:
                receiver_ = std::make_unique<client::Receiver>(memory_);
                frames_ = {};
                return session_.on_receiver_started(now_);
            case 6:
                return script_.byte() % 2 == 0 ? session_.on_refused(now_)
                                               : session_.address_changed(now_);
            case 7:
                return script_.byte() % 8 == 0 ? session_.quit_at_once(now_) : session_.quit(now_);
            case 8:
                answers_ = script_.byte() % 2 == 0;
                return;
            case 9:
                return welcome();
            case 10:
                // What a receiver process that has fallen to the enemy may say.
                return session_.on_receiver_frame(now_, script_.bytes(script_.byte()));
            case 11:
                return want(script_.byte());
            default:
                if (sealer_) heard(seal(*sealer_, take_plaintext(script_), code));
        }
    }

    // What a user may ask for besides saying something.
    void want(std::uint8_t what) {
        static constexpr std::string_view rooms[] = {"lobby", "garden", "@bob", "nowhere"};
        const std::string_view room = rooms[what / 8 % std::size(rooms)];
        switch (what % 8) {
            case 0:
                return session_.join(now_, room);
            case 1:
                return session_.part(now_, room);
            case 2:
                return session_.list_rooms(now_);
            case 3:
                return session_.list_members(now_, room);
            case 4:
                session_.set_topic(now_, room, as_text(script_.bytes(script_.byte())));
                return;
            case 5:
                return session_.want_history(now_, room, script_.byte(), 1U + script_.byte());
            case 6:
                return session_.search(now_, room, as_text(script_.bytes(script_.byte())));
            default:
                session_.say(now_, room, "elsewhere", "there");
        }
    }

    void welcome() {
        if (!sealer_) return;
        frame::Room room;
        room.room = 1;
        room.tail = 1 + script_.byte() % 16;
        room.next_seq = room.tail + script_.byte() % 16;
        room.head = room.next_seq + script_.byte();
        room.name = "lobby";
        const std::uint8_t flags = script_.byte();
        room.flags = flags / 4 % 2;
        frame::Welcome welcome;
        welcome.room = room.room;
        welcome.flags = flags % 4;
        welcome.name = "erin";
        std::array<std::byte, datagram::plaintext_bytes_max> buffer;
        Writer writer(buffer);
        require(write(writer, welcome) && write(writer, room) && frame::pad(writer),
                "a welcome fits");
        heard(seal(*sealer_, writer.written(), 0));
    }

    void passes_at_most(Duration time) {
        time = std::min(time, time_left_);
        time_left_ = time_left_ - time;
        passes(time);
    }
    void passes(Duration time) {
        const Instant end = now_.at + time;
        int turns_at_once = 0;
        while (!session_.end()) {
            const auto next = session_.next_deadline();
            if (!next || *next > end) break;
            turns_at_once = *next <= now_.at ? turns_at_once + 1 : 0;
            require(turns_at_once < 100, "the client sleeps until something is to be done");
            now_.at = std::max(now_.at, *next);
            turn();
        }
        now_.at = end;
        turn();
    }

    void turn() {
        hand_over();
        if (!session_.end()) {
            session_.on_deadline(now_);
            session_.poll_transmit(now_, *this);
        }
        obey();
        show();
        session_.take_trusted_key();
        if (session_.take_wants_reconnect()) session_.address_changed(now_);
        for (auto& datagram : std::exchange(sent_, {}))
            is_sent(datagram);
        hand_over();
    }

    void obey() {
        for (const auto& order : session_.take_receiver_orders())
            require(receiver_->on_order(order), "the receiver understands its orders");
    }

    void hand_over() {
        for (const auto& packet : frames_.take()) {
            require(client::decode_receiver_packet(packet).has_value(),
                    "the receiver is understood");
            session_.on_receiver_frame(now_, packet);
            obey();
            show();
        }
    }

    void heard(Bytes datagram) { receiver_->on_datagram(now_.at, datagram, frames_); }

    void is_sent(Bytes& datagram) {
        require(datagram.size() <= datagram::bytes_max, "a datagram has bounds");
        const auto type = datagram::type_of(datagram);
        require(type.has_value(), "the client sends datagrams that are datagrams");
        if (*type == datagram::Type::init) {
            const auto answer = responder_.on_init(now_, client_at_, datagram);
            if (answers_) heard({answer.begin(), answer.end()});
        } else if (*type == datagram::Type::fini) {
            establish(datagram);
        } else {
            open(datagram);
        }
    }

    void establish(std::span<const std::byte> fini) {
        const auto established = responder_.on_fini(now_, client_at_, fini).established;
        if (!established) return;
        require(established->client == client_.public_key, "the client is who he is");
        sealer_.emplace(established->server_key, established->client_sid);
        previous_opener_ = std::move(opener_);
        opener_.emplace(established->client_key);
        server_sid_ = established->server_sid;
        responder_.accepted(server_sid_);
    }

    void open(Bytes& datagram) {
        const bool is_current = datagram::receiver_sid(datagram) == server_sid_;
        auto& opener = is_current ? opener_ : previous_opener_;
        // Two handshakes ago: its keys are forgotten here.
        if (!opener || (!is_current && opener->forged() > 0)) return;
        const auto opened = opener->open(datagram);
        if (!is_current && !opened) return;
        require(opened.has_value(), "what the client seals opens, once");
        std::vector<frame::Frame> frames;
        require(frame::read_frames(frame::Sender::client, opened->plaintext, frames),
                "the client sends frames that are frames");
    }

    // However a server lies, in no room is anything shown twice, and no hole is silent.
    void show() {
        for (const auto& event : session_.take_events())
            std::visit([this](const auto& e) { shown(e); }, event);
    }
    void shown(const client::Welcome& welcome) { places_[welcome.room] = {welcome.next, 0}; }
    void shown(const client::RoomLeft& left) { places_.erase(left.room); }
    void shown(const client::Message& message) { is_entry(message); }
    void shown(const client::Joined& joined) { is_entry(joined); }
    void shown(const client::Left& left) { is_entry(left); }
    void shown(const client::Announcement& announcement) { is_entry(announcement); }
    void shown(const client::Topic& topic) { is_entry(topic); }
    void shown(const client::HistoryEnd& end) { place_in(end.room).history = 0; }
    void shown(const client::Gap& gap) {
        Place& place = place_in(gap.room);
        if (gap.history) {
            require(gap.from == 1 && gap.to >= 1 && place.history == 0,
                    "what is no longer kept is the beginning");
            place.history = gap.to;
            return;
        }
        require(gap.from == place.next && gap.to >= gap.from, "a gap begins where the user is");
        place.next = gap.to + 1;
    }
    void shown(const client::Error& error) {
        if (error.code == client::ErrorCode::history_restarted) places_.clear();
    }
    template <class Other>
    void shown(const Other&) {}

    struct Place {
        std::uint64_t next = 0;     // the number to be shown next
        std::uint64_t history = 0;  // the last one shown of what was asked for; 0: nothing is
    };
    Place& place_in(const std::string& room) {
        const auto found = places_.find(room);
        require(found != places_.end(), "nothing is shown before the welcome");
        return found->second;
    }
    template <class Entry>
    void is_entry(const Entry& entry) {
        Place& place = place_in(entry.room);
        if (entry.history) {
            require(entry.seq > place.history, "what was asked for is shown ascending");
            place.history = entry.seq;
        } else {
            require(entry.seq == place.next, "a number is shown once, ascending, without a hole");
            place.next = entry.seq + 1;
        }
    }

    Script script_;
    Now now_{{seconds(1000).us}, {}};
    simulation::SeededRandom random_{13};
    std::pmr::memory_resource& memory_ = *std::pmr::new_delete_resource();
    Endpoint client_at_{IpAddress::v4(192, 0, 2, 1), 4000};
    KeyPair server_;
    KeyPair client_;
    Responder responder_;
    client::SecureSession session_;
    std::unique_ptr<client::Receiver> receiver_;
    client::ReceiverFrames frames_;
    Duration time_left_ = time_max;
    bool answers_ = true;  // the server answers an INIT
    std::optional<Sealer> sealer_;
    std::optional<ServerOpener> opener_;
    std::optional<ServerOpener> previous_opener_;
    std::uint32_t server_sid_ = 0;
    std::vector<Bytes> sent_;
    std::map<std::string, Place> places_;  // by room
};

}  // namespace

void play_frames_from_server(Script script) {
    Play(script).run();
}

}  // namespace chat::fuzz
