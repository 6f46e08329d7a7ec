// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_session.h"

#include <algorithm>
#include <utility>

#include "chat-client/core/secure_session_impl.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::client {
namespace {

// How long leaving waits for one's own messages to come back, which the server has anyway, and for
// answers.
constexpr Duration own_patience = seconds(3);
constexpr BackoffRule close_again{milliseconds(200), 200, milliseconds(800)};

}  // namespace

SecureSession::Impl::Impl(const SecureSessionConfig& given, const KeyPair& identity,
                          RandomSource& random_source, std::pmr::memory_resource& secret_memory)
    : config(given),
      random(random_source),
      secrets(secret_memory),
      client_epoch(random.u64()),
      handshake(config.trust, std::exchange(config.password, std::nullopt), identity, random,
                secrets, config.handshake),
      outbox(config.outbox_max),
      close_backoff(close_again) {}

void SecureSession::Impl::log_in(const Now& now, std::string wanted) {
    if (state != State::nameless || over) return;
    if (const auto checked = check_name(wanted); !checked) {
        name = clean_line(wanted);
        return refuse_name(
            ErrorCode::name_unusable,
            checked.error() == NameError::too_long
                ? "that name is too long (at most 32 bytes); choose a shorter one"
                : "that is not a usable name; use letters and figures without spaces");
    }
    name = std::move(wanted);
    unanswered_since = now.at;
    change_state(State::connecting, Connection::connecting, {});
    start_handshake(now);
}

void SecureSession::Impl::quit(const Now& now) {
    if (over || state == State::leaving) return;
    quitting = true;
    // Nobody would answer the question any more.
    if (state == State::nameless || handshake.asking_user()) return finish(End::left, {});
    leave_if_done(now);
}

void SecureSession::Impl::quit_at_once(const Now& now) {
    if (over) return;
    quitting = true;
    if (state != State::leaving) return leave(now);
    // Asked twice: without waiting for the answer, but the server is to be told all the same.
    if (closes_sent > 0) finish(End::left, {});
}

void SecureSession::Impl::leave_if_done(const Now& now) {
    if (!quitting || over || outbox.waiting() > 0) return;
    // Whoever leaves wants to have seen his own last words, and what he asked for.
    if (state == State::online && accepts && answers_awaited()) {
        if (!leave_at) {
            leave_at = now.at + own_patience;
            for (auto& [number, member] : rooms)
                member.room.on_head(now.at, gap_rtt(now.at), member.accepted_end);
        }
        if (now.at < *leave_at) return;
    }
    if (state == State::online || state == State::reconnecting) leave(now);
}

bool SecureSession::Impl::answers_awaited() const {
    if (joins.open_for_user() || listing.fetching() || search.running()) return true;
    return std::ranges::any_of(rooms, [](const auto& each) {
        const Membership& member = each.second;
        return member.leaving || member.room.next_seq() < member.accepted_end ||
               (member.history.open() && !member.history.joining());
    });
}

void SecureSession::Impl::leave(const Now& now) {
    // The server may have made a member of us already, though its WELCOME is not here.
    if (!keys && handshake.finishing()) adopt_keys(now, {});
    stop_handshake();
    outbox.clear();
    members.stop();
    members_wanted.clear();
    joins.clear();
    listing.stop();
    search.end();
    landing_awaited = false;
    if (!keys) return finish(End::left, {});
    state = State::leaving;
    unanswered_since = waiting_since = handshake_at = std::nullopt;
    ping_due = false;
    close_at = now.at;
}

void SecureSession::Impl::finish(End how, std::string reason) {
    over = how;
    stop_handshake();
    drop_keys();
    forget_previous();
    change_state(state, Connection::offline, std::move(reason));
}

void SecureSession::Impl::fail(Error error, End how) {
    events.push_back(std::move(error));
    finish(how, {});
}

void SecureSession::Impl::refuse_name(ErrorCode code, std::string text) {
    stop_handshake();
    drop_keys();
    state = State::nameless;
    handshake_at = unanswered_since = std::nullopt;
    refuse(code, std::move(text));
    if (quitting) finish(End::refused, {});
}

void SecureSession::Impl::change_state(State to, Connection shown, std::string reason) {
    state = to;
    // A server that says the same every second has said it.
    if (!reason.empty() && last_told.state == shown && last_told.reason == reason) return;
    last_told = {shown, std::move(reason)};
    events.push_back(last_told);
}

void SecureSession::Impl::decide_trust(const Now& now, bool trusted) {
    if (over) return;
    if (handshake.asking_user()) unanswered_since = now.at;
    on_handshake_step(now, handshake.decide(trusted));
}

void SecureSession::Impl::set_accepts_events(const Now& now, bool wanted) {
    if (over || accepts == wanted) return;
    accepts = wanted;
    const std::size_t first = events.size();
    for (auto& [number, member] : rooms) {
        const Before before = mark(member);
        const bool list_is_old = member.room.set_accepts(accepts, events);
        show_news(member, before, list_is_old);
        advance(now, member);
    }
    note_events(first);
    // The server must hear that it may go on; what asks for an answer is sent until it has one.
    if (accepts) ping_due = keys.has_value();
}

SecureSession::SecureSession(const SecureSessionConfig& config, const KeyPair& identity,
                             RandomSource& random, std::pmr::memory_resource& secrets)
    : impl_(std::make_unique<Impl>(config, identity, random, secrets)) {}

SecureSession::~SecureSession() = default;

void SecureSession::log_in(const Now& now, std::string name) {
    impl_->log_in(now, std::move(name));
}

bool SecureSession::say(const Now& now, std::string_view room, std::string_view text,
                        std::string id) {
    return impl_->say(now, room, text, id);
}

void SecureSession::join(const Now&, std::string_view room) {
    impl_->join(room);
}

void SecureSession::part(const Now&, std::string_view room) {
    impl_->part(room);
}

void SecureSession::list_rooms(const Now&) {
    impl_->listing.fetch();
}

void SecureSession::list_members(const Now&, std::string_view room) {
    impl_->list_members(room);
}

bool SecureSession::set_topic(const Now& now, std::string_view room, std::string_view text) {
    return impl_->set_topic(now, room, text);
}

void SecureSession::want_history(const Now& now, std::string_view room, std::uint64_t before,
                                 std::uint32_t limit) {
    impl_->want_history(now, room, before, limit);
}

void SecureSession::search(const Now&, std::string_view room, std::string_view words) {
    impl_->find(room, words);
}

void SecureSession::quit(const Now& now) {
    impl_->quit(now);
}

void SecureSession::quit_at_once(const Now& now) {
    impl_->quit_at_once(now);
}

void SecureSession::set_gives_up(bool gives_up) {
    impl_->gives_up_wanted = gives_up;
}

void SecureSession::decide_trust(const Now& now, bool trusted) {
    impl_->decide_trust(now, trusted);
}

void SecureSession::set_accepts_events(const Now& now, bool accepts) {
    impl_->set_accepts_events(now, accepts);
}

void SecureSession::on_receiver_frame(const Now& now, std::span<const std::byte> frame) {
    const auto received = decode_receiver_packet(frame);
    if (!received) return;
    for (const auto& event : *received) {
        if (impl_->over) return;
        impl_->on_event(now, event);
    }
    impl_->settle();
    impl_->leave_if_done(now);
}

void SecureSession::on_receiver_started(const Now& now) {
    if (!impl_->over) impl_->on_receiver_started(now);
}

void SecureSession::on_refused(const Now& now) {
    if (!impl_->over) impl_->on_refused(now);
}

void SecureSession::address_changed(const Now& now) {
    if (!impl_->over) impl_->address_changed(now);
}

void SecureSession::on_deadline(const Now& now) {
    if (!impl_->over) impl_->on_deadline(now);
}

void SecureSession::poll_transmit(const Now& now, TransmitSink& sink) {
    if (!impl_->over) impl_->poll_transmit(now, sink);
}

std::vector<std::vector<std::byte>> SecureSession::take_receiver_orders() {
    return std::exchange(impl_->orders, {});
}

std::vector<Event> SecureSession::take_events() {
    return std::exchange(impl_->events, {});
}

bool SecureSession::take_wants_reconnect() {
    return std::exchange(impl_->wants_reconnect, false);
}

std::optional<PublicKey> SecureSession::take_trusted_key() {
    return impl_->handshake.take_trusted_key();
}

std::optional<Instant> SecureSession::next_deadline() const {
    if (impl_->over) return std::nullopt;
    return impl_->next_deadline();
}

const std::optional<Session::End>& SecureSession::end() const {
    return impl_->over;
}

bool SecureSession::wants_name() const {
    return impl_->state == Impl::State::nameless && !impl_->over;
}

bool SecureSession::online() const {
    return impl_->state == Impl::State::online;
}

bool SecureSession::never_reached() const {
    return impl_->state == Impl::State::connecting && !impl_->was_answered;
}

const std::string& SecureSession::name() const {
    return impl_->name;
}

bool SecureSession::accepts_input() const {
    return impl_->outbox.accepts();
}

std::size_t SecureSession::waiting() const {
    return impl_->outbox.waiting();
}

}  // namespace chat::client
