// SPDX-License-Identifier: MIT
// The client's brain as the terminal process drives it, whichever protocol it speaks: bytes and
// time in; datagrams, events, orders for the receiver process and a deadline out. No socket, no
// clock, no file. SecureSession speaks with our own servers, ClassicSession with an original one;
// which one is the user's choice, and neither ever turns into the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/core/event.h"
#include "proto/session/keys.h"
#include "proto/wire/time.h"
#include "proto/wire/transmit.h"

namespace chat::client {

class Session {
  public:
    enum class End : std::uint8_t { left, unreachable, refused };

    virtual ~Session() = default;

    // For the first time, or again after the name was refused.
    virtual void log_in(const Now& now, std::string name) = 0;
    // `text` is made clean. `id` comes back in Accepted; it may be empty. A conversation ("@bob")
    // is begun if need be; any other room must be one of ours. False: more than is kept waiting
    // (accepts_input was false), nothing was taken.
    virtual bool say(const Now& now, std::string_view room, std::string_view text,
                     std::string id) = 0;
    // The answers are events: Welcome or an Error; RoomLeft; RoomList; Members; Topic; history
    // entries and HistoryEnd; SearchResult. Each is asked for until it is answered. With the
    // plain-text protocol each is an Error.
    virtual void join(const Now& now, std::string_view room) = 0;
    virtual void part(const Now& now, std::string_view room) = 0;
    virtual void list_rooms(const Now& now) = 0;
    virtual void list_members(const Now& now, std::string_view room) = 0;
    virtual bool set_topic(const Now& now, std::string_view room, std::string_view text) = 0;
    // `before` 0: before the oldest that is known of that room.
    virtual void want_history(const Now& now, std::string_view room, std::uint64_t before,
                              std::uint32_t limit) = 0;
    // Empty words: what is older than the last search has found.
    virtual void search(const Now& now, std::string_view room, std::string_view words) = 0;
    // Leaves once everything said has arrived (secure: is accepted; classic: has been sent). A
    // server that is gone is waited for only if something is still to be sent, and given up.
    virtual void quit(const Now& now) = 0;
    // Leaves without what is still waiting.
    virtual void quit_at_once(const Now& now) = 0;
    // A server never reached is always given up. One that was reached and is gone: only if this
    // is true (the default), so that a person may wait for it until he quits.
    virtual void set_gives_up(bool gives_up) = 0;
    // The user's answer to a TrustQuestion.
    virtual void decide_trust(const Now& now, bool trusted) = 0;
    // False: the user cannot take more to read at present.
    virtual void set_accepts_events(const Now& now, bool accepts) = 0;

    // What the receiver process handed over: one frame of its channel. What is not exactly a frame
    // is dropped.
    virtual void on_receiver_frame(const Now& now, std::span<const std::byte> frame) = 0;
    // A new receiver process runs, and knows nothing.
    virtual void on_receiver_started(const Now& now) = 0;
    // Nobody listens at the server's address, or there is no way to it (ICMP, or the socket).
    virtual void on_refused(const Now& now) = 0;
    // The same server is tried at another address; or the socket was connected anew.
    virtual void address_changed(const Now& now) = 0;
    virtual void on_deadline(const Now& now) = 0;

    // Stops where the sink refuses. The sink's path is not used.
    virtual void poll_transmit(const Now& now, TransmitSink& sink) = 0;
    // Frames for the receiver process, each one packet, in order. They hold keys: wipe after use.
    virtual std::vector<std::vector<std::byte>> take_receiver_orders() = 0;
    virtual std::vector<Event> take_events() = 0;
    // True once after a silence that a new local address may end: connect the socket anew.
    virtual bool take_wants_reconnect() = 0;
    // Set once: the server key that the user has just decided to trust, to be remembered.
    virtual std::optional<PublicKey> take_trusted_key() = 0;
    virtual std::optional<Instant> next_deadline() const = 0;

    // Set once over; nothing is sent any more.
    virtual const std::optional<End>& end() const = 0;
    // A name was refused, or none was given yet: log_in is wanted.
    virtual bool wants_name() const = 0;
    virtual bool online() const = 0;
    // Logging in, and no server has ever answered.
    virtual bool never_reached() const = 0;
    virtual const std::string& name() const = 0;
    // False: enough is waiting; whoever reads from a pipe stops reading.
    virtual bool accepts_input() const = 0;
    // Said, but not yet sent (classic) or accepted (secure).
    virtual std::size_t waiting() const = 0;
};

}  // namespace chat::client
