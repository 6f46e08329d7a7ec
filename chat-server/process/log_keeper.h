// SPDX-License-Identifier: MIT
// Carries to the log what the brain wants stored, read and found, and the answers back. Entries
// that come close together share a commit: the first is stored at once, what follows within
// commit_interval waits for its end (unless somebody asks about it: Chat::hurry), because a
// transaction, and a datagram to each member, cost as much as several entries (bench/storing).
//
// It also gives the log time for work that can wait (its index, what is too old): at once while
// nothing else is to do, else a slice four times a second, so that neither starves. What the log
// can't do is told to the operator once, not each time it is tried again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "chat-server/core/log.h"
#include "chat-server/core/server.h"

namespace chat::server {

class LogKeeper {
  public:
    // Both outlive it.
    LogKeeper(Log& log, Server& server) : log_(log), server_(server) {}

    // What the brain wants stored, if anything is.
    void store(const Now& now);
    // What it wants read or found. True: something was answered, so it may have more to send.
    bool answer(const Now& now);
    // Once a turn. `busy`: datagrams came in it.
    void tend(const Now& now, bool busy);
    // Everything, however small, because the program ends.
    void store_all(const Now& now);

    Instant next_deadline() const;

  private:
    bool answer_searches(const Now& now);
    void note(std::string& told, std::string sentence);

    Log& log_;
    Server& server_;
    std::deque<SearchRequest> searches_;
    Instant tend_at_{INT64_MIN};
    Instant commit_at_{INT64_MIN};  // no commit before
    std::size_t grown_ = 0;         // entries since the last slice
    bool pausing_ = false;          // until tend_at_, with more to do
    std::string commit_error_;      // told and not over
    std::string other_error_;
};

}  // namespace chat::server
