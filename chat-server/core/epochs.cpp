// SPDX-License-Identifier: MIT
#include "chat-server/core/epochs.h"

#include <algorithm>
#include <cassert>

namespace chat::server {
namespace {

constexpr std::size_t kept = frame::results_max;
constexpr RoomId lobby = 1;
// Beyond it a client's word on its own numbers is not believed: they could run over.
constexpr std::uint64_t msg_id_max = UINT64_MAX / 2;

}  // namespace

std::size_t Epochs::KeyHash::operator()(const Key& key) const {
    // The keyed finaliser of splitmix64, word by word, as in EndpointHash.
    std::uint64_t hash = seed ^ key.client_epoch;
    const auto mix = [&hash] {
        hash += 0x9e3779b97f4a7c15U;
        hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
        hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
        hash ^= hash >> 31;
    };
    mix();
    for (std::size_t i = 0; i < key.key.bytes.size(); i += 8) {
        std::uint64_t word = 0;
        for (std::size_t j = 0; j < 8; ++j)
            word = word << 8 | std::to_integer<std::uint64_t>(key.key.bytes[i + j]);
        hash ^= word;
        mix();
    }
    return static_cast<std::size_t>(hash);
}

Epochs::Epochs(std::uint64_t hash_seed, std::size_t count_max)
    : epochs_max_(count_max), index_(16, KeyHash{hash_seed}) {}

Epochs::Held Epochs::hold(Instant now, const PublicKey& key, std::uint64_t client_epoch) {
    const auto found = find(key, client_epoch);
    const EpochIndex index = found ? *found : make(now, {key, client_epoch});
    Record& record = records_[index];
    if (record.holders == 0) unlink(index);
    ++record.holders;
    record.used_at = now;
    return {index, found.has_value()};
}

void Epochs::release(Instant now, EpochIndex index) {
    Record& record = records_[index];
    assert(record.holders > 0);
    record.used_at = now;
    if (--record.holders == 0) link_newest(index);
}

std::optional<EpochIndex> Epochs::find(const PublicKey& key, std::uint64_t client_epoch) const {
    const auto found = index_.find({key, client_epoch});
    if (found == index_.end()) return std::nullopt;
    return found->second;
}

EpochIndex Epochs::make(Instant now, const Key& key) {
    // Members hold far fewer than there may be, so there is always one to forget.
    if (index_.size() >= epochs_max_ && oldest_ != none) forget(oldest_);
    EpochIndex index = static_cast<EpochIndex>(records_.size());
    if (free_.empty()) {
        records_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
    }
    records_[index] = Record{};
    records_[index].key = key;
    records_[index].used_at = now;
    index_.emplace(key, index);
    link_newest(index);
    return index;
}

void Epochs::record(Record& record, const Result& result) {
    if (record.results.size() < kept) {
        // Not yet a full ring: it grows by doubling, so that most epochs stay small.
        const auto needed = static_cast<std::size_t>(record.next_msg_id - record.first_result + 1);
        if (record.results.size() < needed) {
            std::vector<Result> larger(std::min(kept, std::max<std::size_t>(4, needed * 2)));
            for (std::uint64_t id = record.first_result; id < record.next_msg_id; ++id)
                larger[id % larger.size()] = record.results[id % record.results.size()];
            record.results = std::move(larger);
        }
    }
    record.results[record.next_msg_id % record.results.size()] = result;
    ++record.next_msg_id;
    if (record.next_msg_id - record.first_result > kept) {
        record.first_result = record.next_msg_id - kept;
    }
}

void Epochs::stored(EpochIndex index, RoomId room, Seq seq) {
    assert(waits_for_log(index));
    record(records_[index], {seq, room, frame::MsgStatus::stored});
}

void Epochs::refused(EpochIndex index, RoomId room, frame::MsgStatus status) {
    assert(!waits_for_log(index));
    take(index);
    record(records_[index], {0, room, status});
}

void Epochs::acknowledged(EpochIndex index, std::uint64_t msg_id) {
    Record& record = records_[index];
    if (msg_id < record.next_msg_id || msg_id > msg_id_max || waits_for_log(index)) return;
    record.next_msg_id = record.next_to_take = record.first_result = msg_id + 1;
}

void Epochs::begin_at(EpochIndex index, std::uint64_t next) {
    Record& record = records_[index];
    assert(!waits_for_log(index) && next >= record.next_msg_id);
    record.next_msg_id = record.next_to_take = record.first_result = std::min(next, msg_id_max);
}

void Epochs::results(EpochIndex index, std::uint64_t from, frame::MsgAck& out) const {
    const Record& record = records_[index];
    out.next_msg_id = record.next_msg_id;
    out.count = 0;
    for (std::uint64_t id = std::max(from, record.first_result); id < record.next_msg_id; ++id) {
        const Result& result = record.results[id % record.results.size()];
        out.results[out.count++] = {id, result.room, result.seq, result.status};
    }
}

void Epochs::restore(const Now& now, std::span<const StoredEpoch> stored) {
    std::vector<const StoredEpoch*> by_use;
    for (const StoredEpoch& one : stored)
        by_use.push_back(&one);
    // The least recently used is the first to be forgotten.
    std::ranges::sort(by_use, {}, [](const StoredEpoch* one) { return one->used; });
    for (const StoredEpoch* const one : by_use) {
        const std::int64_t age_ms = std::max<std::int64_t>(now.wall.unix_ms - one->used.unix_ms, 0);
        restore(now.at - milliseconds(age_ms), *one);
    }
}

void Epochs::restore(Instant used_at, const StoredEpoch& stored) {
    const std::uint64_t next = stored.next_msg_id;
    if (next < 1 || next > msg_id_max || find(stored.key, stored.client_epoch)) return;
    Record& record = records_[make(used_at, {stored.key, stored.client_epoch})];
    record.next_msg_id = record.first_result = next - std::min<std::uint64_t>(next - 1, kept);
    auto result = stored.results.begin();
    while (record.next_msg_id < next) {
        while (result != stored.results.end() && result->msg_id < record.next_msg_id)
            ++result;
        // Between two stored ones there are only refused ones; in which rooms is not known either.
        Result one{0, lobby, frame::MsgStatus::refused};
        if (result != stored.results.end() && result->msg_id == record.next_msg_id) {
            one = {result->seq, result->room, frame::MsgStatus::stored};
        }
        this->record(record, one);
    }
    record.next_to_take = next;
}

void Epochs::expire(Instant before) {
    while (oldest_ != none && records_[oldest_].used_at < before)
        forget(oldest_);
}

void Epochs::link_newest(EpochIndex index) {
    Record& record = records_[index];
    record.older = newest_;
    record.newer = none;
    (newest_ == none ? oldest_ : records_[newest_].newer) = index;
    newest_ = index;
}

void Epochs::unlink(EpochIndex index) {
    const Record& record = records_[index];
    (record.older == none ? oldest_ : records_[record.older].newer) = record.newer;
    (record.newer == none ? newest_ : records_[record.newer].older) = record.older;
}

void Epochs::forget(EpochIndex index) {
    unlink(index);
    index_.erase(records_[index].key);
    records_[index] = Record{};
    free_.push_back(index);
}

}  // namespace chat::server
