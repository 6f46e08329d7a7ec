// SPDX-License-Identifier: MIT
#include "chat-server/core/room.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>
#include <utility>

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
        case EntryKind::topic:
            return frame::EntryKind::topic;
        case EntryKind::pinned:
            return frame::EntryKind::pinned;
    }
    return frame::EntryKind::message;
}

// As something that he says, because the original's clients know nothing else.
std::string classic_topic(std::string_view topic) {
    return std::string("[话题] ").append(topic.empty() ? "无" : topic);
}

}  // namespace

Room::Room(const NewRoom& room, std::string name_key)
    : room_(room), name_key_(std::move(name_key)) {}

void Room::restore(const StoredRoom& stored) {
    assert(head_ == 1 && stored.first_kept >= 1 && stored.first_kept <= stored.head);
    first_kept_ = stored.first_kept;
    head_ = tail_first_ = stored.head;
    topic_ = stored.topic;
    pinned_ = stored.pinned < first_kept_ ? 0 : stored.pinned;
    // What was said of them last is not known: no figure is like this one.
    for (const auto& message : stored.spoken)
        spoken_.push_back({message.seq, message.author, UINT32_MAX, UINT32_MAX});
    assert(spoken_.size() <= spoken_max);
}

void Room::trimmed(Seq first_kept) {
    if (first_kept <= first_kept_) return;
    assert(first_kept <= head_);
    first_kept_ = first_kept;
    while (tail_first_ < first_kept)
        drop_oldest();
    if (pinned_ < first_kept) pinned_ = 0;
    pending_ = true;
}

SeatIndex Room::add_seat(const Seat& seat) {
    assert(!seat.present);
    seats_.push_back(seat);
    return static_cast<SeatIndex>(seats_.size() - 1);
}

std::optional<PersonId> Room::remove_seat(SeatIndex index) {
    set_present(index, false);
    seats_[index] = seats_.back();
    seats_.pop_back();
    if (index == seats_.size()) return std::nullopt;
    return seats_[index].person;
}

void Room::set_present(SeatIndex index, bool present) {
    const bool before = std::exchange(seats_[index].present, present);
    if (present && !before) ++present_;
    if (!present && before) --present_;
}

void Room::encode(Seq seq, const Entry& entry, Encoded& out) {
    if (out.secure.capacity() > entry_buffer_kept_max) out = {};
    out.seq = seq;
    out.author = entry.author;
    out.worded = false;
    const bool proved = entry.origin.verified || entry.name.empty();
    out.secure.clear();
    frame::append_entry({wire_kind(entry.kind), proved ? std::uint8_t{0} : frame::flag_unverified,
                         entry.time, entry.name, entry.text},
                        out.secure);
}

void Room::word(Encoded& encoded) {
    if (std::exchange(encoded.worded, true)) return;
    encoded.datagrams.clear();
    const auto entry = frame::read_entry(encoded.secure);
    assert(entry);
    switch (entry->kind) {
        case frame::EntryKind::message:
            // A line feed in a sentence of the plain-text protocol could pass for the next one.
            if (entry->text.find('\n') == std::string::npos) {
                classic::encode_said(entry->name, entry->text, encoded.datagrams);
            } else {
                classic::encode_said(entry->name, clean_line(entry->text), encoded.datagrams);
            }
            break;
        case frame::EntryKind::join:
            classic::encode_joined(entry->name, encoded.datagrams);
            break;
        case frame::EntryKind::leave:
            classic::encode_left(entry->name, encoded.datagrams);
            break;
        case frame::EntryKind::topic:
            classic::encode_said(entry->name, classic_topic(entry->text), encoded.datagrams);
            break;
        case frame::EntryKind::announcement:
        case frame::EntryKind::pinned:
            if (entry->text.empty()) break;
            classic::encode_said(administrator_name, entry->text, encoded.datagrams);
            break;
    }
}

void Room::drop_oldest() {
    tail_bytes_ -= tail_[tail_first_ % tail_.size()].secure.size();
    ++tail_first_;
}

// Where entry `seq` goes in the ring, which grows until it has its full size.
Room::Encoded& Room::make_place(Seq seq) {
    if (seq - tail_first_ == tail_.size()) {
        if (tail_.size() < tail_entries_max) {
            std::vector<Encoded> larger(std::max(tail_entries_min, tail_.size() * 2));
            for (Seq i = tail_first_; i < seq; ++i)
                larger[i % larger.size()] = std::move(tail_[i % tail_.size()]);
            tail_ = std::move(larger);
        } else {
            drop_oldest();
        }
    }
    return tail_[seq % tail_.size()];
}

void Room::add_entry(Seq seq, const Entry& entry) {
    assert(seq == head_);
    Encoded& place = make_place(seq);
    encode(seq, entry, place);
    tail_bytes_ += place.secure.size();
    while (tail_bytes_ > tail_bytes_max) {
        const Seq oldest = tail_first_;
        drop_oldest();
        tail_[oldest % tail_.size()] = {};
    }
    head_ = seq + 1;
    pending_ = true;
    if (entry.kind == EntryKind::topic) topic_ = entry.text;
    if (entry.kind == EntryKind::pinned) pinned_ = entry.text.empty() ? 0 : seq;
    if (entry.kind == EntryKind::message && entry.origin.person != 0) {
        if (spoken_.size() == spoken_max) spoken_.erase(spoken_.begin());
        spoken_.push_back({seq, entry.origin.person, 0, 0});
    }
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

Room::Encoded* Room::find(Seq seq) {
    if (seq < first_kept_) return nullptr;
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
    Encoded* entry = find(seq);
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
        Encoded* entry = find(cursor.next);
        if (entry == nullptr) return Progress::behind_tail;
        if (entry->author != cursor.id) {
            word(*entry);
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
    return ReadRequest{room_.id, from, page_entries_max, page_bytes_max};
}

void Room::read_failed() {
    reading_ = false;
    wanted_.reset();
    wished_.reset();
}

std::vector<Room::Missed> Room::add_page(const Page& page) {
    reading_ = false;
    wanted_.reset();
    pending_ = true;
    trimmed(page.first_kept);
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

void Room::forget_pages() {
    pages_ = {};
}

}  // namespace chat::server
