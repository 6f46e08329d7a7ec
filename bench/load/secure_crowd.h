// SPDX-License-Identifier: MIT
// All members who speak the secure protocol: their identities (made of the seed, so that the same
// people come again), their sockets and their timers. Where there are more members than sockets
// may be open, several share one; a session is known by its number, not by its address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/load/crowd.h"
#include "bench/load/secure_member.h"
#include "bench/load/unrest.h"
#include "chat-server/core/deadlines.h"
#include "sys/system_random.h"
#include "tests/support/impairment.h"

namespace chat::load {

class SecureCrowd final : public Crowd {
  public:
    SecureCrowd(const Options& options, Account& account, Talk& talk, Sockets& sockets,
                std::string fingerprint);

    std::size_t size() const override { return members_.size(); }
    void begin(const Now& now, std::uint32_t member) override;
    std::size_t joined() const override { return all_.joined; }
    std::size_t sessions() const override { return all_.sessions; }
    bool settled() const override;
    void set_unrest(const Now& now, bool on) override;
    void say(std::uint32_t member, std::string_view text) override;
    void on_ready(const Now& now, std::uint32_t socket) override;
    void on_turn(const Now& now) override;
    std::optional<Instant> next_deadline() const override;
    void check() override;
    void leave(const Now& now) override;

  private:
    // On its slow link.
    struct Late {
        std::uint32_t member = 0;
        std::vector<std::byte> bytes;
    };

    void touch(std::uint32_t member);
    void hear(const Now& now, std::uint32_t member, std::span<std::byte> datagram);
    void hear_late(const Now& now);
    void disturb(const Now& now);

    RoomLogs logs_;
    sys::SystemRandom secrets_;
    Surroundings all_;
    std::vector<KeyPair> identities_;
    std::deque<SecureMember> members_;
    std::vector<std::vector<std::uint32_t>> at_socket_;
    server::Deadlines deadlines_;  // to the millisecond, so that many share a turn
    // Something happened to them in this turn.
    std::vector<std::uint32_t> touched_;
    std::vector<bool> is_touched_;
    Unrest goings_;
    Unrest moves_;
    bool links_are_slow_ = false;
    std::deque<simulation::Impairment> slow_links_;  // of the last members
    std::multimap<Instant, Late> late_;
};

}  // namespace chat::load
