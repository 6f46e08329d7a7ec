// SPDX-License-Identifier: MIT
#include "tests/simulation/secure_person.h"

#include <utility>

namespace chat::simulation {
namespace {

constexpr Duration receiver_revival = milliseconds(50);

}  // namespace

class SecurePerson::Sink final : public TransmitSink {
  public:
    explicit Sink(SecurePerson& person) : person_(person) {}

    bool send(const Path&, std::span<const std::byte> datagram) override {
        const Surroundings& around = person_.surroundings_;
        around.watch.on_sent(person_.address_, around.server, datagram);
        around.network.send(around.now.at, person_.address_, around.server, datagram);
        return true;
    }

  private:
    SecurePerson& person_;
};

SecurePerson::SecurePerson(const Surroundings& surroundings, const Endpoint& address,
                           PersonSettings settings, std::uint64_t seed)
    : surroundings_(surroundings),
      address_(address),
      settings_(std::move(settings)),
      random_(seed),
      reading_(std::make_unique<Reading>(surroundings.ledger, surroundings.personas, settings_.name,
                                         settings_.history_on_joining > 0)) {
    surroundings_.network.listen(address_, *this);
    starts_again();
}

void SecurePerson::starts_again() {
    client::SecureSessionConfig config;
    config.room = settings_.room;
    config.trust.pinned = known_server_;
    config.trust.accept_new = true;
    config.password = settings_.password;
    config.history_on_joining = settings_.history_on_joining;
    shown_before_ += reading_->shown();
    reading_ = std::make_unique<Reading>(surroundings_.ledger, surroundings_.personas, name(),
                                         settings_.history_on_joining > 0);
    session_ = std::make_unique<client::SecureSession>(config, settings_.identity, random_,
                                                       *std::pmr::new_delete_resource());
    session_->set_gives_up(false);
    receiver_ = std::make_unique<client::Receiver>(*std::pmr::new_delete_resource());
    taken_.clear();
    receiver_due_.reset();
    stopped_until_.reset();
    was_online_ = false;
    session_->on_receiver_started(surroundings_.now);
    session_->log_in(surroundings_.now, name());
    touched_ = true;
}

const std::optional<std::string>& SecurePerson::broken() const {
    return broken_ ? broken_ : reading_->broken();
}

void SecurePerson::on_datagram(const Datagram& datagram) {
    surroundings_.watch.on_delivered(datagram);
    // A connected socket takes nothing from others.
    if (datagram.from != surroundings_.server || session_ == nullptr) return;
    if (socket_buffer_.size() < socket_buffer_datagrams) socket_buffer_.push_back(datagram.bytes);
    touched_ = true;
}

void SecurePerson::on_port_unreachable(const Endpoint& peer) {
    if (peer == surroundings_.server) refused_ = touched_ = true;
}

bool SecurePerson::wants_turn() const {
    if (session_ == nullptr || is_stopped()) return false;
    const auto deadline = next_deadline();
    return touched_ || (deadline && *deadline <= surroundings_.now.at);
}

std::optional<Instant> SecurePerson::next_deadline() const {
    if (session_ == nullptr) return std::nullopt;
    if (is_stopped()) return stopped_until_;
    std::optional<Instant> next = session_->end() ? std::nullopt : session_->next_deadline();
    if (receiver_due_) next = std::min(next.value_or(*receiver_due_), *receiver_due_);
    return next;
}

void SecurePerson::turn() {
    touched_ = false;
    stopped_until_.reset();
    const Now& now = surroundings_.now;
    if (receiver_due_ && now.at >= *receiver_due_) {
        receiver_due_.reset();
        receiver_ = std::make_unique<client::Receiver>(*std::pmr::new_delete_resource());
        taken_.clear();
        session_->on_receiver_started(now);
    }
    if (std::exchange(refused_, false)) session_->on_refused(now);
    obey();
    receive();
    hand_over();
    if (session_->end()) return show();
    session_->on_deadline(now);
    transmit();
    obey();
    show();
    if (auto key = session_->take_trusted_key()) known_server_ = *key;
    if (session_->take_wants_reconnect()) session_->address_changed(now);
}

void SecurePerson::receive() {
    if (!receiver_) return;
    for (auto& datagram : std::exchange(socket_buffer_, {}))
        receiver_->on_datagram(surroundings_.now.at, datagram, frames_);
}

void SecurePerson::hand_over() {
    for (const auto& packet : frames_.take()) {
        check_taken_once(packet);
        session_->on_receiver_frame(surroundings_.now, packet);
        // Between two packets the terminal process may show what the first one brought.
        show();
    }
}

void SecurePerson::check_taken_once(std::span<const std::byte> packet) {
    const auto events = client::decode_receiver_packet(packet);
    if (!events) {
        if (!broken_) broken_ = "the receiver's packets are understood";
        return;
    }
    for (const auto& event : *events) {
        const auto* received = std::get_if<client::PacketReceived>(&event);
        if (received == nullptr || taken_.emplace(received->sid, received->counter).second)
            continue;
        if (!broken_) broken_ = "no datagram is taken twice";
    }
}

// Orders are carried out before the next datagram, as the channel is read before the socket.
void SecurePerson::obey() {
    for (const auto& order : session_->take_receiver_orders()) {
        if (receiver_ && !receiver_->on_order(order) && !broken_) {
            broken_ = "the receiver understands its orders";
        }
    }
}

void SecurePerson::transmit() {
    Sink sink(*this);
    session_->poll_transmit(surroundings_.now, sink);
}

void SecurePerson::show() {
    was_online_ = was_online_ || session_->online();
    for (const auto& event : session_->take_events()) {
        reading_->on_event(event);
        if (const auto* error = std::get_if<client::Error>(&event)) {
            errors_.push_back(error->code);
        }
    }
}

bool SecurePerson::says_in(const std::string& room, std::string text) {
    if (!takes_wishes() || !session_->accepts_input()) return false;
    std::string id = name() + "-" + std::to_string(++said_);
    // It is known before an answer to it can come.
    surroundings_.ledger.on_said(name(), text);
    reading_->on_said(id, room, text);
    const bool taken = session_->say(surroundings_.now, room, text, id);
    if (!taken && !broken_) broken_ = "whoever accepts input takes it";
    touched_ = true;
    return true;
}

bool SecurePerson::sets_topic(const std::string& room, std::string text) {
    if (!takes_wishes() || !session_->accepts_input()) return false;
    surroundings_.ledger.on_said(name(), text);
    touched_ = true;
    return session_->set_topic(surroundings_.now, room, text);
}

void SecurePerson::joins(const std::string& room) {
    if (!takes_wishes()) return;
    session_->join(surroundings_.now, room);
    touched_ = true;
}

void SecurePerson::parts(const std::string& room) {
    if (!takes_wishes()) return;
    reading_->on_part_wanted(room);
    session_->part(surroundings_.now, room);
    touched_ = true;
}

void SecurePerson::scrolls_up(const std::string& room, std::uint32_t limit, server::Seq before) {
    if (!takes_wishes() || !reading_->is_in(room)) return;
    reading_->on_history_wanted(room);
    session_->want_history(surroundings_.now, room, before, limit);
    touched_ = true;
}

void SecurePerson::searches(const std::string& room, const std::string& words) {
    if (!takes_wishes()) return;
    reading_->on_searched(words);
    session_->search(surroundings_.now, room, words);
    touched_ = true;
}

void SecurePerson::lists_rooms() {
    if (!takes_wishes()) return;
    session_->list_rooms(surroundings_.now);
    touched_ = true;
}

void SecurePerson::lists_members(const std::string& room) {
    if (!takes_wishes()) return;
    session_->list_members(surroundings_.now, room);
    touched_ = true;
}

void SecurePerson::quits() {
    if (!is_running()) return;
    session_->quit(surroundings_.now);
    touched_ = true;
}

void SecurePerson::moves_to(const Endpoint& address) {
    surroundings_.network.close(address_);
    address_ = address;
    surroundings_.network.listen(address_, *this);
}

void SecurePerson::receiver_dies() {
    if (!receiver_) return;
    receiver_.reset();
    frames_ = {};
    receiver_due_ = surroundings_.now.at + receiver_revival;
}

void SecurePerson::program_dies() {
    session_.reset();
    receiver_.reset();
    receiver_due_.reset();
    frames_ = {};
    socket_buffer_.clear();
}

void SecurePerson::reads(bool reads) {
    if (!is_running()) return;
    session_->set_accepts_events(surroundings_.now, reads);
    touched_ = true;
}

}  // namespace chat::simulation
