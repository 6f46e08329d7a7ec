// SPDX-License-Identifier: MIT
#include "chat-client/core/classic_session.h"

#include <algorithm>
#include <utility>

#include "proto/wire/classic.h"
#include "proto/wire/limits.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::client {

ClassicSession::ClassicSession(std::string room, std::uint64_t seed, const SessionTimes& times)
    : room_(std::move(room)),
      times_(times),
      random_(static_cast<std::minstd_rand::result_type>(seed)),
      log_in_backoff_(times_.log_in),
      quit_backoff_(times_.quit) {}

void ClassicSession::log_in(const Now& now, std::string name) {
    if (!wants_name()) return;
    if (const auto checked = check_name(name); !checked) {
        name_ = clean_line(name);
        refuse_name(ErrorCode::name_unusable,
                    checked.error() == NameError::too_long
                        ? "that name is too long (at most 32 bytes); choose a shorter one"
                        : "that is not a usable name; use letters and figures without spaces");
        return;
    }
    name_ = std::move(name);
    log_in_sent_ = false;
    answers_again_.reset();
    state_ = State::connecting;
    log_in_backoff_.reset();
    log_in_at_ = missing_since_ = now.at;
    change_state(Connection::connecting, {});
}

void ClassicSession::refuse(std::string what, std::string_view room) {
    if (end_) return;
    events_.push_back(Error{
        ErrorCode::not_supported,
        "the plain-text protocol has " + std::move(what) + "; start without --classic for that",
        std::string(room),
        {}});
}

void ClassicSession::join(const Now&, std::string_view room) {
    refuse("one room only", room);
}

void ClassicSession::part(const Now&, std::string_view room) {
    refuse("one room only, which is left with /quit", room);
}

void ClassicSession::list_rooms(const Now&) {
    refuse("one room only", {});
}

void ClassicSession::list_members(const Now&, std::string_view room) {
    refuse("no list of who is here", room);
}

bool ClassicSession::set_topic(const Now&, std::string_view room, std::string_view) {
    refuse("no topics", room);
    return true;
}

void ClassicSession::want_history(const Now&, std::string_view room, std::uint64_t, std::uint32_t) {
    refuse("no history", room);
}

void ClassicSession::search(const Now&, std::string_view room, std::string_view) {
    refuse("no history to search in", room);
}

bool ClassicSession::say(const Now&, std::string_view room, std::string_view text, std::string id) {
    if (!room.empty() && room_key(room) != room_key(room_)) {
        refuse("one room only, so this was not said", room);
        if (!end_) std::get<Error>(events_.back()).id = std::move(id);
        return true;
    }
    const std::string clean = clean_line(text);
    std::string_view rest = clean;
    // For the longest name: this one may yet be refused, and another one chosen.
    const std::size_t bytes = classic::text_bytes_per_datagram(std::string(name_bytes_max, 'x'));
    while (!rest.empty()) {
        const auto part = prefix_within(rest, bytes);
        outbox_.emplace_back(part);
        rest.remove_prefix(part.size());
    }
    return true;
}

void ClassicSession::quit(const Now& now) {
    if (end_ || state_ == State::leaving) return;
    quitting_ = true;
    if (state_ == State::nameless) return finish(End::left, {});
    const bool was_logged_in = state_ == State::online || state_ == State::reconnecting;
    if (was_logged_in && outbox_.empty()) leave(now);
}

void ClassicSession::quit_at_once(const Now& now) {
    if (end_) return;
    // A name that was refused is somebody else's, who would be logged out by our Q.
    if (state_ == State::nameless || !log_in_sent_) return finish(End::left, {});
    if (state_ != State::leaving) return leave(now);
    // Asked twice: without waiting for the answer, but a hang-up and a signal can come in one turn,
    // and the server is to be told all the same.
    if (quits_sent_ > 0) finish(End::left, {});
}

void ClassicSession::leave(const Now& now) {
    outbox_.clear();
    quitting_ = true;
    state_ = State::leaving;
    log_in_at_ = missing_since_ = std::nullopt;
    quit_at_ = now.at;
}

void ClassicSession::finish(End end, std::string reason) {
    end_ = end;
    log_in_at_ = missing_since_ = quit_at_ = std::nullopt;
    change_state(Connection::offline, std::move(reason));
}

void ClassicSession::change_state(Connection state, std::string reason) {
    events_.push_back(StateChange{state, std::move(reason)});
}

void ClassicSession::plan_heartbeat(Instant now) {
    const auto percent = std::uniform_int_distribution<std::int64_t>(80, 120)(random_);
    log_in_backoff_.reset();
    log_in_at_ = now + times_.heartbeat * percent / 100;
    missing_since_.reset();
}

void ClassicSession::heard(const Now& now) {
    if (state_ == State::online) plan_heartbeat(now.at);
}

void ClassicSession::on_logged_in(const Now& now, bool asked) {
    if (state_ == State::online) {
        // An original server says OK too, if it has been started again since; once known for
        // one, it stays one.
        if (asked && !answers_again_.has_value()) answers_again_ = true;
        return;
    }
    if (state_ != State::connecting && state_ != State::reconnecting) return;
    state_ = State::online;
    plan_heartbeat(now.at);
    if (!std::exchange(was_online_, true))
        events_.push_back(Welcome{name_, room_, seq_, {}, true, false, seq_, {}});
    change_state(Connection::online, {});
    if (quitting_ && outbox_.empty()) leave(now);
}

void ClassicSession::on_name_taken(const Now& now, bool asked) {
    const bool was_logged_in = state_ == State::online || state_ == State::reconnecting;
    if (was_logged_in && !answers_again_.value_or(false)) {
        if (asked) answers_again_ = false;
        return on_logged_in(now, false);
    }
    if (state_ == State::nameless || state_ == State::leaving) return;
    refuse_name(ErrorCode::name_taken, "the name " + name_ + " is taken already; choose another");
}

void ClassicSession::refuse_name(ErrorCode code, std::string text) {
    state_ = State::nameless;
    log_in_at_ = missing_since_ = std::nullopt;
    events_.push_back(Error{code, std::move(text)});
    if (quitting_) finish(End::refused, {});
}

void ClassicSession::on_refused(const Now& now) {
    if (end_) return;
    if (state_ == State::leaving) return finish(End::left, {});
    if (state_ == State::online) lose(now, "nobody answers at the server's address");
}

void ClassicSession::lose(const Now& now, std::string reason) {
    state_ = State::reconnecting;
    log_in_backoff_.reset();
    log_in_at_ = now.at + log_in_backoff_.next();
    if (!missing_since_) missing_since_ = now.at;
    change_state(Connection::reconnecting, std::move(reason));
}

void ClassicSession::on_receiver_frame(const Now& now, std::span<const std::byte> frame) {
    const auto events = decode_event_frame(frame);
    if (!events) return;
    for (const auto& event : *events)
        on_server_event(now, event);
}

void ClassicSession::on_server_event(const Now& now, const ServerEvent& event) {
    using Kind = ServerEvent::Kind;
    if (end_) return;
    const bool asked = missing_since_.has_value();
    if (event.kind != Kind::refused) heard(now);
    switch (event.kind) {
        case Kind::said:
            if (event.name == administrator_name) {
                events_.push_back(Announcement{room_, seq_++, std::string(event.text), now.wall});
            } else {
                events_.push_back(Message{room_, seq_++, std::string(event.name),
                                          std::string(event.text), now.wall, false, false, false});
            }
            break;
        case Kind::joined:
            events_.push_back(Joined{room_, seq_++, std::string(event.name), now.wall});
            break;
        case Kind::left:
            events_.push_back(Left{room_, seq_++, std::string(event.name), now.wall});
            break;
        case Kind::logged_in:
            on_logged_in(now, asked);
            break;
        case Kind::name_taken:
            on_name_taken(now, asked);
            break;
        case Kind::name_unusable:
            if (state_ == State::connecting) {
                refuse_name(ErrorCode::name_unusable,
                            "the server does not accept that name; choose another");
            }
            break;
        case Kind::room_full:
            if (state_ == State::connecting || state_ == State::reconnecting) {
                events_.push_back(Error{ErrorCode::room_full, "the room is full; try again later"});
                finish(End::refused, {});
            }
            break;
        case Kind::ended:
            if (state_ == State::leaving) {
                finish(End::left, {});
            } else if (state_ == State::online) {
                events_.push_back(Error{ErrorCode::ended_by_server,
                                        "the server has ended your visit to this room"});
                finish(End::refused, {});
            }
            break;
        case Kind::remark:
            if (!event.text.empty()) events_.push_back(Remark{std::string(event.text)});
            break;
        case Kind::refused:
            on_refused(now);
            break;
    }
}

void ClassicSession::on_deadline(const Now& now) {
    if (end_) return;
    if (state_ == State::leaving) {
        if (quits_sent_ >= times_.quit_tries && quit_at_ && now.at >= *quit_at_) {
            finish(End::left, {});
        }
        return;
    }
    if (!missing_since_) return;
    if (state_ == State::online && now.at - *missing_since_ >= times_.missing_after) {
        lose(now, "the server does not answer");
    }
    if (state_ != State::online && gives_up() && now.at - *missing_since_ >= times_.give_up_after) {
        events_.push_back(Error{ErrorCode::unreachable,
                                "the server can't be reached; is its address right, does it run?"});
        finish(End::unreachable, {});
    }
}

void ClassicSession::address_changed(const Now& now) {
    if (log_in_at_) log_in_at_ = now.at;
}

bool ClassicSession::gives_up() const {
    return gives_up_ || quitting_ || !was_online_;
}

bool ClassicSession::send(TransmitSink& sink, const std::string& datagram) const {
    return sink.send({}, std::as_bytes(std::span(datagram.data(), datagram.size())));
}

void ClassicSession::poll_transmit(const Now& now, TransmitSink& sink) {
    if (end_) return;
    if (log_in_at_ && now.at >= *log_in_at_) {
        if (!send(sink, classic::encode_log_in(name_))) return;
        log_in_sent_ = true;
        if (!missing_since_) missing_since_ = now.at;
        log_in_at_ = now.at + log_in_backoff_.next();
    }
    while (state_ == State::online && !outbox_.empty() && now.at >= say_.ready_at(times_.say)) {
        if (!send(sink, classic::encode_say(name_, outbox_.front()))) return;
        say_.take(now.at, times_.say);
        events_.push_back(Message{room_, seq_++, name_, std::move(outbox_.front()), now.wall, true,
                                  false, false});
        outbox_.pop_front();
        if (quitting_ && outbox_.empty()) leave(now);
    }
    if (quit_at_ && now.at >= *quit_at_ && quits_sent_ < times_.quit_tries) {
        if (!send(sink, classic::encode_quit(name_))) return;
        ++quits_sent_;
        quit_at_ = now.at + quit_backoff_.next();
    }
}

std::optional<Instant> ClassicSession::next_deadline() const {
    if (end_) return std::nullopt;
    std::optional<Instant> next;
    const auto consider = [&next](std::optional<Instant> at) {
        if (at) next = std::min(next.value_or(*at), *at);
    };
    consider(log_in_at_);
    consider(quit_at_);
    if (missing_since_ && state_ == State::online) consider(*missing_since_ + times_.missing_after);
    if (missing_since_ && state_ != State::online && gives_up()) {
        consider(*missing_since_ + times_.give_up_after);
    }
    if (state_ == State::online && !outbox_.empty()) consider(say_.ready_at(times_.say));
    return next;
}

}  // namespace chat::client
