// SPDX-License-Identifier: MIT
// The plain-text protocol in front of Chat: who may say what. The original trusts anybody; here a
// classic member is his address and port, so C and Q count only from the address that logged in
// under that name. Strangers and malformed datagrams are counted and get no answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "chat-server/core/chat.h"
#include "proto/wire/classic.h"
#include "proto/wire/transmit.h"

namespace chat::server {

// From where the plain-text protocol is served. Anyone can forge a UDP source address, and a
// forged L makes the room's traffic flow to a stranger: so not from everywhere, unless the
// operator knows that the network is his own.
enum class ClassicAccess : std::uint8_t { off, loopback, any };

class ClassicService {
  public:
    explicit ClassicService(ClassicAccess access,
                            const TokenRate& say_rate = server::say_rate(say_per_second_default))
        : access_(access), say_rate_(say_rate) {}

    void reconfigure(ClassicAccess access, const TokenRate& say_rate) {
        access_ = access;
        say_rate_ = say_rate;
    }
    void on_datagram(const Now& now, const Path& path, std::span<const std::byte> datagram,
                     Chat& chat);
    // Something of a classic member is in the log.
    void on_outcome(const Outcome& outcome, Chat& chat);
    // A hint that nobody listens there any more.
    void on_unreachable(const Now& now, const Endpoint& peer, Chat& chat);
    void remove_silent(const Now& now, Duration limit, Chat& chat);
    // Of any room; whoever has missed something for good is told.
    void on_page(const Page& page, Chat& chat);

    // Answers first, then entries, as each cursor's pace allows.
    void poll_transmit(Instant now, Chat& chat, TransmitSink& sink);
    // When poll_transmit will have more to send without anything else happening.
    std::optional<Instant> ready_at() const { return ready_at_; }
    // Nothing is waiting for the sink or a member's pace.
    bool idle(const Chat& chat) const;

  private:
    // He is gone without a word: what he missed would be told to whoever has his address next.
    void vanish(const Now& now, MemberIndex index, LeaveReason reason, Chat& chat);
    struct Reply {
        Path path;
        std::string text;
        bool about_log = false;  // of use to this member only, not to the next one there
    };

    // An answer that must not overtake what was said before the question.
    struct HeldReply {
        std::uint64_t after = 0;  // Chat::begun() then
        Reply reply;
    };

    bool serves(const Path& path) const;
    void handle(const Now& now, const Path& path, const classic::LogIn& request, Chat& chat);
    void handle(const Now& now, const Path& path, const classic::Say& request, Chat& chat);
    void handle(const Now& now, const Path& path, const classic::Quit& request, Chat& chat);
    // The answer to give at once, or nothing: OK follows when the join, or what was said before a
    // repeated L, is in the log, and what cannot be stored is said only so often.
    std::optional<std::string_view> log_in(const Now& now, const Path& path, std::string_view name,
                                           Chat& chat);
    // False: too many wait already; counted.
    bool may_reply(Chat& chat) const;
    void reply(const Path& path, std::string_view text, Chat& chat, bool about_log = false);
    void hold_reply(const Path& path, std::string_view text, Chat& chat);
    void release_replies(const Chat& chat);
    bool send_replies(TransmitSink& sink);
    void remove(MemberIndex index, Chat& chat);

    bool may_say(Instant now, MemberIndex index, Chat& chat) const;

    ClassicAccess access_;
    TokenRate say_rate_;
    TokenBucket warning_;        // of all who are not members
    std::deque<Reply> replies_;  // a deque, because a sink borrows from it while more are added
    std::size_t replies_sent_ = 0;
    std::deque<HeldReply> held_;
    std::optional<Instant> ready_at_;
};

}  // namespace chat::server
