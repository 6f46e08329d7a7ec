// SPDX-License-Identifier: MIT
#include <array>
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
                session_.say(now_, as_text(script_.bytes(script_.byte())), "said");
                return;
            case 3:
                session_.say(now_, std::string(script_.u16() % 8192 + 1, 'z'), "long");
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
            default:
                if (sealer_) heard(seal(*sealer_, take_plaintext(script_), code));
        }
    }

    void welcome() {
        if (!sealer_) return;
        frame::Welcome welcome;
        welcome.room = 1;
        welcome.tail = 1 + script_.byte() % 16;
        welcome.next_seq = welcome.tail + script_.byte() % 16;
        welcome.head = welcome.next_seq + script_.byte();
        welcome.flags = script_.byte() % 4;
        welcome.name = "erin";
        std::array<std::byte, datagram::plaintext_bytes_max> buffer;
        Writer writer(buffer);
        require(write(writer, welcome) && frame::pad(writer), "a welcome fits");
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

    // However a server lies, nothing is shown twice, and no hole is silent.
    void show() {
        for (const auto& event : session_.take_events())
            std::visit([this](const auto& e) { shown(e); }, event);
    }
    void shown(const client::Welcome& welcome) { next_ = welcome.next; }
    void shown(const client::Message& message) { number(message.seq); }
    void shown(const client::Joined& joined) { number(joined.seq); }
    void shown(const client::Left& left) { number(left.seq); }
    void shown(const client::Announcement& announcement) { number(announcement.seq); }
    void shown(const client::Gap& gap) {
        if (std::exchange(renumbered_, false)) next_ = gap.from;
        require(gap.from == next_ && gap.to >= gap.from, "a gap begins where the user is");
        next_ = gap.to + 1;
    }
    void shown(const client::Error& error) {
        if (error.code == client::ErrorCode::history_restarted) renumbered_ = true;
    }
    template <class Other>
    void shown(const Other&) {}
    void number(std::uint64_t seq) {
        require(next_ != 0, "nothing is shown before the welcome");
        if (std::exchange(renumbered_, false)) next_ = seq;
        require(seq == next_, "every number is shown once, ascending, without a hole");
        next_ = seq + 1;
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
    std::uint64_t next_ = 0;   // the number to be shown next; 0 before the welcome
    bool renumbered_ = false;  // the server claims to have another log than before
};

}  // namespace

void play_frames_from_server(Script script) {
    Play(script).run();
}

}  // namespace chat::fuzz
