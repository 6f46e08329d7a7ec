// SPDX-License-Identifier: MIT
// The account of what the secure protocol promises (docs/PROTOCOL.md, section 1), kept beside the
// server's log and every person's screen: a message is in the log at most once, an accepted one is
// there under exactly the number its sender was told, and whoever is in the room sees every number
// exactly once, ascending, as it stands in the log, and never a silent hole. It believes only the
// log and what people said and saw.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "chat-client/core/event.h"
#include "chat-server/core/log.h"

namespace chat::simulation {

class SecureLedger {
  public:
    // A log that begins empty: the first one, or after the old one was lost.
    void new_log();
    void on_committed(std::span<const server::Append> appends, std::span<const server::Seq> seqs);

    std::size_t log() const { return logs_.size() - 1; }
    server::Seq head() const { return logs_.back().size() + 1; }
    std::size_t entries() const;
    // How often a text stands in a log.
    unsigned times_in_log(std::size_t log, std::string_view text) const;
    const server::Entry* entry(std::size_t log, server::Seq seq) const;

    const std::optional<std::string>& broken() const { return broken_; }

  private:
    using Log = std::vector<server::Entry>;

    std::vector<Log> logs_;
    std::vector<std::map<std::string, unsigned, std::less<>>> texts_;
    std::set<std::tuple<std::size_t, Key32, std::uint64_t, std::uint64_t>> origins_;
    std::optional<std::string> broken_;
};

// What one program start has shown its user.
class Reading {
  public:
    explicit Reading(const SecureLedger& ledger) : ledger_(ledger) {}

    void on_said(std::string id, std::string text) { said_[std::move(id)] = std::move(text); }
    void on_event(const client::Event& event);

    // The next number to be shown; 0 before the first welcome.
    server::Seq next() const { return next_; }
    std::size_t log() const { return log_; }
    // Said, and neither accepted nor declared uncertain or refused.
    std::size_t unanswered() const { return said_.size() - accepted_.size() - given_up_; }
    std::size_t accepted() const { return accepted_.size(); }
    std::uint64_t shown() const { return shown_; }
    const std::optional<std::string>& broken() const { return broken_; }

  private:
    void number(server::Seq seq, server::EntryKind kind, WallTime time, std::string_view name,
                std::string_view text);
    std::size_t log_with(server::Seq seq, server::EntryKind kind, WallTime time) const;
    void on_accepted(const client::Accepted& accepted);
    void promise(bool kept, std::string_view what, std::string_view detail = {});

    const SecureLedger& ledger_;
    std::map<std::string, std::string> said_;
    std::set<std::string> accepted_;
    std::size_t given_up_ = 0;
    server::Seq next_ = 0;
    std::size_t log_ = 0;
    bool renumbered_ = false;  // a new log was announced: the next number is wherever it begins
    bool log_unknown_ = true;
    std::uint64_t shown_ = 0;
    std::optional<std::string> broken_;
};

}  // namespace chat::simulation
