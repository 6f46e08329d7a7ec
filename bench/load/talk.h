// SPDX-License-Identifier: MIT
// Who says what when, and what became of it: senders of every room talk at a fixed rate or with a
// window of messages under way, and every delivery is booked here, whatever the protocol. It knows
// no socket and no clock. Member i is in room i modulo the number of rooms; a room's first members
// are its senders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/account.h"
#include "bench/load/options.h"
#include "bench/load/stamp.h"
#include "proto/wire/time.h"

namespace chat::load {

class Talk {
  public:
    using Say = std::function<void(std::uint32_t member, std::string_view text)>;

    // `echoes`: senders hear themselves.
    Talk(const Options& options, bool echoes, Account& account);

    std::size_t room_of(std::size_t member) const { return member % options_.rooms; }
    std::size_t members_in(std::size_t room) const;
    std::size_t senders() const { return said_.size(); }
    bool is_sender(std::uint32_t member) const;
    std::uint32_t room_of_sender(std::uint32_t sender) const;

    void start(Instant now);
    void stop() { running_ = false; }
    // Everything that is to be said by now.
    void talk(Instant now, const Say& say);
    // When the next message is due at a rate.
    std::optional<Instant> next_due() const;

    // A member has this message for the first time.
    void delivered(Instant now, std::uint32_t member, const Stamp& stamp);

    std::uint32_t said_by(std::uint32_t sender) const { return said_[sender]; }
    std::uint64_t missing() const { return owed_ - account_.traffic.deliveries; }

  private:
    void say(Instant at, std::uint32_t sender, const Say& say);
    Duration gap();
    std::uint64_t audience(std::uint32_t sender) const;
    std::uint32_t member_of(std::uint32_t sender) const;
    std::uint32_t observer_of(std::uint32_t sender) const;

    const Options& options_;
    bool echoes_;
    Account& account_;
    std::mt19937_64 random_;
    std::size_t senders_each_;
    std::vector<std::uint32_t> said_;         // by sender
    std::vector<std::uint64_t> seen_;         // deliveries, of everybody or of the observer
    std::vector<std::uint64_t> per_message_;  // seen_ rises by so much for each
    std::vector<std::uint32_t> observer_;
    std::vector<Instant> due_;  // by room
    std::vector<std::uint32_t> turn_;
    std::uint64_t owed_ = 0;
    std::string text_;
    bool running_ = false;
};

}  // namespace chat::load
