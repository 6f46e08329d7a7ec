// SPDX-License-Identifier: MIT
// One load test from the server's start to its result: join, talk to warm up, measure, wait for
// what is missing, check. One thread: a turn waits for sockets and the next deadline, reads, talks,
// and sends what is due.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "bench/load/account.h"
#include "bench/load/crowd.h"
#include "bench/load/options.h"
#include "bench/load/report.h"
#include "bench/load/server_process.h"
#include "bench/load/sockets.h"
#include "bench/load/talk.h"

namespace chat::load {

class Run {
  public:
    explicit Run(const Options& options);

    Result run();
    const Account& account() const { return account_; }

  private:
    ServerProcess start_server();
    void make_crowd();
    void turn(Instant until);
    // Turns until then, or until `done`. False: it was not done by then.
    bool turns(Duration at_most, const std::function<bool()>& done);
    void join(Result& result);
    void restart(Result& result);
    void talk(Result& result);
    void run_commands() const;

    const Options& options_;
    Account account_;
    Sockets sockets_;
    ServerProcess server_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Talk> talk_;
    std::unique_ptr<Crowd> crowd_;
    Now now_;
};

}  // namespace chat::load
