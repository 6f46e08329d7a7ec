// SPDX-License-Identifier: MIT
#include "tests/simulation/person.h"

#include <type_traits>
#include <utility>

#include "proto/wire/classic.h"

namespace chat::simulation {

using client::ServerEvent;
using End = client::Session::End;

class Person::Sink final : public TransmitSink {
  public:
    explicit Sink(Person& person) : person_(person) {}

    bool send(const Path&, std::span<const std::byte> datagram) override {
        person_.promise(datagram.size() <= classic::datagram_bytes_max, "a datagram fits");
        person_.network_.send(person_.now_.at, person_.address_, person_.server_, datagram);
        return true;
    }

  private:
    Person& person_;
};

Person::Person(Network& network, const Now& now, const Endpoint& address, const Endpoint& server,
               std::uint64_t seed)
    : network_(network),
      now_(now),
      address_(address),
      server_(server),
      session_("lobby", seed),
      began_(now.at) {
    network_.listen(address_, *this);
}

void Person::promise(bool kept, std::string_view what) {
    if (kept || broken_) return;
    broken_ = std::string(what) + ": " + session_.name();
}

void Person::on_datagram(const Datagram& datagram) {
    touched_ = true;
    // A connected socket takes nothing from others.
    if (datagram.from != server_) return;
    const auto event = client::to_server_event(classic::decode_notice(datagram.bytes));
    if (event.kind == ServerEvent::Kind::logged_in) logged_in_heard_ = now_.at;
    if (frame_.add(event)) return;
    take_frame();
    promise(frame_.add(event), "an event fits into an empty frame");
}

void Person::on_port_unreachable(const Endpoint& peer) {
    touched_ = true;
    if (peer != server_) return;
    promise(frame_.add({ServerEvent::Kind::refused, {}, {}}), "a batch fits into a frame");
}

void Person::take_frame() {
    const auto events = client::decode_event_frame(frame_.bytes());
    promise(events.has_value(), "what the receiver says is understood");
    if (events) {
        for (const auto& event : *events)
            session_.on_server_event(now_, event);
    }
    frame_.clear();
}

bool Person::wants_turn() const {
    if (!is_there()) return false;
    const auto deadline = session_.next_deadline();
    return touched_ || (deadline && *deadline <= now_.at);
}

void Person::turn() {
    touched_ = false;
    if (killed_) return;
    take_frame();
    session_.on_deadline(now_);
    transmit();
    show_events();
    while (session_.wants_name() && !other_names_.empty()) {
        session_.log_in(now_, std::move(other_names_.front()));
        other_names_.pop_front();
        transmit();
        show_events();
    }
    if (session_.wants_name()) return is_killed();
    const auto deadline = session_.next_deadline();
    promise(!deadline || *deadline > now_.at, "the client sleeps until something is to be done");
    promise(session_.end() || deadline, "a visit that is not over goes on by itself");
    check_end();
}

void Person::transmit() {
    Sink sink(*this);
    session_.poll_transmit(now_, sink);
}

void Person::check_end() {
    if (!session_.end()) return;
    promise(offline_, "the end is shown");
    switch (*session_.end()) {
        case End::left:
            promise(asked_to_quit_, "a visit ends with leaving only if the user wants it");
            break;
        case End::refused:
            promise(turned_away_, "the user is told why he was refused");
            break;
        case End::unreachable:
            promise(now_.at - logged_in_heard_.value_or(began_) >= seconds(30),
                    "a server is given up only after half a minute");
            break;
    }
    network_.close(address_);
}

void Person::number(std::uint64_t seq) {
    promise(seq == next_number_, "what is shown is numbered without a hole");
    ++next_number_;
}

void Person::show_events() {
    for (const auto& event : session_.take_events())
        show(event);
}

void Person::show(const client::Event& event) {
    promise(!offline_, "nothing is shown after the end");
    std::visit(
        [this](const auto& e) {
            using T = std::decay_t<decltype(e)>;
            if constexpr (std::is_same_v<T, client::Welcome>) {
                promise(!std::exchange(welcomed_, true), "one welcome");
                promise(e.next == next_number_, "the welcome names the next number");
            } else if constexpr (std::is_same_v<T, client::Message>) {
                number(e.seq);
                promise(e.own || e.from != "管理员", "nobody passes for the administrator");
                screen_.push_back("<" + e.from + "> " + e.text);
            } else if constexpr (std::is_same_v<T, client::Joined>) {
                number(e.seq);
                screen_.push_back("* " + e.name + " joined");
            } else if constexpr (std::is_same_v<T, client::Left>) {
                number(e.seq);
                screen_.push_back("* " + e.name + " left");
            } else if constexpr (std::is_same_v<T, client::Announcement>) {
                number(e.seq);
                screen_.push_back("! " + e.text);
            } else if constexpr (std::is_same_v<T, client::Remark>) {
                screen_.push_back("-- " + e.text);
            } else if constexpr (std::is_same_v<T, client::StateChange>) {
                promise(e.state != client::Connection::online || welcomed_, "welcome, then online");
                if (e.state == client::Connection::offline) offline_ = true;
                screen_.push_back("-- " + std::string(state_word(e.state)));
            } else if constexpr (std::is_same_v<T, client::Error>) {
                using enum client::ErrorCode;
                if (e.code == name_taken || e.code == name_unusable || e.code == room_full ||
                    e.code == ended_by_server) {
                    turned_away_ = true;
                }
                screen_.push_back("-- error: " + std::string(code_word(e.code)));
            } else {
                promise(false, "the plain-text protocol has no such event");
            }
        },
        event);
}

void Person::logs_in(std::string name) {
    session_.log_in(now_, std::move(name));
    turn();
}

void Person::says(std::string_view text) {
    session_.say(now_, "lobby", text, {});
    turn();
}

void Person::quits() {
    asked_to_quit_ = true;
    session_.quit(now_);
    turn();
}

void Person::quits_at_once() {
    asked_to_quit_ = true;
    session_.quit_at_once(now_);
    turn();
}

void Person::is_killed() {
    killed_ = true;
    network_.close(address_);
}

void Person::moves_to(const Endpoint& address) {
    network_.close(address_);
    address_ = address;
    network_.listen(address_, *this);
}

}  // namespace chat::simulation
