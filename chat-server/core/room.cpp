// SPDX-License-Identifier: MIT
#include "chat-server/core/room.h"

#include <algorithm>
#include <cassert>

#include "chat-server/core/limits.h"
#include "proto/wire/frame.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::server {
namespace {

frame::EntryKind wire_kind(EntryKind kind) {
    switch (kind) {
        case EntryKind::message:
            return frame::EntryKind::message;
        case EntryKind::join:
            return frame::EntryKind::join;
        case EntryKind::leave:
            return frame::EntryKind::leave;
        case EntryKind::announcement:
            return frame::EntryKind::announcement;
    }
    return frame::EntryKind::message;
}

}  // namespace

Room::Room(RoomId id) : id_(id), tail_(tail_entries_max) {}

void Room::restore(Seq first_kept, Seq head) {
    assert(head_ == 1 && first_kept >= 1 && first_kept <= head);
    first_kept_ = first_kept;
    head_ = tail_first_ = head;
}

void Room::encode(Seq seq, const Entry& entry, Encoded& out) {
    out.seq = seq;
    out.kind = entry.kind;
    out.author = entry.author;
    out.datagrams.clear();
    switch (entry.kind) {
        case EntryKind::message:
            // A line feed in a sentence of the plain-text protocol could pass for the next one.
            if (entry.text.find('\n') == std::string::npos) {
                classic::encode_said(entry.name, entry.text, out.datagrams);
            } else {
                classic::encode_said(entry.name, clean_line(entry.text), out.datagrams);
            }
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
    const bool proved = entry.origin.verified || entry.kind == EntryKind::announcement;
    out.secure.clear();
    frame::append_entry({wire_kind(entry.kind), proved ? std::uint8_t{0} : frame::flag_unverified,
                         entry.time, entry.name, entry.text},
                        out.secure);
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

const Room::Encoded* Room::find(Seq seq) {
    if (seq >= tail_first_) return &tail_[seq % tail_.size()];
    for (LogPage& page : pages_) {
        if (page.count == 0 || seq < page.entries[0].seq) continue;
        const Seq place = seq - page.entries[0].seq;
        if (place >= page.count) continue;
        page.used = ++uses_;
        return &page.entries[place];
    }
    return nullptr;
}

std::span<const std::byte> Room::find_encoded(Seq seq) {
    assert(seq < head_);
    const Encoded* entry = find(seq);
    if (entry == nullptr) return {};
    return entry->secure;
}

void Room::want(Seq seq) {
    if (!wished_) wished_ = seq;
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
    if (reading_ || (!wanted_ && !wished_)) return std::nullopt;
    const bool wish = wished_ && (wish_is_next_ || !wanted_);
    const Seq from = wish ? *wished_ : *wanted_;
    if (wish) wished_.reset();
    wish_is_next_ = !wish;
    reading_ = true;
    return ReadRequest{id_, from, page_entries_max, page_bytes_max};
}

std::vector<Room::Missed> Room::add_page(const Page& page) {
    reading_ = false;
    wanted_.reset();
    pending_ = true;
    first_kept_ = std::max(first_kept_, page.first_kept);
    LogPage& place = *std::ranges::min_element(pages_, {}, &LogPage::used);
    place.used = ++uses_;
    place.count = page.entries.size();
    // What is there is used again, for the memory it has.
    if (place.entries.size() < place.count) place.entries.resize(place.count);
    for (std::size_t i = 0; i < place.count; ++i)
        encode(page.entries[i].seq, page.entries[i].entry, place.entries[i]);
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
