// SPDX-License-Identifier: MIT
// What has been stored already of the messages of each program start: the state that makes every
// message count once, whatever is sent again (docs/PROTOCOL.md, section 5). Keyed by static key
// and client_epoch. Kept for 24 h after the last use, at most epochs_max, the least recently used
// goes first, never one that is held by a member. What was stored of them is restored at the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "chat-server/core/entry.h"
#include "chat-server/core/log.h"
#include "proto/session/keys.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"

namespace chat::server {

using EpochIndex = std::uint32_t;

class Epochs {
  public:
    // `hash_seed` is random: whoever logs in chooses key and epoch and must not choose the bucket.
    explicit Epochs(std::uint64_t hash_seed, std::size_t count_max);

    std::size_t size() const { return index_.size(); }

    struct Held {
        EpochIndex index = 0;
        bool known = false;  // it was there before
    };
    // The state of this epoch, made if need be, held until as many releases.
    Held hold(Instant now, const PublicKey& key, std::uint64_t client_epoch);
    void release(Instant now, EpochIndex index);
    std::uint64_t client_epoch(EpochIndex index) const { return records_[index].key.client_epoch; }
    std::optional<EpochIndex> find(const PublicKey& key, std::uint64_t client_epoch) const;

    // The message to take next. It is ahead of next_msg_id by those that wait for the log.
    std::uint64_t next_to_take(EpochIndex index) const { return records_[index].next_to_take; }
    // All before it have a result.
    std::uint64_t next_msg_id(EpochIndex index) const { return records_[index].next_msg_id; }
    bool waits_for_log(EpochIndex index) const { return next_to_take(index) != next_msg_id(index); }
    void take(EpochIndex index) { ++records_[index].next_to_take; }
    // Message next_msg_id was stored as `seq`; it must have been taken.
    void stored(EpochIndex index, RoomId room, Seq seq);
    // The message to take next is used up without being stored, `status` says why. Not while others
    // wait for the log.
    void refused(EpochIndex index, RoomId room, frame::MsgStatus status);
    // The client has results up to this one, which a restarted server may not know (refused ones
    // are in no log).
    void acknowledged(EpochIndex index, std::uint64_t msg_id);

    // Of an epoch that was not known: numbers before `next` may have been used, so none of them is
    // taken again.
    void begin_at(EpochIndex index, std::uint64_t next);

    // Results from `from` on, oldest first; at most results_max, and at most the last results_max.
    void results(EpochIndex index, std::uint64_t from, frame::MsgAck& out) const;

    // What was stored of them in earlier runs, before any is held. Why something was refused is not
    // known any more.
    void restore(const Now& now, std::span<const StoredEpoch> stored);
    // Forgets what was last used before `before`.
    void expire(Instant before);

  private:
    struct Key {
        PublicKey key;
        std::uint64_t client_epoch = 0;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct KeyHash {
        std::uint64_t seed = 0;
        std::size_t operator()(const Key& key) const;
    };
    struct Result {
        Seq seq = 0;
        RoomId room = 0;
        frame::MsgStatus status = frame::MsgStatus::stored;
    };
    struct Record {
        Key key;
        std::uint64_t next_to_take = 1;
        std::uint64_t next_msg_id = 1;
        std::vector<Result> results;  // a ring: message m at m modulo results_max, grown on demand
        std::uint64_t first_result = 1;
        Instant used_at;
        std::uint32_t holders = 0;
        EpochIndex newer = 0;  // in the list of those not held, by time of last use
        EpochIndex older = 0;
    };
    static constexpr EpochIndex none = UINT32_MAX;

    EpochIndex make(Instant now, const Key& key);
    void restore(Instant used_at, const StoredEpoch& stored);
    void record(Record& record, const Result& result);
    void link_newest(EpochIndex index);
    void unlink(EpochIndex index);
    void forget(EpochIndex index);

    std::size_t epochs_max_;
    std::vector<Record> records_;
    std::vector<EpochIndex> free_;
    std::unordered_map<Key, EpochIndex, KeyHash> index_;
    EpochIndex newest_ = none;
    EpochIndex oldest_ = none;
};

}  // namespace chat::server
