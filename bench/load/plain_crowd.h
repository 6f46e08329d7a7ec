// SPDX-License-Identifier: MIT
// Members who speak a protocol without numbers (dialect.h), over TCP or datagrams. Each must hear
// each sender's messages in his order, none twice; on a stream none may be missing, and of
// datagrams those missing at the end are lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/account.h"
#include "bench/load/crowd.h"
#include "bench/load/dialect.h"
#include "bench/load/options.h"
#include "bench/load/sockets.h"
#include "bench/load/talk.h"

namespace chat::load {

class PlainCrowd final : public Crowd {
  public:
    PlainCrowd(const Options& options, Account& account, Talk& talk, Sockets& sockets,
               std::unique_ptr<Dialect> dialect);

    std::size_t size() const override { return members_.size(); }
    void begin(const Now& now, std::uint32_t member) override;
    std::size_t joined() const override { return joined_; }
    std::size_t sessions() const override { return joined_; }
    bool settled() const override;
    void say(std::uint32_t member, std::string_view text) override;
    void on_ready(const Now& now, std::uint32_t socket) override;
    void on_turn(const Now& now) override;
    std::optional<Instant> next_deadline() const override { return std::nullopt; }
    void check() override {}
    void leave(const Now&) override {}

  private:
    struct Member {
        std::uint32_t socket = 0;
        bool joined = false;
        bool waits = false;  // `out` has its turn
        std::string in;      // the beginning of a unit
        std::string out;
    };
    class MemberEars;

    void hear(Instant at, std::uint32_t member, std::string_view bytes);
    void read_stream(std::uint32_t member);
    void heard(Instant at, std::uint32_t member, std::string_view text);
    void send(std::uint32_t member, std::string_view bytes);

    const Options& options_;
    Account& account_;
    Talk& talk_;
    Sockets& sockets_;
    std::unique_ptr<Dialect> dialect_;
    std::vector<Member> members_;
    std::vector<std::uint32_t> of_socket_;
    std::vector<std::uint32_t> waiting_;
    std::size_t senders_each_;
    std::vector<std::uint32_t> next_;  // by member and sender of his room
    std::size_t joined_ = 0;
    std::uint64_t told_in_all_ = 0;  // when everybody is told of everybody
};

}  // namespace chat::load
