// SPDX-License-Identifier: MIT
// What the user has said and the server has not yet acknowledged (docs/PROTOCOL.md, section 5, "To
// the server"): message numbers of one client_epoch from 1, a window of 32, long texts in parts,
// and what to put into the next datagram. It keeps no clock but its own pace; probe timeouts and
// the congestion window are the session's. What is said in a room whose number is not known yet
// waits aside until it is, and does not stop the others.
//
// A datagram begins with the oldest message that is not acknowledged. If that leaves no room for
// anything that is not under way yet, it begins with the first that is not: so a pasted page does
// not take one round trip for every two lines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/core/event.h"
#include "proto/link/token_bucket.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"
#include "proto/wire/writer.h"

namespace chat::client {

class Outbox {
  public:
    // Messages under way, so that one MSG_ACK has room for all results.
    static constexpr std::size_t window = frame::results_max;
    // Datagrams with MSG that the server may not have had yet.
    static constexpr std::size_t datagrams_under_way_max = 4;
    // Above what accepts() allows: lines that a front end has read already are not lost.
    static constexpr std::size_t read_ahead_max = 65'536;
    // As much as a server takes from one member unless configured otherwise.
    static constexpr TokenRate pace_default{milliseconds(2), 1000};

    // Where something is said. Number 0: it is not known yet.
    struct Where {
        std::uint32_t number = 0;
        std::string name;
    };
    struct Unplaced {
        std::string id;
        std::string text;  // the beginning of it
    };

    explicit Outbox(std::size_t messages_max, const TokenRate& pace = pace_default)
        : messages_max_(messages_max), pace_(pace) {}

    // False: too much is waiting, nothing was taken. A text longer than a message is several; the
    // id belongs to the last of them.
    bool say(const Where& where, std::string_view text, const std::string& id);
    bool set_topic(const Where& where, std::string_view topic);
    bool accepts() const { return waiting() < messages_max_; }
    std::size_t waiting() const { return messages_.size() + unplaced_.size(); }
    void clear();

    // What waits for the number of this room has it now. Names are compared by room_key.
    void place(std::string_view name, const Where& where);
    // There is no such room: the messages are given back.
    std::vector<Unplaced> drop(std::string_view name);
    // The rooms that numbers are missing of, each once.
    std::vector<std::string> unplaced_rooms() const;
    // Something for this room was sent and is not acknowledged.
    bool has_unacknowledged_in(std::uint32_t room) const;

    std::uint64_t acked_msg_id() const { return first_id_ - 1; }
    // FINI is made now: what WELCOME says is to be understood as of this moment.
    void on_request();
    // A new key: everything not acknowledged goes out again. `same_log`: the log is the one that
    // was sent to before; in another one rooms have other numbers, so all of it waits for them.
    void on_welcome(const frame::Welcome& welcome, bool same_log, std::vector<Event>& events);

    // There is something that is not under way, and the pace and the datagrams under way allow it.
    bool wants_to_send(Instant now) const;
    // When the pace allows it; nothing if only an acknowledgement helps.
    std::optional<Instant> send_at() const;
    // Something was sent and is not acknowledged.
    bool has_unacknowledged() const { return sent_ > 0; }
    // Something was sent that the server may not have.
    bool has_repeatable() const;
    // About how long a datagram with what is to be sent next will be.
    std::size_t datagram_bytes() const;
    // A probe timeout: all that was under way counts as lost.
    void on_probe();
    // Adds MSG frames for the datagram with this counter. `probe`: even if all is under way, and
    // not counted among the datagrams under way. False: nothing was written.
    bool write(Instant now, Writer& writer, std::uint64_t counter, bool probe);

    void on_pkt_ack(std::uint64_t largest);
    void on_msg_ack(const frame::MsgAck& ack, std::vector<Event>& events);

  private:
    struct Message {
        Where where;
        frame::MsgKind kind = frame::MsgKind::message;
        std::string text;
        std::string id;
        bool paced = false;  // has been sent at least once
        std::uint8_t have = 0;
        std::uint8_t under_way = 0;                             // bit i: part i
        std::array<std::uint64_t, frame::parts_max> sent_in{};  // counters

        unsigned parts() const;
        std::uint8_t all() const;
        // Parts that the server has not and that are not under way.
        std::uint8_t unsent() const;
    };

    std::size_t in_window() const;
    // The first message with something that is not under way.
    std::optional<std::size_t> first_unsent() const;
    std::size_t first_to_write(std::size_t room) const;
    bool write_message(Instant now, Writer& writer, std::uint64_t counter, std::size_t index,
                       bool probe, bool& written);
    void send_all_again();
    bool add(Message message);
    void settle(const frame::MsgResult* result, std::vector<Event>& events);

    std::size_t messages_max_;
    TokenRate pace_;
    std::deque<Message> messages_;  // the first has the number first_id_
    std::deque<Message> unplaced_;  // as they were said, for rooms without a number
    std::size_t sent_ = 0;          // the first so many have been sent
    std::uint64_t first_id_ = 1;
    TokenBucket bucket_;
    std::vector<std::uint64_t> datagrams_;  // with MSG, not passed by an acknowledgement
    // The highest acknowledged counter, and the one before it: what is below that is lost or had.
    std::optional<std::uint64_t> acked_counter_;
    std::optional<std::uint64_t> settled_counter_;
    // As they were when FINI was made.
    std::uint64_t request_acked_ = 0;
    bool request_had_sent_ = false;
};

}  // namespace chat::client
