// SPDX-License-Identifier: MIT
// Which messages of each program start are stored: the table `epochs`, and those of its rows that
// are being written to, in memory, so that an append costs no read. A row is written once per
// transaction, however many messages of that program are in it. Least recently used ones leave the
// memory, not the table; from there they go a day after their last use (erase_unused).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "chat-server/core/log.h"
#include "chat-server/store/sqlite.h"

namespace chat::server {

class EpochCache {
  public:
    EpochCache() = default;

    // More people than talk at one time; some 500 KiB.
    static constexpr std::size_t cached_default = 1024;

    static Result<EpochCache> prepare(Database& database, std::size_t cached_max = cached_default);

    // Within a transaction: an entry of this author is being stored. One without a msg_id makes
    // the epoch known and no more. Storing a message a second time is a bug of ours.
    Result<void> note(const Entry& entry, RoomId room, Seq seq);
    // A program has started; it is known from now on.
    Result<void> note(const NewEpoch& begun);
    // At its end: writes what was noted.
    Result<void> write();
    // It was committed, or it was not: then what is in the table counts.
    void committed();
    void taken_back();

    // Used since, the latest used first, at most so many.
    Result<std::vector<StoredEpoch>> used_since(WallTime since, std::size_t epochs_max);
    // Of the rows behind `row`, at most so many, those not used since are erased. Returns the last
    // row looked at; 0: there are no more.
    Result<std::int64_t> erase_unused(WallTime since, std::int64_t row, std::size_t rows_max);

  private:
    struct Key {
        PublicKey key;
        std::uint64_t client_epoch = 0;
        auto operator<=>(const Key&) const = default;
    };
    struct Cached {
        StoredEpoch epoch;
        bool touched = false;
        std::list<const Key*>::iterator place;  // in used_
    };
    // Whoever logs in chooses both parts of the key: a tree cannot be made slow by that.
    using Epochs = std::map<Key, Cached>;

    Result<Epochs::iterator> find(const Key& key);

    std::size_t cached_max_ = cached_default;
    Epochs epochs_;
    std::list<const Key*> used_;  // the latest used first
    // Found last: what one says comes several messages at a time.
    std::optional<Epochs::iterator> last_;
    std::vector<Epochs::iterator> touched_;
    Statement find_;
    Statement write_;
    Statement used_since_;
    Statement slice_;
    Statement erase_;
};

}  // namespace chat::server
