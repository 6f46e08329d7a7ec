// SPDX-License-Identifier: MIT
#include "chat-server/core/room.h"

#include <algorithm>
#include <cassert>

#include "chat-server/core/limits.h"
#include "proto/wire/name.h"

namespace chat::server {

Room::Room(RoomId id) : id_(id), tail_(tail_entries_max) {}

void Room::encode(Seq seq, const Entry& entry, Encoded& out) {
    out.seq = seq;
    out.kind = entry.kind;
    out.author = entry.author;
    out.datagrams.clear();
    switch (entry.kind) {
        case EntryKind::message:
            classic::encode_said(entry.name, entry.text, out.datagrams);
            break;
        case EntryKind::join:
            classic::encode_joined(entry.name, out.datagrams);
            break;
        case EntryKind::leave:
            classic::encode_left(entry.name, out.datagrams);
            break;
        case EntryKind::announcement:
            classic::encode_said(administrator_name, entry.text, out.datagrams);
            break;
    }
}

void Room::add_entry(Seq seq, const Entry& entry) {
    if (head_ == 1 && seq > 1) head_ = tail_first_ = seq;  // a log older than this process
    assert(seq == head_);
    encode(seq, entry, tail_[seq % tail_.size()]);
    head_ = seq + 1;
    if (head_ - tail_first_ > tail_.size()) tail_first_ = head_ - tail_.size();
    pending_ = true;
}

CursorIndex Room::add_cursor(MemberIndex member, MemberId id, const Path& path, Seq next) {
    Cursor cursor;
    cursor.member = member;
    cursor.id = id;
    cursor.path = path;
    cursor.next = next;
    cursors_.push_back(cursor);
    return static_cast<CursorIndex>(cursors_.size() - 1);
}

std::optional<MemberIndex> Room::remove_cursor(CursorIndex index) {
    cursors_[index] = cursors_.back();
    cursors_.pop_back();
    if (index == cursors_.size()) return std::nullopt;
    return cursors_[index].member;
}

const Room::Encoded* Room::find(Seq seq) const {
    if (seq >= tail_first_) return &tail_[seq % tail_.size()];
    if (page_.empty() || seq < page_.front().seq || seq > page_.back().seq) return nullptr;
    return &page_[seq - page_.front().seq];
}

Room::Progress Room::deliver(Instant now, Cursor& cursor, TransmitSink& sink, PlanReport& report) {
    const Seq end = cursor.until < head_ ? cursor.until + 1 : head_;
    if (cursor.silent) cursor.next = end;
    while (cursor.next < end) {
        // Before anything else: a paced member who asked for a page could not use it, and two such
        // members would take turns asking for ever.
        if (now < cursor.pace.ready_at(classic_pace)) return Progress::paced;
        const Encoded* entry = find(cursor.next);
        if (entry == nullptr) return Progress::behind_tail;
        if (entry->author != cursor.id) {
            while (cursor.part < entry->datagrams.size()) {
                if (now < cursor.pace.ready_at(classic_pace)) return Progress::paced;
                if (!sink.send(cursor.path, entry->datagrams[cursor.part])) {
                    return Progress::sink_full;
                }
                cursor.pace.take(now, classic_pace);
                ++cursor.part;
                ++report.datagrams;
            }
        }
        cursor.part = 0;
        ++cursor.next;
    }
    return Progress::caught_up;
}

void Room::plan(Instant now, TransmitSink& sink, PlanReport& report) {
    pending_ = false;
    wanted_.reset();
    const std::size_t count = cursors_.size();
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t index = (plan_from_ + i) % count;
        Cursor& cursor = cursors_[index];
        switch (deliver(now, cursor, sink, report)) {
            case Progress::caught_up:
                if (cursor.next > cursor.until) report.finished.push_back(cursor.member);
                break;
            case Progress::paced: {
                const Instant ready = cursor.pace.ready_at(classic_pace);
                if (!report.ready_at || ready < *report.ready_at) report.ready_at = ready;
                break;
            }
            case Progress::behind_tail:
                wanted_ = std::min(wanted_.value_or(cursor.next), cursor.next);
                break;
            case Progress::sink_full:
                report.sink_full = true;
                pending_ = true;
                plan_from_ = index;
                return;
        }
    }
    plan_from_ = 0;
}

std::optional<ReadRequest> Room::take_read() {
    if (!wanted_ || reading_) return std::nullopt;
    reading_ = true;
    return ReadRequest{id_, *wanted_, page_entries_max, page_bytes_max};
}

std::vector<Room::Missed> Room::add_page(const Page& page) {
    reading_ = false;
    wanted_.reset();
    pending_ = true;
    page_.resize(page.entries.size());
    for (std::size_t i = 0; i < page.entries.size(); ++i) {
        encode(page.entries[i].seq, page.entries[i].entry, page_[i]);
    }
    std::vector<Missed> missed;
    for (Cursor& cursor : cursors_) {
        if (cursor.next >= page.first_kept || cursor.silent) continue;
        missed.push_back({cursor.path, page.first_kept - cursor.next});
        cursor.next = page.first_kept;
        cursor.part = 0;
    }
    return missed;
}

}  // namespace chat::server
