// SPDX-License-Identifier: MIT
// The client's brain for the plain-text protocol: logs in and keeps the log-in alive, sends what
// the user says at a pace the server can take, notices that the server is gone or back, leaves
// politely. The secure protocol is SecureSession's, and neither ever becomes the other.
//
// The protocol confirms nothing but the log-in, so that is what liveness is built on: while
// nothing is heard, L is repeated now and then. Our server answers OK to the member's own L, an
// original server says that the name is taken; both mean that it is there and knows us. After
// that server has been started again, the same L logs in anew.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "chat-client/core/event.h"
#include "chat-client/core/server_event.h"
#include "chat-client/core/session.h"
#include "proto/link/backoff.h"
#include "proto/link/token_bucket.h"
#include "proto/wire/time.h"
#include "proto/wire/transmit.h"

namespace chat::client {

struct SessionTimes {
    BackoffRule log_in{milliseconds(500), 150, seconds(3)};
    // Silence before the server is asked whether it is still there, each time +- 20 %, so that
    // many clients do not ask in step.
    Duration heartbeat = seconds(25);
    // Asked for this long without any answer: the server is gone.
    Duration missing_after = seconds(10);
    // Gone for this long: given up, where giving up is allowed.
    Duration give_up_after = seconds(30);
    BackoffRule quit{milliseconds(200), 200, milliseconds(800)};
    int quit_tries = 3;
    // One person's paste, and then a rate at which twenty such clients are no load.
    TokenRate say{milliseconds(10), 32};
    // What the user may have typed ahead; see accepts_input().
    std::size_t outbox_max = 256;
};

class ClassicSession final : public Session {
  public:
    ClassicSession(std::string room, std::uint64_t seed, const SessionTimes& times = {});

    void log_in(const Now& now, std::string name) override;
    // `text` is made one clean line, and split if it is longer than a datagram takes. The protocol
    // confirms no message, so nothing comes back for an id. What has been read already is taken
    // even when accepts_input() is false. There is one room.
    bool say(const Now& now, std::string_view room, std::string_view text, std::string id) override;
    // The protocol knows none of these; he is told so.
    void join(const Now& now, std::string_view room) override;
    void part(const Now& now, std::string_view room) override;
    void list_rooms(const Now& now) override;
    void list_members(const Now& now, std::string_view room) override;
    bool set_topic(const Now& now, std::string_view room, std::string_view text) override;
    void want_history(const Now& now, std::string_view room, std::uint64_t before,
                      std::uint32_t limit) override;
    void search(const Now& now, std::string_view room, std::string_view words) override;
    void quit(const Now& now) override;
    void quit_at_once(const Now& now) override;
    void set_gives_up(bool gives_up) override { gives_up_ = gives_up; }
    // There is no key to trust, and nothing is kept for a user who cannot read at present.
    void decide_trust(const Now&, bool) override {}
    void set_accepts_events(const Now&, bool) override {}

    // The frame is one of server_event.h.
    void on_receiver_frame(const Now& now, std::span<const std::byte> frame) override;
    void on_server_event(const Now& now, const ServerEvent& event);
    void on_receiver_started(const Now&) override {}
    void on_refused(const Now& now) override;
    // The log-in goes there at once.
    void address_changed(const Now& now) override;
    void on_deadline(const Now& now) override;

    void poll_transmit(const Now& now, TransmitSink& sink) override;
    std::vector<std::vector<std::byte>> take_receiver_orders() override { return {}; }
    std::vector<Event> take_events() override { return std::exchange(events_, {}); }
    bool take_wants_reconnect() override { return false; }
    std::optional<PublicKey> take_trusted_key() override { return std::nullopt; }
    std::optional<Instant> next_deadline() const override;

    const std::optional<End>& end() const override { return end_; }
    bool wants_name() const override { return state_ == State::nameless && !end_; }
    bool online() const override { return state_ == State::online; }
    bool never_reached() const override { return state_ == State::connecting && !was_online_; }
    const std::string& name() const override { return name_; }
    bool accepts_input() const override { return outbox_.size() < times_.outbox_max; }
    std::size_t waiting() const override { return outbox_.size(); }

  private:
    enum class State : std::uint8_t { nameless, connecting, online, reconnecting, leaving };

    // `asked`: L was sent since anything was heard; else it is a repeated or late answer, from
    // which nothing is learnt about the server.
    void on_logged_in(const Now& now, bool asked);
    void on_name_taken(const Now& now, bool asked);
    void refuse_name(ErrorCode code, std::string text);
    void refuse(std::string what, std::string_view room);
    void heard(const Now& now);
    void lose(const Now& now, std::string reason);
    void leave(const Now& now);
    void finish(End end, std::string reason);
    void change_state(Connection state, std::string reason);
    void plan_heartbeat(Instant now);
    bool gives_up() const;
    bool send(TransmitSink& sink, const std::string& datagram) const;

    std::string room_;
    SessionTimes times_;
    std::minstd_rand random_;
    State state_ = State::nameless;
    std::string name_;
    bool was_online_ = false;
    bool gives_up_ = true;
    bool quitting_ = false;
    bool log_in_sent_ = false;
    // Whether this server says OK to a member's own L, being one of ours; nothing: not known yet.
    std::optional<bool> answers_again_;
    std::optional<End> end_;

    Backoff log_in_backoff_;
    std::optional<Instant> log_in_at_;      // when to send L next
    std::optional<Instant> missing_since_;  // the first L without an answer
    Backoff quit_backoff_;
    std::optional<Instant> quit_at_;  // when to send Q next
    int quits_sent_ = 0;

    std::deque<std::string> outbox_;  // texts, each for one datagram
    TokenBucket say_;
    std::uint64_t seq_ = 1;  // the next entry's number: what this client has shown, counted
    std::vector<Event> events_;
};

}  // namespace chat::client
