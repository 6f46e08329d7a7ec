// SPDX-License-Identifier: MIT
#include "chat-client/core/outbox.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "chat-client/core/event.h"
#include "proto/session/cipher.h"
#include "proto/wire/datagram.h"
#include "proto/wire/limits.h"
#include "proto/wire/text.h"

namespace chat::client {
namespace {

constexpr std::size_t msg_header_bytes = frame::header_bytes + 15;
// A server that says more than this is no server of ours.
constexpr std::uint64_t msg_id_max = UINT64_MAX / 2;
// Enough of a text to recognise it by.
constexpr std::size_t excerpt_bytes_max = 60;

std::string excerpt(std::string_view text) {
    const auto start = prefix_within(text, excerpt_bytes_max);
    return "\"" + std::string(start) + (start.size() < text.size() ? "...\"" : "\"");
}

}  // namespace

unsigned Outbox::Message::parts() const {
    // A topic may be empty.
    if (text.empty()) return 1;
    return static_cast<unsigned>((text.size() + frame::part_bytes - 1) / frame::part_bytes);
}

std::uint8_t Outbox::Message::all() const {
    return static_cast<std::uint8_t>((1U << parts()) - 1U);
}

std::uint8_t Outbox::Message::unsent() const {
    return static_cast<std::uint8_t>(all() & ~(have | under_way));
}

bool Outbox::add(Message message) {
    (message.where.number == 0 ? unplaced_ : messages_).push_back(std::move(message));
    return true;
}

bool Outbox::say(const Where& where, std::string_view text, const std::string& id) {
    if (waiting() >= messages_max_ + read_ahead_max) return false;
    const std::string clean = clean_text(text);
    std::string_view rest = clean;
    while (!rest.empty()) {
        auto piece = prefix_within(rest, text_bytes_max);
        rest.remove_prefix(piece.size());
        // A text ends with no line feed, wherever it was cut.
        while (piece.ends_with('\n'))
            piece.remove_suffix(1);
        if (piece.empty()) continue;
        Message message;
        message.where = where;
        message.text = piece;
        if (rest.empty()) message.id = id;
        add(std::move(message));
    }
    return true;
}

bool Outbox::set_topic(const Where& where, std::string_view topic) {
    if (waiting() >= messages_max_ + read_ahead_max) return false;
    Message message;
    message.where = where;
    message.kind = frame::MsgKind::topic;
    message.text = topic;
    return add(std::move(message));
}

void Outbox::clear() {
    messages_.clear();
    unplaced_.clear();
    sent_ = 0;
}

void Outbox::place(std::string_view name, const Where& where) {
    const std::string key = room_key(name);
    std::erase_if(unplaced_, [&](Message& message) {
        if (room_key(message.where.name) != key) return false;
        message.where = where;
        messages_.push_back(std::move(message));
        return true;
    });
}

std::vector<Outbox::Unplaced> Outbox::drop(std::string_view name) {
    const std::string key = room_key(name);
    std::vector<Unplaced> dropped;
    std::erase_if(unplaced_, [&](Message& message) {
        if (room_key(message.where.name) != key) return false;
        dropped.push_back({std::move(message.id), excerpt(message.text)});
        return true;
    });
    return dropped;
}

std::vector<std::string> Outbox::unplaced_rooms() const {
    std::vector<std::string> names;
    std::set<std::string> keys;
    for (const auto& message : unplaced_) {
        if (keys.insert(room_key(message.where.name)).second) names.push_back(message.where.name);
    }
    return names;
}

bool Outbox::has_unacknowledged_in(std::uint32_t room) const {
    const auto sent = messages_.begin() + static_cast<std::ptrdiff_t>(sent_);
    return std::any_of(messages_.begin(), sent,
                       [room](const Message& message) { return message.where.number == room; });
}

void Outbox::on_request() {
    request_acked_ = acked_msg_id();
    request_had_sent_ = first_id_ > 1 || sent_ > 0;
}

void Outbox::send_all_again() {
    for (std::size_t i = 0; i < sent_; ++i)
        messages_[i].have = messages_[i].under_way = 0;
    datagrams_.clear();
    acked_counter_.reset();
    settled_counter_.reset();
}

void Outbox::on_welcome(const frame::Welcome& welcome, bool same_log, std::vector<Event>& events) {
    const bool known = (welcome.flags & frame::welcome_epoch_known) != 0;
    // A number beyond all that was sent: an earlier WELCOME that did not arrive said that we are
    // forgotten.
    const bool forgotten = same_log && (!known || welcome.next_msg_id > first_id_ + sent_);
    if (forgotten) {
        for (std::size_t i = 0; i < sent_; ++i) {
            events.push_back(Error{ErrorCode::uncertain,
                                   "the server no longer knows whether it has this message; "
                                   "look for it before you send it again: " +
                                       excerpt(messages_.front().text),
                                   messages_.front().where.name, messages_.front().id});
            messages_.pop_front();
        }
        sent_ = 0;
        first_id_ = std::clamp<std::uint64_t>(welcome.next_msg_id, 1, msg_id_max);
    } else if (!same_log) {
        first_id_ = 1;
        sent_ = 0;
        for (auto message = messages_.rbegin(); message != messages_.rend(); ++message) {
            message->where.number = 0;
            message->have = message->under_way = 0;
            unplaced_.push_front(std::move(*message));
        }
        messages_.clear();
    } else if (request_had_sent_ && welcome.next_msg_id <= request_acked_) {
        // It has lost what it had acknowledged, so it cannot have what came after that.
        first_id_ = std::max<std::uint64_t>(welcome.next_msg_id, 1);
    }
    send_all_again();
}

std::size_t Outbox::in_window() const {
    return std::min(messages_.size(), window);
}

std::optional<std::size_t> Outbox::first_unsent() const {
    for (std::size_t i = 0; i < in_window(); ++i) {
        if (messages_[i].unsent() != 0) return i;
    }
    return std::nullopt;
}

bool Outbox::wants_to_send(Instant now) const {
    const auto at = send_at();
    return at && now >= *at;
}

std::optional<Instant> Outbox::send_at() const {
    const auto unsent = first_unsent();
    if (!unsent || datagrams_.size() >= datagrams_under_way_max) return std::nullopt;
    return messages_[*unsent].paced ? Instant{INT64_MIN / 2} : bucket_.ready_at(pace_);
}

bool Outbox::has_repeatable() const {
    for (std::size_t i = 0; i < sent_; ++i) {
        if (messages_[i].have != messages_[i].all()) return true;
    }
    return false;
}

std::size_t Outbox::datagram_bytes() const {
    std::size_t bytes = data_overhead_bytes + frame::header_bytes + 8;
    for (std::size_t i = 0; i < in_window() && bytes < datagram::bytes_max; ++i)
        bytes += msg_header_bytes + std::min(messages_[i].text.size(), frame::part_bytes);
    return std::min(bytes, datagram::bytes_max);
}

void Outbox::on_probe() {
    datagrams_.clear();
    for (std::size_t i = 0; i < sent_; ++i)
        messages_[i].under_way = 0;
    // Had whole and still not acknowledged: the acknowledgement was lost, and has to be asked for.
    if (sent_ > 0 && messages_.front().have == messages_.front().all()) messages_.front().have = 0;
}

std::size_t Outbox::first_to_write(std::size_t room) const {
    const auto unsent = first_unsent();
    if (!unsent) return 0;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < *unsent; ++i) {
        if (messages_[i].parts() == 1) bytes += msg_header_bytes + messages_[i].text.size();
    }
    const Message& next = messages_[*unsent];
    const std::size_t next_bytes =
        msg_header_bytes + (next.parts() == 1 ? next.text.size() : frame::part_bytes);
    return bytes + next_bytes <= room ? 0 : *unsent;
}

bool Outbox::write(Instant now, Writer& writer, std::uint64_t counter, bool probe) {
    bool written = false;
    for (std::size_t i = first_to_write(writer.remaining()); i < in_window(); ++i) {
        if (!write_message(now, writer, counter, i, probe, written)) break;
    }
    if (!written) return false;
    // So that it repeats no result that we have. A whole part leaves no room for it.
    frame::write(writer, frame::MsgFrom{first_id_});
    if (!probe) datagrams_.push_back(counter);
    return true;
}

// False: no more fits.
bool Outbox::write_message(Instant now, Writer& writer, std::uint64_t counter, std::size_t index,
                           bool probe, bool& written) {
    Message& message = messages_[index];
    const unsigned parts = message.parts();
    if (!message.paced && now < bucket_.ready_at(pace_)) return false;
    for (unsigned part = 0; part < parts; ++part) {
        const auto bit = static_cast<std::uint8_t>(1U << part);
        if (message.have & bit) continue;
        // A short message under way is repeated at little cost, a long one's parts are not.
        if (parts > 1 && (message.under_way & bit) && !(probe && !written)) continue;
        const auto text =
            std::string_view(message.text).substr(part * frame::part_bytes, frame::part_bytes);
        if (!frame::write(writer, frame::Msg{message.where.number, first_id_ + index, message.kind,
                                             static_cast<std::uint8_t>(part),
                                             static_cast<std::uint8_t>(parts), text})) {
            return false;
        }
        written = true;
        message.under_way |= bit;
        message.sent_in[part] = counter;
        if (!std::exchange(message.paced, true)) bucket_.take(now, pace_);
        sent_ = std::max(sent_, index + 1);
    }
    return true;
}

void Outbox::on_pkt_ack(std::uint64_t largest) {
    if (!acked_counter_ || largest > *acked_counter_) {
        settled_counter_ = std::exchange(acked_counter_, largest);
    } else {
        settled_counter_ = acked_counter_;
    }
    std::erase_if(datagrams_, [largest](std::uint64_t counter) { return counter <= largest; });
}

void Outbox::settle(const frame::MsgResult* result, std::vector<Event>& events) {
    Message& message = messages_.front();
    using enum frame::MsgStatus;
    Error error{ErrorCode::uncertain,
                "the server has had this message, but no longer knows what became of it: " +
                    excerpt(message.text),
                message.where.name, message.id};
    if (result && result->status == refused) {
        error.code = ErrorCode::bad_input;
        error.text = "the server does not take this message; change it: " + excerpt(message.text);
    } else if (result && result->status == not_in_room) {
        error.code = ErrorCode::not_in_room;
        error.text = "you are not in " + message.where.name +
                     ", so this was not said; join it first: " + excerpt(message.text);
    }
    if (result && result->status == stored) {
        events.push_back(Accepted{std::move(message.id), message.where.name, result->seq});
    } else {
        events.push_back(std::move(error));
    }
    messages_.pop_front();
    --sent_;
    ++first_id_;
}

void Outbox::on_msg_ack(const frame::MsgAck& ack, std::vector<Event>& events) {
    // Late, or about something never sent: nothing is learnt from it.
    if (ack.next_msg_id < first_id_ || ack.next_msg_id - first_id_ > sent_) return;
    const auto results = std::span(ack.results).first(ack.count);
    while (first_id_ < ack.next_msg_id) {
        const auto result = std::ranges::find(results, first_id_, &frame::MsgResult::msg_id);
        settle(result == results.end() ? nullptr : &*result, events);
    }
    if (sent_ == 0) {
        datagrams_.clear();
        return;
    }
    Message& next = messages_.front();
    next.have = static_cast<std::uint8_t>(ack.have & next.all());
    // What a settled datagram carried and the server still wants was lost.
    for (std::size_t i = 0; settled_counter_ && i < sent_; ++i) {
        Message& message = messages_[i];
        for (unsigned part = 0; part < message.parts(); ++part) {
            if (message.sent_in[part] <= *settled_counter_) {
                message.under_way &= static_cast<std::uint8_t>(~(1U << part));
            }
        }
    }
}

}  // namespace chat::client
