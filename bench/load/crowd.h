// SPDX-License-Identifier: MIT
// All members of a load test, speaking one protocol with the server. It owns their state and their
// sockets' meaning; who talks when is decided by Talk, which is told of every delivery. What the
// protocol numbers is checked by the number, else by the sender's own count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/wire/time.h"

namespace chat::load {

class Crowd {
  public:
    virtual ~Crowd() = default;

    virtual std::size_t size() const = 0;

    // The member begins to join.
    virtual void begin(const Now& now, std::uint32_t member) = 0;
    // How many are in, so that they get what is said from now on.
    virtual std::size_t joined() const = 0;
    // How often somebody has come in, again included.
    virtual std::size_t sessions() const = 0;
    // Everybody knows of everybody, and nothing is under way.
    virtual bool settled() const = 0;

    // From now on, or no more: whatever else the options say happens to members while there is
    // talk.
    virtual void set_unrest(const Now&, bool) {}

    virtual void say(std::uint32_t member, std::string_view text) = 0;
    virtual void on_ready(const Now& now, std::uint32_t socket) = 0;
    // Sends what is due.
    virtual void on_turn(const Now& now) = 0;
    virtual std::optional<Instant> next_deadline() const = 0;

    // At the end: what no delivery shows by itself becomes a problem of the account.
    virtual void check() = 0;
    virtual void leave(const Now& now) = 0;
};

}  // namespace chat::load
