// SPDX-License-Identifier: MIT
// The log of a simulated server: it outlives every start of it, keeps exactly what the contract
// (chat-server/core/log.h) says, and fails when it is told to. What it stores it stores at once;
// that answers come late, or are lost with a crash, is the world's doing. Trimming and indexing
// happen in tend(), as on a real disk.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "chat-server/core/log.h"

namespace chat::simulation {

class SimulatedDisk final : public server::Log {
  public:
    // Each room keeps at least its newest `entries_max` entries.
    explicit SimulatedDisk(std::uint64_t log_epoch, std::size_t entries_max = SIZE_MAX);

    // Until said otherwise: nothing is stored and each attempt fails; nothing can be read or found;
    // the index stands still.
    void set_commits_fail(bool fail) { commits_fail_ = fail; }
    void set_reads_fail(bool fail) { reads_fail_ = fail; }
    void set_index_stands(bool stands) { index_stands_ = stands; }
    // Each of the next so many attempts fails.
    void fail_commits(unsigned times) { failures_left_ = times; }
    bool fails() const { return commits_fail_ || reads_fail_ || failures_left_ > 0; }
    std::uint64_t failed() const { return failed_; }

    std::expected<server::Stored, std::string> load(WallTime now) override;
    std::expected<std::vector<server::Seq>, std::string> commit(
        const server::Changes& changes) override;
    std::expected<server::Page, std::string> read(const server::ReadRequest& request) override;
    std::expected<std::optional<server::SearchAnswer>, std::string> search(
        const server::SearchRequest& request) override;
    std::expected<bool, std::string> tend(WallTime now) override;
    std::vector<Trimmed> take_trimmed() override { return std::exchange(trimmed_, {}); }

  private:
    struct Room {
        server::StoredRoom stored;
        std::deque<server::Entry> entries;  // from first_kept on
        server::Seq indexed_until = 1;
    };
    using EpochKey = std::pair<Key32, std::uint64_t>;

    server::Seq append(const server::Append& append);
    void note_epoch(const server::Append& append, server::Seq seq);

    std::uint64_t log_epoch_;
    std::size_t entries_max_;
    bool commits_fail_ = false;
    bool reads_fail_ = false;
    bool index_stands_ = false;
    unsigned failures_left_ = 0;
    std::uint64_t failed_ = 0;
    std::vector<server::NewPerson> people_;
    std::map<server::RoomId, Room> rooms_;
    std::map<std::pair<server::RoomId, server::PersonId>, server::SeatChange> seats_;
    std::map<EpochKey, server::StoredEpoch> epochs_;
    std::vector<Trimmed> trimmed_;
};

}  // namespace chat::simulation
