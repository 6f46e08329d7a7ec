// SPDX-License-Identifier: MIT
#include "chat-server/core/chat.h"

#include <cassert>
#include <utility>

#include "chat-server/core/limits.h"
#include "proto/wire/name.h"

namespace chat::server {
namespace {

constexpr MemberIndex nobody = UINT32_MAX;

bool is_going(const Member& member) {
    return member.state == MemberState::leaving || member.state == MemberState::vanished;
}

}  // namespace

JoinOutcome Chat::join(const Now& now, const Path& path, std::string_view name) {
    std::string key = name_key(name);
    const auto present = roster_.find(path.peer);
    if (present && roster_[*present].name == name && !is_going(roster_[*present])) {
        // Its OK was lost, or it makes sure that it is still known here.
        if (roster_[*present].state == MemberState::joining) return JoinOutcome::accepted;
        return JoinOutcome::again;
    }
    if (is_reserved_name(name) || roster_.find_key(key)) {
        ++counters_.names_refused;
        return JoinOutcome::name_taken;
    }
    // Before he leaves as somebody else, or he would lose his place for nothing.
    if (roster_.size() >= members_max) return JoinOutcome::full;
    if (present) {
        if (!is_going(roster_[*present]) && !may_say(now.at, *present)) {
            return JoinOutcome::too_fast;
        }
        leave(now, *present, LeaveReason::other_name);
        roster_.forget_endpoint(*present);
    }
    const MemberIndex index = roster_.add(path, name, std::move(key));
    roster_[index].joined_at = roster_[index].last_heard = now.at;
    append(now, EntryKind::join, index, {});
    return JoinOutcome::accepted;
}

void Chat::say(const Now& now, MemberIndex author, std::string text) {
    if (is_going(roster_[author])) return;
    append(now, EntryKind::message, author, std::move(text));
}

void Chat::leave(const Now& now, MemberIndex index, LeaveReason reason) {
    Member& member = roster_[index];
    const bool told = reason == LeaveReason::quit || reason == LeaveReason::kicked;
    if (is_going(member)) {
        if (!told) {
            member.state = MemberState::vanished;
            // What he was still to get would go to whoever has the address now.
            if (member.cursor) lobby_.cursor(*member.cursor).silent = true;
            lobby_.mark_pending();
        }
        return;
    }
    member.state = told ? MemberState::leaving : MemberState::vanished;
    events_.push_back({Event::Kind::left, member.name, member.path.peer, reason});
    append(now, EntryKind::leave, index, {});
}

void Chat::announce(const Now& now, std::string text) {
    append(now, EntryKind::announcement, nobody, std::move(text));
}

void Chat::append(const Now& now, EntryKind kind, MemberIndex index, std::string text) {
    Entry entry{kind, 0, now.wall, {}, std::move(text)};
    if (index != nobody) {
        entry.author = roster_[index].id;
        entry.name = roster_[index].name;
    }
    waiting_.appends.push_back({lobby_id, std::move(entry)});
    waiting_.members.push_back(index);
}

void Chat::heard_from(Instant now, MemberIndex index) {
    roster_[index].last_heard = now;
    roster_[index].unreachable_count = 0;
}

bool Chat::may_say(Instant now, MemberIndex index) {
    if (roster_[index].say.take(now, classic_say_rate)) return true;
    ++counters_.too_fast;
    return false;
}

bool Chat::may_be_warned(Instant now, MemberIndex index) {
    return roster_[index].warning.take(now, classic_warning_rate);
}

void Chat::unreachable(const Now& now, const Endpoint& peer) {
    const auto index = roster_.find(peer);
    if (!index) return;
    Member& member = roster_[*index];
    ++member.unreachable_count;
    if (peer.ip.is_loopback() || member.unreachable_count >= unreachable_max) {
        leave(now, *index, LeaveReason::unreachable);
    }
}

void Chat::remove_silent(const Now& now, Duration limit) {
    std::vector<MemberIndex> silent;
    roster_.for_each([&](MemberIndex i) {
        if (now.at - roster_[i].last_heard >= limit) silent.push_back(i);
    });
    for (const MemberIndex i : silent)
        leave(now, i, LeaveReason::silent);
}

void Chat::reply(const Path& path, std::string_view text) {
    if (replies_.size() - replies_sent_ >= replies_max) {
        ++counters_.replies_dropped;
        return;
    }
    replies_.push_back({path, std::string(text)});
}

std::span<const Append> Chat::take_appends() {
    if (!in_log_.appends.empty()) return {};
    std::swap(waiting_, in_log_);
    return in_log_.appends;
}

void Chat::on_committed(std::span<const Seq> seqs) {
    assert(seqs.size() == in_log_.appends.size());
    for (std::size_t i = 0; i < seqs.size(); ++i) {
        committed(seqs[i], in_log_.appends[i].entry, in_log_.members[i]);
    }
    in_log_.appends.clear();
    in_log_.members.clear();
}

void Chat::committed(Seq seq, const Entry& entry, MemberIndex index) {
    lobby_.add_entry(seq, entry);
    switch (entry.kind) {
        case EntryKind::message:
            ++counters_.messages;
            break;
        case EntryKind::announcement:
            ++counters_.announcements;
            events_.push_back({Event::Kind::announced, entry.text, {}, {}});
            break;
        case EntryKind::join: {
            ++counters_.joins;
            Member& member = roster_[index];
            member.cursor = lobby_.add_cursor(index, member.id, member.path, seq + 1);
            if (member.state == MemberState::joining) member.state = MemberState::here;
            if (member.state != MemberState::vanished) reply(member.path, classic::reply_ok);
            events_.push_back({Event::Kind::joined, member.name, member.path.peer, {}});
            break;
        }
        case EntryKind::leave: {
            ++counters_.leaves;
            Member& member = roster_[index];
            Cursor& cursor = lobby_.cursor(*member.cursor);
            cursor.until = seq;
            cursor.silent = member.state == MemberState::vanished;
            lobby_.mark_pending();
            break;
        }
    }
}

std::vector<ReadRequest> Chat::take_reads() {
    std::vector<ReadRequest> reads;
    if (auto read = lobby_.take_read()) reads.push_back(*read);
    return reads;
}

void Chat::on_page(const Page& page) {
    classic::DatagramList sentence;
    for (const auto& missed : lobby_.add_page(page)) {
        counters_.missed += missed.count;
        sentence.clear();
        classic::encode_missed(missed.count, sentence);
        reply(missed.path, {reinterpret_cast<const char*>(sentence[0].data()), sentence[0].size()});
    }
}

void Chat::remove(MemberIndex index) {
    Member& member = roster_[index];
    if (member.state != MemberState::vanished) reply(member.path, classic::reply_exit);
    if (const auto moved = lobby_.remove_cursor(*member.cursor)) {
        roster_[*moved].cursor = member.cursor;
    }
    roster_.remove(index);
}

bool Chat::send_replies(TransmitSink& sink) {
    for (; replies_sent_ < replies_.size(); ++replies_sent_) {
        const Reply& r = replies_[replies_sent_];
        if (!sink.send(r.path, std::as_bytes(std::span(r.text.data(), r.text.size()))))
            return false;
    }
    return true;
}

void Chat::poll_transmit(Instant now, TransmitSink& sink) {
    // What was borrowed in the last call has been flushed by now.
    for (; replies_sent_ > 0; --replies_sent_)
        replies_.pop_front();
    if (!send_replies(sink)) {
        // Only room in the socket helps now; a deadline that has passed would spin the loop.
        if (ready_at_) lobby_.mark_pending();
        ready_at_.reset();
        return;
    }
    if (!lobby_.pending() && !(ready_at_ && *ready_at_ <= now)) return;
    PlanReport report;
    lobby_.plan(now, sink, report);
    counters_.deliveries += report.datagrams;
    ready_at_ = report.ready_at;
    for (const MemberIndex index : report.finished)
        remove(index);
    send_replies(sink);
}

bool Chat::idle() const {
    return waiting_.appends.empty() && in_log_.appends.empty() &&
           replies_sent_ == replies_.size() && !lobby_.pending() && !ready_at_;
}

}  // namespace chat::server
