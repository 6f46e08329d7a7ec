// SPDX-License-Identifier: MIT
// One direction-pair of a session's reliability arithmetic (docs/PROTOCOL.md, section 7): what to
// acknowledge and when, RTT, loss, the probe timeout, the congestion window and pacing. It counts
// datagrams by the counter of their key and knows no content: what to send again is for whoever
// owns the content to decide. No allocation and no list of datagrams; about 200 bytes, because a
// server holds one per member. What is under way is therefore estimated: the datagrams after the
// largest one acknowledged, as large as they usually are. Times: RFC 9002 sections 5 to 7, RFC 8085
// section 3.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "proto/link/congestion.h"
#include "proto/link/loss.h"
#include "proto/link/rtt.h"
#include "proto/wire/frame.h"
#include "proto/wire/time.h"

namespace chat {

class Link {
  public:
    // `peer_ack_delay`: how long the peer may wait before it acknowledges. `own_ack_delay`: how
    // long we may.
    Link(Duration own_ack_delay, Duration peer_ack_delay);
    void set_ack_delays(Duration own, Duration peer);

    // --- what we send
    // Every sealed datagram, in the order of its counter. Only what asks for an answer takes room
    // in the window and in the pace.
    void on_sent(Instant now, std::uint64_t counter, std::size_t bytes, bool ack_eliciting);
    // The datagram sent last asks for entries: its acknowledgement is of use for the round trip
    // only, so it takes no room and nothing probes for it.
    void on_request(Instant now);
    // `now_ts` is our clock as the header's ts would have it now. False: an acknowledgement of
    // something never sent; nothing is learnt from it.
    bool on_ack(Instant now, const frame::PktAck& ack, std::uint16_t now_ts);
    // Room in the window and in the pace for a datagram of this size with new content. Probes and
    // acknowledgements do not ask.
    bool may_send(Instant now, std::size_t bytes) const;
    // When may_send may become true by time alone (pace); nothing if only an ack helps.
    std::optional<Instant> may_send_at(std::size_t bytes) const;

    // The next probe is due then; nothing while all that asked for an answer has it. The owner says
    // whether he still has content unacknowledged: without, nothing is probed.
    std::optional<Instant> probe_at() const;
    // Whether the owner waits for more than PKT_ACK (MSG_ACK, ROOM_ACK, MEMBERS). While he does,
    // PKT_ACK alone does not stop the probes: it shows that the question came, or a later
    // datagram, and the answer to it may still have got lost.
    void set_content_pending(bool pending);
    // A probe timeout has come: how many datagrams to send now (0, 1 or 2; the second one
    // probe_spacing later, probe_at says when). Call when now >= probe_at().
    unsigned on_probe_timeout(Instant now);
    // Nothing is outstanding any more (the content was acknowledged by other means).
    void nothing_outstanding();

    // --- what we receive
    void on_received(Instant now, std::uint64_t counter, std::uint16_t ts, std::size_t bytes,
                     bool ack_eliciting);
    // When a PKT_ACK must leave; nothing while none is owed.
    std::optional<Instant> ack_at() const;
    // The acknowledgement to send now, whether owed or not, and marks it as sent. Nothing before
    // anything was received.
    std::optional<frame::PktAck> take_ack(Instant now);
    // Acknowledge as soon as possible (a gap was seen).
    void hurry_ack(Instant now);

    // --- what is known
    Duration smoothed_rtt() const { return rtt_.smoothed(); }
    // How long an answer may take now, for whoever asks again without one: a queue counts as soon
    // as anything shows it, also that nothing is acknowledged any more.
    Duration repair_rtt(Instant now) const;
    bool has_rtt() const { return rtt_.has_sample(); }
    Duration probe_timeout() const;  // without back-off
    // Of the datagrams we sent lately, in 1/1000.
    unsigned loss_permille() const { return loss_.permille(); }
    // So many that what may get lost is better sent again at once than when its loss shows.
    bool loses_much() const { return loss_permille() > 20; }
    // How many were judged lost, ever (modulo 2^32).
    std::uint32_t lost() const { return loss_.lost(); }
    // Whether each datagram up to this counter is known to have arrived or to be lost.
    bool is_judged(std::uint64_t counter) const {
        return counter < loss_.acked_end() && !loss_.is_unsure();
    }
    std::uint32_t probe_timeouts_in_row() const { return timeouts_in_row_; }
    std::size_t window_bytes() const { return congestion_.window_bytes(); }
    std::size_t in_flight_bytes() const { return in_flight_bytes_; }

    // A new key: counters begin at 0 again; RTT, loss and window stay. What was under way is
    // forgotten (it will not be acknowledged here), but not that its owner waits for content.
    void restart_counters();
    // Another network path: RTT and window begin anew.
    void reset_path();
    // The handshake measured this.
    void seed_rtt(Duration sample);

    static constexpr Duration probe_spacing = milliseconds(10);

  private:
    Duration probe_interval() const;
    void settle();

    RttEstimator rtt_;
    LossEstimator loss_;
    Congestion congestion_;
    Duration own_ack_delay_;
    Duration peer_ack_delay_;

    std::uint64_t next_counter_ = 0;
    std::uint64_t eliciting_end_ = 0;  // behind the last datagram that asked for an answer
    std::uint64_t awaited_end_ = 0;    // the same, requests for entries included
    Instant awaited_since_;            // one of those before it was sent then or earlier
    std::size_t in_flight_bytes_ = 0;
    std::uint32_t usual_bytes_ = 0;  // of datagrams that ask for an answer
    std::uint32_t acked_bytes_ = 0;  // modulo 2^32, as the peer counts them

    Instant probe_from_;
    std::optional<Instant> second_probe_at_;
    std::uint32_t timeouts_in_row_ = 0;
    bool armed_ = false;  // something waits for an answer
    bool content_pending_ = false;

    std::uint8_t owed_ = 0;  // datagrams received since the last acknowledgement that ask for one
    std::uint16_t largest_ts_ = 0;
    std::uint64_t largest_ = 0;
    Instant largest_at_;
    std::uint32_t received_ = 0;  // both modulo 2^32
    std::uint32_t received_bytes_ = 0;
    bool received_any_ = false;
    std::optional<Instant> ack_at_;
};

static_assert(sizeof(Link) <= 256);

}  // namespace chat
